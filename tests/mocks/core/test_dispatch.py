"""The one way from a request to its answer: mistakes of ours stay inside, and everything is remembered."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from tests.mocks.support import START, Caller, Wire, request

from vendorlab.mocks.core.clock import to_micros

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest

    from vendorlab.mocks.core.world import World


def break_it(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a mistake of ours in a handler."""

    def fail(name: str) -> Any:
        raise ZeroDivisionError(f"planned, with {name}")

    monkeypatch.setattr(caller.vendor.backend, "user", fail)


def test_a_mistake_of_ours_is_the_vendors_500_and_is_logged(
    caller: Caller, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    token = caller.login()["access_token"]
    break_it(caller, monkeypatch)
    with caplog.at_level(logging.ERROR, "vendorlab"):
        answer = caller.get("/v1/whoami", token)
    assert (answer.status_code, answer.text) == (500, "<h1>Server Error (500)</h1>")
    assert (caller.last.status, caller.last.cause, caller.last.operation) == (500, "defect", "whoami")
    assert caplog.records[0].exc_info is not None
    assert "mistake in scanalytics whoami" in caplog.text


def test_over_a_socket_it_is_the_same_and_the_connection_lives(
    caller: Caller, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    token = caller.login()["access_token"]
    break_it(caller, monkeypatch)
    get = request("GET", "/v1/whoami", {"Authorization": f"Bearer {token}"})
    with Wire(caller.world.listen("scanalytics")) as wire:
        for _ in range(2):
            answer = wire.ask(get)
            assert (answer.status, answer.body) == (500, b"<h1>Server Error (500)</h1>")
    assert len(caplog.records) == 2


def test_a_timer_that_fails_does_not_take_a_request_with_it(
    world: World, caller: Caller, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(detail: Mapping[str, Any]) -> None:
        raise ZeroDivisionError("planned")

    world.clock.on("fail", fail)
    for _ in range(2):
        world.clock.call_at(to_micros(START), "fail")
    assert caller.get("/v1/whoami").status_code == 401
    assert caller.get("/v1/whoami").status_code == 401
    assert world.clock.timers == 0
    assert len(caplog.records) == 2
    assert world.journal.last == 2


def test_timers_fire_before_the_request_that_comes_after_them(caller: Caller) -> None:
    """A clock that runs by itself is looked at with every request: no token lives on because nobody looked."""
    token = caller.login()["access_token"]
    clock = caller.world.clock
    clock.run(1_000_000)
    while clock.micros() < to_micros(START) + 86_400_000_000:
        pass
    answer = caller.get("/v1/whoami", token)
    clock.freeze()
    assert answer.status_code == 401
    assert "expired" in answer.headers["www-authenticate"]


def test_an_entry_tells_when_it_was_in_the_worlds_time(caller: Caller) -> None:
    caller.get("/v1/whoami")
    caller.world.clock.advance(1.5)
    caller.get("/v1/whoami")
    assert [entry.at - to_micros(START) for entry in caller.world.journal.find()] == [0, 1_500_000]
    assert all(0 <= entry.duration < 60 for entry in caller.world.journal.find())


def test_a_callers_trace_is_remembered_and_what_is_none_is_not(caller: Caller) -> None:
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    for header in (trace, f"{trace}x", "secret", ""):
        caller.http.get("/v1/whoami", headers={"traceparent": header})
    details = [entry.detail.get("traceparent") for entry in caller.world.journal.find()]
    assert details == [trace, None, None, None]
