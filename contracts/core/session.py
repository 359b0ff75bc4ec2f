"""A pytest run that holds suites: skips what may not run, tells verdicts apart, writes the report."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pytest

from vendorlab.contracts.core.capabilities import CAPABILITIES, parse_allow, refusal
from vendorlab.contracts.core.claims import Claim, claim_id, load_claims
from vendorlab.contracts.core.coap.resources import Resources
from vendorlab.contracts.core.company import Company, told
from vendorlab.contracts.core.control import ControlAddress
from vendorlab.contracts.core.ending import Ending
from vendorlab.contracts.core.errors import BudgetSpentError, SuiteError, ThrottledError, UnreachableError, UsageError
from vendorlab.contracts.core.openapi import Spec
from vendorlab.contracts.core.report import Result, Verdict, combine, document, summary, vendor_document, write
from vendorlab.contracts.core.secrets_file import with_secrets
from vendorlab.contracts.core.target import Target, parse_option, variable_prefix

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping

    from vendorlab.contracts.core.access import Access

_OURS = "vendorlab"
_REASON_LENGTH = 2000
INTERRUPTED = 130


class SuiteRun:
    """Registered with pytest by ``plugin.py`` once a suite has been collected.

    Args:
        claims: The claims of every vendor whose tests were collected.
        accesses: What may be done to each vendor that there is a target for.
        json_path: Where the report goes.
        shared: Whether other processes run parts of the same suites.
        urls: The addresses that the command line gave, of these vendors and of others.
        environ: The environment, with what the file of secrets adds.
        companies: What goes along with each vendor's suite.
    """

    NAME = "vendorlab-suites"

    def __init__(
        self,
        claims: Mapping[str, tuple[Claim, ...]],
        accesses: Mapping[str, Access],
        json_path: Path | None,
        *,
        shared: bool,
        urls: Mapping[str, str],
        environ: Mapping[str, str],
        companies: Mapping[str, Company],
    ) -> None:
        self._claims = claims
        self._accesses = accesses
        self._json_path = json_path
        self._shared = shared
        self._urls = urls
        self._environ = environ
        self._companies = companies
        self._ending = Ending()
        self._phases: list[Result] = []

    @classmethod
    def for_items(cls, config: pytest.Config, items: list[pytest.Item]) -> SuiteRun:
        """Build the run for what was collected.

        Raises:
            pytest.UsageError: An option, a variable, a marker or a claims file makes no sense.
        """
        try:
            vendors = sorted({vendor for item in items if (vendor := vendor_of(item))})
            urls = dict(parse_option(text) for text in _values(config, "--vendorlab-target"))
            allow = parse_allow(_values(config, "--vendorlab-allow"))
            environ = with_secrets(os.environ, _path(config, "--vendorlab-secrets"))
            control = ControlAddress.from_environment(environ)
            targets = {vendor: Target.from_environment(vendor, environ, urls.get(vendor)) for vendor in vendors}
            claims = {vendor: load_claims(vendor) for vendor in vendors}
            budget = config.getoption("--vendorlab-budget")
            plan, record = _path(config, "--vendorlab-plan"), _path(config, "--vendorlab-record")
            if plan and len(vendors) > 1:
                raise UsageError("a plan is of one suite")
            companies = {vendor: Company(each, plan, record) for vendor, each in targets.items() if each}
            accesses = {vendor: each.access(allow, control, budget) for vendor, each in companies.items()}
        except SuiteError as error:
            raise pytest.UsageError(str(error)) from None
        for item in items:
            if vendor_of(item) and (unknown := set(_arguments(item, "needs")) - CAPABILITIES.keys()):
                raise pytest.UsageError(f"{item.nodeid} needs unknown capabilities: {', '.join(sorted(unknown))}")
        shared = hasattr(config, "workerinput")
        report = _path(config, "--vendorlab-json")
        return cls(claims, accesses, report, shared=shared, urls=urls, environ=environ, companies=companies)

    def access(self, vendor: str) -> Access:
        """Return what may be done to a vendor; skips the test that asks if there is no target."""
        found = self._accesses.get(vendor)
        if found is None:
            variable = f"{variable_prefix(vendor)}URL"
            pytest.skip(f"no target for {vendor}: give --vendorlab-target {vendor}=URL or set {variable}")
        return found

    def beside(self, vendor: str) -> Target | None:
        """Return where another address of a vendor is that a suite leans on, as for tokens; None if nobody said.

        Raises:
            UsageError: The address makes no sense.
        """
        return Target.from_environment(vendor, self._environ, self._urls.get(vendor))

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self, session: pytest.Session) -> Generator[None, object, object]:
        """See to what earlier runs have left; from here on signals end the run in order."""
        controlled = ControlAddress.from_environment(self._environ) is not None
        with self._ending.heeded():
            if not self._shared and not session.config.option.collectonly:
                for vendor, company in self._companies.items():
                    company.begin(self._accesses[vendor], self.beside, control=controlled)
            return (yield)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Skip a test that has no target, or whose target lacks what it needs."""
        vendor = vendor_of(item)
        if vendor is None:
            return
        access = self.access(vendor)
        access.transcript.clear()
        self._companies[vendor].enter(_test_name(item, vendor))
        for capability in _arguments(item, "needs"):
            if capability not in access.capabilities:
                pytest.skip(refusal(capability, access.target))
        if access.budget.exhausted:
            pytest.skip(access.budget.notice)
        if self._shared:
            raise SuiteError("a suite's tests share one account, its limits and its clock: run them in one process")

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Tell a target that is wrong from a suite that broke, and take secrets out of what is shown."""
        report = yield
        vendor = vendor_of(item)
        if vendor is None:
            return report
        error = call.excinfo.value if call.excinfo else None
        if isinstance(error, BudgetSpentError):
            report.outcome = "skipped"
            report.longrepr = (str(item.path), item.location[1] or 0, f"Skipped: {error}")
        elif isinstance(error, SuiteError):
            report.longrepr = str(error)
        if isinstance(error, UnreachableError | ThrottledError):
            item.session.shouldstop = str(error)
        reason = _reason(report, error)
        if access := self._accesses.get(vendor):
            reason = access.secrets.mask(reason)
            _redact(report, access)
        claims = tuple(claim_id(each, vendor) for each in _arguments(item, "claim"))
        verdict = _verdict(report, error)
        result = Result(
            test=_test_name(item, vendor),
            vendor=vendor,
            claims=claims,
            verdict=verdict,
            reason=reason,
            seconds=call.duration,
            **self._said(vendor, verdict),
        )
        self._phases.append(result)
        if call.when == "call" or verdict is not Verdict.PASSED:
            # JUnit XML has no word of its own for some verdicts. It reads the properties of the last phase.
            item.user_properties += [("verdict", verdict.value), *(("claim", each) for each in claims)]
            report.user_properties = list(item.user_properties)
        return report

    def _said(self, vendor: str, verdict: Verdict) -> dict[str, Any]:
        access = self._accesses.get(vendor)
        if access is None or verdict not in {Verdict.FAILED, Verdict.ERROR}:
            return {}
        return {"exchanges": tuple(access.transcript.shown()), "earlier": access.transcript.earlier}

    @pytest.hookimpl(trylast=True)  # after pytest has taken down what an interrupted test had set up
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Close the lines and write the report, the plan and the recording."""
        for access in self._accesses.values():
            access.close()
        if self._ending.asked:
            session.exitstatus = INTERRUPTED
        if self._shared:
            return
        at = datetime.now(UTC)
        if self._json_path is not None:
            requests = sum(access.budget.spent for access in self._accesses.values())
            write(self._json_path, document(self._reports, at=at, requests=requests))
        for vendor, company in self._companies.items():
            trouble = company.finish(self._accesses[vendor], self._claims[vendor], self._results(vendor), at)
            if trouble:
                company.notices.append(trouble)
                session.exitstatus = pytest.ExitCode.INTERRUPTED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Show the counts per source class."""
        terminalreporter.section("vendorlab")
        for vendor, report in self._reports.items():
            for line in summary(vendor, report):
                terminalreporter.line(line)
        for line in told(self._companies.values()):
            terminalreporter.line(line)

    @cached_property
    def _reports(self) -> dict[str, dict[str, Any]]:
        return {name: self._report(name, self._results(name)) for name in self._claims}

    def _results(self, vendor: str) -> list[Result]:
        return [each for each in combine(self._phases) if each.vendor == vendor]

    def _report(self, vendor: str, results: list[Result]) -> dict[str, Any]:
        access, description = self._accesses.get(vendor), Spec.find(vendor) or Resources.find(vendor)
        return vendor_document(
            self._claims[vendor],
            results,
            target=access.target.url if access else None,
            real=access is not None and not access.target.loopback,
            capabilities=access.capabilities if access else (),
            seen=access.operations_seen(description) if access and description else {},
        )


def select(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave only the tests of the claims that were asked for, if any were.

    Raises:
        pytest.UsageError: No test proves one of them.
    """
    wanted = set(_values(config, "--vendorlab-claim"))
    if not wanted:
        return
    claims = {item: {claim_id(each, vendor_of(item) or "") for each in _arguments(item, "claim")} for item in items}
    if unknown := wanted.difference(*claims.values()):
        raise pytest.UsageError(f"no test proves {', '.join(sorted(unknown))}")
    config.hook.pytest_deselected(items=[item for item in items if not wanted & claims[item]])
    items[:] = [item for item in items if wanted & claims[item]]


def suite_run(config: pytest.Config) -> SuiteRun:
    """Return the run that ``plugin.py`` has registered: for the fixtures of a suite."""
    return cast("SuiteRun", config.pluginmanager.get_plugin(SuiteRun.NAME))


def vendor_of(item: pytest.Item) -> str | None:
    """Return the vendor whose suite a test belongs to, or None for anybody else's test."""
    marker = item.get_closest_marker("vendorlab")
    return str(marker.args[0]) if marker else None


def _test_name(item: pytest.Item, vendor: str) -> str:
    return f"{vendor}/{item.path.name}::{item.nodeid.partition('::')[2]}"


def _path(config: pytest.Config, option: str) -> Path | None:
    value: str | None = config.getoption(option)
    return Path(value).absolute() if value else None


def _values(config: pytest.Config, option: str) -> list[str]:
    return cast("list[str]", config.getoption(option))


def _arguments(item: pytest.Item, marker: str) -> Iterator[str]:
    for mark in item.iter_markers(marker):
        yield from (str(each) for each in mark.args)


def _verdict(report: pytest.TestReport, error: BaseException | None) -> Verdict:
    if report.outcome != "failed":
        return Verdict(report.outcome)
    return Verdict.FAILED if error is not None and _about_the_target(error) else Verdict.ERROR


def _about_the_target(error: BaseException) -> bool:
    """Only an assertion speaks of the target; a KeyError in a test is the suite's own fault."""
    if isinstance(error, BaseExceptionGroup):
        members = cast("BaseExceptionGroup[BaseException]", error).exceptions
        return all(_about_the_target(each) for each in members)
    return isinstance(error, AssertionError | pytest.fail.Exception)


def _reason(report: pytest.TestReport, error: BaseException | None) -> str:
    if report.outcome == "passed":
        return ""
    if isinstance(report.longrepr, tuple):
        return report.longrepr[2].removeprefix("Skipped: ")
    if isinstance(error, AssertionError | SuiteError):
        message = getattr(getattr(report.longrepr, "reprcrash", None), "message", None) or report.longreprtext
        return message.removeprefix("AssertionError: ").strip()[:_REASON_LENGTH]
    return report.longreprtext[-_REASON_LENGTH:].strip()


def _redact(report: pytest.TestReport, access: Access) -> None:
    report.sections = [(title, access.secrets.mask(text)) for title, text in report.sections]
    if isinstance(report.longrepr, tuple):
        path, line, reason = report.longrepr
        report.longrepr = (path, line, access.secrets.mask(reason))
    elif report.longrepr is not None and (text := report.longreprtext) != (masked := access.secrets.mask(text)):
        report.longrepr = masked
