"""Pages of the reference, written from the code at each build, so that they cannot be behind it."""

from __future__ import annotations

import ast
import inspect
from collections import Counter
from importlib import import_module
from typing import TYPE_CHECKING, Any

import msgspec
import yaml

import vendorlab
from vendorlab.mocks import registry
from vendorlab.mocks.core.control.openapi import describe

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

SOURCES = ("documented", "public", "framework", "observed", "inferred")


def pages(tree: Path) -> dict[str, str]:
    """Every page by its place in the site."""
    return {
        "reference/control-api.md": control_api(describe(vendorlab.__version__)),
        "reference/fixtures.md": fixtures(tree),
        "reference/settings.md": settings(),
        "reference/faithfulness.md": faithfulness(tree),
    }


def table(columns: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    """A table of Markdown."""
    names = list(columns)
    lines = [names, ["---"] * len(names), *([_cell(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def control_api(document: dict[str, Any]) -> str:
    """Every call of the control API, from its OpenAPI description."""
    parts = [_CONTROL]
    paths: dict[str, dict[str, Any]] = document["paths"]
    for path, methods in paths.items():
        for method in (name for name in methods if name != "parameters"):
            call: dict[str, Any] = methods[method]
            parts.append(f"## {method.upper()} `{path}`\n\n{call.get('summary') or call.get('description', '')}\n")
            named = [_parameter(document, one) for one in [*methods.get("parameters", []), *call.get("parameters", [])]]
            if named:
                parts.append(table(["parameter", "in", "meaning"], named))
            if "requestBody" in call:
                parts.append(f"Body: {_schema(call['requestBody'])}\n")
            answers: dict[str, dict[str, Any]] = call["responses"]
            rows = [(status, found.get("description", ""), _schema(found)) for status, found in answers.items()]
            parts.append(table(["answer", "when", "body"], rows))
    return "\n".join(parts)


def fixtures(tree: Path) -> str:
    """Every fixture of the plugin, by its docstring."""
    module = ast.parse((tree / "src" / "vendorlab" / "pytest_plugin.py").read_text(encoding="utf-8"))
    found = [
        (f"`{one.name}`", (ast.get_docstring(one) or "").replace("\n", " "))
        for one in module.body
        if isinstance(one, ast.FunctionDef) and any("fixture" in ast.unparse(mark) for mark in one.decorator_list)
    ]
    return (
        "# pytest fixtures\n\nInstalled with vendorlab, loaded by pytest by itself.\n\n"
        + table(["fixture", "gives"], found)
        + "\nIn a test: [In your tests](../index.md#in-your-tests).\n"
    )


def settings() -> str:
    """Every switch of every vendor, with its default and what its docstring says."""
    parts = [_SETTINGS]
    for vendor in registry.vendors():
        kind = import_module(f"vendorlab.mocks.{vendor}.settings").Settings
        told = _attributes(inspect.getdoc(kind) or "")
        rows = [
            (f"`{vendor}.{one.name}`", f"`{_default(one)}`", told.get(one.name, ""))
            for one in msgspec.structs.fields(kind)
        ]
        parts.append(f"## {vendor}\n\n" + table(["setting", "default", "meaning"], rows))
    return "\n".join(parts)


def faithfulness(tree: Path) -> str:
    """What a claim is, how many there are of each source, and all of them."""
    suites = {
        ".".join(file.relative_to(tree / "contracts").parts[:-1]): yaml.safe_load(file.read_text(encoding="utf-8"))
        for file in sorted((tree / "contracts").rglob("claims.yaml"))
    }
    counted = {name: Counter(str(claim["source"]) for claim in claims) for name, claims in suites.items()}
    used = [source for source in SOURCES if any(count[source] for count in counted.values())]
    rows = [(name, *(count[source] or "" for source in used)) for name, count in counted.items()]
    parts = [_FAITHFUL, table(["suite", *used], rows), _SOURCES]
    for name, claims in suites.items():
        parts.append(f"## {name}\n")
        parts.append(
            table(["source", "claim", "where"], ((one["source"], one["text"], one.get("where", "")) for one in claims))
        )
    return "\n".join(parts)


_CONTROL = """\
# The control API, call by call

From its own description, `GET /openapi.json`. How it is used, and who may, is told on [its page](../control.md).
"""
_SETTINGS = """\
# Settings of vendors

Switches for what a vendor leaves open: `vendorlab up --set VENDOR.KEY=VALUE`,
`VENDORLAB_SETTINGS="VENDOR.KEY=VALUE ..."`, or `vendorlab.world(settings={...})`.
"""
_FAITHFUL = """\
# How faithful it is

Nobody here can see into a vendor. What the fakes do is written down as *claims*: one sentence each, with where it comes
from. Each claim is proved by a test of the vendor's [contract suite](../contracts.md), on the fake or on the real
endpoint; a claim without a test fails the build, and so does a test without a claim. Claims are counted for each source
and never summed, since *inferred* proves nothing about the vendor.
"""
_SOURCES = """\
- **documented**: the vendor says so, on the page that is named.
- **public**: other public material says so, such as programs that the vendor published.
- **framework**: measured on the libraries that the vendor evidently runs.
- **observed**: seen on the real endpoint, on the day that is named.
- **inferred**: judgement, with its reason; a switch where it may well be otherwise ([settings](settings.md)).
"""


def _cell(value: Any) -> str:
    return " ".join(str(value).split()).replace("|", "\\|").replace("<", "&lt;")


def _default(one: msgspec.structs.FieldInfo) -> Any:
    return one.default_factory() if one.default is msgspec.NODEFAULT else one.default


def _parameter(document: dict[str, Any], one: dict[str, Any]) -> tuple[str, str, str]:
    if "$ref" in one:
        for step in one["$ref"].removeprefix("#/").split("/"):
            document = document[step]
        one = document
    return f"`{one['name']}`", one["in"], one.get("description", "")


def _schema(holder: dict[str, Any]) -> str:
    for content in holder.get("content", {}).values():
        schema = content.get("schema", {})
        return f"`{schema.get('$ref', schema.get('type', 'object')).rpartition('/')[2]}`"
    return ""


def _attributes(doc: str) -> dict[str, str]:
    """The `Attributes:` of a docstring; several names may share a sentence."""
    found: dict[str, str] = {}
    names: list[str] = []
    for line in doc.partition("Attributes:")[2].splitlines():
        head, colon, rest = line.strip().partition(":")
        if colon and line.startswith("    ") and not line.startswith("     "):
            names = [name.strip() for name in head.split(",")]
            found |= dict.fromkeys(names, rest.strip())
        elif line.strip():
            found |= {name: f"{found[name]} {line.strip()}" for name in names}
    return found
