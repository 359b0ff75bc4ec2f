"""Every ``>>>`` example in a docstring of the shipped code is true."""

from __future__ import annotations

import doctest
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = {"src/vendorlab": "vendorlab", **{name: f"vendorlab.{name}" for name in ("mocks", "clients", "contracts")}}


def modules_with_examples() -> list[str]:
    """Name the modules whose text holds an example; test modules are left to pytest."""
    found: list[str] = []
    for folder, package in FOLDERS.items():
        for path in (ROOT / folder).rglob("*.py"):
            if ">>>" in path.read_text(encoding="utf-8") and not path.name.startswith(("test_", "conftest")):
                parts = path.relative_to(ROOT / folder).with_suffix("").parts
                found.append(".".join((package, *parts)).removesuffix(".__init__"))
    return sorted(found)


@pytest.mark.parametrize("module", modules_with_examples())
def test_docstring_examples_are_true(module: str) -> None:
    result = doctest.testmod(import_module(module), optionflags=doctest.ELLIPSIS)
    assert result.attempted > 0
    assert result.failed == 0
