"""A stage for one rule at a time, and a client without manners."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx

from vendorlab.scenarios.core.story import Story, parse

if TYPE_CHECKING:
    from vendorlab.play import StoryLab

BENCH = """
title: A bench for a rule
vendor: x
hurts: x
good: x
program: x
vendors: [{vendors}]
world: {{start: {start}, seed: 7, settings: {{{settings}}}}}
until: {until}
timeline: [{timeline}]
rules: [{rule}]
"""


def bench(
    rule: str,
    *,
    vendors: str = "scanalytics",
    settings: str = "",
    timeline: str = "",
    start: str = "2026-11-02T06:00:00Z",
    until: str = "30d",
) -> Story:
    """A story with nothing but what is given."""
    return parse(
        BENCH.format(vendors=vendors, settings=settings, timeline=timeline, rule=rule, start=start, until=until),
        "bench.yaml",
        "bench",
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
