"""What can go wrong on the suites' side of the line. A target that misbehaves is an ``AssertionError`` instead.

::

    SuiteError
    ├── ClaimsError         a claims.yaml that cannot be used
    ├── SpecError           an openapi.yaml that cannot be used
    ├── UsageError          a target, an option or a variable that makes no sense
    ├── ControlError        the control API refused or could not be reached
    ├── BudgetSpentError    the request budget is used up
    ├── UnreachableError    nothing answers at the target's address
    ├── ThrottledError      the target asks to wait longer than a run waits
    └── LeakError           what is to be recorded holds what nobody may see
"""

from __future__ import annotations


class SuiteError(Exception):
    """Base of everything that is our fault or the user's, not the target's."""


class ClaimsError(SuiteError):
    """A claims file that cannot be used; the message lists every problem with its line."""


class SpecError(SuiteError):
    """A description of an API that cannot be used."""


class UsageError(SuiteError):
    """A target, an option or an environment variable that makes no sense."""


class ControlError(SuiteError):
    """The control API refused a request or could not be reached."""


class BudgetSpentError(SuiteError):
    """The run has made as many requests as it was allowed to."""


class UnreachableError(SuiteError):
    """Nothing answers at the target's address."""


class ThrottledError(SuiteError):
    """The target asks to wait longer than a run waits."""


class LeakError(SuiteError):
    """What is to be recorded holds a value that nobody may see; nothing was written."""
