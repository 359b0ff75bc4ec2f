"""A stage for one rule at a time, and clients that do just what a test says."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from vendorlab.play import PlayableStory, check
from vendorlab.scenarios.core.rules import RULES
from vendorlab.scenarios.core.story import Story, parse

if TYPE_CHECKING:
    from collections.abc import Callable

    from vendorlab.play import StoryLab
    from vendorlab.scenarios.core.verdict import Judged

sys.path.insert(0, str(Path(__file__).parent))

BENCH = """
title: A bench for a rule
vendor: x
hurts: x
good: x
program: x
vendors: [{vendors}]
world: {{start: 2026-11-02T06:00:00Z, seed: 7, settings: {{{settings}}}}}
until: 30d
timeline: [{timeline}]
rules: [{rule}]
"""


def bench(rule: str, *, vendors: str = "scanalytics", settings: str = "", timeline: str = "") -> Story:
    """A story with nothing but what is given."""
    return parse(
        BENCH.format(vendors=vendors, settings=settings, timeline=timeline, rule=rule), "bench.yaml", "bench"
    )


class Raw:
    """A client of Scanalytics without manners of its own."""

    def __init__(self, lab: StoryLab) -> None:
        self.lab = lab
        self.known = lab.scanalytics.credentials
        self.http = httpx.Client(transport=lab.scanalytics.transport(), base_url="http://vendor.test")

    def token(self, path: str = "/o/token/", **form: str) -> dict[str, Any]:
        answer = self.http.post(path, data={"client_id": str(self.known["client_id"]), **form})
        return dict(answer.json())

    def login(self) -> dict[str, Any]:
        return self.token(
            grant_type="password", username=str(self.known["username"]), password=str(self.known["password"])
        )

    def refresh(self, text: str) -> dict[str, Any]:
        return self.token(grant_type="refresh_token", refresh_token=text)

    def get(self, token: str, path: str = "/v1/whoami", **params: str) -> httpx.Response:
        return self.http.get(path, params=params, headers={"Authorization": f"Bearer {token}"})


Judge = "Callable[..., Judged]"


@pytest.fixture
def judged() -> Callable[..., Judged]:
    """What a rule makes of a client: ``judged("slash-kept", client, vendors="inode")``."""

    def judged(rule: str, client: Callable[[StoryLab], object], *, given: str = "", **world: str) -> Judged:
        story = bench(f"{{{rule}: {{{given}}}}}" if given else rule, **world)
        check(story)
        with PlayableStory(story).play() as lab:
            client(lab)
            verdict = lab.verdict
        assert rule in RULES
        return next(one for one in verdict.judged if one.rule.name == rule)

    return judged
