"""Every refusal of Django REST framework, each with its status and its form on the wire.

::

    WebError
    └── ApiError
        ├── BadRequest              400
        │   ├── ParseError          400, a broken body
        │   └── ValidationError     400, messages by field
        ├── AuthenticationFailed    401, raised by an authenticator whose credential does not hold
        ├── NotAuthenticated        401, with the first authenticator's challenge
        ├── PermissionDenied        403
        ├── NotFound                404
        │   └── NoSuchObject        404, which newer stacks tell with the model's name
        ├── MethodNotAllowed        405
        ├── NotAcceptable           406
        ├── UnsupportedMediaType    415
        └── Throttled               429, with Retry-After
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from ..errors import WebError
from ..web.message import Answer

if TYPE_CHECKING:
    from .stack import Stack

JSON = ("Content-Type", "application/json")

encode = msgspec.json.encode
"""DRF's JSON: compact, non-ASCII characters as they are."""


class ApiError(WebError):
    """A refusal by DRF: JSON, with ``detail`` unless a subclass says otherwise."""

    detail = ""

    def __init__(self, detail: str | None = None, *, cause: str | None = None) -> None:
        super().__init__(detail or self.detail)
        self.detail = detail or self.detail
        self.cause = cause or self.cause

    def data(self) -> Any:
        """The body before it is encoded."""
        return {"detail": self.detail}

    def headers(self) -> list[tuple[str, str]]:
        """Headers beyond those of every DRF answer."""
        return []

    def answer(self) -> Answer:
        """The refusal without the headers that the view adds."""
        return Answer(self.status, encode(self.data()), [JSON, *self.headers()], self.cause)


class BadRequest(ApiError):  # noqa: N818  the framework's own names read better than a suffix on each
    """400: what was sent makes no sense."""

    status, cause, detail = 400, "bad-request", "Malformed request."


class ParseError(BadRequest):
    """400: a body that is not what its media type says."""

    cause = "parse-error"

    def __init__(self, reason: str) -> None:
        super().__init__(f"JSON parse error - {reason}")


class ValidationError(BadRequest):
    """400 in DRF's form: a list of messages for each field that is wrong."""

    cause = "invalid-fields"

    def __init__(self, fields: dict[str, list[str]]) -> None:
        super().__init__()
        self.fields = fields

    def data(self) -> Any:
        """The messages by field."""
        return self.fields


class AuthenticationFailed(ApiError):  # noqa: N818
    """An authenticator found a credential of its own that does not hold; the site's challenge goes with the answer."""

    status, cause = 401, "authentication-failed"


class NotAuthenticated(ApiError):  # noqa: N818
    """401: the caller is nobody, or nobody any more. Only the challenge tells why (B01, B02, E10).

    Args:
        challenge: None where the first authenticator has none to give, as a session: the answer is 403 then (3.5).
    """

    status, cause, detail = 401, "no-credentials", "Authentication credentials were not provided."

    def __init__(self, challenge: str | None, detail: str | None = None, *, cause: str | None = None) -> None:
        super().__init__(detail, cause=cause)
        self.challenge = challenge
        if challenge is None:
            self.status = PermissionDenied.status

    def headers(self) -> list[tuple[str, str]]:
        """The challenge, if any."""
        return [] if self.challenge is None else [("WWW-Authenticate", self.challenge)]


class PermissionDenied(ApiError):  # noqa: N818
    """403: the caller may not do this (B24, B25)."""

    status, cause, detail = 403, "permission-denied", "You do not have permission to perform this action."


class NotFound(ApiError):  # noqa: N818
    """404 by a view; paths without a view get Django's page."""

    status, cause, detail = 404, "not-found", "Not found."


class NoSuchObject(NotFound):
    """404 for an object that does not exist, or that the caller may not see (3.6)."""

    def __init__(self, stack: Stack, model: str) -> None:
        super().__init__(f"No {model} matches the given query." if stack.names_missing_model else None)


class MethodNotAllowed(ApiError):  # noqa: N818
    """405 (B31)."""

    status, cause = 405, "method-not-allowed"

    def __init__(self, method: str) -> None:
        super().__init__(f'Method "{method}" not allowed.')


class NotAcceptable(ApiError):  # noqa: N818
    """406 (B39)."""

    status, cause, detail = 406, "not-acceptable", "Could not satisfy the request Accept header."


class UnsupportedMediaType(ApiError):  # noqa: N818
    """415."""

    status, cause = 415, "unsupported-media-type"

    def __init__(self, media_type: str) -> None:
        super().__init__(f'Unsupported media type "{media_type}" in request.')


class Throttled(ApiError):  # noqa: N818
    """429: the same whole seconds in Retry-After and in the text, never 0 (3.7)."""

    status, cause = 429, "throttled"

    def __init__(self, wait: int) -> None:
        unit = "second" if wait == 1 else "seconds"
        super().__init__(f"Request was throttled. Expected available in {wait} {unit}.")
        self.wait = wait

    def headers(self) -> list[tuple[str, str]]:
        """How long to wait."""
        return [("Retry-After", str(self.wait))]
