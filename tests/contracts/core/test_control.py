"""The control API as a suite needs it."""

from __future__ import annotations

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import cast

import httpx
import pytest

from vendorlab.contracts.core.control import Clock, ControlAddress
from vendorlab.contracts.core.errors import ControlError, UsageError

ADDRESS = ControlAddress("http://127.0.0.1:7070", "the-token")


class FakeControl:
    """Answers as the control API does, and remembers what it was asked."""

    def __init__(self, frozen: bool = False, status: int = 200) -> None:
        self.frozen: bool = frozen
        self.status = status
        self.calls: list[tuple[str, str, object]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        assert request.headers["Authorization"] == "Bearer the-token"
        body = json.loads(request.content) if request.content else None
        self.calls.append((request.method, request.url.path, body))
        if isinstance(body, dict) and "frozen" in body:
            self.frozen = bool(cast("dict[str, bool]", body)["frozen"])
        return httpx.Response(
            self.status,
            json={"now": "2026-11-21T05:00:00.000000Z", "rate": 1.0, "frozen": self.frozen, "timers": 0},
        )


def clock(fake: FakeControl, address: ControlAddress = ADDRESS) -> Clock:
    return Clock(address, httpx.MockTransport(fake))


def test_now_is_the_targets_time() -> None:
    assert clock(FakeControl()).now() == datetime(2026, 11, 21, 5, tzinfo=UTC)


def test_advance_posts_seconds() -> None:
    fake = FakeControl()
    clock(fake).advance(90_000)
    assert fake.calls == [("POST", "/clock/advance", {"seconds": 90_000})]


def test_fault_is_planted_for_a_while() -> None:
    calls: list[tuple[str, str, object]] = []

    def control(request: httpx.Request) -> httpx.Response:
        calls.append((request.method, request.url.path, json.loads(request.content) if request.content else None))
        return httpx.Response(201, json={"name": "fault-1"}) if request.method == "POST" else httpx.Response(204)

    subject = Clock(ADDRESS, httpx.MockTransport(control))
    with pytest.raises(AssertionError, match="within"), subject.planted({"action": {"kind": "drop"}}):
        raise AssertionError("within")
    assert calls == [("POST", "/faults", {"action": {"kind": "drop"}}), ("DELETE", "/faults/fault-1", None)]


def test_events_are_listed_and_happen() -> None:
    calls: list[tuple[str, str, object]] = []

    def control(request: httpx.Request) -> httpx.Response:
        calls.append((request.method, str(request.url), json.loads(request.content) if request.content else None))
        return httpx.Response(200, json=[{"kind": "reboot"}, {"kind": "sleep"}] if request.method == "GET" else {})

    subject = Clock(ADDRESS, httpx.MockTransport(control))
    assert subject.kinds("itron") == {"reboot", "sleep"}
    subject.happen("itron", "sleep", device="aa", seconds=5)
    event = {"vendor": "itron", "event": {"kind": "sleep", "device": "aa", "seconds": 5}}
    assert calls == [
        ("GET", f"{ADDRESS.url}/events?vendor=itron", None),
        ("POST", f"{ADDRESS.url}/events", event),
    ]


def test_world_of_its_own_has_its_own_path() -> None:
    fake = FakeControl()
    clock(fake, ControlAddress(ADDRESS.url, ADDRESS.token, "w7")).advance(1)
    assert fake.calls == [("POST", "/worlds/w7/clock/advance", {"seconds": 1})]


@pytest.mark.parametrize("before", [False, True])
def test_clock_is_frozen_for_a_while_and_then_as_before(before: bool) -> None:
    fake = FakeControl(frozen=before)
    subject = clock(fake)
    inside = None
    with suppress(KeyError), subject.frozen():
        inside = fake.frozen
        raise KeyError
    assert (inside, fake.frozen) == (True, before)


def test_refusal_is_told_with_its_words() -> None:
    with pytest.raises(ControlError, match="refused POST /clock/advance: 403"):
        clock(FakeControl(status=403)).advance(1)


def test_control_that_is_not_there_is_told() -> None:
    def handler(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    with pytest.raises(ControlError, match=r"control API at http://127\.0\.0\.1:7070 does not answer: refused"):
        Clock(ADDRESS, httpx.MockTransport(handler)).now()


def test_address_comes_from_the_environment_and_goes_back_into_it() -> None:
    address = ControlAddress("http://127.0.0.1:7070", "the-token", "w7")
    assert ControlAddress.from_environment(address.variables()) == address
    assert ControlAddress.from_environment(ADDRESS.variables()) == ADDRESS
    assert ControlAddress.from_environment({}) is None


def test_address_without_token_is_refused() -> None:
    with pytest.raises(UsageError, match="VENDORLAB_CONTROL_TOKEN is not"):
        ControlAddress.from_environment({"VENDORLAB_CONTROL_URL": "http://127.0.0.1:7070"})


def test_repr_keeps_the_token_to_itself() -> None:
    assert "the-token" not in repr(ADDRESS)
