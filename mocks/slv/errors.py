"""SLV's error catalogue: what the server refuses, and how.

::

    core.errors.WebError
    ├── NotLoggedIn          200: the login page, in HTML (public: calls "fail with HTML")
    ├── WrongBasic           401: wrong Basic credentials where one logs in by them
    ├── CsrfRequired         403: no CSRF token, or none that holds (from 7.8)
    ├── NotPermitted         403: the user's profile blocks the call (inferred)
    ├── LoginTimeout         408: the form was sent without a session (Tomcat's word)
    ├── NoSuchMethod         404: no such service or method
    ├── MethodNotAllowed     405: neither GET nor POST
    └── TooManyParameters    400

    Refusal                  the call was understood, and cannot be: how it is told depends on what the call answers
    ├── MissingParameter, InvalidParameter
    ├── Unknown              a device, controller, geozone, value name, … that is not there
    ├── Conflict             it is there already, or still in use
    ├── LimitExceeded        what the fake is willing to keep or to say is full
    └── CommandFailed        the hardware said no

A ``Refusal`` of a call that answers with an ``SLVResult`` or ``SLVBatchResult`` is such a one, with status 200; of
any other call it is a 500 with the message as text: bare objects have no member for errors (inferred).
"""

from __future__ import annotations

from ..core.errors import WebError
from ..core.web.message import Answer
from . import pages

TEXT = ("Content-Type", "text/plain;charset=UTF-8")

REALM = "Authentication required"
"""Of the Basic challenge (public)."""


def plain(status: int, text: str) -> Answer:
    """A few words with a status."""
    return Answer(status, text.encode(), [TEXT])


class NotLoggedIn(WebError):  # noqa: N818  plain words read better than a suffix on each
    """200 with the login page instead of an answer."""

    status, cause = 200, "not-logged-in"

    def __init__(self, cause: str = "not-logged-in") -> None:
        super().__init__(cause)
        self.cause = cause

    def answer(self) -> Answer:
        """The page."""
        return pages.login(failed=False)


class WrongBasic(WebError):  # noqa: N818
    """401 with a challenge."""

    status, cause = 401, "bad-login"

    def answer(self) -> Answer:
        """The challenge."""
        answer = plain(401, "Unauthorized")
        answer.headers.append(("WWW-Authenticate", f'Basic realm="{REALM}"'))
        return answer


class CsrfRequired(WebError):  # noqa: N818
    """403 that asks for a CSRF token (inferred: the pair Fetch and Required is a well-known Java filter's)."""

    status, cause = 403, "csrf"

    def answer(self) -> Answer:
        """The refusal."""
        answer = plain(403, "CSRF nonce validation failed")
        answer.headers.append(("X-CSRF-Token", "Required"))
        return answer


class NotPermitted(WebError):  # noqa: N818
    """403 with the sentence that SLV has for a blocked action."""

    status, cause = 403, "not-permitted"

    def __init__(self, login: str, action: str) -> None:
        super().__init__(f"User '{login}' is not authorized to perform '{action}'!")

    def answer(self) -> Answer:
        """The refusal."""
        return plain(403, str(self))


class LoginTimeout(WebError):  # noqa: N818
    """408 for a login form that belongs to no session."""

    status, cause = 408, "no-session"

    def answer(self) -> Answer:
        """The refusal."""
        text = "The time allowed for the login process has been exceeded. Request the page again and log in."
        return plain(408, text)


class NoSuchMethod(WebError):  # noqa: N818
    """404."""

    status, cause = 404, "no-such-method"

    def answer(self) -> Answer:
        """The refusal."""
        return plain(404, "Not Found")


class MethodNotAllowed(WebError):  # noqa: N818
    """405 for whatever is neither GET nor POST."""

    status, cause = 405, "method-not-allowed"

    def answer(self) -> Answer:
        """The refusal."""
        answer = plain(405, "Method Not Allowed")
        answer.headers.append(("Allow", "GET, HEAD, POST"))
        return answer


class TooManyParameters(WebError):  # noqa: N818
    """400 for more parameters than a servlet container reads."""

    status, cause = 400, "too-many-parameters"

    def answer(self) -> Answer:
        """The refusal."""
        return plain(400, "Too many parameters")


class Refusal(Exception):  # noqa: N818
    """The call was understood, and cannot be.

    Attributes:
        code: the ``errorCode``, not 0 (the numbers are ours).
        label: the ``errorCodeLabel``.
        cause: for the journal.
        value: the ``value``, where a call puts its words there.
    """

    code, label = 1, "ERROR"

    def __init__(self, message: str, value: str | None = None) -> None:
        super().__init__(message)
        self.value = value

    @property
    def cause(self) -> str:
        """The label, as the journal writes causes."""
        return self.label.lower().replace("_", "-")


class MissingParameter(Refusal):
    """A parameter without which the call makes no sense."""

    code, label = 10, "MISSING_PARAMETER"

    def __init__(self, name: str) -> None:
        super().__init__(f"Missing parameter '{name}'")


class InvalidParameter(Refusal):
    """A parameter that cannot be read, or makes no sense."""

    code, label = 11, "INVALID_PARAMETER"


class Unknown(Refusal):
    """Something that is not there."""

    code, label = 20, "NOT_FOUND"

    def __init__(self, what: str, name: object) -> None:
        super().__init__(f"Unknown {what} '{str(name)[:200]}'")


class Conflict(Refusal):
    """It is there already, or something else still needs it."""

    code, label = 30, "CONFLICT"


class LimitExceeded(Refusal):
    """More than the fake is willing to keep, or to say in one answer; the vendor's own bounds are not known."""

    code, label = 40, "LIMIT_EXCEEDED"


class CommandFailed(Refusal):
    """The hardware said no."""

    code, label = 50, "COMMAND_FAILED"
