"""The suite of Itron's MQTT broker, held against the fake: as HiveMQ 3, which Itron has, and as HiveMQ 4."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from vendorlab.cli.https import certificate
from vendorlab.cli.serving import Serving
from vendorlab.contracts.core.control import ControlAddress
from vendorlab.contracts.core.run import run_suite
from vendorlab.contracts.core.target import Target
from vendorlab.mocks.core.world import WorldOptions
from vendorlab.mocks.registry import ADDRESSES

if TYPE_CHECKING:
    from pathlib import Path

BROKER, PLATFORM = "itron-mqtt", "itron-platform"
UNASKED = re.compile(r"itron-mqtt\.(connect\.in-time|keep-alive\.none|packet\.too-large|five\.too-large)")
"""What a run does not ask: what takes real seconds, and limits that are not below MQTT's own."""
MQTT_5 = re.compile(r"itron-mqtt\.five\.(?!refused-or-spoken)")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(BROKER not in {each.name for each in ADDRESSES}, reason="there is no fake of the broker yet"),
]


def verdicts(folder: Path, expression: str = "", **settings: Any) -> dict[str, str]:
    """Run the suite, or a part of it, on a fake, and give the verdict on each claim."""
    names = [BROKER, PLATFORM]
    with certificate(tls=True) as tls:
        options = WorldOptions(settings={"itron": settings}, tls=tls)
        serving = Serving(names, dict.fromkeys(["control", *names], 0), options, "token", "0")
        try:
            serving.start()
            ready = serving.ready()["vendors"]
            run_suite(
                BROKER,
                targets={
                    name: Target(name, ready[name]["url"], ready[name]["credentials"], ready[name].get("ca"))
                    for name in names
                },
                control=ControlAddress(serving.control_url, serving.token),
                json_path=folder / "report.json",
                extra_args=["-q", "--no-header", "--tb=short", "-k", expression],
            )
        finally:
            serving.stop()
    report = json.loads((folder / "report.json").read_text())
    return {claim["id"]: claim["verdict"] for claim in report["vendors"][BROKER]["claims"]}


def test_broker_as_hivemq_3_keeps_the_contract(tmp_path: Path) -> None:
    found = verdicts(tmp_path)
    assert found == {
        claim: "skipped" if UNASKED.fullmatch(claim) or MQTT_5.match(claim) else "passed" for claim in found
    }


def test_broker_as_hivemq_4_keeps_the_contract(tmp_path: Path) -> None:
    found = verdicts(tmp_path, mqtt_profile="hivemq4")
    assert found == {claim: "skipped" if UNASKED.fullmatch(claim) else "passed" for claim in found}


@pytest.mark.parametrize(
    ("setting", "value", "expression", "claim"),
    [
        ("mqtt_qos", 1, "with_qos_0", "alert.qos"),
        ("mqtt_retain", True, "is_not_retained", "alert.not-retained"),
        ("mqtt_caas", False, "gets_the_alerts_that_tenants_get", "caas.alerts"),
        ("mqtt_disconnect_on_token_expiry", True, "outlives_the_token", "live.outlived"),
    ],
)
def test_suite_finds_a_broker_that_is_set_otherwise(
    setting: str, value: Any, expression: str, claim: str, tmp_path: Path
) -> None:
    """Its switches are for what may well be otherwise at Itron; the suite tells which way it is."""
    assert verdicts(tmp_path, expression, **{setting: value})[f"itron-mqtt.{claim}"] == "failed"
