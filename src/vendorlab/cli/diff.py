"""``vendorlab diff``: what changed between two recordings, or two reports."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import rich_click as click

from vendorlab.cli.common import UsageFailure, show_json, show_table

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command()
@click.argument("before", type=_FILE)
@click.argument("after", type=_FILE)
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

    A fake against the real one, or last month against today: statuses, headers, fields, types and verdicts, as ERR,
    WARN or INFO. What varies by itself does not count. Only what both were asked is compared.

    \b
    Examples:
      vendorlab diff fake/scanalytics.json observed/scanalytics.json
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
        (kind, one), (other_kind, other) = load(before), load(after)
        if kind != other_kind:
            raise UsageFailure(f"{before} is a {kind}, and {after} is a {other_kind}")
        changes = compare(one, other, kind, rules)
    except UsageError as error:
        raise UsageFailure(str(error)) from error
    if as_json:
        show_json([{"level": c.level, "kind": c.kind, "where": c.where, "text": c.text} for c in changes])
    else:
        rows = [[each.level, each.kind, each.where, each.text] for each in changes]
        show_table(["level", "kind", "where", "change"], rows, empty="nothing changed")
    counts = Counter(each.level for each in changes)
    return int(bool(counts[Level.ERR] or (fail_on == "warn" and counts[Level.WARN])))
