"""Claims and tests, compared both ways."""

from __future__ import annotations

from datetime import date
from types import ModuleType

import pytest

from vendorlab.contracts.core.claims import Claim, Source
from vendorlab.contracts.core.inventory import SuiteTest, discrepancies, names_by_claim, suite_modules, suite_tests


def claim(name: str) -> Claim:
    return Claim(name, "It is so.", Source.INFERRED, "a test", date(2026, 11, 20))


OPENS, SHUTS = claim("acme.door.opens"), claim("acme.door.shuts")
OPENING = SuiteTest("test_door::test_opens", ("acme",), (OPENS.id,), ())
SHUTTING = SuiteTest("test_door::test_shuts", ("acme",), (SHUTS.id,), ())


def test_claims_and_tests_that_fit_leave_nothing_to_say() -> None:
    assert discrepancies([OPENS, SHUTS], [OPENING, SHUTTING]) == []


def test_claim_without_a_test_is_found() -> None:
    assert discrepancies([OPENS, SHUTS], [OPENING]) == ["claim without a test: acme.door.shuts"]


def test_test_without_a_claim_is_found() -> None:
    idle = SuiteTest("test_door::test_idle", ("acme",), (), ())
    assert discrepancies([OPENS], [OPENING, idle]) == ["test without a claim: test_door::test_idle"]


def test_test_of_a_claim_that_nobody_makes_is_found() -> None:
    assert discrepancies([OPENS], [OPENING, SHUTTING]) == [
        "test names an unknown claim: test_door::test_shuts: acme.door.shuts"
    ]


def test_tests_are_listed_by_claim() -> None:
    both = SuiteTest("test_door::test_both", ("acme",), (OPENS.id, SHUTS.id), ())
    assert names_by_claim([OPENING, both]) == {OPENS.id: [OPENING.name, both.name], SHUTS.id: [both.name]}


def test_markers_are_read_from_functions_and_from_their_parameters() -> None:
    module = ModuleType("vendorlab.contracts.acme.test_door")

    @pytest.mark.claim("acme.door.opens")
    @pytest.mark.needs("clock", "spend")
    @pytest.mark.parametrize("side", ["in", pytest.param("out", marks=pytest.mark.claim("acme.door.shuts"))])
    def test_door(side: str) -> None: ...

    def helper() -> None: ...

    module.__dict__.update(
        test_door=test_door,
        helper=helper,
        test_data=5,
        pytestmark=[pytest.mark.vendorlab("acme"), pytest.mark.needs("write")],
    )
    (found,) = suite_tests([module])
    assert found.name == "test_door::test_door"
    assert sorted(found.claims) == [OPENS.id, SHUTS.id]
    assert found.needs == ("write", "clock", "spend")
    assert found.vendors == ("acme",)
    module.__dict__["pytestmark"] = pytest.mark.vendorlab("other")
    assert suite_tests([module])[0].vendors == ("other",)


def test_inherited_rules_are_tests_of_the_suite_that_inherits_them() -> None:
    module = ModuleType("vendorlab.contracts.acme.test_door")

    @pytest.mark.needs("write")
    class Rules:
        @pytest.mark.claim(".door.opens")
        def test_opens(self) -> None: ...

        def helper(self) -> None: ...

    @pytest.mark.needs("spend")
    class TestDoor(Rules):
        @pytest.mark.claim("acme.door.shuts")
        def test_shuts(self) -> None: ...

    module.__dict__.update(Rules=Rules, TestDoor=TestDoor, pytestmark=pytest.mark.vendorlab("acme"))
    assert suite_tests([module]) == [
        SuiteTest("test_door::TestDoor::test_opens", ("acme",), (OPENS.id,), ("write", "spend")),
        SuiteTest("test_door::TestDoor::test_shuts", ("acme",), (SHUTS.id,), ("write", "spend")),
    ]


def test_suite_modules_are_those_with_tests() -> None:
    names = [module.__name__.rpartition(".")[2] for module in suite_modules("scanalytics")]
    assert names
    assert all(name.startswith("test_") for name in names)
