"""Webhooks belong to the trace of the request that brought them about."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest
from tests.mocks.itron.extension_support import (
    STUDIO,
    letters,
    make_event,
    refused,
    settle,
    simulate,
    subscribe,
)
from tests.mocks.itron.support import Caller, at, solution
from tests.mocks.itron.test_kept import kept, killed

from vendorlab.clients.itron import WebhookReceiver
from vendorlab.mocks.core.store import FILE
from vendorlab.mocks.core.traces import Span, read

if TYPE_CHECKING:
    from pathlib import Path

    from tests.mocks.itron.conftest import MakeCaller

    from vendorlab.clients.itron.receiver import Delivery

CALLER = Span("4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7", "01", "congo=t61rcWkgMzE")


@pytest.fixture
def caller(caller_of: MakeCaller) -> Caller:
    return caller_of(events=True, simulation=True)


def post_hot(caller: Caller, cause: Span | None, device: str | None = None) -> str:
    """Post an observation that meets the rule, as part of a trace."""
    device = device or caller.make_device()
    answer = caller.call(
        "POST",
        solution("lab", "devices", device, "observations"),
        json={"observations": [at(0, temperature=31)]},
        headers=dict(cause.headers) if cause else {},
    )
    assert answer.status_code == 201
    return device


def spans(found: list[Delivery]) -> list[Span | None]:
    return [read(one.headers) for one in found]


def test_delivery_goes_on_with_the_callers_trace_and_each_attempt_is_a_span(caller: Caller) -> None:
    with WebhookReceiver([503]) as receiver:
        subscribe(caller, receiver.url)
        post_hot(caller, CALLER)
        settle(caller)
        settle(caller, 1)
        first, second = spans(receiver.requests)
    assert first is not None
    assert second is not None
    assert first._replace(id="") == second._replace(id="") == CALLER._replace(id="")
    assert len({CALLER.id, first.id, second.id}) == 3
    (exchange,) = caller.world.journal.find(operation="observations")
    assert exchange.detail["traceparent"] == CALLER.parent
    assert [one.detail["traceparent"] for one in letters(caller)] == [exchange.detail["span"]] * 2
    assert [one.detail["span"] for one in letters(caller)] == [first.parent, second.parent]


def test_delivery_that_no_trace_brought_about_has_none(caller: Caller) -> None:
    with WebhookReceiver() as receiver:
        subscribe(caller, receiver.url)
        subscribe(caller, receiver.url, make_event(caller, STUDIO, value=-100), STUDIO)
        post_hot(caller, None)
        simulate(caller, devices=1)
        settle(caller, 60)
        assert len(receiver.requests) >= 2
    assert not any("traceparent" in one.headers or "tracestate" in one.headers for one in receiver.requests)
    assert not any("traceparent" in one.detail or "span" in one.detail for one in letters(caller))


def test_subscription_may_not_say_what_the_trace_is(caller: Caller) -> None:
    event = make_event(caller)
    for name in ("traceparent", "Tracestate"):
        body = {"subscription": {"eventId": event, "url": "http://127.0.0.1:9/", "headers": {name: "x"}}}
        assert name in refused(caller.call("POST", solution("lab", "subscriptions"), json=body))


def test_retry_of_the_next_process_is_in_the_same_trace(tmp_path: Path) -> None:
    with WebhookReceiver([503]) as receiver:
        first = kept(tmp_path, events=True)
        subscribe(first, receiver.url)
        post_hot(first, CALLER)
        settle(first)
        first.world.stop()
        killed(first)
        second = kept(tmp_path, events=True)
        settle(second, 1)
        before, after = spans(receiver.requests)
        second.world.close()
    assert before is not None
    assert after is not None
    assert (after.trace, after.state, after.id != before.id) == (CALLER.trace, CALLER.state, True)


def test_file_of_an_earlier_vendorlab_is_taken_up(tmp_path: Path) -> None:
    with WebhookReceiver([503]) as receiver:
        first = kept(tmp_path, events=True)
        subscribe(first, receiver.url)
        device = post_hot(first, None)
        settle(first)
        first.world.stop()
        killed(first)
        with closing(sqlite3.connect(tmp_path / FILE)) as before:
            before.execute("ALTER TABLE itron_deliveries DROP COLUMN cause")
            before.commit()
        second = kept(tmp_path, events=True)
        settle(second, 1)
        post_hot(second, CALLER, device)
        settle(second)
        assert [one.status for one in receiver.requests] == [503, 204, 204]
        assert [one is None for one in spans(receiver.requests)] == [True, True, False]
        second.world.close()


def test_snapshot_of_an_earlier_vendorlab_is_taken_up(caller: Caller) -> None:
    with WebhookReceiver([503]) as receiver:
        subscribe(caller, receiver.url)
        post_hot(caller, CALLER)
        settle(caller)
        document = caller.vendor.snapshot()
        document["itron_deliveries"] = [row[:-1] for row in document["itron_deliveries"]]
        caller.vendor.restore(document)
        settle(caller, 1)
        assert [one is None for one in spans(receiver.requests)] == [False, True]
