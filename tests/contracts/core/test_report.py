"""Verdicts and the report: the worst counts, and nothing is summed over source classes."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from vendorlab.contracts.core.claims import Claim, Source
from vendorlab.contracts.core.report import (
    Result,
    Verdict,
    combine,
    counts,
    document,
    summary,
    vendor_document,
    verdicts_by_claim,
    write,
)

if TYPE_CHECKING:
    from pathlib import Path

DAY = date(2026, 11, 20)
OPENS = Claim("acme.door.opens", "It opens.", Source.DOCUMENTED, "Manual", DAY)
SHUTS = Claim("acme.door.shuts", "It shuts.", Source.DOCUMENTED, "Manual", DAY)
RINGS = Claim("acme.bell.rings", "It rings.", Source.INFERRED, "a guess", DAY)
CLAIMS = (OPENS, SHUTS, RINGS)


def result(name: str, verdict: Verdict, *claims: Claim, reason: str = "", seconds: float = 0.5) -> Result:
    return Result(f"acme/test_door.py::{name}", "acme", tuple(each.id for each in claims), verdict, reason, seconds)


def test_phases_of_a_test_become_one_result_with_the_worst_verdict() -> None:
    phases = [
        result("test_a", Verdict.PASSED),
        result("test_a", Verdict.FAILED, reason="closed"),
        result("test_a", Verdict.PASSED),
        result("test_b", Verdict.PASSED),
        result("test_b", Verdict.SKIPPED, reason="no"),
    ]
    assert combine(phases) == [
        result("test_a", Verdict.FAILED, reason="closed", seconds=1.5),
        result("test_b", Verdict.SKIPPED, reason="no", seconds=1.0),
    ]


def test_claim_has_the_worst_verdict_of_its_tests() -> None:
    results = [
        result("test_a", Verdict.PASSED, OPENS),
        result("test_b", Verdict.FAILED, OPENS, SHUTS),
        result("test_c", Verdict.ERROR, SHUTS),
    ]
    assert verdicts_by_claim(CLAIMS, results) == {OPENS.id: Verdict.FAILED, SHUTS.id: Verdict.FAILED, RINGS.id: None}


def test_skipped_test_says_nothing_about_a_claim_that_another_proved() -> None:
    results = [result("test_a", Verdict.PASSED, OPENS), result("test_b", Verdict.SKIPPED, OPENS, SHUTS)]
    assert verdicts_by_claim(CLAIMS, results) == {OPENS.id: Verdict.PASSED, SHUTS.id: Verdict.SKIPPED, RINGS.id: None}


def test_counts_stay_apart_by_source() -> None:
    verdicts = {OPENS.id: Verdict.PASSED, SHUTS.id: Verdict.FAILED, RINGS.id: None}
    table = counts(CLAIMS, verdicts)
    assert set(table) == {"documented", "observed", "public", "framework", "inferred"}
    assert table["documented"] == {"passed": 1, "skipped": 0, "error": 0, "failed": 1, "unasked": 0}
    assert table["inferred"] == {"passed": 0, "skipped": 0, "error": 0, "failed": 0, "unasked": 1}


def make_report() -> dict[str, Any]:
    return vendor_document(
        CLAIMS,
        [result("test_a", Verdict.PASSED, OPENS), result("test_b", Verdict.SKIPPED, SHUTS, reason="needs clock")],
        target="http://127.0.0.1:7071",
        capabilities={"write", "clock"},
        seen={"GET /door": {"404": 1, "200": 2}, "GET /bell": {}},
    )


def test_report_tells_claims_tests_and_operations() -> None:
    report = make_report()
    assert report["capabilities"] == ["clock", "write"]
    assert report["claims"][0] == {
        "id": "acme.door.opens",
        "text": "It opens.",
        "source": "documented",
        "where": "Manual",
        "date": "2026-11-20",
        "verdict": "passed",
    }
    assert report["tests"][1] == {
        "name": "acme/test_door.py::test_b",
        "verdict": "skipped",
        "reason": "needs clock",
        "claims": ["acme.door.shuts"],
        "seconds": 0.5,
    }
    assert report["operations"] == {
        "GET /door": {"requests": 3, "statuses": {"200": 2, "404": 1}},
        "GET /bell": {"requests": 0, "statuses": {}},
    }


def test_report_has_no_total_over_sources() -> None:
    assert set(document({"acme": make_report()}, at=datetime(2026, 11, 21, tzinfo=UTC), requests=3)) == {
        "format",
        "at",
        "requests",
        "vendors",
    }


def test_report_is_written_whole_into_a_folder_that_need_not_exist(tmp_path: Path) -> None:
    path = tmp_path / "new" / "report.json"
    for requests in (1, 2):
        write(path, document({"acme": make_report()}, at=datetime(2026, 11, 21, tzinfo=UTC), requests=requests))
    assert json.loads(path.read_text())["requests"] == 2
    assert [each.name for each in path.parent.iterdir()] == ["report.json"]


def test_summary_shows_each_source_on_a_line_of_its_own() -> None:
    assert summary("acme", make_report()) == [
        "acme at http://127.0.0.1:7071: claims by source",
        "  documented 1 passed, 1 skipped",
        "  observed   none",
        "  public     none",
        "  framework  none",
        "  inferred   1 unasked",
    ]
