"""Tokens: made once for all, renewed in time and once on 401, whatever the clocks say."""

from __future__ import annotations

import asyncio
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.clients.django_fake import FakeClock, answer_lost, no_connection, status
from tests.clients.itron.conftest import APPLICATION
from tests.clients.itron.fake_vendor import CLIENT_ID, CLIENT_SECRET, ORIGIN, FakeVendor, answering, jwt

from vendorlab.clients.core.secret import Secret
from vendorlab.clients.core.tokens import TokenPair
from vendorlab.clients.itron import (
    AsyncDataPlatformClient,
    DataPlatformClient,
    FileTokenStore,
    LoginRefused,
    LoginRequired,
    MemoryTokenStore,
    NetworkError,
    ServerError,
    TokenRefused,
    UnexpectedResponse,
    UsageError,
)
from vendorlab.clients.itron.tokens import Claims, clock_ahead

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.clients.faces import Face, MakeFace


def test_token_is_asked_for_as_the_vendor_says(face: Face, vendor: FakeVendor) -> None:
    face("devices")
    asked, data = vendor.requests
    assert (asked.method, asked.url.raw_path) == ("POST", b"/api/tokens")
    assert json.loads(asked.content) == {"clientId": CLIENT_ID, "clientSecret": CLIENT_SECRET}
    assert asked.headers["Content-Type"] == asked.headers["Accept"] == "application/json"
    assert "Authorization" not in asked.headers
    assert {data.headers["Authorization"]} == vendor.issued  # bare


def test_bearer_is_a_switch(make_face: MakeFace, vendor: FakeVendor) -> None:
    with pytest.raises(TokenRefused):
        make_face(bearer=True)("devices")
    assert vendor.requests[1].headers["Authorization"].startswith("Bearer ey")


@pytest.mark.parametrize("code", [200, 201])
def test_both_successes_are_taken(face: Face, vendor: FakeVendor, code: int) -> None:
    vendor.token_status = code
    assert len(face("devices")) == 1


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        ("https://tokens.test/api/tokens", "https://tokens.test/api/tokens"),
        ("https://tokens.test/tokens", "https://tokens.test/tokens"),
        ("https://tokens.test", "https://tokens.test/api/tokens"),
        ("https://tokens.test/", "https://tokens.test/api/tokens"),
    ],
)
def test_tokens_may_come_from_elsewhere(make_face: MakeFace, vendor: FakeVendor, given: str, asked: str) -> None:
    make_face(token_url=given)("devices")
    first, second = vendor.requests
    assert (str(first.url), second.url.host) == (asked, "vendor.test")


def test_token_serves_until_its_margin(face: Face, vendor: FakeVendor, clock: FakeClock) -> None:
    face("devices")
    clock.now += 3_600 - 60 - 1
    face("devices")
    assert vendor.tokens_made() == 1
    clock.now += 2
    face("devices")
    assert vendor.tokens_made() == 2
    assert [r for r in vendor.asked() if r.headers["Authorization"] not in vendor.issued] == []


def test_margin_is_at_most_a_tenth_of_a_short_life(make_face: MakeFace, vendor: FakeVendor, clock: FakeClock) -> None:
    vendor.lifetime = 10
    face = make_face(margin=60.0)
    for _ in range(8):
        face("devices")
        clock.now += 1
    assert vendor.tokens_made() == 1


@pytest.mark.parametrize("ahead", [-86_400.0, -3_700.0, -120.0, 120.0, 3_700.0, 86_400.0])
def test_clocks_need_not_agree(make_face: MakeFace, vendor: FakeVendor, clock: FakeClock, ahead: float) -> None:
    """A token that is past its `exp` by our clock on arrival is good for its hour all the same, and no longer."""
    vendor.ahead = ahead
    face = make_face()
    for _ in range(50):
        face("devices")
        clock.now += 60
    assert vendor.tokens_made() == 1
    clock.now += 600
    face("devices")
    assert (vendor.tokens_made(), len(vendor.requests)) == (2, 53)  # renewed in time, and none was refused


TOKENS: dict[str, Callable[[float], str]] = {
    "opaque": lambda now: f"opaque-{now}",
    "no exp": lambda now: jwt({"iat": now}),
    "exp before iat": lambda now: jwt({"iat": now, "exp": now - 5}),
    "long past and no iat": lambda now: jwt({"exp": 1}),
    "no times": lambda now: jwt({"iat": "x", "exp": [1]}),
    "no object": lambda now: jwt([1]),
}


@pytest.mark.parametrize("name", sorted(TOKENS))
def test_token_that_does_not_say_how_long_serves_until_it_is_refused(
    face: Face, vendor: FakeVendor, clock: FakeClock, name: str
) -> None:
    vendor.make_token = TOKENS[name]
    for _ in range(5):
        face("devices")
        clock.now += 700
    assert vendor.tokens_made() == 1
    clock.now += 700
    face("devices")
    assert vendor.tokens_made() == 2


def test_refused_token_is_renewed_once(face: Face, vendor: FakeVendor) -> None:
    face("devices")
    vendor.revoke()
    assert len(face("devices")) == 1
    assert [request.url.path.rpartition("/")[2] for request in vendor.requests] == [
        "tokens", "devices", "devices", "tokens", "devices",
    ]  # fmt: skip


def test_token_that_is_refused_for_ever_makes_no_loop(face: Face, vendor: FakeVendor) -> None:
    def forgetful(request: httpx.Request, handler: Any) -> httpx.Response:
        response: httpx.Response = handler(request)
        vendor.revoke()
        return response

    vendor.faults.extend([forgetful] * 50)
    with pytest.raises(TokenRefused):
        face("devices")
    assert vendor.tokens_made() <= 2
    assert len(vendor.requests) <= 5


def test_post_that_was_refused_for_its_token_is_sent_again(face: Face, vendor: FakeVendor) -> None:
    face("devices")
    vendor.revoke()
    device = face("create_device", "SensorTag")
    assert [each["id"] for each in vendor.devices[1:]] == [device.id]


@pytest.mark.parametrize(("fault", "error"), [
    (status(400), LoginRefused),
    (status(401), LoginRefused),
    (status(403), UnexpectedResponse),
    (status(404), UnexpectedResponse),
    (status(500), ServerError),
    (status(302, Location="http://elsewhere.test"), UnexpectedResponse),
])  # fmt: skip
def test_token_that_is_not_given_is_an_error_of_its_own(
    face: Face, vendor: FakeVendor, fault: Any, error: type[Exception]
) -> None:
    vendor.faults.append(fault)
    with pytest.raises(error) as caught:
        face("devices")
    assert "POST /api/tokens" in str(caught.value)
    assert len(vendor.requests) == 1


def test_refusal_says_what_the_vendor_says(make_face: MakeFace) -> None:
    with pytest.raises(LoginRefused, match="401 Unauthorized"):
        make_face(client_secret="wrong")("devices")


@pytest.mark.parametrize("body", [{}, {"accessToken": 7}, {"accessToken": ""}, {"accessToken": "two\nlines"}, []])
def test_answer_without_a_token_names_the_place(face: Face, vendor: FakeVendor, body: Any) -> None:
    vendor.faults.append(answering(200, json=body))
    with pytest.raises(UnexpectedResponse):
        face("devices")


def test_lost_token_is_asked_for_again(face: Face, vendor: FakeVendor) -> None:
    vendor.faults.extend([answer_lost, no_connection, status(503), status(429)])
    assert len(face("devices")) == 1


def test_outage_of_the_token_endpoint_ends(make_face: MakeFace, vendor: FakeVendor) -> None:
    vendor.faults.extend([no_connection] * 4)
    with pytest.raises(NetworkError):
        make_face()("devices")


# A token of somebody else's making


def test_bare_token_is_used_and_never_renewed(make_face: MakeFace, vendor: FakeVendor) -> None:
    vendor.live["handed"] = float("inf")
    face = make_face(token="handed")
    assert len(face("devices")) == 1
    vendor.revoke()
    with pytest.raises(LoginRequired, match="nothing to make another"):
        face("devices")
    assert vendor.tokens_made() == 0


def test_bare_token_that_is_past_is_shown_all_the_same(make_face: MakeFace, vendor: FakeVendor) -> None:
    token = jwt({"iat": 0, "exp": 1})
    vendor.live[token] = float("inf")
    assert len(make_face(token=Secret(token))("devices")) == 1


@pytest.mark.parametrize("options", [
    {},
    {"client_id": CLIENT_ID},
    {"client_secret": CLIENT_SECRET},
    {"client_id": CLIENT_ID, "client_secret": ""},
    {"client_id": "", "client_secret": CLIENT_SECRET},
    {"token": ""},
    {"token": "two\nlines"},
    {"token": "t", "client_id": CLIENT_ID},
    {"token": "t", "client_secret": CLIENT_SECRET},
    {"token": "t", "solution": ""},
    {"token": "t", "solution": ".."},
    {**APPLICATION, "token_url": "ftp://tokens.test"},
    {**APPLICATION, "token_url": "https://user@tokens.test"},
])  # fmt: skip
@pytest.mark.parametrize("kind", [DataPlatformClient, AsyncDataPlatformClient])
def test_half_an_identity_is_refused_at_once(kind: Any, options: dict[str, str]) -> None:
    with pytest.raises(UsageError):
        kind(ORIGIN, **options)


# Many at once


def test_threads_share_one_token(vendor: FakeVendor, clock: FakeClock) -> None:
    transport = httpx.MockTransport(vendor)
    barrier = threading.Barrier(16)

    def work(client: DataPlatformClient) -> int:
        barrier.wait(20)
        return len(client.devices())

    options: dict[str, Any] = {"clock": clock, "transport": transport, **APPLICATION}
    with DataPlatformClient(ORIGIN, **options) as client:
        for made in (1, 2, 3):
            with ThreadPoolExecutor(16) as pool:
                assert list(pool.map(work, [client] * 16)) == [1] * 16
            assert vendor.tokens_made() == made
            if made == 1:
                vendor.revoke()  # the next are all refused at once
            else:
                clock.now += 3_600  # the next all find it due


def test_tasks_share_one_token(vendor: FakeVendor, clock: FakeClock) -> None:
    async def slow(request: httpx.Request) -> httpx.Response:
        response = vendor(request)
        await asyncio.sleep(0)
        return response

    async def story() -> None:
        async with AsyncDataPlatformClient(
            ORIGIN, clock=clock, transport=httpx.MockTransport(slow), client_id=CLIENT_ID, client_secret=CLIENT_SECRET
        ) as client:
            for made in (1, 2, 3):
                assert [len(found) for found in await asyncio.gather(*(client.devices() for _ in range(32)))] == [
                    1
                ] * 32
                assert vendor.tokens_made() == made
                if made == 1:
                    vendor.revoke()
                else:
                    clock.now += 3_600

    asyncio.run(story())


def test_task_that_is_cancelled_in_a_renewal_leaves_it_to_the_others(vendor: FakeVendor, clock: FakeClock) -> None:
    async def story() -> None:
        asked, go = asyncio.Event(), asyncio.Event()

        async def slow(request: httpx.Request) -> httpx.Response:
            if request.url.path == "/api/tokens":
                asked.set()
                await go.wait()
            return vendor(request)

        async with AsyncDataPlatformClient(
            ORIGIN, clock=clock, transport=httpx.MockTransport(slow), client_id=CLIENT_ID, client_secret=CLIENT_SECRET
        ) as client:
            first = asyncio.ensure_future(client.devices())
            await asyncio.wait_for(asked.wait(), 20)
            second = asyncio.ensure_future(client.devices())
            first.cancel()
            with pytest.raises(asyncio.CancelledError):
                await first
            go.set()
            assert len(await second) == 1
        assert vendor.tokens_made() == 1

    asyncio.run(story())


def test_refused_login_is_refused_for_all_who_wait_for_it(vendor: FakeVendor, clock: FakeClock) -> None:
    async def slow(request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0)
        return vendor(request)

    async def story() -> list[Any]:
        async with AsyncDataPlatformClient(
            ORIGIN, clock=clock, transport=httpx.MockTransport(slow), client_id=CLIENT_ID, client_secret="wrong"
        ) as client:
            return await asyncio.gather(*(client.devices() for _ in range(8)), return_exceptions=True)

    assert {type(found) for found in asyncio.run(story())} == {LoginRefused}
    assert vendor.tokens_made() == 1


def test_clients_may_share_a_token_in_memory_or_in_a_file(
    make_face: MakeFace, vendor: FakeVendor, clock: FakeClock, tmp_path: Path
) -> None:
    for made, store in enumerate((MemoryTokenStore(), FileTokenStore(tmp_path / "tokens.json")), start=1):
        for _ in range(3):
            make_face(store=store)("devices")
        assert vendor.tokens_made() == made


# What a token says


@given(st.text() | st.binary().map(lambda raw: raw.decode("latin-1")) | st.from_regex(r"[\w-]*\.[\w-]*\.[\w-]*"))
def test_claims_of_anything_are_times_or_nothing(token: str) -> None:
    claims = Claims.of(token)
    assert all(time is None or isinstance(time, float) for time in (claims.iat, claims.exp))


VALUE = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.lists(st.integers(), max_size=2)
)


@given(iat=VALUE, exp=VALUE, now=st.floats(0, 1e10))
def test_lifetime_is_positive_or_unknown(iat: Any, exp: Any, now: float) -> None:
    lifetime = Claims.of(jwt({"iat": iat, "exp": exp})).lifetime(now)
    assert lifetime is None or lifetime > 0


@given(iat=st.integers(0, 2**33), lifetime=st.integers(1, 10**6))
def test_lifetime_is_what_the_token_says_whatever_our_clock_says(iat: int, lifetime: int) -> None:
    assert Claims.of(jwt({"iat": iat, "exp": iat + lifetime})).lifetime(0.0) == lifetime


@pytest.mark.parametrize("nested", ["[" * 100_000, '{"exp":' + "9" * 5_000 + "}", '{"exp":1e999}'])
def test_claims_that_are_absurd_are_passed_over(nested: str) -> None:
    import base64

    payload = base64.urlsafe_b64encode(nested.encode()).decode()
    assert Claims.of(f"a.{payload}.c") == Claims()


@pytest.mark.parametrize(("ahead", "told"), [(0.0, 0.0), (20.0, 0.0), (-20.0, 0.0), (7_200.0, 7_200.0), (-90.0, -90.0)])
def test_vendors_clock_is_known_from_a_token(ahead: float, told: float) -> None:
    received = 1_000_000.0
    token = jwt({"iat": received + ahead, "exp": received + ahead + 3_600})
    assert clock_ahead(TokenPair(Secret(token), expires_at=received + 3_600, lifetime=3_600.0)) == told
    assert clock_ahead(TokenPair(Secret(token))) == 0.0


def test_message_is_read_however_it_is_spelt(face: Face, vendor: FakeVendor) -> None:
    vendor.faults.append(answering(401, json={"Message": "Not yours"}))
    with pytest.raises(LoginRefused, match="401 Not yours"):
        face("devices")
