"""Plans: what would be asked, how long that takes, and how near to published limits it comes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vendorlab.contracts.core.company import Company
from vendorlab.contracts.core.errors import ThrottledError
from vendorlab.contracts.core.exchange import Exchange
from vendorlab.contracts.core.limits import Limit, most_within, published_limits
from vendorlab.contracts.core.pacing import BURST, INTERVAL, Budget, Imagined, Pacer
from vendorlab.contracts.core.planning import Planner, plan_document
from vendorlab.contracts.core.redaction import Secrets
from vendorlab.contracts.core.report import Result, Verdict
from vendorlab.contracts.core.target import Target

if TYPE_CHECKING:
    from pathlib import Path

URL = "https://scanalytics.example"


def test_plan_tells_requests_in_order_and_the_time_they_take_though_nobody_waits(tmp_path: Path) -> None:
    time = Imagined()
    planner = Planner("scanalytics", time)
    access = Company(Target("scanalytics", URL, {"password": "hunter2"}), tmp_path / "plan", None).access((), None, 500)
    pacer = Pacer(clock=time.now, sleep=time.sleep)
    transport = httpx.MockTransport(lambda _: httpx.Response(200))
    line = Exchange(URL, transport, Budget(None), access.secrets, pacer, None, planner, "scanalytics")
    planner.test = "test_a"
    line.get("/v1/whoami", params={"access_token": "hunter2"})
    planner.test = "test_b"
    for _ in range(BURST + 9):
        line.get("/v1/whoami", headers={"Authorization": "Bearer x"})
    results = [Result("test_c", "scanalytics", (), Verdict.SKIPPED, "needs write")]
    plan = plan_document(planner, access, results, [Limit(20, 60), Limit(20, 60, anonymous=True)])
    assert plan["requests"][0] == {
        "at": 0.0, "test": "test_a", "vendor": "scanalytics", "asked": "GET /v1/whoami?access_token=***",
    }  # fmt: skip
    assert len(plan["requests"]) == BURST + 10
    assert plan["seconds"] == 10 * INTERVAL
    assert [each["most"] for each in plan["limits"]] == [BURST + 9, 1]
    assert (plan["left_out"], plan["broken"]) == ({"needs write": 1}, [])


def test_run_that_plans_never_waits_in_real_time(tmp_path: Path) -> None:
    access = Company(Target("slv", URL), tmp_path / "plan", None).access(("all",), None, None)
    assert "write" in access.capabilities
    assert "wait" not in access.capabilities


@given(st.lists(st.floats(0, 1_000)), st.floats(1, 100))
def test_most_within_counts_the_fullest_window(times: list[float], seconds: float) -> None:
    times.sort()
    fullest = max((sum(at - seconds < each <= at for each in times) for at in times), default=0)
    assert most_within(times, seconds) == fullest


def test_limits_are_those_that_a_vendor_publishes() -> None:
    assert [str(each) for each in published_limits("scanalytics")] == [
        "180 in a minute with a login",
        "1,200 in an hour with a login",
        "20 in a minute without a login",
    ]
    assert published_limits("inode") == ()


# --- Retry-After -----------------------------------------------------------------------------------------------------


def throttling(time: Imagined | None, *answers: tuple[int, str]) -> tuple[Exchange, list[httpx.Request]]:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        status, after = answers[min(len(seen), len(answers)) - 1]
        return httpx.Response(status, headers={"Retry-After": after} if after else {})

    pacer = Pacer(clock=time.now, sleep=time.sleep) if time else None
    return Exchange(URL, httpx.MockTransport(answer), Budget(None), Secrets(), pacer), seen


@pytest.mark.parametrize("status", [429, 503])
def test_target_that_asks_to_wait_is_asked_again_after_that(status: int) -> None:
    time = Imagined()
    line, seen = throttling(time, (status, "17"), (200, ""))
    assert line.post("/a", content=b"body").status_code == 200
    assert (time.seconds, [each.content for each in seen]) == (17.0, [b"body", b"body"])


@pytest.mark.parametrize("answers", [[(429, "3412")], [(429, "5"), (429, "5")]], ids=["too long", "twice"])
def test_target_that_goes_on_throttling_ends_the_run_with_a_line(answers: list[tuple[int, str]]) -> None:
    line, _ = throttling(Imagined(), *answers)
    with pytest.raises(ThrottledError, match=r"example answers 429 and asks to wait \d+ seconds more"):
        line.get("/a")


@pytest.mark.parametrize(("status", "after"), [(429, ""), (429, "soon"), (200, "5"), (403, "5")])
def test_nobody_waits_without_being_asked_to(status: int, after: str) -> None:
    time = Imagined()
    line, seen = throttling(time, (status, after))
    assert (line.get("/a").status_code, len(seen), time.seconds) == (status, 1, 0.0)


def test_run_that_means_to_meet_limits_is_handed_the_refusal() -> None:
    line, seen = throttling(None, (429, "5"))
    assert (line.get("/a").status_code, len(seen)) == (429, 1)
