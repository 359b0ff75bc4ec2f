"""The suites that were written without looking at the fakes, held against them: every profile, both lanes."""

from __future__ import annotations

import json
import re
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import pytest

from vendorlab.cli.serving import Serving
from vendorlab.contracts.core.control import ControlAddress
from vendorlab.contracts.core.run import run_suite
from vendorlab.contracts.core.target import Target
from vendorlab.mocks.core.world import WorldOptions
from vendorlab.mocks.registry import ADDRESSES

if TYPE_CHECKING:
    from pathlib import Path


def check(vendor: str, folder: Path, **options: Any) -> dict[str, Any]:
    """Run the suite on a fake, demand that it passes, and give the report."""
    serving = Serving([vendor], {"control": 0, vendor: 0}, WorldOptions(**options), "token", "0")
    try:
        serving.start()
        found = serving.ready()["vendors"][vendor]
        report = folder / "report.json"
        status = run_suite(
            vendor,
            targets={vendor: Target(vendor, found["url"], found["credentials"])},
            control=ControlAddress(serving.control_url, serving.token),
            json_path=report,
            extra_args=["-q", "--no-header"],
        )
    finally:
        serving.stop()
    assert status == 0
    return dict(json.loads(report.read_text()))


PROFILES = {  # where they are not those of the Django stack: Itron's has one age
    "itron": ("default",),
    "slv": ("default", "7.7", "7.8", "7.19"),
}
OLDER = {
    ("slv", "7.7"): re.compile(r"slv\.(csrf\..*|form\.csrf)"),
}
"""Claims of what a profile is too old to have: they are skipped there, all of them, and nothing else is."""
ELSEWHERE = {"itron-coap", "itron-mqtt"}
"""Addresses that do not speak HTTP, and have their tests beside this file."""
CASES = [
    (each.name, how)
    for each in ADDRESSES
    if find_spec(f"vendorlab.contracts.{each.vendor}") and each.name not in ELSEWHERE
    for how in (*PROFILES.get(each.vendor, ("legacy", "modern")), "reference-lane")
]


@pytest.mark.slow
@pytest.mark.parametrize(("vendor", "how"), CASES)
def test_fake_keeps_the_contract(vendor: str, how: str, tmp_path: Path) -> None:
    options: dict[str, Any] = {"direct": how != "reference-lane"}
    if how not in ("default", "reference-lane"):
        options["profiles"] = {vendor: how}
    report = check(vendor, tmp_path, **options)["vendors"][vendor]
    older = OLDER.get((vendor, how))
    expected = {
        claim["id"]: "skipped" if older and older.fullmatch(claim["id"]) else "passed" for claim in report["claims"]
    }
    verdicts = {claim["id"]: claim["verdict"] for claim in report["claims"]}
    unasked = [name for name, seen in report["operations"].items() if not seen["requests"]]
    assert (verdicts, unasked) == (expected, [])
