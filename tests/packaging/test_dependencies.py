"""A plain ``pip install vendorlab`` can run the fakes and the clients: what they import is what the core asks for."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions, requires
from typing import TYPE_CHECKING, Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CORE_FOLDERS = ("mocks", "clients", "src/vendorlab", "scenarios")

# Import name to the extra that brings it and the files that may import it. They must do so inside a function
# (or be loaded by whoever has the extra: pytest loads the plugin), so that the rest goes without.
LAZY: dict[str, tuple[str, str]] = {
    "pytest": ("test", r"src/vendorlab/pytest_(plugin|story|worlds)\.py"),
    "requests": ("requests", r"mocks/core/edges/adapter\.py|src/vendorlab/lab\.py"),
    "urllib3": ("requests", r"mocks/core/edges/adapter\.py"),
    "trustme": ("tls", r"mocks/core/edges/certificates\.py"),
    "cryptography": ("tls", r"mocks/core/edges/certificates\.py"),
    "opentelemetry": ("otel", r"src/vendorlab/tracing\.py"),
    "testcontainers": ("testcontainers", r"src/vendorlab/testcontainers\.py"),
    "paho": ("mqtt", r"mocks/itron/outside\.py"),
    "websockets": ("mqtt", r"mocks/core/edges/websocket\.py"),
    "uvloop": ("fast", r"mocks/core/.*\.py|src/vendorlab/.*\.py"),
}
# Import name to the core dependency whose own face it is: whoever writes for that one writes for this one too.
PART_OF = {"werkzeug": "flask", "jinja2": "flask", "click": "rich-click", "rich": "rich-click"}
# Files that are themselves loaded only by those who have the extra.
LOADED_LATE = {
    "src/vendorlab/pytest_plugin.py",
    "src/vendorlab/pytest_story.py",
    "src/vendorlab/pytest_worlds.py",
    "src/vendorlab/testcontainers.py",
    "src/vendorlab/tracing.py",
    "mocks/core/edges/adapter.py",
    "mocks/core/edges/websocket.py",
}


@pytest.fixture(scope="module")
def project(tree: Path) -> dict[str, Any]:
    """Give the project table of pyproject.toml."""
    project: dict[str, Any] = tomllib.loads((tree / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return project


@pytest.fixture(scope="module")
def core_names(project: dict[str, Any]) -> set[str]:
    """Give the normal names of the distributions that the core asks for."""
    return {canonicalize_name(Requirement(line).name) for line in project["dependencies"]}


def imports(module: ast.Module) -> Iterator[tuple[str, int, bool]]:
    """Yield the top name of every absolute import, its line, and whether it waits for a function to be called."""
    inner = {id(node) for function in ast.walk(module) if _waits(function) for node in ast.walk(function)}
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            names = [item.name for item in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [node.module]
        else:
            continue
        yield from ((name.partition(".")[0], node.lineno, id(node) in inner) for name in names)


def _waits(node: ast.AST) -> bool:
    typing_only = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    return typing_only or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)


def test_core_imports_only_what_the_core_asks_for(tree: Path, core_names: set[str]) -> None:
    providers = packages_distributions()
    problems: list[str] = []
    for path in (path for folder in CORE_FOLDERS for path in sorted((tree / folder).rglob("*.py"))):
        name = path.relative_to(tree).as_posix()
        for top, line, lazy in imports(ast.parse(path.read_text(encoding="utf-8"))):
            if top in sys.stdlib_module_names or top == "vendorlab" or PART_OF.get(top) in core_names:
                continue
            if core_names & {canonicalize_name(provider) for provider in providers.get(top, ())}:
                continue
            _, files = LAZY.get(top, ("", r"(?!)"))
            if not (re.fullmatch(files, name) and (lazy or name in LOADED_LATE)):
                problems.append(f"{name}:{line}: {top}")
    assert "\n".join(problems) == ""


def test_part_of_a_core_dependency_comes_with_it() -> None:
    for part, whole in PART_OF.items():
        needs = [Requirement(line) for line in requires(whole) or []]
        assert canonicalize_name(part) in {canonicalize_name(need.name) for need in needs if not need.marker}


def test_lazy_imports_belong_to_the_extras_that_the_table_names(project: dict[str, Any]) -> None:
    extras = project["optional-dependencies"]
    providers = packages_distributions()
    for top, (extra, _) in LAZY.items():
        asked = {canonicalize_name(Requirement(line).name) for line in extras[extra]}
        assert asked & {canonicalize_name(provider) for provider in providers[top]}, f"{extra} does not bring {top}"


def test_import_inside_a_function_waits_and_one_at_the_top_does_not() -> None:
    source = "import yaml.nodes\nfrom . import a\nfrom vendorlab.x import y\ndef f():\n    from uvloop import run\n"
    found = [("yaml", 1, False), ("vendorlab", 3, False), ("uvloop", 5, True)]
    assert sorted(imports(ast.parse(source)), key=lambda item: item[1]) == found
