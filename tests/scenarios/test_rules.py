"""Each rule with a client that keeps it and others that break it."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
import pytest
from tests.scenarios.support import Raw

from vendorlab.scenarios.core.rules import RULES

if TYPE_CHECKING:
    from collections.abc import Callable

    from vendorlab.play import StoryLab
    from vendorlab.scenarios.core.verdict import Judged

    Client = Callable[[StoryLab], object]
    Judge = Callable[..., Judged]

DAY = 86_400
OURS = {name for name, one in RULES.items() if one.judge.__module__.startswith("vendorlab.")}
LINES = {
    name for name in RULES if name.startswith(("coap-", "mqtt-", "webhook-"))
}  # tests/scenarios/test_line_rules.py


# --- tokens ----------------------------------------------------------------------------------------------------------


def renews_in_time(lab: StoryLab) -> None:
    raw = Raw(lab)
    pair = raw.login()
    for _ in range(3):
        raw.get(pair["access_token"])
        lab.sleep(DAY - 60)
        pair = raw.refresh(pair["refresh_token"])


def logs_in_for_each_call(lab: StoryLab) -> None:
    raw = Raw(lab)
    for _ in range(2):
        raw.get(raw.login()["access_token"])
        lab.sleep(60)


def refreshes_for_each_call(lab: StoryLab) -> None:
    raw = Raw(lab)
    pair = raw.login()
    for _ in range(2):
        pair = raw.refresh(pair["refresh_token"])
        raw.get(pair["access_token"])
        lab.sleep(60)


def refreshes_twice_at_once(lab: StoryLab) -> None:
    raw = Raw(lab)
    pair = raw.login()
    lab.sleep(DAY)
    raw.refresh(pair["refresh_token"])
    raw.refresh(pair["refresh_token"])
    raw.get(raw.login()["access_token"])


def keeps_the_first_refresh_token(lab: StoryLab) -> None:
    raw = Raw(lab)
    pair = raw.login()
    for _ in range(2):
        lab.sleep(DAY)
        raw.refresh(pair["refresh_token"])


def gets_in_again(lab: StoryLab) -> None:
    raw = Raw(lab)
    pair = raw.login()
    lab.sleep(DAY)
    with suppress(httpx.ReadError):
        raw.refresh(pair["refresh_token"])
    assert raw.refresh(pair["refresh_token"])["error"] == "invalid_grant"
    raw.get(raw.login()["access_token"])


def knows_only_to_refresh(lab: StoryLab) -> None:
    raw = Raw(lab)
    pair = raw.login()
    for _ in range(8):
        lab.sleep(DAY)
        with suppress(httpx.ReadError):
            raw.refresh(pair["refresh_token"])


def gives_up(lab: StoryLab) -> None:
    raw = Raw(lab)
    pair = raw.login()
    lab.sleep(DAY)
    with suppress(httpx.ReadError):
        raw.refresh(pair["refresh_token"])


def asks_again_with_the_dead_token(lab: StoryLab) -> None:
    raw = Raw(lab)
    pair = raw.login()
    for _ in range(3):
        lab.sleep(DAY)
        raw.get(pair["access_token"])


def hammers_with_the_dead_token(lab: StoryLab) -> None:
    raw = Raw(lab)
    pair = raw.login()
    lab.sleep(DAY)
    for _ in range(9):
        raw.get(pair["access_token"])


def takes_the_401(lab: StoryLab) -> None:
    raw = Raw(lab)
    pair = raw.login()
    lab.sleep(DAY)
    raw.get(pair["access_token"])
    raw.get(raw.refresh(pair["refresh_token"])["access_token"])


# --- limits ----------------------------------------------------------------------------------------------------------


def waits(lab: StoryLab) -> None:
    raw = Raw(lab)
    token = raw.login()["access_token"]
    for _ in range(7):
        answer = raw.get(token)
        if answer.status_code == 429:
            lab.sleep(int(answer.headers["Retry-After"]))
            assert raw.get(token).status_code == 200


def does_not_wait(lab: StoryLab) -> None:
    raw = Raw(lab)
    token = raw.login()["access_token"]
    for _ in range(5):
        raw.get(token)
        lab.sleep(1)


def asks(times: int, pause: float) -> Client:
    def client(lab: StoryLab) -> None:
        raw = Raw(lab)
        token = raw.login()["access_token"]
        for _ in range(times):
            raw.get(token)
            lab.sleep(pause)

    return client


# --- outages ---------------------------------------------------------------------------------------------------------


def retries(*pauses: float) -> Client:
    def client(lab: StoryLab) -> None:
        raw = Raw(lab)
        token = raw.login()["access_token"]
        lab.sleep(3_600)
        for pause in pauses:
            with suppress(httpx.HTTPError):
                raw.get(token)
            lab.sleep(pause)
        lab.sleep(3_600)
        raw.get(token)

    return client


def dies_of_the_outage(lab: StoryLab) -> None:
    raw = Raw(lab)
    token = raw.login()["access_token"]
    lab.sleep(3_600)
    raw.get(token)


def makes_a_device(*, look_first: bool) -> Client:
    def client(lab: StoryLab) -> None:
        known = lab.itron.credentials
        with httpx.Client(transport=lab.itron.transport(), base_url="http://vendor.test") as http:
            login = {"clientId": known["client_id"], "clientSecret": known["client_secret"]}
            token = http.post("/api/tokens", json=login).json()["accessToken"]
            http.headers["Authorization"] = token
            for _ in range(2):
                with suppress(httpx.ReadError):
                    http.post("/api/solutions/sandbox/devices", json={"deviceType": "LAMP", "domainInfo": {}})
                if look_first and "LAMP" in http.get("/api/solutions/sandbox/devices").text:
                    break

    return client


# --- manners ---------------------------------------------------------------------------------------------------------


def tells_the_token_in(where: str) -> Client:
    def client(lab: StoryLab) -> None:
        raw = Raw(lab)
        token = raw.login()["access_token"]
        if where == "query":
            raw.http.get("/v1/whoami", params={"access_token": token})
        elif where == "other field":
            raw.get(token, note=token)
        elif where == "user-agent":
            raw.http.get("/v1/whoami", headers={"Authorization": f"Bearer {token}", "User-Agent": f"poller/{token}"})
        elif where == "referer":
            page = f"http://page.test/?t={token}"
            raw.http.get("/v1/whoami", headers={"Authorization": f"Bearer {token}", "Referer": page})
        else:
            raw.get(token)

    return client


def asks_for_a_token_by_json(lab: StoryLab) -> None:
    raw = Raw(lab)
    raw.http.post("/o/token/", json={"grant_type": "password", **raw.known})


def asks_for_links(path: str) -> Client:
    def client(lab: StoryLab) -> None:
        key = lab.inode.credentials["api_key"]
        with httpx.Client(transport=lab.inode.transport(), base_url="http://vendor.test") as http:
            http.get(path, headers={"Authorization": f"Token {key}"})

    return client


def posts_without_the_slash(*, follow: bool) -> Client:
    def client(lab: StoryLab) -> None:
        raw = Raw(lab)
        raw.http.post("/o/token", data={"grant_type": "password"}, follow_redirects=follow)

    return client


def writes_the_plus(text: str) -> Client:
    def client(lab: StoryLab) -> None:
        raw = Raw(lab)
        token = raw.login()["access_token"]
        key = raw.get(token, "/v1/array/list").json()[0]["key"]
        window = f"start=2026-11-01T00:00:00{text}02:00&end=2026-11-01T01:00:00{text}02:00"
        raw.http.get(f"/v1/aggregate/{key}/visits/15m?{window}", headers={"Authorization": f"Bearer {token}"})

    return client


# --- readings --------------------------------------------------------------------------------------------------------


def takes(*hours: tuple[float, float], zone: str = "UTC", naive: bool = False) -> Client:
    """Take windows, as hours after the start; each when it is over, or half an hour before that."""

    def client(lab: StoryLab) -> None:
        raw = Raw(lab)
        token = raw.login()["access_token"]
        key = raw.get(token, "/v1/array/list").json()[0]["key"]
        start = lab.clock.now()
        lab.sleep(6 * 3_600)
        for begin, end in hours:
            begins, ends = (start + timedelta(hours=hour) for hour in (begin, end))
            form = "%Y-%m-%dT%H:%M:%S" if naive else "%Y-%m-%dT%H:%M:%S+00:00"
            params = {"start": begins.strftime(form), "end": ends.strftime(form), "timezone": zone}
            assert raw.get(token, f"/v1/aggregate/{key}/visits/30m", **params).status_code == 200

    return client


def takes_again(back: float) -> Client:
    """Take five to six, while half an hour of it has not come in; an hour later look back so many hours behind six."""

    def client(lab: StoryLab) -> None:
        takes((5, 6))(lab)
        lab.sleep(3_600)
        if back:
            raw = Raw(lab)
            token = raw.login()["access_token"]
            key = raw.get(token, "/v1/array/list").json()[0]["key"]
            end = "2026-11-02T12:00:00+00:00" if back == 1 else "2026-11-02T11:45:00+00:00"
            params = {"start": "2026-11-02T11:00:00+00:00", "end": end}
            assert raw.get(token, f"/v1/aggregate/{key}/visits/30m", **params).status_code == 200

    return client


def pages(*, most: int, ours_only: bool = False) -> Client:
    def client(lab: StoryLab) -> None:
        known = lab.itron.credentials
        with httpx.Client(transport=lab.itron.transport(), base_url="http://vendor.test") as http:
            login = {"clientId": known["client_id"], "clientSecret": known["client_secret"]}
            http.headers["Authorization"] = http.post("/api/tokens", json=login).json()["accessToken"]
            answer = http.get("/api/solutions/sandbox/observations")
            for _ in range(most):
                if "next_page" not in answer.headers:
                    break
                if ours_only and httpx.URL(answer.headers["next_page"]).host != http.base_url.host:
                    break
                answer = http.get(answer.headers["next_page"])

    return client


# --- sessions --------------------------------------------------------------------------------------------------------


def asks_slv(*, again: bool, times: int = 3) -> Client:
    def client(lab: StoryLab) -> None:
        known = lab.slv.credentials
        with httpx.Client(transport=lab.slv.transport(), base_url="http://vendor.test") as http:

            def login() -> None:
                answer = http.get(
                    "/reports/api/userprofile/getCurrentUser?ser=json",
                    auth=(known["username"], known["password"]),
                    headers={"X-CSRF-Token": "Fetch"},
                )
                http.headers["X-CSRF-Token"] = answer.headers["X-CSRF-Token"]

            login()
            for _ in range(times):
                lab.sleep(3_600)
                answer = http.get("/reports/api/asset/getAllControllers?ser=json")
                if again and not answer.headers["Content-Type"].startswith("application/json"):
                    login()
                    http.get("/reports/api/asset/getAllControllers?ser=json")

    return client


LOST = {"timeline": "{at: 1h, fault: {match: {operation: token}, times: 1, action: {kind: reset}}}"}
REVOKED = {"timeline": "{at: 1h, tokens: {vendor: scanalytics, change: revoke}}"}
AWAY = {
    "timeline": "{at: 30m, fault: {name: away, match: {operation: whoami}, action: {kind: status, status: 503}}}, "
    "{at: 1h20m, clear: away}"
}
LOST_WRITE = {
    "vendors": "itron-platform",
    "timeline": "{at: 0s, fault: {match: {operation: devices, method: POST}, action: {kind: reset}, times: 1}}",
}
TWO = {"settings": "scanalytics: {minute_limit: 2}"}
FOUR = {"given": "limits: [{requests: 4, per: 60s}]"}
INODE, SLV = {"vendors": "inode"}, {"vendors": "slv"}
PAGED = {"vendors": "itron-platform", "settings": "itron: {page_bytes: 500}"}
CORRECTED = {
    "timeline": "{at: 5h30m, event: {vendor: scanalytics, kind: silence}}, "
    "{after: {operation: aggregate-visits}, later: 1m, event: {vendor: scanalytics, kind: delivery}}"
}
ASTRAY = {"vendors": "itron-platform", "settings": "itron: {page_bytes: 500, next_page_elsewhere: true}"}
HOURLY = {"given": "operation: whoami, every: 1h"}
AUTUMN = (0, 1), (1, 2)

KEPT: list[tuple[str, Client, dict[str, str]]] = [
    ("renewed-once-per-expiry", renews_in_time, {}),
    ("one-refresh-at-a-time", renews_in_time, {}),
    ("no-spent-refresh-token", renews_in_time, {}),
    ("survived-lost-refresh", gets_in_again, LOST),
    ("logged-in-again", gets_in_again, LOST),
    ("dropped-refused-token", takes_the_401, {}),
    ("waited-out-retry-after", waits, TWO),
    ("stayed-under-limits", asks(8, 20), FOUR),
    ("no-storm-in-outage", retries(0.6, 1.3, 2.9, 6.1, 70.7), AWAY),
    ("no-storm-in-outage", retries(60, 60, 60, 60, 60, 60, 60), AWAY),
    ("came-back-after-outage", retries(60, 60), AWAY),
    ("repeated-only-what-is-safe", makes_a_device(look_first=True), LOST_WRITE),
    ("no-secret-in-url", tells_the_token_in("header"), {}),
    ("form-body-where-due", renews_in_time, {}),
    ("slash-kept", asks_for_links("/api/v1/links/"), INODE),
    ("no-redirect-after-post", posts_without_the_slash(follow=False), {}),
    ("plus-escaped", writes_the_plus("%2B"), {}),
    ("each-reading-once", takes((0, 1), (1, 2), (2, 4)), {}),
    ("each-reading-once", takes((0, 2), (1, 3), (2, 4)), {"given": "overlap: 1h"}),
    ("paged-to-its-origin-only", pages(most=2, ours_only=True), ASTRAY),
    ("corrected-values-taken", takes_again(1), CORRECTED),
    ("paged-to-the-end", pages(most=100), PAGED),
    ("cadence-kept", asks(5, 3_600), HOURLY),
    ("noticed-lost-session", asks_slv(again=True), SLV),
]

BROKEN: list[tuple[str, Client, dict[str, str], str]] = [
    ("renewed-once-per-expiry", logs_in_for_each_call, {}, "after 60 s, though the one before is good for 86400 s"),
    ("renewed-once-per-expiry", refreshes_for_each_call, {}, "good for 86400 s"),
    ("one-refresh-at-a-time", refreshes_twice_at_once, {}, "spent twice at once"),
    ("no-spent-refresh-token", keeps_the_first_refresh_token, {}, "spent 86400 s ago, and shown again"),
    ("survived-lost-refresh", knows_only_to_refresh, LOST, "was shown 7 more times"),
    ("survived-lost-refresh", gives_up, LOST, "no call succeeded any more"),
    ("logged-in-again", knows_only_to_refresh, REVOKED, "had refused was shown again"),
    ("logged-in-again", gives_up, REVOKED, "no call succeeded after"),
    ("dropped-refused-token", asks_again_with_the_dead_token, {}, "shown 2 more times"),
    ("dropped-refused-token", hammers_with_the_dead_token, {}, "shown 8 more times"),
    ("waited-out-retry-after", does_not_wait, TWO, "it came back after 1 s"),
    ("stayed-under-limits", asks(5, 10), FOUR, "5 requests in 60s, where 4 are allowed"),
    ("no-storm-in-outage", retries(*[0.5] * 9), AWAY, "more than 6 failed requests within a minute"),
    ("no-storm-in-outage", retries(*[15.3] * 6), AWAY, "the waits did not grow"),
    ("no-storm-in-outage", retries(1, 2, 4, 8, 16), AWAY, "on the beat, not spread by chance: 1, 2, 4, 8 s"),
    ("came-back-after-outage", dies_of_the_outage, AWAY, "no call succeeded after this"),
    ("repeated-only-what-is-safe", makes_a_device(look_first=False), LOST_WRITE, "sent again"),
    ("no-secret-in-url", tells_the_token_in("query"), {}, "in the URL"),
    ("no-secret-in-url", tells_the_token_in("other field"), {}, "in the URL"),
    ("no-secret-in-url", tells_the_token_in("user-agent"), {}, "in the header user-agent"),
    ("no-secret-in-url", tells_the_token_in("referer"), {}, "in the header referer"),
    ("form-body-where-due", asks_for_a_token_by_json, {}, "body is json"),
    ("slash-kept", asks_for_links("/api/v1/links"), INODE, "slash at the end is missing"),
    ("no-redirect-after-post", posts_without_the_slash(follow=True), {}, "came back as a GET"),
    ("plus-escaped", writes_the_plus("+"), {}, "the vendor reads '2026-11-01T00:00:00 02:00'"),
    ("each-reading-once", takes((0, 1), (2, 3)), {}, "nothing was asked of 1h from 2026-11-02 07:00:00Z on"),
    ("each-reading-once", takes((0, 2), (1, 3)), {}, "1h from 2026-11-02 07:00:00Z on were taken twice"),
    ("each-reading-once", takes((0, 7), (7, 8)), {}, "nothing was asked of 1h from 2026-11-02 12:00:00Z on"),
    ("corrected-values-taken", takes_again(0), CORRECTED, "30m from 2026-11-02 11:30:00Z on were corrected later"),
    ("corrected-values-taken", takes_again(0.25), CORRECTED, "15m from 2026-11-02 11:45:00Z on were corrected later"),
    ("paged-to-the-end", pages(most=1), PAGED, "its next page was never asked for"),
    ("paged-to-its-origin-only", pages(most=2), ASTRAY, "it followed the next page to localhost, with its token"),
    ("cadence-kept", asks(3, 1_800), HOURLY, "30m after the last time, where 1h are due"),
    ("cadence-kept", asks(3, 7_200), HOURLY, "not until 2h after the last time"),
    ("noticed-lost-session", asks_slv(again=False, times=4), SLV, "it asked on and on"),
    ("noticed-lost-session", asks_slv(again=False, times=1), SLV, "it never got in again"),
]


@pytest.mark.parametrize(("rule", "client", "world"), KEPT, ids=[f"{one[0]}-{n}" for n, one in enumerate(KEPT)])
def test_rule_lets_a_good_client_pass(judged: Judge, rule: str, client: Client, world: dict[str, str]) -> None:
    found = judged(rule, client, **world)
    assert (found.status, found.findings) == ("passed", ())


@pytest.mark.parametrize(
    ("rule", "client", "world", "text"), BROKEN, ids=[f"{one[0]}-{n}" for n, one in enumerate(BROKEN)]
)
def test_rule_finds_a_bad_client(judged: Judge, rule: str, client: Client, world: dict[str, str], text: str) -> None:
    found = judged(rule, client, **world)
    assert found.status == "broken"
    assert text in found.findings[0].text
    assert found.findings[0].exchanges


@pytest.mark.parametrize("rule", sorted(RULES))
def test_rule_that_nothing_came_up_for_is_not_exercised(judged: Judge, rule: str) -> None:
    given = HOURLY if RULES[rule].name == "cadence-kept" else {}
    assert judged(rule, does_nothing, **given).status == "not exercised"


def does_nothing(_lab: StoryLab) -> None:
    pass


def test_every_rule_over_http_has_a_good_and_a_bad_client() -> None:
    assert {one[0] for one in KEPT} == {one[0] for one in BROKEN} == OURS - LINES


@pytest.mark.parametrize(
    ("start", "hours"),
    [("2026-11-01T04:00:00Z", ("00", "01", "01", "02", "03")), ("2026-03-08T05:00:00Z", ("00", "01", "02", "04"))],
    ids=["autumn", "spring"],
)
def test_local_hours_without_offset_are_taken_wrongly_where_summer_time_changes(
    judged: Judge, start: str, hours: tuple[str, ...]
) -> None:
    """Each hour, the one before by the wall clock of New York: what a program does that never heard of offsets."""

    def client(lab: StoryLab) -> None:
        raw = Raw(lab)
        token = raw.login()["access_token"]
        key = raw.get(token, "/v1/array/list").json()[0]["key"]
        lab.sleep(8 * 3_600)
        day = start[:11]
        for begin in hours:
            window = {"start": f"{day}{begin}:00:00", "end": f"{day}{int(begin) + 1:02}:00:00"}
            raw.get(token, f"/v1/aggregate/{key}/visits/30m", timezone="America/New_York", **window)

    assert judged("each-reading-once", client, start=start).status == "broken"
