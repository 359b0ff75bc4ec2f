"""What a suite takes away that another run of it, killed, has left: each suite that makes anything has its own way."""

from __future__ import annotations

import json
import os
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest

from vendorlab.cli.checks.worlds import fake
from vendorlab.clients.control import ControlClient
from vendorlab.contracts.core.access import Access
from vendorlab.contracts.core.coap.line import Heard
from vendorlab.contracts.core.coap.resources import Resources
from vendorlab.contracts.core.company import clean_up
from vendorlab.contracts.core.run import run_suite
from vendorlab.contracts.itron.coap import forms
from vendorlab.contracts.itron.coap.gateway import Gateway
from vendorlab.contracts.itron.platform.api import Api, devices
from vendorlab.contracts.itron.tokens import PLATFORM, Tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from vendorlab.contracts.core.target import Target

    Targets = Mapping[str, Target]
    Seen = Callable[[Targets, ControlClient, Mapping[str, str]], bool]

pytestmark = pytest.mark.slow

TREE = Path(__file__).parents[2]


def solution_is_there(targets: Targets, control: ControlClient, what: Mapping[str, str]) -> bool:
    del control
    with closing(Access(targets[PLATFORM])) as access:
        api = Api(access)
        return api.get(devices(what["solution"]), api.token()).status_code == 200


def unit_is_another(targets: Targets, control: ControlClient, what: Mapping[str, str]) -> bool:
    del control
    path, _, unit = what["path"].partition("=")
    resources = Resources.find("itron-coap")
    assert resources is not None
    with closing(Access(targets["itron-coap"])) as access, closing(Tokens(access, targets[PLATFORM])) as tokens:
        gateway = Gateway(access, Heard(), resources)
        try:
            return forms.unit(gateway.opening(tokens.current()).get(what["mac"], path)) != unit
        finally:
            gateway.leave()


def session_is_there(targets: Targets, control: ControlClient, what: Mapping[str, str]) -> bool:
    del targets
    return what["client"] in json.dumps(control.snapshot())


def world_is_there(targets: Targets, control: ControlClient, what: Mapping[str, str]) -> bool:
    del targets
    return what["world"] in {each.name for each in control.worlds()}


class Case(NamedTuple):
    """A test of a suite, the call before which its run is killed, and how what it left is seen."""

    module: str
    test: str
    trap: str
    seen: Seen


CASES = {
    "itron-platform": Case(
        "test_devices",
        "test_device_is_created_at_the_path_with_its_slash",
        "itron.platform.workshop:Workshop.close:1",
        solution_is_there,
    ),
    "itron-coap": Case(
        "test_writes", "test_unit_is_configured_by_the_query", "itron.coap.gateway:Gateway.put:2", unit_is_another
    ),
    "itron-mqtt": Case(
        "test_sessions", "test_session_is_found_again", "itron.mqtt.api:Broker.close:1", session_is_there
    ),
    "control": Case("test_worlds", "test_world_is_made_as_told", "control.api:World.clock:1", world_is_there),
}


@pytest.mark.parametrize("suite", CASES)
def test_what_a_killed_run_left_is_taken_away(suite: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed with all that the test makes made, or some of it, and nothing taken away."""
    case = CASES[suite]
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    environ = dict(os.environ) | {"TRAP": f"vendorlab.contracts.{case.trap}"}
    environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(TREE), environ.get("PYTHONPATH"))))
    killed = ("-p", "tests.integration.killing", "-k", case.test)
    with fake(suite) as (targets, address), ControlClient(address.url, address.token) as control:
        run_suite(suite, targets=targets, modules=[case.module], environ=environ, extra_args=killed)
        [note] = (tmp_path / "vendorlab" / "leftovers").glob("*.json")
        left = [entry["what"] for entry in json.loads(note.read_text())["entries"]]
        assert left
        assert [case.seen(targets, control, what) for what in left] == [True] * len(left)
        with closing(Access(targets[suite])) as access:
            lines = clean_up(access, targets.get)
        assert ["taken away" in line for line in lines] == [True] * len(left), lines
        assert [case.seen(targets, control, what) for what in left] == [False] * len(left)
    assert not note.exists()
