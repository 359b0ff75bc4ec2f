"""A report as Markdown, for a CI's summary page: counts by source, what failed, what was not asked and why."""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from vendorlab.contracts.core.report import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MARKS = {Verdict.PASSED: "✅", Verdict.FAILED: "❌", Verdict.ERROR: "⚠️", Verdict.SKIPPED: "⏭️"}
_SPECIAL = re.compile(r"([\\`*_\[\]<>|#~])")
_REASON = 600
_SHOWN = 50
"""Failures that are told one by one: a summary page takes a megabyte at most."""


def render(report: Mapping[str, Any]) -> str:
    """Return the Markdown."""
    return "\n".join(_lines(report)) + "\n"


def _lines(report: Mapping[str, Any]) -> Iterator[str]:
    yield "# vendorlab: what the targets keep of their contracts"
    yield ""
    yield f"{report['at'][:19].replace('T', ' ')} UTC, {report['requests']} requests."
    yield "Claims are counted by how they are known and never added up: *inferred* proves nothing."
    yield ""
    yield "| | target | documented | public | framework | inferred |"
    yield "| --- | --- | --- | --- | --- | --- |"
    for name, vendor in report["vendors"].items():
        cells = [_cell(row) for row in vendor["counts"].values()]
        yield f"| **{name}** | {_plain(vendor['target'] or 'none')} | {' | '.join(cells)} |"
    yield from _failures(report)
    yield from _skipped(report)


def _cell(row: Mapping[str, int]) -> str:
    told = [f"{MARKS[each]} {row[each.value]}" for each in Verdict if row[each.value]]
    return " ".join([*told, *([f"{row['unasked']} unasked"] if row["unasked"] else [])]) or "none"


def _failures(report: Mapping[str, Any]) -> Iterator[str]:
    found = [
        (vendor, test)
        for vendor in report["vendors"].values()
        for test in vendor["tests"]
        if test["verdict"] in {"failed", "error"}
    ]
    if not found:
        return
    yield ""
    yield f"## {len(found)} {'test' if len(found) == 1 else 'tests'} found something"
    for vendor, test in found[:_SHOWN]:
        claims = {claim["id"]: claim for claim in vendor["claims"]}
        yield ""
        yield f"### {MARKS[Verdict(test['verdict'])]} {_plain(test['name'])}"
        yield ""
        for name in test["claims"]:
            if claim := claims.get(name):
                yield f"- {_plain(claim['text'])} `{name}`, {claim['source']}: {_plain(claim['where'])}"
        yield ""
        yield from _fenced(test["reason"][:_REASON])
    if len(found) > _SHOWN:
        yield ""
        yield f"… and {len(found) - _SHOWN} more: see the JSON or HTML report."


def _skipped(report: Mapping[str, Any]) -> Iterator[str]:
    reasons = Counter(
        (name, test["reason"].partition("\n")[0])
        for name, vendor in report["vendors"].items()
        for test in vendor["tests"]
        if test["verdict"] == "skipped"
    )
    if not reasons:
        return
    yield ""
    yield "<details><summary>Not asked</summary>"
    yield ""
    for (name, reason), number in reasons.most_common():
        yield f"- {name}, {number} {'test' if number == 1 else 'tests'}: {_plain(reason)}"
    yield ""
    yield "</details>"


def _fenced(text: str) -> Iterator[str]:
    """A block of text: its fence is longer than any within, so that what a target says cannot end it."""
    fence = "`" * max(3, 1 + max(map(len, re.findall(r"`+", text)), default=0))
    yield fence
    yield from text.splitlines()
    yield fence


def _plain(text: str) -> str:
    """A text whose signs mean nothing."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))
