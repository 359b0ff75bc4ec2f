"""What can go wrong at the gateway and the broker, beside what can at any vendor's: branches of the one tree.

```
ResponseError                     (and what stands in brackets)
└── GatewayError                  `code` such as "4.04", `detail` as the answer says it
    ├── NotAuthorised             4.01, also with a new session (TokenRefused)
    ├── Forbidden                 4.03: somebody else's device, or nobody's to ask that (PermissionDenied)
    ├── ResourceUnknown           4.04 (NotFound)
    ├── RequestRefused            any other 4.xx: query, method, option, payload (BadRequest)
    ├── DeviceUnknown             5.02: no such device, or nothing of sense from it (ServerError)
    ├── DeviceSilent              5.04: no answer in the gateway's own time (ServerError)
    ├── NotSupported              5.01: not by this sensor (ServerError)
    ├── GatewayBusy               5.03, for longer than `max_wait` (ServerError); `retry_after`
    └── GatewayTrouble            any other 5.xx (ServerError)
AuthenticationError
└── LoginRequired
    └── LoginRefused
        └── BrokerRefused         the broker takes neither the token nor a new one, or not the account; `code`
PermissionDenied
└── SubscriptionRefused           the broker grants no such filter; `filter`
```
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from ..core.errors import BadRequest, LoginRefused, NotFound, PermissionDenied, ResponseError, ServerError, TokenRefused

if TYPE_CHECKING:
    from collections.abc import Mapping


class GatewayError(ResponseError):
    """The gateway, or the device behind it, answered with an error.

    Attributes:
        code: The answer's, such as "4.04".
        detail: Its diagnostic text, or "".
        status: The code as a number, such as 404.
    """

    def __init__(self, message: str, *, code: str = "", detail: str = "", method: str = "", path: str = "") -> None:
        status = int(code.replace(".", "")) if code else 0
        ResponseError.__init__(self, message, status=status, method=method, path=path)
        self.code = code
        self.detail = detail
        self.fields: dict[str, tuple[str, ...]] = {}


class NotAuthorised(GatewayError, TokenRefused):
    """4.01: there is no session, also after opening one anew; or the token for one is refused, also a new one."""


class Forbidden(GatewayError, PermissionDenied):
    """4.03: the device belongs to another tenant, or nobody may ask that of it."""


class ResourceUnknown(GatewayError, NotFound):
    """4.04: the device has no such path."""


class RequestRefused(GatewayError, BadRequest):
    """Another 4.xx: the query, the method, an option or the payload is none that is taken."""


class DeviceUnknown(GatewayError, ServerError):
    """5.02: the gateway knows no such device, or made no sense of its answer."""


class DeviceSilent(GatewayError, ServerError):
    """5.04: the device gave no answer in the time that the gateway waits."""


class NotSupported(GatewayError, ServerError):
    """5.01: the sensor cannot do that, or not with such a value."""


class GatewayTrouble(GatewayError, ServerError):
    """Another 5.xx."""


class GatewayBusy(GatewayError, ServerError):
    """5.03: all sessions are taken, for longer than the client may wait.

    Attributes:
        retry_after: Seconds after which it may be otherwise.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str = "5.03",
        detail: str = "",
        retry_after: float = 0.0,
        method: str = "",
        path: str = "",
    ) -> None:
        super().__init__(message, code=code, detail=detail, method=method, path=path)
        self.retry_after = retry_after


class BrokerRefused(LoginRefused):
    """The broker refused the connection.

    Attributes:
        code: Of its CONNACK.
    """

    def __init__(self, message: str, *, code: int = 0) -> None:
        super().__init__(message)
        self.code = code


class SubscriptionRefused(PermissionDenied):
    """The broker grants no such subscription.

    Attributes:
        filter: The topic filter.
    """

    def __init__(self, message: str, *, filter: str = "") -> None:  # noqa: A002 - the field's word
        super().__init__(message)
        self.filter = filter


ERRORS: Final[Mapping[str, type[GatewayError]]] = {
    "4.01": NotAuthorised,
    "4.03": Forbidden,
    "4.04": ResourceUnknown,
    "5.01": NotSupported,
    "5.02": DeviceUnknown,
    "5.03": GatewayBusy,
    "5.04": DeviceSilent,
}
"""By code; any other is a RequestRefused or GatewayTrouble, by its class."""
