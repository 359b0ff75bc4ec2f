"""A verdict for people and for machines: text, JSON, and JUnit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from vendorlab.scenarios.core.durations import written
from vendorlab.scenarios.core.verdict import MOST_SHOWN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vendorlab.scenarios.core.evidence import Evidence, Exchange
    from vendorlab.scenarios.core.verdict import Judged, Verdict

_SIGNS = {"passed": "ok", "broken": "BROKEN", "not exercised": "not exercised"}


def text(verdict: Verdict) -> str:
    """The verdict for a person."""
    evidence = verdict.evidence
    lines = [f"{evidence.start.story}: {evidence.start.title}", ""]
    for one in verdict.judged:
        if one.wanted or one.status == "broken":
            lines += _rule(one, verdict)
    others = [one for one in verdict.judged if not one.wanted and one.status == "passed"]
    if others:
        lines.append(f"  also kept: {', '.join(one.rule.name for one in others)}")
    lines += [f"  trouble: {trouble}" for trouble in verdict.troubles]
    lines += [f"  note: {note}" for note in verdict.notes]
    return "\n".join([*lines, "", summary(verdict)])


def summary(verdict: Verdict) -> str:
    """The verdict in one line."""
    wanted = [one for one in verdict.judged if one.wanted]
    count = len(verdict.evidence.exchanges)
    over = f"{count} exchanges in {duration(verdict.evidence)} of the world's time"
    if verdict.passed:
        return f"passed: {len(wanted)} of {len(wanted)} rules, {over}"
    parts: list[str] = []
    if verdict.broken:
        parts.append(f"broken: {', '.join(one.rule.name for one in verdict.broken)}")
    if verdict.missed:
        parts.append(f"not exercised: {', '.join(one.rule.name for one in verdict.missed)}")
    return "; ".join([*parts, *verdict.troubles, over])


def duration(evidence: Evidence) -> str:
    """How long the story was, by the world's clock."""
    end = evidence.end.at if evidence.end else evidence.exchanges[-1].at if evidence.exchanges else evidence.start.at
    return written(max(0.0, round((end - evidence.start.at).total_seconds(), 3)))


def as_json(verdict: Verdict) -> dict[str, Any]:
    """The verdict as JSON-like data."""
    evidence = verdict.evidence
    end = evidence.end
    return {
        "story": evidence.start.story,
        "title": evidence.start.title,
        "seed": evidence.start.seed,
        "passed": verdict.passed,
        "exchanges": len(evidence.exchanges),
        "end": None if end is None else {"reason": end.reason, "at": end.at.isoformat(), "code": end.code},
        "troubles": list(verdict.troubles),
        "notes": list(verdict.notes),
        "rules": [
            {
                "name": one.rule.name,
                "title": one.rule.title,
                "status": one.status,
                "wanted": one.wanted,
                "met": one.met,
                "remedy": one.rule.remedy,
                "findings": [{"text": found.text, "exchanges": list(found.exchanges)} for found in one.findings],
            }
            for one in verdict.judged
        ],
    }


def junit(verdicts: Sequence[Verdict]) -> str:
    """Verdicts as JUnit XML: a suite a story, a case a rule."""
    root = ET.Element("testsuites")
    for verdict in verdicts:
        start = verdict.evidence.start
        suite = ET.SubElement(root, "testsuite", name=f"{start.story} (seed {start.seed})")
        for one in verdict.judged:
            case = ET.SubElement(suite, "testcase", classname=start.story, name=one.rule.name, time="0")
            if one.status == "broken":
                failure = ET.SubElement(case, "failure", message=one.findings[0].text)
                failure.text = "\n".join(_rule(one, verdict))
            elif one.status == "not exercised" and one.wanted:
                ET.SubElement(case, "failure", message="not exercised: the program never came to it")
            elif one.status == "not exercised":
                ET.SubElement(case, "skipped", message="not exercised")
        for trouble in verdict.troubles:
            case = ET.SubElement(suite, "testcase", classname=start.story, name="program", time="0")
            ET.SubElement(case, "error", message=trouble)
        cases = list(suite)
        suite.set("tests", str(len(cases)))
        suite.set("failures", str(len(suite.findall("testcase/failure"))))
        suite.set("errors", str(len(suite.findall("testcase/error"))))
        suite.set("skipped", str(len(suite.findall("testcase/skipped"))))
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def line(exchange: Exchange) -> str:
    """An exchange in one line."""
    at = exchange.at.strftime("%m-%d %H:%M:%S")
    query = f"?{exchange.query}" if exchange.query else ""
    about = [exchange.cause] if exchange.cause not in ("", "ok") else []
    about += [
        f"{name} {exchange.detail[name]}"
        for name in ("grant_type", "refresh_token", "retry_after")
        if name in exchange.detail
    ]
    if exchange.fault:
        about.append(f"fault {exchange.fault}")
    who = f" [{exchange.credential}]" if exchange.credential else ""
    note = f" ({', '.join(about)})" if about else ""
    asked = f"{exchange.vendor} {exchange.method} {exchange.path}{query}{who}"
    return f"#{exchange.seq} {at} {asked} -> {exchange.status}{note}"


def _rule(one: Judged, verdict: Verdict) -> list[str]:
    lines = [f"  {_SIGNS[one.status]:<13} {one.rule.name}: {one.rule.title}"]
    for found in one.findings[:MOST_SHOWN]:
        lines.append(f"      {found.text}")
        lines += [f"        {line(seen)}" for seq in found.exchanges if (seen := verdict.exchange(seq)) is not None]
    if len(one.findings) > MOST_SHOWN:
        lines.append(f"      and {len(one.findings) - MOST_SHOWN} more times")
    if one.findings:
        lines.append(f"      what to do: {one.rule.remedy}")
    elif one.status == "not exercised":
        lines.append("      the program never came to what this rule is about")
    return lines
