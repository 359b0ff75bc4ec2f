"""Modules stay under 400 lines and functions fit a screen; those that may not are named here, each with its reason."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

MODULE_LINES = 400
FUNCTION_LINES = 60

# Path, or path::function, to the reason why it may be longer. An entry that is no longer needed fails the test.
EXCEPTIONS: dict[str, str] = {}

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
    if lines > MODULE_LINES:
        yield name, f"{name}: {lines} lines, at most {MODULE_LINES}"
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
    assert [place for place, _ in too_long("a.py", ast.parse(source), 401)] == ["a.py", "a.py::long"]
