"""Makes a story of what a person did by hand: the faults, turns of the clock, tokens and events of a session.

What the control API was told is noted with the world's time, and becomes the timeline. The rules are those that the
exchanges of the session came to; the texts are left to the person.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from vendorlab.scenarios.core.durations import seconds, written
from vendorlab.scenarios.core.rules import RULES, NoSettings
from vendorlab.scenarios.core.story import moment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from vendorlab.scenarios.core.evidence import Evidence

_UNSAID = "(say it here)"
_FALLBACK = "no-secret-in-url"


@dataclass
class Recorder:
    """Notes what was done.

    Args:
        start: where the world's clock started.
    """

    start: datetime
    timeline: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])

    def note(self, now: datetime, operation: str, body: Mapping[str, Any], params: Mapping[str, str]) -> None:
        """Note one call of the control API.

        Args:
            now: the world's time before it.
            operation: the call's name, as in the control API's description.
            body: what it was given, in its body or its query.
            params: from its path.
        """
        if operation == "set-clock" and body.get("now") is not None:
            ahead = (moment(str(body["now"])) - now).total_seconds()
            if ahead <= 0:
                return  # a story's clock does not go back
            operation, body = "advance", {"seconds": ahead}
        done = _entry(operation, body, params)
        if done is not None:
            self.timeline.append({"at": written(max(0.0, round((now - self.start).total_seconds(), 3))), **done})

    def story(self, title: str, vendors: Sequence[str], world: Mapping[str, Any], evidence: Evidence) -> str:
        """The story as YAML, ready to be run.

        Args:
            title: in one line.
            vendors: who lived in the world.
            world: how it was at its start.
            evidence: what happened, for its rules and its end.
        """
        plain = [rule for rule in RULES.values() if rule.settings is NoSettings]
        met = [rule.name for rule in plain if not rule.always and rule.judge(evidence, rule.settings()).met]
        end = evidence.end.at if evidence.end else self.start
        last = max((seconds(entry["at"]) for entry in self.timeline), default=0.0)
        until = max(1.0, last + 0.001, round((end - self.start).total_seconds(), 3))  # behind all that was done
        document = {
            "title": title,
            "vendor": _UNSAID,
            "hurts": _UNSAID,
            "good": _UNSAID,
            "program": _UNSAID,
            "vendors": list(vendors),
            "world": dict(world),
            "pace": {"rate": 1},
            "timeline": self.timeline,
            "until": written(until),
            "rules": met or [_FALLBACK],
        }
        text: str = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120)
        return text


def _entry(operation: str, body: Mapping[str, Any], params: Mapping[str, str]) -> dict[str, Any] | None:
    """What an entry of the timeline says of a call; None of those that a story has no word for."""
    match operation:
        case "advance":
            return {"clock": {"jump": written(round(float(body["seconds"]), 3))}}
        case "set-clock" if body.get("rate") is not None:
            return {"clock": {"rate": body["rate"]}}
        case "set-clock" if body.get("frozen") is not None:
            return {"clock": {"rate": 0 if body["frozen"] else 1}}
        case "add-fault":
            return {"fault": dict(body)}
        case "clear-faults":
            return {"clear": "faults"}
        case "remove-fault":
            return {"clear": params["name"]}
        case "clear-limits":
            return {"clear": {"limits": body["vendor"]} if body.get("vendor") else "limits"}
        case "expire-tokens" | "revoke-tokens":
            user = {"user": body["user"]} if body.get("user") else {}
            return {"tokens": {"vendor": body["vendor"], "change": operation.partition("-")[0], **user}}
        case "happen":
            return {"event": {"vendor": body["vendor"], **body["event"]}}
        case _:
            return None
