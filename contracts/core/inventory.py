"""Which test proves which claim, read from the markers of a suite's modules without running anything."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vendorlab.contracts.core.claims import claim_id
from vendorlab.contracts.core.suites import suite_package

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from types import ModuleType

    from vendorlab.contracts.core.claims import Claim


@dataclass(frozen=True, slots=True)
class SuiteTest:
    """One test of a suite.

    Attributes:
        name: ``module::function`` or ``module::class::method``.
        vendors: The vendors whose suite it says to belong to: one, if all is well.
        claims: The claims that it names, by their whole ids.
        needs: The capabilities that it names.
    """

    name: str
    vendors: tuple[str, ...]
    claims: tuple[str, ...]
    needs: tuple[str, ...]


def suite_modules(vendor: str) -> list[ModuleType]:
    """Import the test modules of a vendor's suite."""
    package = importlib.import_module(suite_package(vendor))
    names = [each.name for each in pkgutil.iter_modules(package.__path__, f"{package.__name__}.")]
    return [importlib.import_module(name) for name in names if name.rpartition(".")[2].startswith("test_")]


def suite_tests(modules: Iterable[ModuleType]) -> list[SuiteTest]:
    """Return the tests of some modules: their functions, and the methods of their classes, inherited ones included."""
    return [_suite_test(name, holders) for module in modules for name, holders in _found(module)]


def discrepancies(claims: Iterable[Claim], tests: Iterable[SuiteTest]) -> list[str]:
    """Return every claim without a test, every test without a claim, and every claim that nobody makes.

    An empty list is the only right one.
    """
    tests = list(tests)
    known = {claim.id for claim in claims}
    proved = {claim for test in tests for claim in test.claims}
    return [
        *(f"claim without a test: {claim}" for claim in sorted(known - proved)),
        *(f"test without a claim: {test.name}" for test in tests if not test.claims),
        *(
            f"test names an unknown claim: {test.name}: {claim}"
            for test in tests
            for claim in test.claims
            if claim not in known
        ),
    ]


def names_by_claim(tests: Iterable[SuiteTest]) -> Mapping[str, list[str]]:
    """Return for each claim the names of the tests that prove it."""
    found: dict[str, list[str]] = {}
    for test in tests:
        for claim in test.claims:
            found.setdefault(claim, []).append(test.name)
    return found


def _found(module: ModuleType) -> Iterator[tuple[str, list[object]]]:
    """Give for each test its name, and what its marks are on: as pytest collects them."""
    place = module.__name__.rpartition(".")[2]
    for name, member in vars(module).items():
        if name.startswith("test_") and callable(member):
            yield f"{place}::{name}", [module, member]
        elif name.startswith("Test") and isinstance(member, type):
            for method in (each for each in dir(member) if each.startswith("test_")):
                yield f"{place}::{name}::{method}", [module, *reversed(member.__mro__), getattr(member, method)]


def _suite_test(name: str, holders: list[object]) -> SuiteTest:
    vendors = _arguments(holders, "vendorlab")
    owner = vendors[-1] if vendors else ""
    return SuiteTest(
        name=name,
        vendors=vendors,
        claims=tuple(claim_id(each, owner) for each in _arguments(holders, "claim")),
        needs=_arguments(holders, "needs"),
    )


def _marks(holder: object) -> Iterator[Any]:
    """Give the marks that stand on a module, a class or a function itself, those of its single cases included."""
    found: Any = vars(holder).get("pytestmark", [])
    marks: Iterable[Any] = [found] if hasattr(found, "name") else found
    for mark in marks:
        yield mark
        if mark.name == "parametrize":
            for case in mark.args[1]:
                yield from getattr(case, "marks", ())


def _arguments(holders: Iterable[object], marker: str) -> tuple[str, ...]:
    return tuple(
        str(name) for holder in holders for mark in _marks(holder) if mark.name == marker for name in mark.args
    )
