"""Which test proves which claim, read from the markers of a suite's modules without running anything."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from types import ModuleType

    from vendorlab.contracts.core.claims import Claim


@dataclass(frozen=True, slots=True)
class SuiteTest:
    """One test function of a suite.

    Attributes:
        name: ``module::function``.
        vendors: The vendors whose suite it says to belong to: one, if all is well.
        claims: The claims that it names.
        needs: The capabilities that it names.
    """

    name: str
    vendors: tuple[str, ...]
    claims: tuple[str, ...]
    needs: tuple[str, ...]


def suite_modules(vendor: str) -> list[ModuleType]:
    """Import the test modules of a vendor's suite."""
    package = importlib.import_module(f"vendorlab.contracts.{vendor}")
    names = [each.name for each in pkgutil.iter_modules(package.__path__, f"{package.__name__}.")]
    return [importlib.import_module(name) for name in names if name.rpartition(".")[2].startswith("test_")]


def suite_tests(modules: Iterable[ModuleType]) -> list[SuiteTest]:
    """Return the test functions of some modules."""
    return [
        SuiteTest(
            name=f"{module.__name__.rpartition('.')[2]}::{name}",
            vendors=_arguments([module, function], "vendorlab"),
            claims=_arguments([module, function], "claim"),
            needs=_arguments([module, function], "needs"),
        )
        for module in modules
        for name, function in vars(module).items()
        if name.startswith("test_") and callable(function)
    ]


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


def _marks(holder: object) -> Iterator[Any]:
    """Give the marks of a function or a module, those of a function's single cases included."""
    found: Any = getattr(holder, "pytestmark", [])
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
