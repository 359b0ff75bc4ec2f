"""What a user's test sees of an installed vendorlab."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import vendorlab

PLUGINS = {"vendorlab": "vendorlab.pytest_plugin", "vendorlab_contracts": "vendorlab.contracts.plugin"}


@pytest.mark.parametrize("name", PLUGINS)
def test_plugin_is_registered(pytestconfig: pytest.Config, name: str) -> None:
    plugin = pytestconfig.pluginmanager.get_plugin(name)
    assert plugin is not None
    assert plugin.__name__ == PLUGINS[name]


def test_vendorlab_is_the_installed_one() -> None:
    assert Path(vendorlab.__file__).is_relative_to(sys.prefix)
