"""Everything that can go wrong, as classes: what is answered, and what becomes of our own requests.

::

    CoapError                            answered with its code and a diagnostic payload (RFC 7252, section 5.5.2)
    ├── ClientError
    │   ├── BadRequestError              4.00
    │   │   └── UriError                 4.00  a URI that cannot be split into options
    │   ├── UnauthorizedError            4.01
    │   ├── BadOptionError               4.02
    │   ├── ForbiddenError               4.03
    │   ├── NotFoundError                4.04
    │   ├── MethodNotAllowedError        4.05
    │   ├── NotAcceptableError           4.06
    │   ├── IncompleteError              4.08
    │   ├── ConflictError                4.09
    │   ├── PreconditionFailedError      4.12
    │   ├── TooLargeError                4.13  with Size1
    │   ├── UnsupportedFormatError       4.15
    │   ├── UnprocessableError           4.22
    │   └── TooManyRequestsError         4.29  with Max-Age (RFC 8516)
    └── ServerError                      5.00
        ├── NotSupportedError            5.01
        ├── BadGatewayError              5.02
        ├── UnavailableError             5.03  with Max-Age
        ├── GatewayTimeoutError          5.04
        ├── ProxyingNotSupportedError    5.05
        └── HopLimitReachedError         5.08  (RFC 8768)

    RequestError                         a request of ours has no answer
    ├── NoAnswerError                    nobody answered in time
    ├── ResetError                       the other side rejected it
    ├── UnusableAnswerError              what came cannot be accepted
    ├── CancelledError                   we gave it up
    └── OverloadedError                  there is no room for it
"""

from __future__ import annotations

from .codes import Code
from .options import NONE, Option, Options


class CoapError(Exception):
    """A refusal; raise it from a handler and it is answered.

    Args:
        diagnostic: what a person should know; the payload.
    """

    code: Code = Code.INTERNAL_SERVER_ERROR

    def __init__(self, diagnostic: str = "") -> None:
        super().__init__(diagnostic)
        self.diagnostic = diagnostic

    @property
    def options(self) -> Options:
        """The options that go with it: none, for a diagnostic payload has no format."""
        return NONE


class ClientError(CoapError):
    """The request is to blame."""

    code = Code.BAD_REQUEST


class BadRequestError(ClientError):
    """The request makes no sense."""


class UriError(BadRequestError):
    """A URI that cannot be split into options (RFC 7252, section 6.4)."""


class UnauthorizedError(ClientError):
    """Who asks has not shown that he may."""

    code = Code.UNAUTHORIZED


class BadOptionError(ClientError):
    """A critical option that nobody here understands."""

    code = Code.BAD_OPTION


class ForbiddenError(ClientError):
    """Who asks may not."""

    code = Code.FORBIDDEN


class NotFoundError(ClientError):
    """There is no such thing."""

    code = Code.NOT_FOUND


class MethodNotAllowedError(ClientError):
    """The thing does not do that."""

    code = Code.METHOD_NOT_ALLOWED


class NotAcceptableError(ClientError):
    """Not to be had in the form that was asked for."""

    code = Code.NOT_ACCEPTABLE


class IncompleteError(ClientError):
    """Blocks of the payload are missing."""

    code = Code.REQUEST_ENTITY_INCOMPLETE


class ConflictError(ClientError):
    """The request does not fit the state of the thing."""

    code = Code.CONFLICT


class PreconditionFailedError(ClientError):
    """A condition of the request does not hold."""

    code = Code.PRECONDITION_FAILED


class TooLargeError(ClientError):
    """The payload is larger than may be.

    Args:
        size: the most that may be, in bytes, for the option Size1.
    """

    code = Code.REQUEST_ENTITY_TOO_LARGE

    def __init__(self, diagnostic: str = "", size: int | None = None) -> None:
        super().__init__(diagnostic)
        self.size = size

    @property
    def options(self) -> Options:
        """Size1, when the most is known."""
        return NONE if self.size is None else Options([(Option.SIZE1, self.size)])


class UnsupportedFormatError(ClientError):
    """The payload is in a form that is not understood."""

    code = Code.UNSUPPORTED_CONTENT_FORMAT


class UnprocessableError(ClientError):
    """Understood, and makes no sense."""

    code = Code.UNPROCESSABLE_ENTITY


class _LaterError(CoapError):
    """To be asked again, but not before ``max_age`` seconds have passed."""

    def __init__(self, diagnostic: str = "", max_age: int | None = None) -> None:
        super().__init__(diagnostic)
        self.max_age = max_age

    @property
    def options(self) -> Options:
        """Max-Age, when it is known."""
        return NONE if self.max_age is None else Options([(Option.MAX_AGE, self.max_age)])


class TooManyRequestsError(_LaterError, ClientError):
    """Asked too often."""

    code = Code.TOO_MANY_REQUESTS


class ServerError(CoapError):
    """We are to blame."""


class NotSupportedError(ServerError):
    """Nobody here can do that."""

    code = Code.NOT_IMPLEMENTED


class BadGatewayError(ServerError):
    """Whom we asked answered with what cannot be used."""

    code = Code.BAD_GATEWAY


class UnavailableError(_LaterError, ServerError):
    """No room at the moment."""

    code = Code.SERVICE_UNAVAILABLE


class GatewayTimeoutError(ServerError):
    """Whom we asked did not answer in time."""

    code = Code.GATEWAY_TIMEOUT


class ProxyingNotSupportedError(ServerError):
    """Not a proxy for that."""

    code = Code.PROXYING_NOT_SUPPORTED


class HopLimitReachedError(ServerError):
    """The request has come through too many proxies."""

    code = Code.HOP_LIMIT_REACHED


class RequestError(Exception):
    """A request of ours has no answer."""


class NoAnswerError(RequestError):
    """Nobody answered in time."""


class ResetError(RequestError):
    """The other side rejected it."""


class UnusableAnswerError(RequestError):
    """What came cannot be accepted."""


class CancelledError(RequestError):
    """We gave it up."""


class OverloadedError(RequestError):
    """There is no room for it."""
