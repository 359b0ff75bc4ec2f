"""The suites that were written without looking at the fakes, held against them: every profile, both lanes."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from vendorlab.cli.checks.worlds import ALWAYS_TLS, BESIDE
from vendorlab.cli.common import text_of
from vendorlab.cli.https import certificate
from vendorlab.cli.serving import Serving
from vendorlab.contracts.core.control import ControlAddress
from vendorlab.contracts.core.openapi import Spec
from vendorlab.contracts.core.run import run_suite
from vendorlab.contracts.core.suites import suite_names
from vendorlab.contracts.core.target import Target
from vendorlab.mocks.core.world import WorldOptions
from vendorlab.mocks.registry import ADDRESSES

if TYPE_CHECKING:
    from pathlib import Path


def target(name: str, found: dict[str, Any]) -> Target:
    credentials = {key: text_of(value) for key, value in found["credentials"].items()}
    return Target(name, found["url"], credentials, found.get("ca"))


def check(vendor: str, folder: Path, *arguments: str, **options: Any) -> dict[str, Any]:
    """Run the suite on a fake, demand that it passes, and give the report."""
    names = [vendor, *BESIDE.get(vendor, ())]
    report = folder / "report.json"
    with certificate(tls=vendor in ALWAYS_TLS) as files:
        serving = Serving(
            names, dict.fromkeys(["control", *names], 0), WorldOptions(**options, tls=files), "token", "0"
        )
        try:
            serving.start()
            status = run_suite(
                vendor,
                targets={name: target(name, serving.ready()["vendors"][name]) for name in names},
                control=ControlAddress(serving.control_url, serving.token),
                json_path=report,
                extra_args=["-q", "--no-header", *arguments],
            )
        finally:
            serving.stop()
    assert status == 0
    return dict(json.loads(report.read_text()))


PROFILES = {  # where they are not those of the Django stack: Itron's has one age
    "itron": ("default",),
    "slv": ("default", "7.7", "7.19"),  # 7.8 is the default's other name
}
OLDER = {
    ("slv", "7.7"): re.compile(r"slv\.(csrf\..*|form\.csrf)"),
}
"""Claims of what a profile is too old to have: they are skipped there, all of them, and nothing else is."""
ELSEWHERE = {"itron-mqtt"}
"""Addresses whose runs stand in a file of their own."""
CASES = [
    (each.name, how)
    for each in ADDRESSES
    if each.name in suite_names() and each.name not in ELSEWHERE
    for how in (*PROFILES.get(each.vendor, ("legacy", "modern")), *(["reference-lane"] if Spec.find(each.name) else []))
]
FIRST = dict(reversed(CASES))
GENERATED = "generated_requests"
"""These tests take most of a run's time: one profile of each vendor is asked all that they think of."""


@pytest.mark.slow
@pytest.mark.parametrize(("vendor", "how"), CASES)
def test_fake_keeps_the_contract(vendor: str, how: str, tmp_path: Path) -> None:
    options: dict[str, Any] = {"direct": how != "reference-lane"}
    if how not in ("default", "reference-lane"):
        options["profiles"] = {vendor: how}
    generated = how == FIRST[vendor]
    chosen = () if generated else ("-k", f"not {GENERATED}")
    report = check(vendor, tmp_path, *chosen, **options)["vendors"][vendor]
    older = OLDER.get((vendor, how))
    expected: dict[str, str | None] = {
        claim["id"]: "skipped" if older and older.fullmatch(claim["id"]) else "passed" for claim in report["claims"]
    }
    if not generated:
        expected |= {name: None for name in expected if name.endswith(".schema.holds")}
    verdicts = {claim["id"]: claim["verdict"] for claim in report["claims"]}
    unasked = [name for name, seen in report["operations"].items() if not seen["requests"]]
    assert (verdicts, unasked if generated else []) == (expected, [])
