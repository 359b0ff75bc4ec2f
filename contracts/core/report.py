"""Verdicts, and the report of a run. Passes are counted per source class and never summed over classes."""

from __future__ import annotations

import json
import os
from collections import Counter
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from vendorlab.contracts.core.claims import Claim, Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime
    from pathlib import Path

FORMAT = 1


class Verdict(StrEnum):
    """What became of a test, the best first."""

    PASSED = "passed"
    """The target does what is claimed."""
    SKIPPED = "skipped"
    """Not asked: the target lacks a capability, or its owner did not allow it."""
    ERROR = "error"
    """The suite broke, or the target could not be reached; nothing is said about the target."""
    FAILED = "failed"
    """The target does otherwise."""


_RANK = {verdict: rank for rank, verdict in enumerate(Verdict)}


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one test.

    Attributes:
        test: ``vendor/module.py::function`` or ``vendor/module.py::class::method``, whatever directory the run was
            started in.
        vendor: The vendor.
        claims: The claims that the test names.
        verdict: The verdict.
        reason: Why it was skipped, failed or broke; empty for a pass.
        seconds: How long it took.
        exchanges: What was said to the target, and what it said: of a failure, the last of it, without secrets.
        earlier: How many exchanges came before those.
    """

    test: str
    vendor: str
    claims: tuple[str, ...]
    verdict: Verdict
    reason: str = ""
    seconds: float = 0.0
    exchanges: tuple[Mapping[str, str], ...] = ()
    earlier: int = 0


def worse(one: Verdict, other: Verdict) -> Verdict:
    """Return the worse of two verdicts."""
    return max(one, other, key=_RANK.__getitem__)


def combine(phases: Iterable[Result]) -> list[Result]:
    """Make one result per test out of one per phase (set-up, call, tear-down): the worst, with the whole time."""
    tests: dict[str, Result] = {}
    for each in phases:
        before = tests.get(each.test)
        if before is None:
            tests[each.test] = each
            continue
        heavier = each if _RANK[each.verdict] > _RANK[before.verdict] else before
        tests[each.test] = replace(heavier, seconds=before.seconds + each.seconds)
    return list(tests.values())


def verdicts_by_claim(claims: Iterable[Claim], results: Iterable[Result]) -> dict[str, Verdict | None]:
    """Return for each claim the worst verdict of its tests, or None if none of them was selected.

    A skipped test says nothing, so a claim is skipped only if all of its tests were.
    """
    found: dict[str, set[Verdict]] = {}
    for each in results:
        for claim in each.claims:
            found.setdefault(claim, set()).add(each.verdict)
    return {
        claim.id: max(
            found.get(claim.id, ()), key=lambda each: (each is not Verdict.SKIPPED, _RANK[each]), default=None
        )
        for claim in claims
    }


def counts(claims: Iterable[Claim], verdicts: Mapping[str, Verdict | None]) -> dict[str, dict[str, int]]:
    """Return per source class how many claims got which verdict."""
    table = {source.value: dict.fromkeys([*(each.value for each in Verdict), "unasked"], 0) for source in Source}
    for claim in claims:
        verdict = verdicts[claim.id]
        table[claim.source][verdict.value if verdict else "unasked"] += 1
    return table


def vendor_document(
    claims: Iterable[Claim],
    results: Iterable[Result],
    *,
    target: str | None,
    real: bool = False,
    capabilities: Iterable[str],
    seen: Mapping[str, Mapping[str, int]],
) -> dict[str, Any]:
    """Build the report on one vendor.

    Args:
        claims: All of the vendor's claims.
        results: One per test that was selected.
        target: The address that was asked; None if there was none.
        real: Whether that is the vendor's own, and not a fake's on this machine.
        capabilities: What the run was allowed.
        seen: For each documented operation, how often it answered with which status, or which code.
    """
    claims, results = list(claims), list(results)
    verdicts = verdicts_by_claim(claims, results)
    return {
        "target": target,
        "real": real,
        "capabilities": sorted(capabilities),
        "counts": counts(claims, verdicts),
        "claims": [
            {
                "id": claim.id,
                "text": claim.text,
                "source": claim.source.value,
                "where": claim.where,
                "date": claim.date.isoformat(),
                "verdict": verdict.value if (verdict := verdicts[claim.id]) else None,
            }
            for claim in claims
        ],
        "tests": [
            {
                "name": each.test,
                "verdict": each.verdict.value,
                "reason": each.reason,
                "claims": list(each.claims),
                "seconds": round(each.seconds, 4),
            }
            | ({"exchanges": list(each.exchanges), "earlier": each.earlier} if each.exchanges else {})
            for each in results
        ],
        "operations": {
            name: {"requests": sum(statuses.values()), "statuses": dict(sorted(statuses.items()))}
            for name, statuses in seen.items()
        },
    }


def document(vendors: Mapping[str, Mapping[str, Any]], *, at: datetime, requests: int) -> dict[str, Any]:
    """Build the whole report: ``{"format", "at", "requests", "vendors": {name: …}}``."""
    return {"format": FORMAT, "at": at.isoformat(), "requests": requests, "vendors": dict(vendors)}


def merged(reports: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Make one report of several, each about vendors of its own; it is of the moment when the last one ended."""
    reports = list(reports)
    return {
        "format": FORMAT,
        "at": max((str(each["at"]) for each in reports), default=""),
        "requests": sum(int(each["requests"]) for each in reports),
        "vendors": {name: vendor for each in reports for name, vendor in each["vendors"].items()},
    }


def read(path: Path) -> dict[str, Any]:
    """Read a report that ``write`` has written."""
    return dict(json.loads(path.read_text(encoding="utf-8")))


def write(path: Path, report: Mapping[str, Any]) -> None:
    """Write a report as JSON, whole or not at all."""
    write_text(path, json.dumps(report, indent=2, ensure_ascii=False) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a text, whole or not at all: nobody finds half a file, even after a crash."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with draft.open("w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)


def summary(vendor: str, report: Mapping[str, Any]) -> list[str]:
    """Return the lines that the terminal shows about one vendor."""
    table: Mapping[str, Mapping[str, int]] = report["counts"]
    lines = [f"{vendor} at {report['target'] or 'no target'}: claims by source"]
    for source, row in table.items():
        told = Counter({verdict: number for verdict, number in row.items() if number})
        lines.append(f"  {source:<11}" + (", ".join(f"{told[each]} {each}" for each in row if told[each]) or "none"))
    return lines
