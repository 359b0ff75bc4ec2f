"""``vendorlab diff``: what changed between two recordings, or two reports."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import rich_click as click

from vendorlab.cli.common import UsageFailure, show_json, show_table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from vendorlab.contracts.core.drift import Change

_FILE = click.Path(dir_okay=False, path_type=Path)
_IDLE = ("verdict-lost", "verdict-found")
_RECORDED = click.Path(exists=True, path_type=Path)


@click.command()
@click.argument("before", type=_RECORDED)
@click.argument("after", type=_RECORDED)
@click.option(
    "--fail-on",
    type=click.Choice(["err", "warn"]),
    default="err",
    show_default=True,
    help="From which severity on the exit code is 1.",
)
@click.option("--rules", "rules_path", type=_FILE, metavar="FILE", help="Other rules than the built-in ones, as YAML.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def diff(before: Path, after: Path, fail_on: str, rules_path: Path | None, as_json: bool) -> int:
    """Tell what changed between two recordings (`check --record`) or two reports (`check --json`).

    Each is a file, or the folder of a recording. A fake against the real one, or last month against today: statuses,
    headers, fields, types and verdicts, as ERR, WARN or INFO. What varies by itself does not count, and of answers only
    what both were asked is compared. Tests that only one side ran are told in a line for each module.

    \b
    Examples:
      vendorlab diff fake observed
      vendorlab diff october.json november.json --fail-on warn

    Exit code: 0 nothing grave, 1 something, 2 wrong use.
    """
    try:
        from vendorlab.contracts.core.drift import Level, Rules, compare, load
        from vendorlab.contracts.core.errors import UsageError
    except ModuleNotFoundError as error:
        raise UsageFailure(f"the contract suites need {error.name}: pip install 'vendorlab[contracts]'") from error

    try:
        rules = Rules.load(rules_path)
        (kind, one), (other_kind, other) = load(_recording(before)), load(_recording(after))
        if kind != other_kind:
            raise UsageFailure(f"{before} is a {kind}, and {after} is a {other_kind}")
        changes = compare(one, other, kind, rules)
    except UsageError as error:
        raise UsageFailure(str(error)) from error
    if as_json:
        show_json([{"level": c.level, "kind": c.kind, "where": c.where, "text": c.text} for c in changes])
    else:
        rows = [[each.level, each.kind, each.where, each.text] for each in _folded(changes)]
        show_table(["level", "kind", "where", "change"], rows, empty="nothing changed")
    counts = Counter(each.level for each in changes)
    return int(bool(counts[Level.ERR] or (fail_on == "warn" and counts[Level.WARN])))


def _recording(path: Path) -> Path:
    """The recording in a folder, or the file itself."""
    if not path.is_dir():
        return path
    found = sorted(path.glob("*.json"))
    if len(found) != 1:
        names = ", ".join(each.name for each in found) or "none"
        raise UsageFailure(f"{path} is not the folder of one recording; files in it: {names}")
    return found[0]


def _folded(changes: Sequence[Change]) -> Iterator[Change]:
    """Changes with one line for all tests of a module that only one side ran; there may be hundreds."""
    from vendorlab.contracts.core.drift import Change

    idle: dict[tuple[str, str, str], list[Change]] = {}
    for each in changes:
        module, _, test = each.where.partition("::")
        if each.kind in _IDLE and test:
            idle.setdefault((each.kind, module, each.text), []).append(each)
        else:
            yield each
    for (kind, module, text), found in idle.items():
        where = found[0].where if len(found) == 1 else f"{module}: {len(found)} tests"
        yield Change(found[0].level, where, kind, text)
