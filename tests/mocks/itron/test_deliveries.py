"""Webhooks over real sockets: what is sent, when, how often, and what is remembered of it."""

from __future__ import annotations

import json
import select
import socket
from typing import TYPE_CHECKING, Any

import pytest
from tests.mocks.core.test_courier import Receiver
from tests.mocks.itron.extension_support import (
    NOWHERE,
    history,
    letters,
    make_event,
    refused,
    settle,
    statuses,
    subscribe,
)
from tests.mocks.itron.support import Caller, at, solution
from tests.mocks.support import PATIENCE, Wire, eventually, request

from vendorlab.clients.itron import WebhookReceiver
from vendorlab.mocks.core.web.message import Request
from vendorlab.mocks.itron import deliveries as module

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.mocks.itron.conftest import MakeCaller


@pytest.fixture
def caller(caller_of: MakeCaller) -> Caller:
    return caller_of(events=True)


@pytest.fixture
def receiver() -> Iterator[WebhookReceiver]:
    with WebhookReceiver() as made:
        yield made


def post_hot(caller: Caller, *numbers: float, device: str | None = None, **values: Any) -> str:
    """Post observations that meet the rule, all at once; the device's id."""
    device = device or caller.make_device()
    observations = [at(number, temperature=31, number=number, **values) for number in numbers or (0,)]
    assert caller.post(device, *observations).status_code == 201
    return device


def has_come(wire: Wire) -> bool:
    """Whether something waits to be read."""
    assert isinstance(wire.socket, socket.socket)
    return bool(select.select([wire.socket], [], [], 0)[0])


# --- what is sent ----------------------------------------------------------------------------------------------------


def test_delivery_says_what_happened_where(caller: Caller, receiver: WebhookReceiver) -> None:
    event = make_event(caller)
    subscription = subscribe(caller, receiver.url + "hook?a=b", event, headers={"X-Key": "k v", "Authorization": "t"})
    device = caller.make_device()
    raw = b'{"timestamp": "2024-05-01T12:00:10.250Z",  "temperature": 3.10e1, "caf\xc3\xa9": "\\u00e9"}'
    caller.post(device, content=b'{"observations": [%s]}' % raw)
    settle(caller)
    (delivery,) = receiver.deliveries
    assert (delivery.path, delivery.headers["content-type"]) == ("/hook?a=b", "application/json")
    assert delivery.headers["user-agent"] == "vendorlab-webhooks"
    assert (delivery.headers["x-key"], delivery.headers["authorization"]) == ("k v", "t")
    assert list(delivery.body) == [
        "id",
        "eventId",
        "subscriptionId",
        "solution",
        "deviceId",
        "timestamp",
        "observation",
    ]
    assert (delivery.event_id, delivery.subscription_id, delivery.device_id) == (event, subscription, device)
    assert (delivery.solution, delivery.body["timestamp"]) == ("lab", "2024-05-01T12:00:10.250Z")
    assert raw in delivery.raw
    (told,) = history(caller, subscription)
    assert told == {
        "id": delivery.id,
        "eventId": event,
        "subscriptionId": subscription,
        "deviceId": device,
        "timestamp": "2024-05-01T12:00:10.250Z",
        "attempts": [{"at": "2026-11-21T05:00:00.000Z", "status": 204}],
        "state": "delivered",
    }


def test_each_matching_observation_is_told_once_to_each_subscriber(caller: Caller, receiver: WebhookReceiver) -> None:
    event = make_event(caller)
    first, second = subscribe(caller, receiver.url, event), subscribe(caller, receiver.url, event)
    device = caller.make_device()
    caller.post(device, at(0, temperature=31), at(1, temperature=29), at(2, temperature="32.5"), at(3))
    caller.post(caller.make_device("other"), at(4, temperature=31), place="other")
    settle(caller)
    found = [(one.subscription_id, one.observation["temperature"]) for one in receiver.deliveries]
    assert sorted(found, key=str) == sorted([(s, t) for s in (first, second) for t in (31, "32.5")], key=str)
    assert len({one.id for one in receiver.deliveries}) == 4


def test_rule_for_a_type_of_device_is_for_no_other(caller: Caller, receiver: WebhookReceiver) -> None:
    subscribe(caller, receiver.url, make_event(caller, deviceType="Tracker"))
    post_hot(caller)
    device = post_hot(caller, device=caller.make_device(deviceType="Tracker"))
    settle(caller)
    assert [one.device_id for one in receiver.deliveries] == [device]


def test_observation_that_takes_anothers_place_is_told_of_too(caller: Caller, receiver: WebhookReceiver) -> None:
    subscribe(caller, receiver.url)
    device = post_hot(caller, 0)
    post_hot(caller, 0, device=device)
    settle(caller)
    assert len(receiver.deliveries) == 2


def test_post_that_is_refused_is_told_to_nobody(caller: Caller, receiver: WebhookReceiver) -> None:
    subscription = subscribe(caller, receiver.url)
    device = caller.make_device()
    refused(caller.post(device, at(0, temperature=31), {"temperature": 31}))
    settle(caller)
    assert (receiver.requests, history(caller, subscription)) == ([], [])


def test_bridged_observations_are_told_of(caller_of: MakeCaller, receiver: WebhookReceiver) -> None:
    caller = caller_of(events=True, bridge=True)
    event = make_event(caller, "sandbox", sensor="macId", operator="ne", value="")
    subscription = subscribe(caller, receiver.url, event, "sandbox")
    settle(caller, 3_599)  # devices take turns a minute apart, and the first one's lies on the hour
    assert len(receiver.deliveries) == 7
    assert len(history(caller, subscription, "sandbox")) == 7
    assert all(one.observation["macId"].startswith("00135005") for one in receiver.deliveries)


def test_nothing_is_sent_before_the_answer_has_left(caller: Caller) -> None:
    subscription = subscribe(caller)
    place = solution("lab", "devices", caller.make_device(), "observations")
    dispatch = caller.world._serve("itron-platform").dispatch
    route = next(one for one in dispatch.site.routes if one.operation == "observations")
    body = json.dumps({"observations": [at(0, temperature=31)]}).encode()
    asked = Request("POST", place, "", {"authorization": caller.token()}, body)
    asked.params = {"solution": "lab", "device": place.split("/")[-2]}
    answer = dispatch(route, asked)
    assert answer.status == 201
    assert not caller.world.settle(0.01)
    caller.world.clock.advance(60)
    post_hot(caller)  # whoever comes meanwhile gets his own letters sent, and not these
    assert eventually(lambda: letters(caller) != [])
    newer, older = history(caller, subscription)
    assert (older["state"], older["attempts"]) == ("pending", [])
    assert newer["attempts"]
    assert answer.then is not None
    answer.then()
    settle(caller)
    assert len(history(caller, subscription)[1]["attempts"]) == 1


@pytest.mark.parametrize("direct", [True, False], ids=["direct", "reference"])
def test_whoever_is_told_has_been_answered(served_of: MakeCaller, direct: bool) -> None:
    caller = served_of(direct=direct, events=True)
    receiver = Receiver()
    subscribe(caller, receiver.url)
    path = solution("lab", "devices", caller.make_device(), "observations")
    answered: list[bool] = []
    with Wire(str(caller.http.base_url)) as wire:
        receiver.meanwhile = lambda: answered.append(has_come(wire))
        body = json.dumps({"observations": [at(0, temperature=31)]}).encode()
        wire.send(request("POST", path, {"Authorization": caller.token()}, body))
        assert eventually(lambda: bool(answered))
        assert wire.answer().status == 201
        settle(caller)
    receiver.shutdown()
    receiver.server_close()
    assert answered == [True]


# --- retries ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [429, 500, 503, 599])
def test_failure_that_may_pass_is_retried_on_the_worlds_clock(caller: Caller, status: int) -> None:
    with WebhookReceiver([status] * 3) as receiver:
        subscription = subscribe(caller, receiver.url)
        post_hot(caller)
        settle(caller)
        for seconds in (0.999, 0.001, 4.999, 0.001, 24.999, 0.001):
            settle(caller, seconds)
        assert [one.status for one in receiver.requests] == [status, status, status, 204]
        assert len({one.raw for one in receiver.requests}) == 1
    (told,) = history(caller, subscription)
    assert [one["at"][17:23] for one in told["attempts"]] == ["00.000", "01.000", "06.000", "31.000"]
    assert (statuses(told), told["state"]) == ([status] * 3 + [204], "delivered")
    assert [(one.status, one.cause) for one in letters(caller)] == [(status, "retry")] * 3 + [(204, "delivered")]
    assert caller.world.clock.next_due() != caller.world.clock.micros()


def test_after_the_last_retry_it_is_dropped(caller: Caller) -> None:
    with WebhookReceiver(then=500) as receiver:
        subscription = subscribe(caller, receiver.url)
        post_hot(caller)
        for seconds in (0, 1, 5, 25, 3_000):
            settle(caller, seconds)
        assert len(receiver.requests) == 4
    (told,) = history(caller, subscription)
    assert (statuses(told), told["state"]) == ([500] * 4, "dropped")
    assert [one.cause for one in letters(caller)] == ["retry"] * 3 + ["dropped"]
    assert caller.world.clock.waiting(module.TIMER) == []


@pytest.mark.parametrize("status", [301, 302, 304, 307, 400, 401, 404, 410, 418])
def test_refusal_is_final(caller: Caller, status: int) -> None:
    with WebhookReceiver(then=status) as receiver:
        subscription = subscribe(caller, receiver.url)
        post_hot(caller)
        settle(caller)
        settle(caller, 3_000)
        assert len(receiver.requests) == 1
    (told,) = history(caller, subscription)
    assert (statuses(told), told["state"]) == ([status], "dropped")


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_any_2xx_is_done(caller: Caller, status: int) -> None:
    with WebhookReceiver(then=status) as receiver:
        subscription = subscribe(caller, receiver.url)
        post_hot(caller)
        settle(caller)
        settle(caller, 3_000)
        assert len(receiver.requests) == 1
    assert history(caller, subscription)[0]["state"] == "delivered"


def test_receiver_that_is_not_there_is_tried_again(caller: Caller) -> None:
    subscription = subscribe(caller, NOWHERE)
    post_hot(caller)
    settle(caller)
    (told,) = history(caller, subscription)
    assert (told["state"], list(told["attempts"][0])) == ("pending", ["at", "error"])
    assert told["attempts"][0]["error"]
    assert [(one.status, one.cause) for one in letters(caller)] == [(0, "retry")]


def test_retry_does_not_hold_up_what_comes_later(caller: Caller) -> None:
    with WebhookReceiver([503]) as receiver:
        subscribe(caller, receiver.url)
        device = post_hot(caller, 0)
        settle(caller)
        post_hot(caller, 1, device=device)
        settle(caller)
        settle(caller, 1)
        assert [one.observation["number"] for one in receiver.deliveries] == [1, 0]


def test_more_than_go_at_once_all_arrive_in_order(caller: Caller, receiver: WebhookReceiver) -> None:
    subscription = subscribe(caller, receiver.url)
    post_hot(caller, *range(5 * module.MOST_AT_ONCE))
    settle(caller)
    assert [one.observation["number"] for one in receiver.deliveries] == list(range(5 * module.MOST_AT_ONCE))
    assert {one["state"] for one in history(caller, subscription)} == {"delivered"}


def test_running_clock_retries_by_itself(world_of: Any) -> None:
    caller = Caller(world_of("itron", settings={"events": True}, rate=1_000.0))
    with WebhookReceiver([503, 503, 503]) as receiver:
        subscribe(caller, receiver.url)
        post_hot(caller)
        receiver.wait_for(1, PATIENCE)
        assert [one.status for one in receiver.requests] == [503, 503, 503, 204]


# --- faults ----------------------------------------------------------------------------------------------------------


def fault(caller: Caller, action: dict[str, Any], **when: Any) -> None:
    match = {"vendor": "itron", "protocol": "webhook", "direction": "out", "operation": "delivery"}
    caller.world.faults.add({"name": "planned", "match": match, "when": when, "action": action})


def test_duplicate_comes_with_the_same_id(caller: Caller, receiver: WebhookReceiver) -> None:
    fault(caller, {"kind": "duplicate"}, nth=1)
    subscription = subscribe(caller, receiver.url)
    post_hot(caller, 0, 1)
    settle(caller)
    assert [one.body["observation"]["number"] for one in receiver.requests] == [0, 0, 1]
    assert (receiver.requests[0].id, len(receiver.deliveries)) == (receiver.requests[1].id, 2)
    assert [len(one["attempts"]) for one in history(caller, subscription)] == [1, 1]
    assert [(one.cause, one.fault) for one in letters(caller)] == [
        ("delivered", "planned"),
        ("repeated", "planned"),
        ("delivered", None),
    ]


def test_deliveries_come_out_of_order_when_told_so(caller: Caller, receiver: WebhookReceiver) -> None:
    fault(caller, {"kind": "reorder", "behind": 2, "timeout": 60}, nth=1)
    subscribe(caller, receiver.url)
    post_hot(caller, 0, 1, 2, 3)
    settle(caller)
    assert [one.observation["number"] for one in receiver.deliveries] == [1, 2, 0, 3]


def test_attempt_that_is_lost_is_made_again(caller: Caller, receiver: WebhookReceiver) -> None:
    fault(caller, {"kind": "drop"}, nth=1, per="exchange")
    subscription = subscribe(caller, receiver.url)
    post_hot(caller, *range(40))
    settle(caller)
    assert receiver.requests == []
    settle(caller, 1)
    assert len(receiver.deliveries) == 40
    for told in history(caller, subscription):
        assert told["attempts"][0]["error"] == "lost, by the fault planned"
        assert (told["state"], told["attempts"][1]["status"]) == ("delivered", 204)


def test_all_attempts_lost_is_a_delivery_dropped(caller: Caller, receiver: WebhookReceiver) -> None:
    fault(caller, {"kind": "drop"})
    subscription = subscribe(caller, receiver.url)
    post_hot(caller)
    for seconds in (0, 1, 5, 25, 100):
        settle(caller, seconds)
    (told,) = history(caller, subscription)
    assert (told["state"], len(told["attempts"]), receiver.requests) == ("dropped", 4, [])


def test_answer_lost_by_a_fault_does_not_keep_the_delivery(caller: Caller, receiver: WebhookReceiver) -> None:
    subscribe(caller, receiver.url)
    device = caller.make_device()
    caller.world.faults.add(
        {"match": {"operation": "observations"}, "action": {"kind": "status", "status": 502}, "phase": "after"}
    )
    assert caller.post(device, at(0, temperature=31)).status_code == 502
    settle(caller)
    assert len(receiver.deliveries) == 1


# --- what goes -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("gone", ["subscription", "event"])
def test_what_waits_is_not_sent_once_nobody_wants_it(caller: Caller, gone: str) -> None:
    with WebhookReceiver([503]) as receiver:
        event = make_event(caller)
        subscription = subscribe(caller, receiver.url, event)
        post_hot(caller)
        settle(caller)
        path = ("events", event) if gone == "event" else ("subscriptions", subscription)
        assert caller.call("DELETE", solution("lab", *path)).status_code == 200
        settle(caller, 60)
        assert len(receiver.requests) == 1
    assert caller.backend.counts()["deliveries"] == 0


def test_subscription_may_go_while_something_is_under_way(caller: Caller) -> None:
    receiver = Receiver()
    subscription = subscribe(caller, receiver.url)
    receiver.status = 503
    receiver.meanwhile = lambda: caller.call("DELETE", solution("lab", "subscriptions", subscription))
    post_hot(caller)
    settle(caller)
    receiver.shutdown()
    receiver.server_close()
    assert [(one.status, one.cause) for one in letters(caller)] == [(503, "refused")]
    assert caller.world.clock.waiting(module.TIMER) == []


def test_history_is_bounded_and_newest_first(
    caller: Caller, receiver: WebhookReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_FINISHED", 5)
    subscription = subscribe(caller, receiver.url)
    post_hot(caller, *range(8))
    settle(caller)
    times = [one["timestamp"][17:19] for one in history(caller, subscription)]
    assert times == ["07", "06", "05", "04", "03"]
    assert [one["timestamp"][17:19] for one in history(caller, subscription, limit=2)] == ["07", "06"]
    path = solution("lab", "subscriptions", subscription, "deliveries")
    assert "limit must be" in refused(caller.get(path, params={"limit": "0"}))


def test_one_delivery_too_many_is_dropped_at_once(
    caller: Caller, receiver: WebhookReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_PENDING", 3)
    subscription = subscribe(caller, receiver.url)
    post_hot(caller, *range(5))
    settle(caller)
    assert len(receiver.deliveries) == 3
    newest = history(caller, subscription)[0]
    assert (newest["state"], newest["attempts"][0]["error"]) == ("dropped", module.TOO_MANY)


def test_body_of_what_is_over_is_not_kept(caller: Caller, receiver: WebhookReceiver) -> None:
    subscribe(caller, receiver.url)
    post_hot(caller)
    settle(caller)
    rows = caller.world.store.connection.execute("SELECT body FROM itron_deliveries").fetchall()
    assert rows == [(b"",)]


def test_journal_and_state_show_no_secret_of_a_subscription(caller: Caller, receiver: WebhookReceiver) -> None:
    secret = caller.known["client_secret"]
    subscribe(caller, f"{receiver.url}?token=hunter2", headers={"X-Key": secret})
    post_hot(caller)
    settle(caller)
    (entry,) = letters(caller)
    shown = str(caller.world.journal.find()) + str(caller.vendor.state())
    assert "hunter2" not in shown
    assert secret not in shown
    assert (entry.vendor, entry.operation, entry.method) == ("itron", "delivery", "POST")
    assert (entry.principal, entry.status, entry.cause) == (caller.known["client_id"], 204, "delivered")
    assert entry.path.startswith(receiver.url.rstrip("/"))
    assert entry.detail["attempt"] == 1


def test_journal_tells_in_which_order_deliveries_were_made(caller: Caller, receiver: WebhookReceiver) -> None:
    subscribe(caller, receiver.url)
    caller.world.faults.add({"match": {"protocol": "webhook"}, "when": {"nth": 1}, "action": {"kind": "drop"}})
    for _ in range(2):
        post_hot(caller)
        settle(caller)
    settle(caller, 1)
    assert [(one.detail["number"], one.detail["attempt"]) for one in letters(caller)] == [(1, 1), (2, 1), (1, 2)]


def test_journal_tells_whole_seconds_of_a_receiver_that_takes_long(
    caller: Caller, receiver: WebhookReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribe(caller, receiver.url)
    post_hot(caller)
    settle(caller)
    times = iter(range(0, 1_000_000, 3))  # each look at the wall is three seconds after the last
    caller.world.clock.freeze()
    monkeypatch.setattr(caller.world.clock, "source", lambda: float(next(times)))
    post_hot(caller)
    settle(caller)
    quick, slow = letters(caller)
    assert "seconds" not in quick.detail
    assert slow.detail["seconds"] >= 3
