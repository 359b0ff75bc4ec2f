"""What changed between two recordings or reports, and how grave it is."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest

from vendorlab.contracts.core.drift import RECORDING, REPORT, Rules, compare, load
from vendorlab.contracts.core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Edit = Callable[[dict[str, Any]], object]

T, OPERATION = "scanalytics/test_resources.py::test_whoami", "GET /{version}/whoami"
EXCHANGE: dict[str, Any] = {
    "test": T,
    "operation": OPERATION,
    "status": "200",
    "count": 2,
    "queries": [],
    "headers": {"always": ["allow", "content-type", "date"], "sometimes": []},
    "values": {"content-type": ["application/json"], "allow": ["GET, HEAD, OPTIONS"]},
    "media": ["application/json"],
    "fields": {
        "$": {"types": ["object"]},
        "$.key": {"types": ["integer"]},
        "$.since": {"types": ["string:time-with-zone"]},
        "$.name": {"types": ["string:word"]},
        "$.rows": {"types": ["array"]},
        "$.rows[]": {"types": ["object"]},
        "$.rows[].id": {"types": ["integer"]},
    },
}
DOCUMENT: dict[str, Any] = {
    "format": 1,
    "kind": RECORDING,
    "vendor": "scanalytics",
    "target": "https://scanalytics.example",
    "real": True,
    "at": "2026-11-21T05:00:00+00:00",
    "claims": {},
    "tests": {T: {"verdict": "passed", "claims": []}},
    "exchanges": [EXCHANGE],
}


def changes(edit: Edit) -> list[tuple[str, str, str]]:
    after = deepcopy(DOCUMENT)
    edit(after)
    return [(each.level, each.kind, each.text) for each in compare(DOCUMENT, after, RECORDING, Rules.load())]


def fields(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document["exchanges"][0]["fields"]
    return found


def headers(document: dict[str, Any]) -> list[str]:
    found: list[str] = document["exchanges"][0]["headers"]["always"]
    return found


def test_same_recording_has_not_changed() -> None:
    assert changes(lambda _: None) == []


CHANGES: list[tuple[Edit, tuple[str, str, str]]] = [
    (lambda d: fields(d).pop("$.key"), ("ERR", "field-gone", "$.key: integer")),
    (lambda d: fields(d).update({"$.new": {"types": ["null"]}}), ("INFO", "field-new", "$.new: null")),
    (lambda d: fields(d)["$.key"].update(types=["string:digits"]), ("ERR", "type", "$.key: integer → string")),
    (
        lambda d: fields(d)["$.since"].update(types=["string:time"]),
        ("WARN", "form", "$.since: string:time-with-zone → string:time"),
    ),
    (lambda d: fields(d)["$.key"].update(optional=True), ("WARN", "field-optional", "$.key is not always there")),
    (lambda d: headers(d).remove("allow"), ("WARN", "header-gone", "the header allow was always there")),
    (lambda d: headers(d).append("x-version"), ("INFO", "header-new", "the header x-version")),
    (
        lambda d: d["exchanges"][0]["values"].update(allow=["GET"]),
        ("WARN", "header-value", "allow: GET, HEAD, OPTIONS → GET"),
    ),
    (
        lambda d: d["exchanges"][0].update(media=["text/html"]),
        ("ERR", "media", "application/json → text/html"),
    ),
    (lambda d: d["exchanges"][0].update(status="403"), ("ERR", "status", f"200 → 403, in {T}")),
    (lambda d: d["tests"][T].update(verdict="failed"), ("ERR", "verdict-worse", "passed → failed")),
    (lambda d: d["tests"][T].update(verdict="skipped"), ("WARN", "verdict-lost", "passed → skipped")),
]


@pytest.mark.parametrize(("edit", "change"), CHANGES)
def test_one_change_is_told_once(edit: Edit, change: tuple[str, str, str]) -> None:
    assert changes(edit) == [change]


NO_CHANGES: list[Edit] = [
    lambda d: headers(d).append("cf-ray"),
    lambda d: headers(d).remove("date"),
    lambda d: fields(d)["$.name"].update(types=["string:text"]),
    lambda d: (fields(d).pop("$.rows[]"), fields(d).pop("$.rows[].id")),
    lambda d: d["exchanges"].append(EXCHANGE | {"operation": "GET /{version}/array/list"}),
    lambda d: d["exchanges"].append(EXCHANGE | {"test": "scanalytics/test_x.py::test_y", "status": "500"}),
    lambda d: d.update(at="2027-01-01T00:00:00+00:00", target="http://127.0.0.1:7071"),
]


@pytest.mark.parametrize(
    "edit",
    NO_CHANGES,
    ids=["volatile header", "volatile header gone", "form that wanders", "empty array", "asked of one only",
         "test of one only", "date and place"],
)  # fmt: skip
def test_what_varies_by_itself_does_not_count(edit: Edit) -> None:
    assert changes(edit) == []


def report(verdict: str, *statuses: str) -> dict[str, Any]:
    return {
        "scanalytics": {
            "claims": [{"id": "scanalytics.whoami.fields", "verdict": verdict}],
            "tests": [{"name": T, "verdict": verdict, "reason": "" if verdict == "passed" else "it said 500"}],
            "operations": {OPERATION: {"requests": 1, "statuses": dict.fromkeys(statuses, 1)}},
        }
    }


def test_reports_are_compared_by_claims_tests_and_statuses() -> None:
    before, after = ({"vendors": each} for each in (report("passed", "200", "401"), report("failed", "500")))
    found = compare(before, after, REPORT, Rules.load())
    assert [(each.level, each.kind, each.text) for each in found] == [
        ("ERR", "verdict-worse", "passed → failed"),
        ("ERR", "verdict-worse", "passed → failed: it said 500"),
        ("ERR", "status", "200, 401 → 500"),
    ]
    assert compare(after, before, REPORT, Rules.load())[-1].kind == "verdict-better"
    assert compare(before, before, REPORT, Rules.load()) == []


def test_documents_that_do_not_go_together_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="one recording is of scanalytics, the other of slv"):
        compare(DOCUMENT, DOCUMENT | {"vendor": "slv"}, RECORDING, Rules.load())
    with pytest.raises(UsageError, match="no vendor in common"):
        compare({"vendors": report("passed")}, {"vendors": {}}, REPORT, Rules.load())
    path = tmp_path / "a.json"
    for text in ("[]", "{", '{"format": 2, "vendors": {}}'):
        path.write_text(text)
        with pytest.raises(UsageError, match=r"a\.json"):
            load(path)
    path.write_text(json.dumps(DOCUMENT))
    assert load(path)[0] == RECORDING


def test_rules_that_lack_something_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "rules.yaml"
    path.write_text("ignore: {headers: []}\n")
    with pytest.raises(UsageError, match="cannot be used"):
        Rules.load(path)
