"""Names of suites, and the packages that they lead to."""

from __future__ import annotations

import importlib

import pytest

from vendorlab.contracts.core.suites import suite_folder, suite_names, suite_package


@pytest.mark.parametrize(
    ("name", "package"),
    [
        ("scanalytics", "vendorlab.contracts.scanalytics"),
        ("itron-platform", "vendorlab.contracts.itron.platform"),
        ("itron-data-platform", "vendorlab.contracts.itron.data_platform"),
    ],
)
def test_first_dash_is_a_dot_and_others_are_underscores(name: str, package: str) -> None:
    assert suite_package(name) == package
    assert suite_folder(name).parts[-len(package.split(".")) + 1 :] == tuple(package.split(".")[1:])


def test_every_suite_is_a_package_that_its_name_leads_to() -> None:
    names = suite_names()
    assert {"scanalytics", "inode", "control"} <= set(names)
    for name in names:
        assert importlib.import_module(suite_package(name)).REQUIRED_CREDENTIALS
