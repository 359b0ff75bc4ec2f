"""A report as one page for people: it needs nothing beside it, loads nothing, and runs no script but its own.

What a target said stands in it as text: the template escapes everything, and the page's own policy lets no other
script or style take effect.
"""

from __future__ import annotations

import base64
import hashlib
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from vendorlab.contracts.core.claims import Source
from vendorlab.contracts.core.report import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

VERDICTS = (*(each.value for each in reversed(Verdict)), "unasked")
"""The worst first."""
SOURCES = {
    Source.DOCUMENTED.value: "the vendor says so",
    Source.PUBLIC.value: "other public material says so",
    Source.FRAMEWORK.value: "the libraries that the vendor evidently runs do so; measured",
    Source.INFERRED.value: "judgement: nobody outside the vendor knows",
}
BAD = ("failed", "error")
_SEEN = 0.03
"""The least share of a bar: one failure among a hundred claims is to be seen."""


def render(report: Mapping[str, Any]) -> str:
    """Return the page."""
    folder = Path(__file__).parent
    style, script = (folder.joinpath(name).read_text(encoding="utf-8") for name in ("page.css", "page.js"))
    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    vendors = [_vendor(name, found) for name, found in report["vendors"].items()]
    return environment.get_template("page.html").render(
        at=datetime.fromisoformat(report["at"]),
        requests=report["requests"],
        vendors=vendors,
        bad=[claim for vendor in vendors for claim in vendor["claims"] if claim["verdict"] in BAD],
        verdicts=VERDICTS,
        sources=SOURCES,
        style=Markup(style),  # noqa: S704 - our own file
        script=Markup(script),  # noqa: S704 - our own file
        policy=f"default-src 'none'; style-src {_digest(style)}; script-src {_digest(script)}; base-uri 'none'; "
        "form-action 'none'",
    )


def _vendor(name: str, found: Mapping[str, Any]) -> dict[str, Any]:
    """A vendor as the template wants it: each claim with its tests, the worst first."""
    claims = [
        {
            **claim,
            "vendor": name,
            "verdict": claim["verdict"] or "unasked",
            "tests": [test for test in found["tests"] if claim["id"] in test["claims"]],
        }
        for claim in found["claims"]
    ]
    claims.sort(key=lambda claim: VERDICTS.index(claim["verdict"]) if claim["verdict"] in BAD else len(VERDICTS))
    return {
        "name": name,
        "target": found["target"],
        "fake": found.get("fake"),
        "capabilities": found["capabilities"],
        "counts": {source: _row(row) for source, row in found["counts"].items()},
        "claims": claims,
        "operations": found["operations"],
    }


def _row(row: Mapping[str, int]) -> dict[str, Any]:
    """How many claims of one source got which verdict, and what share of a bar each takes."""
    total = sum(row.values())
    shares = {verdict: max(row[verdict] / total, _SEEN) for verdict in VERDICTS if row[verdict]}
    parts: list[dict[str, Any]] = []
    begin = 0.0
    for verdict, share in shares.items():
        width = 100 * share / sum(shares.values())
        parts.append({"verdict": verdict, "number": row[verdict], "begin": round(begin, 3), "width": round(width, 3)})
        begin += width
    return {"total": total, "parts": parts}


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"
