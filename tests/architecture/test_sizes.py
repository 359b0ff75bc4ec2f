"""Modules stay under 400 lines and functions fit a screen; those that may not are named here, each with its reason."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

MODULE_LINES = 400
TEST_MODULE_LINES = 600  # tables of cases are long, and cutting one in two helps nobody
FUNCTION_LINES = 60

# Path, or path::function, to the reason why it may be longer. An entry that is no longer needed fails the test.
EXCEPTIONS: dict[str, str] = {}

TEST_MODULE = re.compile(r"tests/.*/test_\w+\.py")
Function = ast.FunctionDef | ast.AsyncFunctionDef


def length(function: Function) -> int:
    """Count a function's lines without its docstring: nobody should shorten an explanation to pass."""
    lines = (function.end_lineno or function.lineno) - function.lineno + 1
    first = function.body[0]
    if ast.get_docstring(function) is not None:
        lines -= (first.end_lineno or first.lineno) - first.lineno + 1
    return lines


def too_long(name: str, module: ast.Module, lines: int) -> Iterator[tuple[str, str]]:
    """Yield the module, and each function in it, that is over its limit, with a sentence."""
    limit = TEST_MODULE_LINES if TEST_MODULE.fullmatch(name) else MODULE_LINES
    if lines > limit:
        yield name, f"{name}: {lines} lines, at most {limit}"
    for node in ast.walk(module):
        if isinstance(node, Function) and length(node) > FUNCTION_LINES:
            place = f"{name}::{node.name}"
            yield place, f"{name}:{node.lineno}: {node.name}: {length(node)} lines, at most {FUNCTION_LINES}"


def test_modules_and_functions_fit(tree: Path, parsed: Mapping[str, ast.Module]) -> None:
    found: dict[str, str] = {}
    for name, module in parsed.items():
        lines = len((tree / name).read_text(encoding="utf-8").splitlines())
        found.update(too_long(name, module, lines))
    assert [sentence for place, sentence in found.items() if place not in EXCEPTIONS] == []
    assert [place for place in EXCEPTIONS if place not in found] == [], "these exceptions are no longer needed"


def test_function_of_sixty_one_lines_is_too_long() -> None:
    body = "\n".join(["    x = 1"] * 60)
    source = (
        f'def long():\n    """Two lines\n    of docstring."""\n{body}\n\ndef short():\n    """Fits."""\n    x = 1\n'
    )
    assert [place for place, _ in too_long("a.py", ast.parse(source), 400)] == ["a.py::long"]


@pytest.mark.parametrize(
    ("name", "limit"), [("mocks/core/a.py", 400), ("contracts/x/test_a.py", 400), ("tests/mocks/core/test_a.py", 600)]
)
def test_module_over_its_limit_is_too_long(name: str, limit: int) -> None:
    assert list(too_long(name, ast.parse(""), limit)) == []
    assert [place for place, _ in too_long(name, ast.parse(""), limit + 1)] == [name]
