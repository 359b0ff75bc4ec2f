"""The control API's suite held against the control API, while a world of somebody else's is going on in it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from vendorlab.cli.serving import Serving
from vendorlab.contracts.core.control import ControlAddress
from vendorlab.contracts.core.run import run_suite
from vendorlab.contracts.core.target import Target
from vendorlab.mocks import registry
from vendorlab.mocks.core.world import WorldOptions

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.slow
def test_control_keeps_its_contract_and_leaves_others_alone(tmp_path: Path) -> None:
    serving = Serving(registry.vendors(), {"control": 0}, WorldOptions(rate=0), "the-control-token", "0")
    report = tmp_path / "report.json"
    try:
        serving.start()
        before = serving.world.snapshot()
        status = run_suite(
            "control",
            targets={"control": Target("control", serving.control_url, {"token": serving.token})},
            control=ControlAddress(serving.control_url, serving.token),
            json_path=report,
            extra_args=["-q", "--no-header"],
        )
        assert status == 0
        assert serving.world.snapshot() == before
        assert serving.world.journal.find() == []
        assert {name for name, _, _ in serving.world.listeners()} == set(serving.ready()["vendors"])
    finally:
        serving.stop()
    found = json.loads(report.read_text())["vendors"]["control"]
    verdicts = {claim["verdict"] for claim in found["claims"]}
    unasked = [name for name, seen in found["operations"].items() if not seen["requests"]]
    assert (verdicts, unasked) == ({"passed"}, [])
