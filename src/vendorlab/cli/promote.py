"""``vendorlab promote``: what was observed goes where the inferred stood."""

from __future__ import annotations

from pathlib import Path

import rich_click as click

from vendorlab.cli.common import UsageFailure


@click.command()
@click.argument("evidence", type=click.Path(exists=True, path_type=Path))
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Where the patch goes, if not here.",
)
@click.option("--write", is_flag=True, help="Change the files of the suite instead of writing a patch.")
def promote(evidence: Path, output: Path | None, write: bool) -> int:
    """Write a patch that makes inferred claims observed ones, from what `check --record` kept of the real endpoint.

    EVIDENCE is the folder of a recording, or one file in its `claims`. A claim counts as observed if all of its tests
    that ran passed there. In openapi.yaml, operations of these claims get the types and fields that were seen.

    \b
    Examples:
      vendorlab promote observed | git apply --check
      vendorlab promote observed/claims/scanalytics.whoami.fields.json --output whoami.patch

    Exit code: 0 there was something to promote, 1 nothing, 2 wrong use.
    """
    try:
        from vendorlab.contracts.core.errors import UsageError
        from vendorlab.contracts.core.promoting import load_evidence, revisions
        from vendorlab.contracts.core.report import write_text
    except ModuleNotFoundError as error:
        raise UsageFailure(f"the contract suites need {error.name}: pip install 'vendorlab[contracts]'") from error

    if write and output:
        raise UsageFailure("--write and --output do not go together")
    try:
        found = revisions(load_evidence(evidence))
        for each in found if write else ():
            write_text(each.path, each.after)
            click.echo(f"changed {each.path}", err=True)
        patch = "".join(each.patch() for each in found)
        if output:
            write_text(output, patch)
        elif not write:
            click.echo(patch, nl=False)
    except (UsageError, OSError) as error:
        raise UsageFailure(str(error)) from error
    if not found:
        click.echo("no inferred claim was observed on the vendor's own endpoint: nothing to promote", err=True)
    return int(not found)
