"""The receiver of webhooks, over real sockets: what it keeps, what it answers, and that it ends."""

from __future__ import annotations

import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.clients.itron.fake_vendor import at

from vendorlab.clients.itron import Delivery, WebhookReceiver

BODY: dict[str, Any] = {
    "id": "d-1",
    "eventId": "e-1",
    "subscriptionId": "s-1",
    "solution": "sandbox",
    "deviceId": "8e7d",
    "timestamp": "2024-05-01T12:00:10.250Z",
    "observation": {"timestamp": "2024-05-01T12:00:10.250Z", "temperature": 31.5},
}


def send(receiver: WebhookReceiver, path: str = "", **body: Any) -> int:
    return httpx.post(receiver.url + path, json=BODY | body, headers={"User-Agent": "vendorlab-webhooks"}).status_code


def exchange(receiver: WebhookReceiver, raw: bytes) -> bytes:
    """Send bytes, and give all that comes back."""
    with socket.create_connection(("127.0.0.1", httpx.URL(receiver.url).port), timeout=20) as line:
        line.sendall(raw)
        line.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: line.recv(65_536), b""))


def test_delivery_is_kept_and_accepted() -> None:
    with WebhookReceiver(clock=lambda: 7.0) as receiver:
        assert send(receiver, "hook?x=1") == 204
        (delivery,) = receiver.wait_for(1)
    assert (delivery.id, delivery.event_id, delivery.subscription_id) == ("d-1", "e-1", "s-1")
    assert (delivery.solution, delivery.device_id, delivery.timestamp) == ("sandbox", "8e7d", at(10.25))
    assert delivery.observation["temperature"] == 31.5
    assert (delivery.path, delivery.received_at, delivery.status) == ("/hook?x=1", 7.0, 204)
    assert delivery.headers["user-agent"] == "vendorlab-webhooks"
    assert json.loads(delivery.raw) == delivery.body == BODY


def test_answers_follow_the_script_and_then_go_on() -> None:
    with WebhookReceiver([500, 429, 201], then=202) as receiver:
        assert [send(receiver, id=f"d-{number}") for number in range(5)] == [500, 429, 201, 202, 202]
        assert [delivery.id for delivery in receiver.deliveries] == ["d-2", "d-3", "d-4"]
        assert [delivery.status for delivery in receiver.requests] == [500, 429, 201, 202, 202]


def test_retry_of_what_was_refused_is_a_delivery_and_its_duplicate_is_none() -> None:
    with WebhookReceiver([503]) as receiver:
        assert [send(receiver) for _ in range(3)] == [503, 204, 204]
        assert len(receiver.wait_for(3, of="requests")) == 3
        assert [delivery.status for delivery in receiver.deliveries] == [204]


def test_duplicates_are_kept_when_asked_for() -> None:
    with WebhookReceiver([503], deduplicate=False) as receiver:
        for _ in range(3):
            send(receiver)
        assert len(receiver.deliveries) == 2


def test_delivery_without_an_id_is_never_taken_for_a_duplicate() -> None:
    with WebhookReceiver() as receiver:
        identities: list[Any] = [None, None, 7, {}]
        for identity in identities:
            send(receiver, id=identity)
        assert [delivery.id for delivery in receiver.deliveries] == [None] * 4


def test_wait_ends_as_soon_as_enough_has_come() -> None:
    with WebhookReceiver() as receiver, ThreadPoolExecutor(8) as pool:
        waiting = pool.submit(receiver.wait_for, 20, 20)
        sent = [pool.submit(send, receiver, id=f"d-{number}") for number in range(20)]
        assert len(waiting.result(20)) == 20
        assert {each.result(20) for each in sent} == {204}


def test_wait_in_vain_says_how_many_came() -> None:
    with WebhookReceiver() as receiver:
        send(receiver)
        with pytest.raises(TimeoutError, match=r"1 of 2 deliveries in 0\.01 s"):
            receiver.wait_for(2, 0.01)


def test_clear_forgets_and_goes_on_with_the_script() -> None:
    with WebhookReceiver([200, 500]) as receiver:
        send(receiver)
        receiver.clear()
        assert (receiver.requests, receiver.deliveries) == ([], [])
        assert [send(receiver), send(receiver)] == [500, 204]
        assert len(receiver.deliveries) == 1  # forgotten, so no duplicate


@pytest.mark.parametrize("raw", [b"", b"[]", b"7", b"{", b"\xff", b'{"a":NaN}', b"[" * 100_000])
def test_what_is_no_delivery_is_refused_and_kept_and_costs_no_line_of_the_script(raw: bytes) -> None:
    with WebhookReceiver([201]) as receiver:
        assert httpx.post(receiver.url, content=raw).status_code == 400
        assert (receiver.requests[0].raw, receiver.requests[0].body) == (raw, {})
        assert receiver.deliveries == []
        assert send(receiver) == 201


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_other_methods_are_refused(method: str) -> None:
    with WebhookReceiver() as receiver:
        assert httpx.request(method, receiver.url).status_code == 405
        assert receiver.requests == []


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"", b"411"),
        (b"Transfer-Encoding: chunked\r\n", b"411"),
        (b"Content-Length: -1\r\n", b"411"),
        (b"Content-Length: \xb2\r\n", b"411"),
        (b"Content-Length: 99999999\r\n", b"413"),
        (b"Content-Length: " + b"9" * 9_999 + b"\r\n", b"413"),
    ],
)
def test_body_of_no_known_or_of_too_great_a_length_is_refused(head: bytes, status: bytes) -> None:
    with WebhookReceiver() as receiver:
        answer = exchange(receiver, b"POST / HTTP/1.1\r\nHost: x\r\n" + head + b"\r\n")
        assert answer.split()[1] == status
        assert receiver.requests == []


def test_sender_that_breaks_off_is_passed_over() -> None:
    with WebhookReceiver() as receiver:
        assert exchange(receiver, b"POST / HTTP/1.1\r\nContent-Length: 50\r\n\r\n{") == b""
        assert send(receiver) == 204
        assert len(receiver.requests) == 1


@settings(max_examples=20, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.lists(st.binary(max_size=30) | st.sampled_from([b"POST / HTTP/1.1\r\n", b"Content-Length: 3\r\n", b"\r\n"])))
def test_any_bytes_leave_it_standing(raw: list[bytes]) -> None:
    with WebhookReceiver() as receiver:
        exchange(receiver, b"".join(raw))
        assert send(receiver) == 204


MEMBERS = st.none() | st.booleans() | st.integers() | st.text(max_size=8) | st.lists(st.integers(), max_size=2)


@given(st.dictionaries(st.sampled_from([*BODY, "x"]), MEMBERS | st.just({"t": 1})))
def test_any_body_is_read_without_complaint(body: dict[str, Any]) -> None:
    delivery = Delivery(body, b"", {}, "/", 0.0, 204)
    assert delivery.id is None or delivery.id == body["id"]
    assert delivery.timestamp is None or delivery.timestamp.tzinfo is not None
    assert isinstance(delivery.observation, dict)


def test_it_listens_on_loopback_and_only_while_it_is_entered() -> None:
    receiver = WebhookReceiver()
    with pytest.raises(RuntimeError, match="entered"):
        _ = receiver.url
    with receiver:
        url = receiver.url
        assert url.startswith("http://127.0.0.1:")
        send(receiver)
    with pytest.raises(httpx.ConnectError):
        httpx.post(url)
    assert len(receiver.deliveries) == 1  # and can be read when it is over
    receiver.close()
    with receiver:
        assert send(receiver, id="d-2") == 204


def test_it_ends_at_once_with_senders_in_the_middle_of_a_request() -> None:
    threads = threading.active_count()
    with WebhookReceiver() as receiver:
        port = httpx.URL(receiver.url).port
        lines = [socket.create_connection(("127.0.0.1", port)) for _ in range(5)]
        for line in lines[1:]:
            line.sendall(b"POST / HTTP/1.1\r\nContent-Length: 50\r\n\r\n{")
        send(receiver)
        began = time.monotonic()
    assert time.monotonic() - began < 5  # and not as long as a sender may be silent
    assert threading.active_count() == threads
    for line in lines:
        line.close()
