"""Sending: what may be sent again, and how long a throttle that says nothing is waited out."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from vendorlab.clients.core.errors import NetworkError, Throttled
from vendorlab.clients.core.exchange import Exchange
from vendorlab.clients.core.retry import RetryPolicy
from vendorlab.clients.core.steps import Call, SyncDriver, request_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.clients.django_fake import FakeClock

READ, WRITE = Call("GET", "/things"), Call("POST", "/things", json={}, once=True)


def send(call: Call, clock: FakeClock, script: list[Any], **options: Any) -> tuple[Callable[[], int], int]:
    """Send a call to a vendor that answers by a script; gives the status and the number of requests."""
    asked = 0

    def vendor(request: httpx.Request) -> httpx.Response:
        nonlocal asked
        asked += 1
        act = script.pop(0) if script else 200
        if isinstance(act, type):
            raise act("trouble", request=request)
        return httpx.Response(act)

    exchange = Exchange(retry=RetryPolicy(chance=random.Random(7)), clock=clock, **options)
    with httpx.Client(base_url="http://vendor.test", transport=httpx.MockTransport(vendor)) as client:

        def run() -> int:
            return SyncDriver(client, clock.sleep).run(exchange.send(call)).status_code

        try:
            status = run()
        except NetworkError:
            status = 0
    return lambda: asked, status


@pytest.mark.parametrize("trouble", [httpx.ReadError, httpx.RemoteProtocolError, httpx.ReadTimeout, httpx.WriteError])
def test_lost_answer_is_asked_for_again_unless_twice_could_do_harm(clock: FakeClock, trouble: type) -> None:
    asked, status = send(READ, clock, [trouble])
    assert (asked(), status) == (2, 200)
    asked, status = send(WRITE, clock, [trouble])
    assert (asked(), status) == (1, 0)


@pytest.mark.parametrize("trouble", [httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout])
def test_what_never_left_is_sent_again_whatever_it_does(clock: FakeClock, trouble: type) -> None:
    asked, status = send(WRITE, clock, [trouble, trouble])
    assert (asked(), status) == (3, 200)


@pytest.mark.parametrize("code", [502, 503, 504])
def test_passing_trouble_of_the_vendor_is_no_reason_to_write_twice(clock: FakeClock, code: int) -> None:
    asked, status = send(READ, clock, [code])
    assert (asked(), status) == (2, 200)
    asked, status = send(WRITE, clock, [code])
    assert (asked(), status) == (1, code)


def test_throttled_write_was_refused_and_is_sent_again(clock: FakeClock) -> None:
    asked, status = send(WRITE, clock, [429, 429])
    assert (asked(), status) == (3, 200)


def test_wait_that_the_vendor_does_not_say_can_be_set(clock: FakeClock) -> None:
    send(READ, clock, [429], unsaid_wait=5.0)
    assert clock.slept == [6.0]
    clock.slept.clear()
    with pytest.raises(Throttled):
        send(READ, clock, [429] * 9, unsaid_wait=5.0)
    assert clock.slept == [6.0] * 4


@pytest.mark.parametrize(
    "url", ["http://vendor.test/a%2Fb?after=x%2By%3D&n=1", "http://vendor.test:8080/p?q=%7B%20%7D"]
)
def test_whole_url_is_used_as_given(url: str) -> None:
    with httpx.Client(base_url="http://vendor.test/base") as client:
        request = request_of(client, Call("GET", "/elsewhere", url=url))
    assert str(request.url) == url


def test_written_body_is_sent_as_it_is() -> None:
    with httpx.Client(base_url="http://vendor.test") as client:
        request = request_of(client, Call("POST", "/x", text='{"n": 1.0}'))
    assert (request.content, request.headers["Content-Type"]) == (b'{"n": 1.0}', "application/json")
