"""Pace, throttle and back-off, seen from outside: when requests are sent, and when not."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest
from tests.clients.django_fake import FakeClock, answer_lost, no_connection, status

from vendorlab.clients.scanalytics import (
    LIMITS,
    Limit,
    NetworkError,
    Pacer,
    RetryPolicy,
    ServerError,
    Throttled,
)

if TYPE_CHECKING:
    from tests.clients.faces import Face, MakeFace
    from tests.clients.scanalytics.fake_vendor import FakeVendor

PUBLISHED = ((180, 60.0), (1_200, 3_600.0))


def test_published_pace_never_meets_a_429(face: Face, vendor: FakeVendor, clock: FakeClock) -> None:
    vendor.limits = PUBLISHED
    started = clock()
    for _ in range(1_201):
        face("whoami")
    assert len(vendor.asked("/v1/whoami")) == 1_201  # each was answered at once
    assert 3_600 < clock() - started < 3_602


def test_limits_are_the_published_ones() -> None:
    assert (Limit(180, 60), Limit(1_200, 3_600)) == LIMITS


def test_pace_can_be_shared_among_clients_of_one_user(make_face: MakeFace, clock: FakeClock) -> None:
    pacer = Pacer(Limit(2, 10.0))
    one, other = make_face(pace=pacer), make_face(pace=pacer)
    one("whoami")
    other("whoami")
    assert clock.slept == []
    one("whoami")
    assert clock.slept == [11.0]


def test_unpaced_client_waits_out_retry_after_and_a_second(
    make_face: MakeFace, vendor: FakeVendor, clock: FakeClock
) -> None:
    vendor.limits = ((3, 60.0),)
    face = make_face(pace=None)
    for _ in range(4):
        face("whoami")
    assert clock.slept == [61.0]
    assert len(vendor.asked("/v1/whoami")) == 5


def test_429_holds_back_every_client_that_shares_the_pacer(
    make_face: MakeFace, vendor: FakeVendor, clock: FakeClock
) -> None:
    pacer = Pacer()
    one, other = make_face(pace=pacer, max_wait=10), make_face(pace=pacer)
    vendor.faults.extend([None, status(429, Retry_After="30")])
    with pytest.raises(Throttled):
        one("whoami")
    assert clock.slept == []
    other("whoami")
    assert clock.slept == [31.0]


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"Retry_After": "7"}, 8.0),
        ({"Retry_After": "0"}, 1.0),
        ({}, 61.0),
        ({"Retry_After": "soon"}, 61.0),
        ({"Retry_After": "Wed, 21 Oct 2026 07:28:30 GMT", "Date": "Wed, 21 Oct 2026 07:28:00 GMT"}, 31.0),
    ],
    ids=["seconds", "zero", "absent", "nonsense", "date"],
)
def test_retry_after_is_read_in_every_lawful_form(
    face: Face, vendor: FakeVendor, clock: FakeClock, headers: dict[str, str], wait: float
) -> None:
    vendor.faults.extend([None, status(429, **headers)])
    face("whoami")
    assert clock.slept == [wait]


def test_wait_longer_than_allowed_is_an_error_that_says_how_long(
    make_face: MakeFace, vendor: FakeVendor, clock: FakeClock
) -> None:
    vendor.faults.extend([None, status(429, Retry_After="3539")])
    face = make_face(max_wait=60)
    with pytest.raises(Throttled, match=r"GET /v1/whoami: .*3539 s") as caught:
        face("whoami")
    assert caught.value.retry_after == 3540
    with pytest.raises(Throttled, match="pace"):  # and nothing more is sent before then
        face("whoami")
    assert (clock.slept, len(vendor.requests)) == ([], 2)


def test_waits_add_up_to_no_more_than_allowed(make_face: MakeFace, vendor: FakeVendor, clock: FakeClock) -> None:
    vendor.faults.extend([None, *[status(429, Retry_After="19")] * 4])
    with pytest.raises(Throttled):
        make_face(max_wait=50)("whoami")
    assert clock.slept == [20.0, 20.0]


def test_vendor_that_throttles_for_ever_is_given_up(make_face: MakeFace, vendor: FakeVendor, clock: FakeClock) -> None:
    vendor.faults.extend([None, *[status(429, Retry_After="1")] * 99])
    with pytest.raises(Throttled, match="throttled 5 time"):
        make_face()("whoami")
    assert clock.slept == [2.0] * 4


def test_token_endpoint_is_not_paced(make_face: MakeFace, vendor: FakeVendor, clock: FakeClock) -> None:
    face = make_face(pace=Pacer(Limit(2, 100.0)))
    face("whoami")
    face("whoami")
    assert clock.slept == []


@pytest.mark.parametrize("fault", [no_connection, answer_lost, status(502), status(503), status(504)], ids=range(5))
def test_passing_trouble_is_retried_with_growing_waits(
    make_face: MakeFace, vendor: FakeVendor, clock: FakeClock, fault: Any
) -> None:
    vendor.faults.extend([None, fault, fault, fault])
    face = make_face(retry=RetryPolicy(chance=random.Random(7)))
    assert face("whoami").first_name == "Ada"
    first, second, third = clock.slept
    assert 0.25 <= first <= 0.5 <= second <= 1.0 <= third <= 2.0


@pytest.mark.parametrize(
    ("fault", "error"), [(no_connection, NetworkError), (status(503), ServerError)], ids=["line", "503"]
)
def test_lasting_trouble_is_reported_after_the_last_attempt(
    make_face: MakeFace, vendor: FakeVendor, fault: Any, error: type[Exception]
) -> None:
    vendor.faults.extend([None, fault, fault, fault])
    with pytest.raises(error, match="GET /v1/whoami"):
        make_face(retry=RetryPolicy(attempts=3))("whoami")
    assert len(vendor.requests) == 4


def test_network_error_tells_what_happened_and_how_often(make_face: MakeFace, vendor: FakeVendor) -> None:
    vendor.faults.append(no_connection)
    with pytest.raises(NetworkError, match=r"^POST /o/token/: ConnectError, tried once: Connection refused$"):
        make_face(retry=RetryPolicy(attempts=1))("whoami")


def test_503_with_retry_after_is_obeyed(face: Face, vendor: FakeVendor, clock: FakeClock) -> None:
    vendor.faults.extend([None, status(503, Retry_After="20")])
    face("whoami")
    assert clock.slept == [20.0]


def test_503_that_asks_too_much_is_reported_at_once(make_face: MakeFace, vendor: FakeVendor, clock: FakeClock) -> None:
    vendor.faults.extend([None, status(503, Retry_After="86400")])
    with pytest.raises(ServerError):
        make_face()("whoami")
    assert clock.slept == []


def test_500_is_an_answer_and_not_retried(make_face: MakeFace, vendor: FakeVendor, clock: FakeClock) -> None:
    vendor.faults.extend([None, status(500)])
    with pytest.raises(ServerError, match="500 In trouble"):
        make_face()("whoami")
    assert clock.slept == []
