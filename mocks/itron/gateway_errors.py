"""What the CoAP Gateway itself refuses; devices have refusals of their own.

::

    core.coap.errors.CoapError
    ├── UnauthorizedError           4.01
    │   ├── BadToken                what was to open a session is no token, or one that no longer holds
    │   └── NoSession               a request for a device from a source without a session
    ├── ForbiddenError              4.03
    │   └── OthersDevice            the device is another tenant's
    ├── NotFoundError               4.04
    │   ├── NothingToClose          DELETE /sessions without a session
    │   └── NoSuchResource          neither for a device, nor a resource of the gateway
    ├── MethodNotAllowedError       4.05
    │   └── WrongMethod
    ├── BadGatewayError             5.02
    │   ├── UnknownHost             no device has this name
    │   ├── NobodyThere             the device takes no CoAP at this port
    │   └── UnusableAnswer          what stands behind the gateway answers with what cannot be passed on
    ├── UnavailableError            5.03
    │   └── TooManySessions         with Max-Age: when the first of them may have ended
    ├── GatewayTimeoutError         5.04
    │   └── DeviceSilent
    └── ProxyingNotSupportedError   5.05
        └── WrongScheme             another scheme than coap

Which code stands for which refusal is inferred but for 5.04 and 5.05, and so is every text. The cause is for the
journal.
"""

from __future__ import annotations

from ..core.coap.errors import (
    BadGatewayError,
    ForbiddenError,
    GatewayTimeoutError,
    MethodNotAllowedError,
    NotFoundError,
    ProxyingNotSupportedError,
    UnauthorizedError,
    UnavailableError,
)


class BadToken(UnauthorizedError):  # noqa: N818  the causes' own words, here and below
    """4.01: what was to open a session is no token, or one that no longer holds."""

    def __init__(self, cause: str) -> None:
        super().__init__("the token is not accepted")
        self.cause = cause


class NoSession(UnauthorizedError):  # noqa: N818
    """4.01: a request for a device from a source without a session."""

    cause = "no-session"

    def __init__(self) -> None:
        super().__init__("no session: POST a token to /sessions from the same source first")


class OthersDevice(ForbiddenError):  # noqa: N818
    """4.03: the device is another tenant's."""

    cause = "other-tenant"

    def __init__(self) -> None:
        super().__init__("the device is not yours")


class NothingToClose(NotFoundError):  # noqa: N818
    """4.04: DELETE /sessions without a session."""

    cause = "no-session"

    def __init__(self) -> None:
        super().__init__("no session")


class NoSuchResource(NotFoundError):  # noqa: N818
    """4.04: neither for a device, nor a resource of the gateway."""

    cause = "no-such-resource"

    def __init__(self) -> None:
        super().__init__("no such resource, and no Proxy-Uri or Proxy-Scheme")


class WrongMethod(MethodNotAllowedError):  # noqa: N818
    """4.05: a resource of the gateway does not do that."""

    cause = "wrong-method"


class UnknownHost(BadGatewayError):  # noqa: N818
    """5.02: no device has this name."""

    cause = "unknown-device"

    def __init__(self, host: str) -> None:
        super().__init__(f"the host {host[:80]} is not known")


class NobodyThere(BadGatewayError):  # noqa: N818
    """5.02: the device takes no CoAP at this port."""

    cause = "wrong-port"

    def __init__(self, port: int, right: int) -> None:
        super().__init__(f"nothing listens on port {port} of the device; CoAP is on {right}")


class UnusableAnswer(BadGatewayError):  # noqa: N818
    """5.02: what stands behind the gateway answers with what cannot be passed on."""

    cause = "unusable-answer"


class TooManySessions(UnavailableError):  # noqa: N818
    """5.03 with Max-Age: the tenant has as many sessions as it may."""

    cause = "too-many-sessions"

    def __init__(self, most: int, seconds: int) -> None:
        super().__init__(f"{most} sessions are open", seconds)


class DeviceSilent(GatewayTimeoutError):  # noqa: N818
    """5.04: a device did not answer in time."""

    cause = "device-silent"

    def __init__(self) -> None:
        super().__init__("the device did not answer in time")


class WrongScheme(ProxyingNotSupportedError):  # noqa: N818
    """5.05: another scheme than coap."""

    cause = "wrong-scheme"

    def __init__(self, scheme: str) -> None:
        super().__init__(f"the scheme {scheme[:40]} is not supported")
