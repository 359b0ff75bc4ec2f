"""The suite's own requests and its reading of answers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo

import httpx
import pytest

from vendorlab.contracts.core.access import Access
from vendorlab.contracts.core.target import Target
from vendorlab.contracts.scanalytics import aggregates
from vendorlab.contracts.scanalytics.api import Api, Grant, granted, once

if TYPE_CHECKING:
    from collections.abc import Callable

TOKEN = {"access_token": "a" * 30, "expires_in": 86_400, "token_type": "Bearer", "scope": "read"}
CREDENTIALS = {"username": "ada@example.com", "password": "hunter2", "client_id": "app"}


def api(handler: Callable[[httpx.Request], httpx.Response], **credentials: str) -> Api:
    target = Target("scanalytics", "http://127.0.0.1:7071", {**CREDENTIALS, **credentials})
    return Api(Access(target, transport=httpx.MockTransport(handler)))


def answering(body: Any, status: int = 200) -> Callable[[httpx.Request], httpx.Response]:
    return lambda _: httpx.Response(status, json=body)


def test_form_is_filled_with_credentials_and_changed_as_told() -> None:
    subject = api(answering({}))
    assert subject.password_form(scope="read", password=None) == {
        "grant_type": "password",
        "username": "ada@example.com",
        "client_id": "app",
        "scope": "read",
    }


def test_missing_credential_skips_and_names_the_variable() -> None:
    with pytest.raises(pytest.skip.Exception, match="set VENDORLAB_SCANALYTICS_SECOND_USERNAME"):
        api(answering({})).credential("second_username")


def test_refresh_sends_a_form_without_secret() -> None:
    sent: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200, json={**TOKEN, "refresh_token": "c" * 30})

    granted(api(handler).refresh("b" * 30))
    assert (sent[0].method, sent[0].url.path) == ("POST", "/o/token/")
    assert parse_qs(sent[0].content.decode()) == {
        "grant_type": ["refresh_token"],
        "client_id": ["app"],
        "refresh_token": ["b" * 30],
    }


def test_grant_keeps_its_tokens_to_itself() -> None:
    grant = granted(api(answering({**TOKEN, "refresh_token": "c" * 30})).token({}))
    assert "aaa" not in repr(grant)
    assert "ccc" not in repr(grant)


def test_grant_without_refresh_token_is_taken_only_where_there_is_none() -> None:
    response = api(answering(TOKEN)).token({})
    assert granted(response, refreshable=False).refresh == ""
    with pytest.raises(AssertionError, match="'refresh_token'"):
        granted(response)


@pytest.mark.parametrize(("status", "good"), [(200, True), (401, False)])
def test_token_is_good_or_not(status: int, good: bool) -> None:
    assert api(answering({}, status)).is_good("token") is good


def test_token_that_is_neither_good_nor_bad_is_the_targets_fault() -> None:
    with pytest.raises(AssertionError, match="expected 200 or 401"):
        api(answering({}, 503)).is_good("token")


def test_login_that_may_happen_once_is_tried_once() -> None:
    tries: list[None] = []

    def login() -> Grant:
        tries.append(None)
        raise AssertionError("refused")

    first = once(login)
    for _ in range(3):
        with pytest.raises(AssertionError, match="refused"):
            first()
    assert len(tries) == 1


def test_login_that_may_happen_once_is_remembered() -> None:
    grants = iter([Grant("a", "b", "read", httpx.Response(200)), Grant("c", "d", "read", httpx.Response(200))])
    first = once(lambda: next(grants))
    assert first() is first()


ROW = {"start": "2018-03-01T12:00:00-06:00", "visits": 4}


def test_buckets_are_read() -> None:
    (bucket,) = aggregates.read(api(answering([ROW])).http.get("/x"))
    assert (bucket.label, bucket.value) == (ROW["start"], 4)
    assert bucket.start == datetime(2018, 3, 1, 18, tzinfo=UTC)


@pytest.mark.parametrize(
    "change",
    [
        {"visits": -1},
        {"visits": 1.5},
        {"visits": None},
        {"visits": True},
        {"start": "2018-03-01T12:00:00"},
        {"start": "2018-03-01 12:00:00Z"},
        {"start": "2018-02-30T12:00:00Z"},
        {"start": 1_519_927_200},
    ],
)
def test_bucket_that_is_not_well_formed_is_the_targets_fault(change: dict[str, Any]) -> None:
    with pytest.raises(AssertionError):
        aggregates.read(api(answering([{**ROW, **change}])).http.get("/x"))


def test_dwell_may_be_null_or_a_fraction() -> None:
    rows = [{"start": "2018-03-01T12:00:00Z", "dwell": value} for value in (None, 1.5, 3)]
    assert [each.value for each in aggregates.read(api(answering(rows)).http.get("/x"), "dwell")] == [None, 1.5, 3]


def test_answers_are_merged_by_label() -> None:
    answers = [
        aggregates.read(api(answering(rows)).http.get("/x"))
        for rows in ([ROW, {**ROW, "start": "2018-03-01T13:00:00-06:00"}], [ROW])
    ]
    assert aggregates.merged(*answers) == {ROW["start"]: 8, "2018-03-01T13:00:00-06:00": 4}


def test_window_of_a_place_is_given_in_hours_of_its_week() -> None:
    place = aggregates.Place("AAAAA", datetime(2018, 2, 26, tzinfo=ZoneInfo(aggregates.CHICAGO)))
    assert place.window(1, 25.5) == ("2018-02-26T01:00:00-06:00", "2018-02-27T01:30:00-06:00")


def test_arrays_are_found_by_environment_or_else_by_the_list() -> None:
    listed = answering([{"arrays": [{"key": "AAAAA"}, {"key": "BBBBB"}]}, {"arrays": []}])
    assert aggregates.find_arrays(api(listed), "token") == ["AAAAA", "BBBBB"]
    assert aggregates.find_arrays(api(listed, array_key="CCCCC"), "token") == ["CCCCC"]


def test_user_without_arrays_skips() -> None:
    with pytest.raises(pytest.skip.Exception, match="no array"):
        aggregates.find_arrays(api(answering([])), "token")


def test_busy_place_is_the_first_week_with_visits() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        busy = "/BBBBB/" in request.url.path and request.url.params["start"].startswith("2026")
        return httpx.Response(200, json=[{**ROW, "visits": 3 if busy else 0}])

    now = datetime(2026, 11, 21, 12, tzinfo=UTC)
    place = aggregates.find_busy_place(api(handler), "token", ["AAAAA", "BBBBB"], now)
    assert (place.key, place.monday.isoformat()) == ("BBBBB", "2026-11-09T00:00:00-06:00")


def test_places_where_nobody_was_skip() -> None:
    with pytest.raises(pytest.skip.Exception, match="no array of the user's has visits"):
        aggregates.find_busy_place(api(answering([{**ROW, "visits": 0}])), "token", ["AAAAA"], datetime.now(UTC))
