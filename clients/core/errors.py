"""Everything that can go wrong in a client, as one tree.

```
ClientError                    the base: message, method, path
├── UsageError                 a wrong argument or setting (also a ValueError)
├── StoreError                 the token store cannot be read, written or locked
├── NetworkError               no answer came, also after trying again
├── Throttled                  the rate limit asks for a longer wait than `max_wait`
├── DeadlineExceeded           what was waited for had not ended in time; it goes on
├── AuthenticationError
│   ├── LoginRequired          no usable token and nothing to log in with: a person must act
│   │   ├── LoginRefused       the vendor refused the login; `error` is its OAuth code
│   │   └── KeyRefused         the vendor refused the API key
│   └── TokenRefused           a token or session just made was refused
└── ResponseError              the vendor answered, but not with what was asked for; `status`
    ├── BadRequest             400; `detail` and `fields` say what was wrong
    ├── PermissionDenied       403
    ├── NotFound               404
    ├── ServerError            5xx
    ├── OperationFailed        a success by its status, whose body says that it is none; `code`, `label`
    └── UnexpectedResponse     any other status, or a body of another shape; `field` names the place
        └── NotJson            a page, or part of an answer: something on the way may have spoken
```

Messages carry the method and the path, never the query, a header, a form or a token.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class ClientError(Exception):
    """Base of all errors of all clients.

    Attributes:
        message: What went wrong, one sentence.
        method: The HTTP method of the request, or "" when none was involved.
        path: The path of the request without its query, or "".
    """

    def __init__(self, message: str, *, method: str = "", path: str = "") -> None:
        # Only the message goes to `args`, so that an error survives pickling to another process.
        super().__init__(message)
        self.message = message
        self.method = method
        self.path = path

    def __str__(self) -> str:
        where = f"{self.method} {self.path}".strip()
        return f"{where}: {self.message}" if where else self.message


class UsageError(ClientError, ValueError):
    """An argument or setting is wrong; nothing was sent."""


class StoreError(ClientError):
    """The token store cannot be read, written or locked."""


class NetworkError(ClientError):
    """No answer came: refused, cut, timed out or garbled."""


class Throttled(ClientError):  # noqa: N818 - the field's word
    """The rate limit asks for a longer wait than the client may spend.

    Attributes:
        retry_after: Seconds after which the request may succeed.
    """

    def __init__(self, message: str, *, retry_after: float = 0.0, method: str = "", path: str = "") -> None:
        super().__init__(message, method=method, path=path)
        self.retry_after = retry_after


class DeadlineExceeded(ClientError):  # noqa: N818 - the field's word
    """What was waited for had not ended in time. It was not called off: it may be waited for again."""


class AuthenticationError(ClientError):
    """The client could not prove who it is."""


class LoginRequired(AuthenticationError):  # noqa: N818 - it names what to do
    """There is no usable token, and nothing to log in with."""


class LoginRefused(LoginRequired):
    """The vendor refused the login.

    Attributes:
        error: The OAuth error code, such as `invalid_grant` or `invalid_client`.
    """

    def __init__(self, message: str, *, error: str = "", method: str = "", path: str = "") -> None:
        super().__init__(message, method=method, path=path)
        self.error = error


class KeyRefused(LoginRequired):
    """The vendor refused the API key: wrong, withdrawn, or of a user who is no longer active."""


class TokenRefused(AuthenticationError):  # noqa: N818 - it names what happened
    """An access token or a session was refused although it had just been renewed."""


class ResponseError(ClientError):
    """The vendor answered, but not with what was asked for.

    Attributes:
        status: The HTTP status.
    """

    def __init__(self, message: str, *, status: int = 0, method: str = "", path: str = "") -> None:
        super().__init__(message, method=method, path=path)
        self.status = status


class BadRequest(ResponseError):  # noqa: N818 - HTTP's word
    """400: the vendor found fault with the request.

    Attributes:
        detail: The general complaint, or "".
        fields: Complaints about single parameters, by name.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        detail: str = "",
        fields: Mapping[str, tuple[str, ...]] | None = None,
        method: str = "",
        path: str = "",
    ) -> None:
        super().__init__(message, status=status, method=method, path=path)
        self.detail = detail
        self.fields = dict(fields or {})


class PermissionDenied(ResponseError):  # noqa: N818 - HTTP's word
    """403: the token is good, but may not do this."""


class NotFound(ResponseError):  # noqa: N818 - HTTP's word
    """404: no such thing, or none that this user may see."""


class ServerError(ResponseError):
    """5xx: the vendor is in trouble."""


class OperationFailed(ResponseError):  # noqa: N818 - it names what happened
    """The vendor answered 200, and told in the body that it could not do what was asked.

    Attributes:
        code: The vendor's code, as a number where it is one.
        label: The code in the vendor's words, or "".
        detail: The vendor's message, or "".
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 200,
        code: int | str = 0,
        label: str = "",
        detail: str = "",
        method: str = "",
        path: str = "",
    ) -> None:
        super().__init__(message, status=status, method=method, path=path)
        self.code = code
        self.label = label
        self.detail = detail


class UnexpectedResponse(ResponseError):  # noqa: N818 - it names what came
    """A status or a body that the vendor's documentation does not lead to.

    Attributes:
        field: Where in the body, such as `[3].start`; "" for the whole.
    """

    def __init__(self, message: str, *, status: int = 0, field: str = "", method: str = "", path: str = "") -> None:
        super().__init__(message, status=status, method=method, path=path)
        self.field = field


class NotJson(UnexpectedResponse):
    """A success whose body is no JSON, or says that it is something else.

    A vendor's maintenance page or something between here and there looks like this, so it may pass.
    """
