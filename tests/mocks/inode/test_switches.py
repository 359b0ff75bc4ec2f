"""What is off by default: history, pagination, a rate limit, an owner's privilege; and settings that do not fit."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from tests.mocks.inode.support import DEVICES, LINKS, Caller

from vendorlab.mocks.core.django.fields import REQUIRED, WRONG_DATETIME
from vendorlab.mocks.core.settings import SettingsError

if TYPE_CHECKING:
    from tests.mocks.inode.conftest import MakeCaller

EVENING = datetime(2026, 11, 24, 22, tzinfo=UTC)  # a Tuesday, 17:00 in Toronto


@pytest.fixture
def historic(caller_of: MakeCaller) -> Caller:
    return caller_of(history=True, start=EVENING)


def ask_past(caller: Caller, **query: str) -> Any:
    """Ask for the past of the first link."""
    return caller.get(f"{LINKS}{caller.links()[0]['id']}/travel_times/", params=query)


DAY = {"start": "2026-11-23T00:00:00Z", "end": "2026-11-24T00:00:00Z"}

# --- history ---------------------------------------------------------------------------------------------------------


def test_past_is_not_there_unless_it_is_switched_on(caller: Caller) -> None:
    answer = ask_past(caller, **DAY)
    assert (answer.status_code, answer.headers["content-type"]) == (404, "text/html; charset=utf-8")


def test_past_comes_in_pages_and_steps_of_five_minutes(historic: Caller) -> None:
    page = ask_past(historic, **DAY).json()
    rows = list(page["results"])
    assert (page["previous"], len(rows)) == (None, 100)
    while page["next"]:
        assert page["next"].startswith("http://inode.example/api/v1/links/")
        page = historic.get(page["next"]).json()
        rows += page["results"]
    assert len(rows) == page["count"] <= 288
    stamps = [row["timestamp"] for row in rows]
    assert stamps == sorted(set(stamps))
    assert (stamps[0] >= "2026-11-23T00:00:00Z", stamps[-1] < "2026-11-24T00:00:00Z") == (True, True)
    metres = historic.links()[0]["distance"] * 1_000
    for row in rows:
        assert list(row) == ["timestamp", "travel_time", "speed", "count", "data_source"]
        assert datetime.fromisoformat(row["timestamp"]).timestamp() % 300 == 0
        assert row["speed"] == pytest.approx(3.6 * metres / row["travel_time"], abs=0.0501)
        assert row["count"] > 0


def test_past_ends_with_what_the_list_shows(historic: Caller) -> None:
    for link in historic.links():
        query = {"start": "2026-11-24T00:00:00Z", "end": "2026-12-31T00:00:00Z", "page": "last"}
        rows = historic.get(f"{LINKS}{link['id']}/travel_times/", params=query).json()["results"]
        rows = [row for row in rows if row["data_source"] == link["default_data_source"]]
        if rows:
            last = rows[-1]
            names = ("last_updated", "last_travel_time", "last_speed", "last_count")
            assert tuple(link[name] for name in names) == tuple(
                last[name] for name in ("timestamp", "travel_time", "speed", "count")
            )


def test_link_with_both_sources_lists_both_in_order(historic: Caller) -> None:
    link = next(link for link in historic.links() if len(link["data_sources"]) == 2)
    rows: list[dict[str, Any]] = []
    url = f"{LINKS}{link['id']}/travel_times/?start=2026-11-23&end=2026-11-24T12:00"
    while url:
        page = historic.get(url).json()
        rows, url = rows + page["results"], page["next"]
    assert {row["data_source"] for row in rows} == {"sensor", "crowdsourced"}
    assert [row["timestamp"] for row in rows] == sorted(row["timestamp"] for row in rows)
    assert all((row["count"] is None) == (row["data_source"] == "crowdsourced") for row in rows)


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ({}, {"start": [REQUIRED], "end": [REQUIRED]}),
        ({"start": "", "end": " "}, {"start": [REQUIRED], "end": [REQUIRED]}),
        ({**DAY, "end": "soon"}, {"end": [WRONG_DATETIME]}),
        ({**DAY, "start": "1764028800"}, {"start": [WRONG_DATETIME]}),
        ({**DAY, "start": "2026-02-30T00:00"}, {"start": [WRONG_DATETIME]}),
        ({**DAY, "end": "9999-12-31T23:59:59-23:59"}, {"detail": "The window is longer than 366 days."}),
        ({**DAY, "end": DAY["start"]}, {"detail": "end must be later than start."}),
        ({"start": "2026-01-01T00:00Z", "end": "2027-01-03T00:00Z"}, {"detail": "The window is longer than 366 days."}),
    ],
)
def test_window_that_makes_no_sense_is_400(historic: Caller, query: dict[str, str], body: dict[str, Any]) -> None:
    answer = ask_past(historic, **query)
    assert (answer.status_code, answer.json()) == (400, body)


def test_plus_that_arrives_as_a_blank_is_refused_and_an_escaped_one_taken(historic: Caller) -> None:
    path = f"{LINKS}{historic.links()[0]['id']}/travel_times/?end=2026-11-24T00:00:00Z&start=2026-11-23T05:00:00"
    assert historic.get(f"{path}%2B05:00").json() == ask_past(historic, **DAY).json() | {
        "next": historic.get(f"{path}%2B05:00").json()["next"]
    }
    assert historic.get(f"{path}+05:00").status_code == 400


def test_date_alone_is_midnight_on_newer_stacks_only(caller_of: MakeCaller, profile: str) -> None:
    caller = caller_of(profile=profile, history=True, start=EVENING)
    answer = ask_past(caller, start="2026-11-23", end="2026-11-24")
    assert answer.status_code == (400 if profile == "legacy" else 200)


def test_future_is_empty(historic: Caller) -> None:
    page = ask_past(historic, start="2027-01-01T00:00Z", end="2027-01-02T00:00Z").json()
    assert page == {"count": 0, "next": None, "previous": None, "results": []}


# --- pagination ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", [LINKS, DEVICES])
def test_pages_hold_together_what_the_bare_list_holds(caller_of: MakeCaller, path: str) -> None:
    whole = caller_of().get(path).json()
    caller = caller_of(pagination=5)
    rows: list[Any] = []
    url: str | None = path
    while url:
        page = caller.get(url).json()
        assert (list(page), page["count"]) == (["count", "next", "previous", "results"], len(whole))
        rows, url = rows + page["results"], page["next"]
    assert rows == whole


@pytest.mark.parametrize("number", ["0", "4", "-1", "x", "1.0"])
def test_page_out_of_range_is_404(caller_of: MakeCaller, number: str) -> None:
    answer = caller_of(pagination=5).get(f"{LINKS}?page={number}")
    assert (answer.status_code, answer.json()) == (404, {"detail": "Invalid page."})


# --- limits and privilege --------------------------------------------------------------------------------------------


def test_no_limit_is_the_default(caller: Caller) -> None:
    assert {caller.get(LINKS).status_code for _ in range(500)} == {200}


def test_rate_limit_counts_a_user_whatever_he_shows(caller_of: MakeCaller) -> None:
    caller = caller_of(rate_limit=2)
    token = caller.login()["access_token"]
    assert [caller.get(LINKS).status_code, caller.get(DEVICES, f"Bearer {token}").status_code] == [200, 200]
    caller.world.clock.advance(17.5)
    answer = caller.get(f"{LINKS}1/")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "43")
    assert answer.json() == {"detail": "Request was throttled. Expected available in 43 seconds."}
    assert caller.http.get(LINKS).status_code == 401
    assert caller.get(LINKS, f"Token {caller.known['crowdsourced_api_key']}").status_code == 200
    caller.world.clock.advance(43)
    assert caller.get(LINKS).status_code == 200


def test_owner_only_lets_other_users_log_in_and_no_further(caller_of: MakeCaller) -> None:
    caller = caller_of(owner_only=True)
    known = caller.known
    token = caller.login(username=known["second_username"], password=known["second_password"])["access_token"]
    for path in (LINKS, DEVICES, f"{LINKS}1/"):
        for method in ("GET", "DELETE"):
            answer = caller.call(method, path, f"Bearer {token}")
            assert answer.status_code == 403
            assert answer.json() == {"detail": "You do not have permission to perform this action."}
    assert caller.get(LINKS).status_code == 200


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("links", 5_001),
        ("links", -1),
        ("devices", 2_001),
        ("pagination", -1),
        ("rate_limit", -1),
        ("refresh_grace", -1),
    ],
)
def test_setting_out_of_bounds_is_refused(caller_of: MakeCaller, name: str, value: int) -> None:
    with pytest.raises(SettingsError, match=name):
        _ = caller_of(**{name: value}).vendor


def test_unknown_profile_is_refused(caller_of: MakeCaller) -> None:
    with pytest.raises(SettingsError, match="legacy, modern"):
        _ = caller_of(profile="ancient").vendor
