"""Where the reports of a run go, and what a person reads at its end: all made of one report."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import rich_click as click

from vendorlab.cli.common import UsageFailure

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_FILE = click.Path(dir_okay=False, path_type=Path)


@dataclass(frozen=True, slots=True)
class Places:
    """Where each form of the report goes; None is nowhere."""

    json: Path | None = None
    junit: Path | None = None
    html: Path | None = None
    markdown: Path | None = None

    def given(self) -> list[Path]:
        """Those that are somewhere."""
        return [each for each in (self.json, self.junit, self.html, self.markdown) if each]

    def check(self) -> None:
        """Say now what could not be written after minutes of tests."""
        for each in self.given():
            if not each.absolute().parent.is_dir():
                raise UsageFailure(f"{each} cannot be written: there is no folder {each.absolute().parent}")

    def write(self, report: Mapping[str, Any]) -> None:
        """Write the report in each form that was asked for, each file whole or not at all."""
        from vendorlab.contracts.core.report import write, write_text

        try:
            if self.json:
                write(self.json, report)
            if self.junit:
                from vendorlab.contracts.core.reports import junit

                write_text(self.junit, junit.render(report))
            if self.markdown:
                from vendorlab.contracts.core.reports import markdown

                write_text(self.markdown, markdown.render(report))
            if self.html:
                from vendorlab.contracts.core.reports import page

                write_text(self.html, page.render(report))
        except OSError as error:
            raise UsageFailure(f"{error.filename or 'a report'} cannot be written: {error.strerror}") from error


def report_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the options that say where reports go."""
    options = (
        ("--json", "json_path", "The report of the claims."),
        ("--junit", "junit_path", "JUnit XML, for CI."),
        ("--html", "html_path", "One page for people, which needs nothing beside it."),
        ("--markdown", "markdown_path", "A summary in Markdown, for CI."),
    )
    for option, name, text in reversed(options):
        command = click.option(option, name, type=_FILE, help=text)(command)
    return command


def of_fake(report: dict[str, Any], name: str, profile: str | None) -> dict[str, Any]:
    """Write into a report that the target was a fake, which no suite knows."""
    report["vendors"][name]["fake"] = {"profile": profile}
    return report


def failures(report: Mapping[str, Any]) -> list[str]:
    """The lines that tell of each test that found something: its claims with their sources, and why."""
    lines: list[str] = []
    for vendor in report["vendors"].values():
        claims = {claim["id"]: claim for claim in vendor["claims"]}
        for test in vendor["tests"]:
            if test["verdict"] not in {"failed", "error"}:
                continue
            lines += ["", f"{test['verdict'].upper()} {test['name']}"]
            lines += [
                f"  {claim} ({claims[claim]['source']}): {claims[claim]['text']}"
                for claim in test["claims"]
                if claim in claims
            ]
            lines += [f"  {line}" for line in test["reason"].splitlines()[:12]]
    return lines
