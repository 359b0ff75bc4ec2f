"""``vendorlab check --mutants``: what is broken on purpose is found, and what is not found is told."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from vendorlab.cli.checks import mutants as checked
from vendorlab.cli.checks.mutants import Finding, Trial, trials
from vendorlab.mocks import registry

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Result

    from vendorlab.mocks.core.mutants import Mutant


def renamed(mutant: Mutant, *claims: str) -> Mutant:
    """The same defect, said to break other claims."""
    return type(mutant)(mutant.name, mutant.text, claims, mutant.plant)


@pytest.mark.slow
def test_mutants_are_caught_or_told(
    command: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The first is what it says; the second is said to break what it leaves whole."""
    first, second = registry.mutants("inode")[:2]
    whole = next(each for each in registry.mutants("inode")[2:] if not set(each.claims) & set(second.claims))

    def declared(_vendor: str) -> tuple[Mutant, Mutant]:
        return first, renamed(second, whole.claims[0])

    monkeypatch.setattr(checked, "mutants", declared)
    report = tmp_path / "mutants.json"
    result = command("check", "inode", "--mutants", "--json", str(report))
    lines = result.out.splitlines()
    assert (result.code, lines[-1]) == (1, "1 of 2 mutants caught")
    assert lines[0] == f"missed: inode {second.name}: {second.text}"
    assert lines[1] == f"  {whole.claims[0]}: its tests say passed"
    found = json.loads(report.read_text())
    assert (found["caught"], found["declared"]) == (1, 2)
    assert [each["caught"] for each in found["mutants"]] == [True, False]


def test_mutant_is_tried_before_each_suite_whose_claims_it_breaks() -> None:
    found = {(each.suite, each.mutant.name): each.claims for each in trials(["itron-coap", "itron-mqtt"])}
    name = "gateway-takes-expired-tokens"
    assert found["itron-coap", name] == ("itron-coap.live.expired-token",)
    assert found["itron-mqtt", name] == ("itron-mqtt.live.expired",)
    assert {claim.partition(".")[0] for claims in found.values() for claim in claims} == {"itron-coap", "itron-mqtt"}


@pytest.mark.parametrize("suite", ["scanalytics", "inode", "itron-platform", "itron-coap", "itron-mqtt", "slv"])
def test_each_suite_has_fifteen_mutants_to_find(suite: str) -> None:
    assert len(trials([suite])) >= 15


def test_finding_without_a_miss_is_caught() -> None:
    trial = Trial("inode", registry.mutants("inode")[0], ("inode.a.b",))
    assert Finding(trial, {}, 1.0).document()["caught"]
    assert not Finding(trial, {"inode.a.b": "its tests say passed"}, 1.0).document()["caught"]
