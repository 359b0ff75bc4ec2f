"""Pages of the reference, written from the code at each build, so that they cannot be behind it."""

from __future__ import annotations

import ast
import inspect
import re
import tomllib
from collections import Counter
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

import control_api
import msgspec
import yaml
from msgspec.structs import fields
from tables import attributes, table

import vendorlab
from vendorlab.mocks import registry
from vendorlab.mocks.core.control.openapi import describe

if TYPE_CHECKING:
    from pathlib import Path

SOURCES = ("documented", "public", "framework", "observed", "inferred")


def pages(tree: Path) -> dict[str, str]:
    """Every page by its place in the site."""
    return {
        "reference/control-api.md": control_api.page(describe(vendorlab.__version__)),
        "reference/fixtures.md": fixtures(tree),
        "reference/settings.md": settings(),
        **claims(tree),
    }


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
        + "\nHow they are used: [In pytest, unittest and plain Python](../pytest.md).\n"
    )


def settings() -> str:
    """Every switch of every vendor, with its default and what its docstring says."""
    parts = [_SETTINGS]
    for vendor in registry.vendors():
        kind = import_module(f"vendorlab.mocks.{vendor}.settings").Settings
        told = attributes(inspect.getdoc(kind) or "")
        rows = [(f"`{vendor}.{one.name}`", _default(one), told.get(one.name, "")) for one in fields(kind)]
        parts.append(f"## {vendor}\n\n" + table(["setting", "default", "meaning"], rows))
    return "\n".join(parts)


def claims(tree: Path) -> dict[str, str]:
    """What a claim is and how many there are of each source; and a page of them for each suite."""
    suites = {
        ".".join(file.relative_to(tree / "contracts").parts[:-1]): yaml.safe_load(file.read_text(encoding="utf-8"))
        for file in sorted((tree / "contracts").rglob("claims.yaml"))
    }
    counted = {name: Counter(str(claim["source"]) for claim in found) for name, found in suites.items()}
    used = [source for source in SOURCES if any(count[source] for count in counted.values())]
    rows = [
        (f"[{name.replace('.', '-')}]({claims_place(name)})", *(count[source] or "" for source in used))
        for name, count in counted.items()
    ]
    overview = "\n".join([_FAITHFUL, table(["suite", *used], rows), _SOURCES])
    return {"reference/faithfulness.md": overview} | {
        f"reference/{claims_place(name)}": _suite(name, found) for name, found in suites.items()
    }


def claims_place(suite: str) -> str:
    """The page of a suite's claims, seen from the reference."""
    return f"claims-{suite.replace('.', '-')}.md"


def _suite(name: str, found: list[dict[str, Any]]) -> str:
    address = name.replace(".", "-")
    about = "Our own API: [how it is used](../control.md)."
    if name != "control":
        page = {"itron-platform": "itron"}.get(address, address)
        about = f"The fake: [what is faithful and what is inferred](../vendors/{page}.md)."
    rows = ((f"`{one['id']}`<br>{one['text']}", one["source"], _linked(one.get("where", ""))) for one in found)
    return (
        f"# Claims: {address}\n\n{about} [What the sources mean](faithfulness.md).\n\n"
        f"`vendorlab check {address}` asks them all, and in pytest `--vendorlab-claim ID` one.\n\n"
    ) + table(["claim", "source", "where"], rows)


def _linked(text: str) -> str:
    """A text whose addresses lead there."""
    return re.sub(r"https?://[^\s,;]*[^\s,;.:)]", r"[\g<0>](\g<0>)", text)


def unreleased(tree: Path) -> str:
    """What lies in changes/, under the headings that it will have in the changelog."""
    settings = tomllib.loads((tree / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["towncrier"]
    parts = ["\n## Not yet released\n"]
    for kind in settings["type"]:
        found = sorted((tree / "changes").glob(f"*.{kind['directory']}*.md"))
        if found:
            texts = (" ".join(path.read_text(encoding="utf-8").split()).removeprefix("- ") for path in found)
            parts.append("\n".join([f"### {kind['name']}\n", *(f"- {text}" for text in texts), ""]))
    return "\n".join(parts)


_SETTINGS = """\
# Settings of vendors

Switches for what a vendor leaves open: `vendorlab up --set VENDOR.KEY=VALUE`,
`VENDORLAB_SETTINGS="VENDOR.KEY=VALUE ..."`, or `vendorlab.world(settings={...})`.
"""
_FAITHFUL = """\
# How faithful it is

Nobody here can see into a vendor. What the fakes do is written down as *claims*: one sentence each, with where it comes
from; each suite's stand on a page of their own. Each claim is proved by a test of the vendor's
[contract suite](../contracts.md), on the fake or on the real endpoint; a claim without a test fails the build, and so
does a test without a claim. Claims are counted for each source and never summed, since *inferred* proves nothing about
the vendor.
"""
_SOURCES = """\
- **documented**: the vendor says so, on the page that is named.
- **public**: other public material says so, such as programs that the vendor published.
- **framework**: measured on the libraries that the vendor evidently runs.
- **observed**: seen on the real endpoint, on the day that is named.
- **inferred**: judgement, with its reason; a switch where it may well be otherwise ([settings](settings.md)).
"""


def _default(one: msgspec.structs.FieldInfo) -> str:
    """A default as `--set` takes it."""
    value: object = one.default_factory() if one.default is msgspec.NODEFAULT else one.default
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if value is None or value == "":
        return "none"
    return f"`{', '.join(map(str, cast('tuple[object, ...]', value)))}`" if isinstance(value, tuple) else f"`{value}`"
