"""Every module says at its top what it is for; ruff asks the same of what is public inside, but not of tests."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def test_module_opens_with_a_docstring(parsed: Mapping[str, ast.Module]) -> None:
    assert [name for name, module in parsed.items() if not ast.get_docstring(module)] == []
