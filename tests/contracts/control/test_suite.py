"""What holds of the control suite beyond what holds of every suite: it asks first, and no answer makes it trip."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from openapi_spec_validator import validate

from vendorlab.cli.serving import Serving
from vendorlab.contracts.control.description import spread
from vendorlab.contracts.core import following
from vendorlab.contracts.core.claims import Source, load_claims
from vendorlab.contracts.core.control import ControlAddress
from vendorlab.contracts.core.inventory import suite_modules, suite_tests
from vendorlab.contracts.core.openapi import Spec
from vendorlab.contracts.core.run import run_suite
from vendorlab.contracts.core.target import Target
from vendorlab.mocks.core.control.app import Control
from vendorlab.mocks.core.world import WorldOptions

if TYPE_CHECKING:
    from pathlib import Path

    from vendorlab.mocks.core.web.message import Answer, Request
    from vendorlab.mocks.core.web.routes import Route

VENDOR = "control"
TESTS = suite_tests(suite_modules(VENDOR))
CLAIMS = load_claims(VENDOR)


def test_documented_claims_name_a_heading_that_is_there(tree: Path) -> None:
    page = (tree / "docs" / "control.md").read_text(encoding="utf-8").splitlines()
    places = {claim.where for claim in CLAIMS if claim.source is Source.DOCUMENTED}
    headings = {place.split('"')[1] for place in places if place.startswith("docs/control.md")}
    assert [heading for heading in headings if f"## {heading}" not in page] == []
    assert {place for place in places if not place.startswith("docs/control.md")} == {"openapi.yaml of this suite"}


def test_whatever_makes_a_world_or_changes_one_needs_write() -> None:
    """So that a target that belongs to somebody is only looked at."""
    modules = {module.__name__.rpartition(".")[2]: module for module in suite_modules(VENDOR)}
    for test in TESTS:
        module, _, name = test.name.partition("::")
        arguments = vars(modules[module])[name].__code__.co_varnames
        if {"world", "make_world"} & set(arguments):
            assert "write" in test.needs, test.name


def test_description_is_valid_openapi_with_its_other_places_written_out() -> None:
    validate(spread(Spec.load(VENDOR).document))


def test_links_name_all_that_the_paths_of_their_operations_take() -> None:
    spec = Spec(spread(Spec.load(VENDOR).document))
    paths = {operation.id: operation.path for operation in spec.operations}
    found = following.links(spec, lambda _: True)
    assert found
    for link in found:
        assert set(re.findall(r"{(\w+)}", paths[link.target])) <= link.parameters.keys(), link.label


# --- targets that are wrong ------------------------------------------------------------------------------------------


def judge(url: str, token: str, folder: Path) -> Counter[str]:
    """Run the suite on a target that is wrong: count the verdicts, of which none may be an error."""
    status = run_suite(
        VENDOR,
        targets={VENDOR: Target(VENDOR, url, {"token": token})},
        control=ControlAddress(url, token),
        json_path=folder / "report.json",
        extra_args=["-q", "--no-summary", "--tb=no"],
    )
    report = json.loads((folder / "report.json").read_text())["vendors"][VENDOR]
    assert status == 1
    assert [(test["name"], test["reason"]) for test in report["tests"] if test["verdict"] == "error"] == []
    return Counter(test["verdict"] for test in report["tests"])


class Garbled(Control):
    """A control API that does as it should and says something else: worlds are made, so that all of the suite runs."""

    says = b'{"entries": [3], "next": 0, "dropped": 0, "fired": [3], "more": 0}'

    def __call__(self, route: Route, request: Request) -> Answer:
        answer = super().__call__(route, request)
        if answer.body and (route.path, request.method) != ("/worlds", "POST"):
            answer.body = self.says
        return answer


@pytest.mark.slow
def test_garbled_answers_fail_and_never_break_the_suite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vendorlab.cli.serving.Control", Garbled)
    lab = Serving(["scanalytics"], {"control": 0}, WorldOptions(), "made-up-token", "0")
    try:
        lab.start()
        verdicts = judge(lab.control_url, lab.token, tmp_path)
    finally:
        lab.stop()
    assert verdicts["failed"] > 0.6 * verdicts.total(), verdicts


def test_target_without_a_token_is_wrong_use(capfd: pytest.CaptureFixture[str]) -> None:
    assert run_suite(VENDOR, targets={VENDOR: Target(VENDOR, "http://127.0.0.1:9")}) == 2
    assert "set VENDORLAB_CONTROL_TOKEN" in capfd.readouterr().err
