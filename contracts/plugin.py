"""The contract suites' pytest plugin: options and markers; all else is loaded when a suite is collected.

pytest imports this module at every start in every environment that has vendorlab installed, so it imports nothing
but pytest and the standard library, and it leaves runs alone that collect no suite of ours.
"""

from __future__ import annotations

import argparse

import pytest

MARKERS = (
    "vendorlab(vendor): belongs to the contract suite of that vendor",
    "claim(id, ...): proves these claims of the vendor's claims.yaml",
    "needs(capability, ...): runs only where the target has these capabilities",
)


RULES = "vendorlab.contracts.core.django.rules"
"""Tests that suites inherit; pytest explains failed assertions of its own accord only in modules that it collects."""
pytest.register_assert_rewrite(RULES)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options of a run."""
    group = parser.getgroup("vendorlab", "vendorlab's contract suites")
    group.addoption(
        "--vendorlab-target",
        action="append",
        default=[],
        metavar="VENDOR=URL",
        help="where a vendor is (repeatable); else VENDORLAB_<VENDOR>_URL. Credentials: VENDORLAB_<VENDOR>_USERNAME, …",
    )
    group.addoption(
        "--vendorlab-allow",
        action="append",
        default=[],
        metavar="CAP[,CAP]",
        help="what a run may do: write, exhaust, spend, wait, all, none. Elsewhere than on this machine a run only "
        "reads until allowed more",
    )
    group.addoption(
        "--vendorlab-budget",
        type=int,
        default=None,
        metavar="N",
        help="requests a run may make; what is left over is skipped",
    )
    group.addoption(
        "--vendorlab-claim",
        action="append",
        default=[],
        metavar="ID",
        help="run only the tests of this claim (repeatable)",
    )
    group.addoption("--vendorlab-progress", type=int, default=None, help=argparse.SUPPRESS)
    group.addoption(
        "--vendorlab-secrets",
        default=None,
        metavar="FILE",
        help="credentials: a file of the environment's variables, TOML or NAME=value, that only its owner may read",
    )
    group.addoption(
        "--vendorlab-record",
        default=None,
        metavar="DIR",
        help="keep the shapes of what is answered, without values, and the evidence on each claim, in DIR",
    )
    group.addoption(
        "--vendorlab-plan",
        default=None,
        metavar="FILE",
        help="ask without waiting, as fakes may be asked, and write to FILE what was asked and how long it would take",
    )
    group.addoption("--vendorlab-json", default=None, metavar="FILE", help="write the report of the claims to FILE")


def pytest_configure(config: pytest.Config) -> None:
    """Register the markers, since no user's configuration lists them."""
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Take charge of the run if, and only if, it collected tests of a suite."""
    if any(item.get_closest_marker("vendorlab") for item in items):
        from vendorlab.contracts.core.session import SuiteRun, select  # noqa: PLC0415 - only where a suite is collected

        select(config, items)
        config.pluginmanager.register(SuiteRun.for_items(config, items), SuiteRun.NAME)
        if (descriptor := config.getoption("--vendorlab-progress")) is not None:
            from vendorlab.contracts.core.progress import Progress  # noqa: PLC0415 - only where somebody listens

            config.pluginmanager.register(Progress(descriptor))
