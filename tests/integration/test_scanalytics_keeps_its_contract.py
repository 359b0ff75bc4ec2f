"""The suite that was written without looking at the fake, held against it: both profiles, both lanes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from vendorlab.cli.serving import Serving
from vendorlab.contracts.core.control import ControlAddress
from vendorlab.contracts.core.run import run_suite
from vendorlab.contracts.core.target import Target
from vendorlab.mocks.core.world import WorldOptions

if TYPE_CHECKING:
    from pathlib import Path


def check(folder: Path, **options: Any) -> dict[str, Any]:
    """Run the suite on a fake, demand that it passes, and give the report."""
    serving = Serving(["scanalytics"], {"control": 0, "scanalytics": 0}, WorldOptions(**options), "token", "0")
    try:
        serving.start()
        found = serving.ready()["vendors"]["scanalytics"]
        report = folder / "report.json"
        status = run_suite(
            "scanalytics",
            targets={"scanalytics": Target("scanalytics", found["url"], found["credentials"])},
            control=ControlAddress(serving.control_url, serving.token),
            json_path=report,
            extra_args=["-q", "--no-header"],
        )
    finally:
        serving.stop()
    assert status == 0
    return dict(json.loads(report.read_text()))


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [{}, {"profiles": {"scanalytics": "modern"}}, {"direct": False}],
    ids=["legacy", "modern", "reference-lane"],
)
def test_fake_keeps_the_contract(options: dict[str, Any], tmp_path: Path) -> None:
    report = check(tmp_path, **options)["vendors"]["scanalytics"]
    verdicts = {claim["verdict"] for claim in report["claims"]}
    unasked = [name for name, seen in report["operations"].items() if not seen["requests"]]
    assert (verdicts, unasked) == ({"passed"}, [])
