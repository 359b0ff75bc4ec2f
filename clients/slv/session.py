"""What both faces of the client are made of: the vendor's own settings over the shared ones."""

from __future__ import annotations

import math
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, Unpack

from ..core.errors import DeadlineExceeded, NetworkError, OperationFailed, ServerError, UsageError
from ..core.reading import refusal
from ..core.retry import TRANSIENT
from ..core.secret import Secret
from ..core.session import Environment, LineOptions, Vendor, VendorSession
from ..core.steps import Sleep
from ..core.urls import normal_url
from .login import USER_PATH, Account
from .methods import Dialect
from .operations import Operations
from .reading import plain_text, read
from .zones import zone_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import tzinfo

    from ..core.reading import Node
    from ..core.steps import Call, Steps
    from .login import Login
    from .methods import Serialisation, Style
    from .models import BatchResult

SLV: Final = Vendor("slv", token_path=USER_PATH)
ENVIRONMENT: Final = "VENDORLAB_SLV_"
ACCEPT: Final = "application/json, application/xml;q=0.9, */*;q=0.1"
"""What is asked for is told by `ser`; this only keeps a server from refusing to answer otherwise."""

TIMEOUT: Final = 120.0
"""Seconds; long windows of the log take servers their time."""


class Options(LineOptions, total=False):
    """Keyword arguments of both clients, beside those of `LineOptions`.

    Attributes:
        username: The account.
        password: Its password.
        login: How to get in: "csrf" (from 7.8), "basic" (before), "form", or "auto", which finds out.
        style: Which URLs: "path" such as `/reports/api/asset/getDevice`, or "servlet".
        ser: Which form of answers to ask for, "json" or "xml"; either is understood, whatever was asked for.
        zone: The server's time zone, by name or as a `tzinfo`: its times carry no offset. "UTC" by default.
    """

    username: str | None
    password: str | Secret | None
    login: Login
    style: Style
    ser: Serialisation
    zone: str | tzinfo


class Session(VendorSession):
    """One user's dealings with a server, without I/O."""

    def __init__(
        self,
        base_url: str,
        *,
        username: str | None = None,
        password: str | Secret | None = None,
        login: Login = "auto",
        style: Style = "path",
        ser: Serialisation = "json",
        zone: str | tzinfo = "UTC",
        **shared: Unpack[LineOptions],
    ) -> None:
        secret = Secret.of(password)
        if not username or secret is None:
            raise UsageError("give username and password")
        if style not in ("path", "servlet") or ser not in ("json", "xml"):
            raise UsageError(f"style is path or servlet, and ser json or xml, not {style!r} and {ser!r}")
        shared.setdefault("timeout", TIMEOUT)
        # Every path begins with /reports, which many take for part of the address.
        base_url = normal_url(base_url).removesuffix("/reports")
        super().__init__(SLV, base_url, Account(username, secret, login), **shared)
        self.headers = self.headers | {"Accept": ACCEPT}
        self.operations = Operations(self._read, Dialect(style, ser, zone_of(zone)))

    def wait(self, batch_id: str, every: float, deadline: float) -> Steps[BatchResult]:
        """Look at a batch until it has ended.

        Raises:
            OperationFailed: It ended with an error.
            DeadlineExceeded: It goes on.
        """
        if not 0 < every < math.inf or not deadline >= 0:
            raise UsageError("wait every so many seconds, and until a deadline that is not past")
        end = self.clock() + deadline
        while True:
            trouble: NetworkError | ServerError | None = None
            try:
                result = yield from self.operations.batch(batch_id)
            except (NetworkError, ServerError) as caught:
                if isinstance(caught, ServerError) and caught.status not in TRANSIENT:
                    raise
                trouble = caught
            else:
                if not result.running:
                    return _successful(result)
            left = end - self.clock()
            if left <= 0:
                if trouble is not None:
                    raise trouble
                raise DeadlineExceeded(f"batch {batch_id} still runs after {deadline:g} s")
            yield Sleep(min(every, left))

    def _read(self, call: Call) -> Steps[Node]:
        response = yield from self._authority.authorised(call)
        if response.status_code != HTTPStatus.OK:
            raise refusal(response, call, plain_text(response))
        return read(response, call)


def _successful(result: BatchResult) -> BatchResult:
    if result.status == "ERROR":
        said = f": {result.message}" if result.message else ""
        raise OperationFailed(
            f"batch {result.batch_id} ended with an error{said}", label="ERROR", detail=result.message or ""
        )
    return result


def from_environment(variables: Mapping[str, str] | None, given: Options) -> tuple[str, Options]:
    """Read the base URL, the account and the zone from `VENDORLAB_SLV_URL` and so on; options that are given win.

    Raises:
        UsageError: The URL is missing, or part of the account.
    """
    environment = Environment(ENVIRONMENT, variables)
    (url,) = environment.require("URL")
    environment.require(*(name for name in ("USERNAME", "PASSWORD") if given.get(name.lower()) is None))
    found = Options(
        username=environment.read("USERNAME"), password=environment.read("PASSWORD"), ca=environment.read("CA")
    )
    if (zone := environment.read("ZONE")) is not None:
        found["zone"] = zone
    return url, found | given
