"""The iNode suite's own requests and its reading of answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vendorlab.contracts.core.access import Access
from vendorlab.contracts.core.target import Target
from vendorlab.contracts.inode import estate
from vendorlab.contracts.inode.api import LINKS, Api, bearer

if TYPE_CHECKING:
    from collections.abc import Callable

CREDENTIALS = {
    "username": "ada@example.com",
    "password": "hunter2",
    "client_id": "app",
    "client_secret": "app-secret",
    "api_key": "a" * 40,
}
LINK: dict[str, Any] = {
    "id": 1042,
    "name": "Main St NB: 1st Ave to 5th Ave",
    "enabled": True,
    "status": None,
    "data_sources": ["sensor"],
    "default_data_source": "sensor",
    "origin_device": 311,
    "destination_device": 312,
    "distance": 2.14,
    "free_flow_speed": 60.0,
    "grid": {"id": 7, "name": "Downtown"},
    "time_zone": "America/Toronto",
    "last_travel_time": 171,
    "last_speed": 45.1,
    "last_count": 9,
    "last_updated": "2026-03-02T14:35:00Z",
}


def api(handler: Callable[[httpx.Request], httpx.Response]) -> Api:
    target = Target("inode", "http://127.0.0.1:7072", CREDENTIALS)
    return Api(Access(target, transport=httpx.MockTransport(handler)))


def answering(body: Any, status: int = 200) -> Callable[[httpx.Request], httpx.Response]:
    return lambda _: httpx.Response(status, json=body)


def listing(*links: dict[str, Any]) -> estate.Listing:
    return estate.listed(api(answering(list(links))), LINKS, "Bearer x")


# --- requests --------------------------------------------------------------------------------------------------------


def test_login_sends_the_vendors_form() -> None:
    subject = api(answering({}))
    form = {"grant_type": "password", "username": "ada@example.com", "password": "hunter2", "client_id": "app",
            "client_secret": "app-secret", "scope": "sync"}  # fmt: skip
    assert subject.password_form() == form
    assert "scope" not in subject.password_form(scope=None)
    assert subject.password_form(scope="other")["scope"] == "other"


def test_refresh_sends_the_secret_and_no_scope() -> None:
    sent: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200, json={})

    api(handler).refresh("b" * 30)
    assert (sent[0].method, sent[0].url.path) == ("POST", "/api/oauth/token/")
    assert parse_qs(sent[0].content.decode()) == {
        "grant_type": ["refresh_token"],
        "client_id": ["app"],
        "client_secret": ["app-secret"],
        "refresh_token": ["b" * 30],
    }


@pytest.mark.parametrize(
    ("authorization", "expected"),
    [(bearer("t"), b"Bearer t"), ("Token", b"Token"), (b"Token \xff", b"Token \xff")],
)
def test_header_is_sent_as_it_is(authorization: str | bytes, expected: bytes) -> None:
    sent: list[bytes] = []

    def handler(request: httpx.Request) -> httpx.Response:
        sent.extend(value for name, value in request.headers.raw if name.lower() == b"authorization")
        return httpx.Response(200)

    api(handler).ask(LINKS, authorization)
    assert sent == [expected]


def test_api_key_goes_under_the_word_token() -> None:
    assert api(answering({})).key() == "Token " + "a" * 40
    with pytest.raises(pytest.skip.Exception, match="set VENDORLAB_INODE_DEACTIVATED_API_KEY"):
        api(answering({})).key("deactivated_api_key")


# --- lists -----------------------------------------------------------------------------------------------------------


def paged(request: httpx.Request) -> httpx.Response:
    """Pages as a framework behind a proxy writes them, with another scheme and host."""
    number = int(request.url.params.get("page", "1"))
    following = f"http://elsewhere.example.com{LINKS}?page={number + 1}&size=1" if number < 3 else None
    return httpx.Response(
        200, json={"count": 3, "next": following, "previous": None, "results": [{**LINK, "id": number}]}
    )


@pytest.mark.parametrize("handler", [paged, answering([{**LINK, "id": number} for number in (1, 2, 3)])])
def test_list_is_read_whole_as_an_array_or_by_pages(handler: Callable[[httpx.Request], httpx.Response]) -> None:
    assert list(estate.listed(api(handler), LINKS, "Bearer x").by_id()) == [1, 2, 3]


def test_account_without_links_skips() -> None:
    with pytest.raises(pytest.skip.Exception, match="the account has no links"):
        listing()


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"results": []},
        {"next": None, "results": {}},
        {"next": 5, "results": []},
        {"next": None, "results": [1]},
        {"next": "?page=1", "results": []},
        [1],
        "links",
    ],
    ids=str,
)
def test_list_in_another_form_is_the_targets_fault(body: Any) -> None:
    with pytest.raises(AssertionError):
        estate.read(api(answering(body)), LINKS, "Bearer x")


@pytest.mark.parametrize(
    "change",
    [{"id": "1042"}, {"enabled": None}, {"data_sources": "sensor"}, {"grid": {"id": 7}}, {"distance": None},
     {"last_travel_time": 171.5}, {"last_travel_time": True}, {"time_zone": None}],
    ids=str,
)  # fmt: skip
def test_link_that_is_not_well_formed_is_the_targets_fault(change: dict[str, Any]) -> None:
    with pytest.raises(AssertionError, match="expected"):
        listing({**LINK, **change})


# --- what must be right ----------------------------------------------------------------------------------------------


def holding(*links: dict[str, Any]) -> estate.Listing:
    return estate.Listing(httpx.Response(200, json=[], request=httpx.Request("GET", LINKS)), list(links))


@pytest.mark.parametrize(
    ("distance", "seconds", "speed"),
    [(2.14, 171, 45.1), (2.14, 171, 45.0), (0.1, 1, 360.0), (5.6, None, None), (2.14, 171, None)],
)
def test_speeds_that_agree_are_taken(distance: float, seconds: int | None, speed: float | None) -> None:
    estate.check_speeds(holding({**LINK, "distance": distance, "last_travel_time": seconds, "last_speed": speed}))


@pytest.mark.parametrize(
    ("distance", "seconds", "speed"),
    [(2.14, 171, 46.0), (2.14, 171, 28.0), (2.14, 171, 12.5), (2.14, 0, 45.1), (2.14, -171, -45.1), (2_140, 171, 45.1)],
    ids=["a little off", "miles", "metres a second", "no time", "backwards", "metres"],
)
def test_speeds_that_do_not_agree_are_the_targets_fault(distance: float, seconds: int, speed: float) -> None:
    with pytest.raises(AssertionError, match="link 1042"):
        estate.check_speeds(holding({**LINK, "distance": distance, "last_travel_time": seconds, "last_speed": speed}))


@given(metres=st.integers(100, 50_000), seconds=st.integers(5, 7_200))
def test_speed_of_any_link_agrees_however_it_was_rounded(metres: int, seconds: int) -> None:
    """Both from the exact travel time and from the one that is told."""
    for exact in (seconds - 0.49, seconds, seconds + 0.49):
        speed = round(3.6 * metres / exact, 1)
        link = {**LINK, "distance": round(metres / 1_000, 2), "last_travel_time": seconds, "last_speed": speed}
        estate.check_speeds(holding(link))


@pytest.mark.parametrize(
    "change",
    [{}, {"last_count": None}, dict.fromkeys(estate.MEASURED), {"last_travel_time": None, "last_speed": None}],
    ids=str,
)
def test_measurements_that_are_whole_or_missing_are_taken(change: dict[str, Any]) -> None:
    estate.check_measured(holding({**LINK, **change}))


@pytest.mark.parametrize(
    "change",
    [{"last_speed": None}, {"last_travel_time": None}, {"last_travel_time": 0}, {"last_count": -1},
     {"last_updated": None}],
    ids=str,
)  # fmt: skip
def test_measurements_in_part_or_of_nothing_are_the_targets_fault(change: dict[str, Any]) -> None:
    with pytest.raises(AssertionError, match="link 1042"):
        estate.check_measured(holding({**LINK, **change}))


@pytest.mark.parametrize("text", ["2026-03-02T14:35:00Z", "2026-03-02T14:35:00.000001Z"])
def test_times_in_utc_are_taken(text: str) -> None:
    assert estate.moment(holding(LINK), text).utcoffset() is not None


@pytest.mark.parametrize("text", ["2026-03-02T14:35:00", "2026-03-02T14:35:00-05:00", "2026-02-30T14:35:00Z", "now"])
def test_times_in_another_form_are_the_targets_fault(text: str) -> None:
    with pytest.raises(AssertionError):
        estate.moment(holding(LINK), text)


@given(st.text())
def test_any_text_is_a_time_or_the_targets_fault(text: str) -> None:
    try:
        estate.moment(holding(LINK), text)
    except AssertionError:
        return


@given(st.text() | st.sampled_from(["", ".", "/", "America", "x" * 300, "a\x00b"]))
def test_any_text_is_a_zone_or_the_targets_fault(name: str) -> None:
    try:
        estate.check_zone(holding(LINK), name)
    except AssertionError:
        return


@pytest.mark.parametrize(
    ("enabled", "status", "disabled"),
    [(True, None, False), (True, "collecting", False), (False, None, True), (True, "disabled", True),
     (False, "disabled", True)],
)  # fmt: skip
def test_link_is_disabled_by_its_switch_or_its_status(enabled: bool, status: str | None, disabled: bool) -> None:
    assert estate.is_disabled({**LINK, "enabled": enabled, "status": status}) is disabled
