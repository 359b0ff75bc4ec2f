"""The extension through restarts, kills, resets and snapshots: nothing that was to be sent is forgotten."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from tests.cli.conftest import Up, start_up
from tests.mocks.core.test_courier import Receiver
from tests.mocks.itron.extension_support import (
    STUDIO,
    history,
    hot,
    make_event,
    make_template,
    settle,
    simulate,
    statuses,
    subscribe,
)
from tests.mocks.itron.support import Caller, at, solution
from tests.mocks.itron.test_kept import kept, killed, token_of, url_of
from tests.mocks.support import PATIENCE, eventually

from vendorlab.clients.itron import WebhookReceiver
from vendorlab.mocks.core.store import FILE
from vendorlab.mocks.itron import deliveries, simulation

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.mocks.itron.conftest import MakeCaller


@pytest.fixture
def caller(caller_of: MakeCaller) -> Caller:
    return caller_of(events=True, simulation=True)


@pytest.fixture
def silent() -> Iterator[Receiver]:
    """A receiver that answers nobody until the test is over."""
    server, over = Receiver(), threading.Event()
    server.meanwhile = lambda: over.wait(PATIENCE)
    yield server
    over.set()
    server.shutdown()
    server.server_close()


def timers(caller: Caller) -> list[str]:
    names = (deliveries.TIMER, simulation.TIMER)
    return [name for name in names for _ in caller.world.clock.waiting(name)]


def readings(caller: Caller, device: str) -> list[Any]:
    return [one for page in caller.pages(solution(STUDIO, "devices", device, "observations")) for one in page]


# --- the next process ------------------------------------------------------------------------------------------------


def test_retry_goes_on_in_the_next_process(tmp_path: Path) -> None:
    with WebhookReceiver([503]) as receiver:
        first = kept(tmp_path, events=True)
        subscription = subscribe(first, receiver.url)
        first.post(first.make_device(), at(0, temperature=31))
        settle(first)
        first.world.stop()
        killed(first)
        second = kept(tmp_path, events=True)
        settle(second)
        assert len(receiver.requests) == 1
        settle(second, 1)
        assert [one.status for one in receiver.requests] == [503, 204]
        assert receiver.requests[0].raw == receiver.requests[1].raw
        (told,) = history(second, subscription)
        assert (statuses(told), told["state"]) == ([503, 204], "delivered")
        second.world.close()


def test_what_was_under_way_when_the_process_died_is_sent_again(tmp_path: Path, silent: Receiver) -> None:
    first = kept(tmp_path, events=True)
    subscription = subscribe(first, silent.url)
    first.post(first.make_device(), at(0, temperature=31))
    assert eventually(lambda: len(silent.came) == 1)
    killed(first)
    first.world.stop()
    second = kept(tmp_path, events=True)
    silent.meanwhile = lambda: None
    settle(second)
    assert [body for _, _, body in silent.came] == [silent.came[0][2]] * 2
    (told,) = history(second, subscription)
    assert (told["attempts"][0]["error"], told["attempts"][1]["status"]) == (deliveries.INTERRUPTED, 200)
    assert told["state"] == "delivered"
    second.world.close()


def test_answer_that_left_no_more_does_not_lose_the_delivery(tmp_path: Path) -> None:
    with WebhookReceiver() as receiver:
        first = kept(tmp_path, events=True)
        subscribe(first, receiver.url)
        device = first.make_device()
        first.backend.deliveries.after_answer = lambda _span: None  # type: ignore[union-attr, method-assign]
        assert first.post(device, at(0, temperature=31)).status_code == 201
        killed(first)
        second = kept(tmp_path, events=True)
        settle(second)
        assert len(receiver.deliveries) == 1
        second.world.close()


def test_whatever_somebody_is_told_of_is_durable_by_then(tmp_path: Path) -> None:
    caller, receiver = kept(tmp_path, events=True, simulation=True), Receiver()
    subscribe(caller, receiver.url, make_event(caller, STUDIO, value=-100), STUDIO)
    simulate(caller, devices=1)
    found: list[Any] = []

    def look() -> None:
        with closing(sqlite3.connect(tmp_path / FILE)) as other:  # it sees what was committed, and nothing else
            found.extend(other.execute("SELECT state, attempts FROM itron_deliveries").fetchall())

    receiver.meanwhile = look
    settle(caller, 60)
    receiver.shutdown()
    receiver.server_close()
    assert [(state, attempts.count("[")) for state, attempts in found] == [("pending", 2)]
    caller.world.close()


def test_simulation_goes_on_in_the_next_process(tmp_path: Path) -> None:
    first = kept(tmp_path, simulation=True)
    made = simulate(first, devices=1, steps=5)
    first.world.clock.advance(120)
    first.world.keep()
    killed(first)
    second = kept(tmp_path, simulation=True)
    assert len(readings(second, made["deviceIds"][0])) == 2
    second.world.clock.advance(60)
    assert len(readings(second, made["deviceIds"][0])) == 3
    second.world.clock.advance(600)
    assert len(readings(second, made["deviceIds"][0])) == 5
    second.world.close()


def test_steps_that_a_process_missed_are_made_up_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(simulation, "MOST_CAUGHT_UP", 4)
    first = kept(tmp_path, simulation=True)
    few, many = simulate(first, devices=1, interval=300), simulate(first, devices=1, interval=60)
    device = first.make_device(STUDIO)
    first.world.keep()
    first.world.store.connection.execute("UPDATE itron_simulations SET start = start - 605 * 1000000")
    first.world.store.commit()
    killed(first)
    second = kept(tmp_path, simulation=True)
    second.world.clock.run_due()
    assert [len(readings(second, one["deviceIds"][0])) for one in (few, many)] == [2, 4]
    assert readings(second, many["deviceIds"][0])[0]["timestamp"] == "2026-11-21T04:59:55.000Z"
    assert readings(second, device) == []
    second.world.close()


def token_headers(up: Up) -> dict[str, str]:
    return {"Authorization": token_of(up)}


def test_kill_with_pending_deliveries_loses_none(tmp_path: Path) -> None:
    state = ("itron", "--state", str(tmp_path / "state"), "--set", "itron.events=true")
    up = start_up(tmp_path, *state)
    with WebhookReceiver([503] * 10) as receiver:
        with httpx.Client(base_url=url_of(up), headers=token_headers(up)) as http:
            event = http.post(solution("lab", "events"), json=hot()).json()["events"]["id"]
            body = {"subscription": {"eventId": event, "url": receiver.url}}
            http.post(solution("lab", "subscriptions"), json=body).raise_for_status()
            device = http.post(solution("lab", "devices"), json={"deviceType": "T"}).json()["id"]
            path = solution("lab", "devices", device, "observations")
            for number in range(40):
                observation = at(number, temperature=31, number=number)
                assert http.post(path, json={"observations": [observation]}).status_code == 201
        up.process.kill()
        up.process.communicate(timeout=10)
        (tmp_path / "ready.json").unlink()
        again = start_up(tmp_path, *state)
        try:
            found = receiver.wait_for(40, 30.0)
        finally:
            again.process.kill()
            again.process.communicate(timeout=10)
    assert sorted(one.observation["number"] for one in found) == list(range(40))


# --- one process -----------------------------------------------------------------------------------------------------


def test_reset_world_sends_and_simulates_nothing_more(caller: Caller) -> None:
    with WebhookReceiver(then=503) as receiver:
        subscribe(caller, receiver.url)
        simulate(caller)
        caller.post(caller.make_device(), at(0, temperature=31))
        settle(caller)
        assert sorted(timers(caller)) == [deliveries.TIMER, simulation.TIMER]
        caller.world.reset()
        caller._tokens.clear()
        assert timers(caller) == []
        settle(caller, 3_000)
        assert len(receiver.requests) == 1
    assert caller.backend.counts()["deliveries"] == caller.backend.counts()["simulations"] == 0


def test_snapshot_brings_back_what_was_pending_once(caller: Caller) -> None:
    with WebhookReceiver([503, 503]) as receiver:
        subscription = subscribe(caller, receiver.url)
        made = simulate(caller, make_template(caller), devices=1)
        caller.post(caller.make_device(), at(0, temperature=31))
        settle(caller)
        document = caller.world.snapshot()
        settle(caller, 1)
        settle(caller, 60)
        assert [one.status for one in receiver.requests] == [503, 503, 204]
        caller.world.restore(document)
        assert sorted(timers(caller)) == [deliveries.TIMER, simulation.TIMER]
        assert [len(one["attempts"]) for one in history(caller, subscription)] == [1]
        settle(caller, 1)
        assert [one.status for one in receiver.requests] == [503, 503, 204, 204]
        settle(caller, 60)
        assert len(readings(caller, made["deviceIds"][0])) == 1


def test_snapshot_of_what_is_under_way_sends_it_again(caller: Caller, silent: Receiver) -> None:
    subscription = subscribe(caller, silent.url)
    caller.post(caller.make_device(), at(0, temperature=31))
    assert eventually(lambda: len(silent.came) == 1)
    document = caller.world.snapshot()
    caller.world.reset()
    caller.world.restore(document)
    silent.meanwhile = lambda: None
    settle(caller)
    assert len(silent.came) == 2
    assert history(caller, subscription)[0]["state"] == "delivered"


def test_world_that_was_stopped_and_started_sends_what_it_lost(caller: Caller, silent: Receiver) -> None:
    subscription = subscribe(caller, silent.url)
    caller.post(caller.make_device(), at(0, temperature=31))
    assert eventually(lambda: len(silent.came) == 1)
    caller.world.stop()
    silent.meanwhile = lambda: None
    settle(caller, 1)
    assert len(silent.came) == 2
    (told,) = history(caller, subscription)
    assert [one.get("error") for one in told["attempts"]] == [deliveries.INTERRUPTED, None]


def test_rules_and_subscriptions_are_in_the_snapshot(caller: Caller) -> None:
    event = make_event(caller, deviceType="T", value="x", operator="eq")
    subscription = subscribe(caller, event=event, headers={"X-A": "b"})
    paths = [solution("lab", name) for name in ("events", "subscriptions")]
    before = [caller.get(path).content for path in paths]
    document = caller.world.snapshot()
    caller.world.reset()
    caller.world.restore(document)
    assert [caller.get(path).content for path in paths] == before
    assert subscription.encode() in before[1]
