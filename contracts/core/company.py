"""What goes along with a run besides its tests: a plan or a recording, and the left-overs of runs that were killed."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from vendorlab.contracts.core.access import Access
from vendorlab.contracts.core.errors import LeakError, SuiteError, UsageError
from vendorlab.contracts.core.keeping import state_home
from vendorlab.contracts.core.leftovers import Leftovers
from vendorlab.contracts.core.limits import published_limits
from vendorlab.contracts.core.pacing import Imagined
from vendorlab.contracts.core.planning import Planner, plan_document
from vendorlab.contracts.core.recording import Recorder, write_recording
from vendorlab.contracts.core.report import verdicts_by_claim, write
from vendorlab.contracts.core.suites import suite_package
from vendorlab.contracts.core.witness import Witness, Witnesses

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from datetime import datetime
    from pathlib import Path

    from vendorlab.contracts.core.claims import Claim
    from vendorlab.contracts.core.control import ControlAddress
    from vendorlab.contracts.core.leftovers import Entry
    from vendorlab.contracts.core.report import Result
    from vendorlab.contracts.core.target import Target


class Company:
    """What goes along with the run of one suite.

    Args:
        target: What is asked.
        plan: Where the plan goes; given one, the run plans another: it waits for nothing.
        record: The folder that the recording goes to.

    Attributes:
        notices: Lines for the terminal.
    """

    def __init__(self, target: Target, plan: Path | None, record: Path | None) -> None:
        self._target = target
        self._plan = plan
        self._record = record
        self._imagined = Imagined() if plan else None
        self._planner = Planner(target.vendor, self._imagined) if self._imagined else None
        self._recorder = Recorder(target.vendor) if record else None
        self._witnesses = Witnesses(*(each for each in (self._planner, self._recorder) if each is not None))
        self.notices: list[str] = []

    def access(self, allow: Collection[str], control: ControlAddress | None, budget: int | None) -> Access:
        """Return what the run may do, with what goes along looking on."""
        # What lives in a world that somebody controls goes with the world; a plan's goes with its fake.
        noted = control is None and self._planner is None
        found = Access(
            self._target,
            allow,
            control,
            budget,
            witness=self._witness,
            leftovers=Leftovers.for_run(state_home(), self._target) if noted else None,
            imagined=self._imagined,
        )
        if self._planner is not None:
            found.capabilities -= {"wait"}  # nobody waits to hear what would be asked
        if self._recorder is not None:
            self._recorder.below(self._target.url)
        return found

    def enter(self, test: str) -> None:
        """Say which test is under way."""
        self._witnesses.enter(test)

    def begin(self, access: Access, beside: Callable[[str], Target | None], *, control: bool) -> None:
        """Take away what runs that were killed have left, where this one may write; else tell of it."""
        if control or self._planner is not None:
            return
        if "write" in access.capabilities:
            self.notices += clean_up(access, beside)
            return
        for old in Leftovers.abandoned(state_home(), self._target):
            self.notices.append(
                f"{len(old)} left by a run of {old.at}, on this target and still there: take away with "
                f"vendorlab check {self._target.vendor} --target {self._target.url} --clean-up"
            )

    def finish(
        self, access: Access, claims: Collection[Claim], results: Collection[Result], at: datetime
    ) -> str | None:
        """Write what is to be written; returns why that could not be, if it could not."""
        access.leftovers.close()
        for each in access.leftovers:
            self.notices.append(f"left on the target, and noted for the next run: {each}")
        if self._planner is not None and self._plan is not None:
            limits = published_limits(self._target.vendor)
            write(self._plan, plan_document(self._planner, access, results, limits))
        if self._recorder is not None and self._record is not None:
            try:
                recording = self._recorder.recording(access, results, verdicts_by_claim(claims, results), at)
                write_recording(self._record, recording, claims)
            except LeakError as error:
                return f"nothing was recorded: {error}"
            except OSError as error:
                return f"the recording cannot be written to {self._record}: {error.strerror}"
        return None

    @property
    def _witness(self) -> Witness | None:
        return self._witnesses if self._planner or self._recorder else None


def clean_up(access: Access, beside: Callable[[str], Target | None]) -> list[str]:
    """Take away what runs on a target that were killed have left there.

    Args:
        access: What may be done to the target.
        beside: Gives where another address of the vendor is.

    Returns:
        A line for each thing: that it is gone, or why it could not be taken away and stays noted.
    """
    lines: list[str] = []
    for old in Leftovers.abandoned(state_home(), access.target):
        with access.exchange.owed():
            before = list(old)
            try:
                how = _cleaner(access, beside)
            except (SuiteError, AssertionError) as error:  # nobody is let in, so nothing can be taken away
                failures: dict[int, Exception] = dict.fromkeys((each.number for each in before), error)
            else:
                failures = {entry.number: error for entry, error in old.take_away(how)}
        for each in before:
            failure = failures.get(each.number)
            became = "taken away" if failure is None else f"still there, since {failure}"
            lines.append(f"left by a run of {old.at}, {became}: {each}")
    return [access.secrets.mask(line) for line in lines]


def _cleaner(access: Access, beside: Callable[[str], Target | None]) -> Callable[[Entry], None]:
    """Return what takes things of a suite away: its ``cleaning.cleaner``."""
    try:
        module: Any = importlib.import_module(f"{suite_package(access.target.vendor)}.cleaning")
    except ModuleNotFoundError:
        raise UsageError(f"the suite of {access.target.vendor} makes nothing, so it knows no way to clean up") from None
    found: Callable[[Entry], None] = module.cleaner(access, beside)
    return found


def told(companies: Iterable[Company]) -> list[str]:
    """Return what the terminal should say of several."""
    return [line for each in companies for line in each.notices]
