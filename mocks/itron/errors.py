"""Itron's error catalogue: what the Data Platform and the gateway in front of it refuse.

::

    core.errors.WebError
    └── PlatformError              a JSON object with a message
        ├── BadRequest             400: what was sent cannot be read, or makes no sense
        │   └── BadCursor          400: ``after`` is not a cursor of this list
        ├── Unauthorized           401: the token, or the client's credentials, are not accepted
        ├── Forbidden              403: the token's policy does not allow the call
        ├── MissingToken           403: the gateway's word for a path or method that it does not know
        ├── NotFound               404: no such device or template; a solution without devices
        │   └── NoSuchPath         404: instead of ``MissingToken``, by a switch
        └── LimitExceeded          429: what the fake is willing to keep is full

Public: errors are JSON objects with a ``message``, and the statuses 400 and 404. The texts are those of AWS's API
Gateway, which the token's policy points to (inferred).
"""

from __future__ import annotations

import msgspec

from ..core.errors import WebError
from ..core.web.message import Answer

JSON = ("Content-Type", "application/json")

CORS = (
    ("Access-Control-Allow-Origin", "*"),
    ("Access-Control-Expose-Headers", "next_page"),
)
"""On every answer, refusals included: the vendor recommends its tokens for programs in browsers."""

TEXTS = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    413: "Request Too Long",
    429: "Too Many Requests",
    500: "Internal server error",
    502: "Internal server error",
    503: "Service Unavailable",
    504: "Endpoint request timed out",
}
"""What the gateway says to a status that nothing more is known of."""


def refusal(status: int, message: str | None = None) -> Answer:
    """A refusal on the wire."""
    text = message or TEXTS.get(status, "Error")
    return Answer(status, msgspec.json.encode({"message": text}), [JSON, *CORS])


class PlatformError(WebError):
    """A JSON object with a message."""

    message = "Error"

    def __init__(self, message: str | None = None, cause: str | None = None) -> None:
        super().__init__(message or self.message)
        self.message = message or self.message
        self.cause = cause or self.cause

    def answer(self) -> Answer:
        """The refusal as it stands on the wire."""
        return refusal(self.status, self.message)


class BadRequest(PlatformError):  # noqa: N818  the gateway's own words
    """400: what was sent cannot be read, or makes no sense."""

    status, cause, message = 400, "bad-request", TEXTS[400]


class BadCursor(BadRequest):
    """400: ``after`` is not a cursor of this list (inferred)."""

    cause, message = "bad-cursor", "after is not a cursor of this list."


class Unauthorized(PlatformError):  # noqa: N818  the gateway's own words
    """401: the token, or the client's credentials, are not accepted; the cause is for the journal alone (inferred)."""

    status, cause, message = 401, "unauthorized", TEXTS[401]


class Forbidden(PlatformError):  # noqa: N818  the gateway's own words
    """403: the token's policy does not allow the call (inferred)."""

    status, cause, message = 403, "policy", "User is not authorized to access this resource"


class MissingToken(PlatformError):  # noqa: N818  the gateway's own words
    """403: the gateway's word for a path or method that it does not know (inferred)."""

    status, cause, message = 403, "no-such-path", "Missing Authentication Token"


class NotFound(PlatformError):  # noqa: N818  the gateway's own words
    """404: no such device or template, or a solution without devices."""

    status, cause, message = 404, "not-found", TEXTS[404]


class NoSuchPath(NotFound):
    """404 instead of ``MissingToken``, by a switch."""

    cause = "no-such-path"


class LimitExceeded(PlatformError):  # noqa: N818  the gateway's own words
    """429: what the fake is willing to keep is full; the vendor's own bounds are not known."""

    status, cause, message = 429, "limit", "Limit Exceeded"
