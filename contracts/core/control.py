"""What a suite needs of the control API: to turn the target's clock, to hold it still, and to have things go wrong.

Not our control client: a suite leans on nothing but its target and third parties.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

import httpx

from vendorlab.contracts.core.errors import ControlError, UsageError
from vendorlab.contracts.core.target import checked_url

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping

PREFIX = "VENDORLAB_CONTROL_"


@dataclass(frozen=True, slots=True)
class ControlAddress:
    """Where the control API is.

    Attributes:
        url: Its address.
        token: Its bearer token.
        world: The world that the target lives in; None is the main one.
    """

    url: str
    token: str = field(repr=False)
    world: str | None = None

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> ControlAddress | None:
        """Read ``VENDORLAB_CONTROL_URL``, ``_TOKEN`` and ``_WORLD``; None without an address.

        Raises:
            UsageError: The address makes no sense, or the token is missing.
        """
        url, token = environ.get(f"{PREFIX}URL"), environ.get(f"{PREFIX}TOKEN")
        if not url:
            return None
        if not token:
            raise UsageError(f"{PREFIX}URL is set, but {PREFIX}TOKEN is not")
        return cls(checked_url(url), token, environ.get(f"{PREFIX}WORLD") or None)

    def variables(self) -> dict[str, str]:
        """Return the environment variables that ``from_environment`` reads."""
        world = {f"{PREFIX}WORLD": self.world} if self.world else {}
        return {f"{PREFIX}URL": self.url, f"{PREFIX}TOKEN": self.token, **world}


class Clock:
    """A target's clock, turned over the control API.

    Args:
        address: Where the control API is.
        transport: Sends the requests; None is the network.
    """

    def __init__(self, address: ControlAddress, transport: httpx.BaseTransport | None = None) -> None:
        world = f"/worlds/{address.world}" if address.world else ""
        self._http = httpx.Client(
            base_url=f"{address.url}{world}",
            headers={"Authorization": f"Bearer {address.token}"},
            transport=transport,
            timeout=60.0,
            trust_env=False,
        )
        self._origin = address.url

    def now(self) -> datetime:
        """Return the target's time, aware."""
        return datetime.fromisoformat(str(self._call("GET", "/clock")["now"]))

    def advance(self, seconds: float) -> None:
        """Turn the clock forward."""
        self._call("POST", "/clock/advance", {"seconds": seconds})

    @contextmanager
    def frozen(self) -> Generator[None]:
        """Hold the clock still for a while; ``advance`` goes on working."""
        before = bool(self._call("GET", "/clock")["frozen"])
        self._call("PUT", "/clock", {"frozen": True})
        try:
            yield
        finally:
            self._call("PUT", "/clock", {"frozen": before})

    @contextmanager
    def planted(self, rule: Mapping[str, object]) -> Generator[None]:
        """Have something go wrong for a while.

        Args:
            rule: What goes wrong, and when, as the control API's ``POST /faults`` takes it.
        """
        name = str(self._call("POST", "/faults", rule)["name"])
        try:
            yield
        finally:
            self._call("DELETE", f"/faults/{name}")

    def kinds(self, vendor: str) -> frozenset[str]:
        """Return what the control API can let happen to a vendor's devices."""
        rows = cast("list[dict[str, Any]]", self._call("GET", f"/events?vendor={vendor}"))
        return frozenset(str(row["kind"]) for row in rows)

    def happen(self, vendor: str, kind: str, **fields: object) -> None:
        """Let something happen to a device now, as the control API's ``POST /events`` takes it."""
        self._call("POST", "/events", {"vendor": vendor, "event": {"kind": kind, **fields}})

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _call(self, method: str, path: str, body: Mapping[str, object] | None = None) -> Any:
        try:
            response = self._http.request(method, path, json=body)
        except httpx.TransportError as error:
            raise ControlError(f"the control API at {self._origin} does not answer: {error}") from error
        if not response.is_success:
            raise ControlError(f"the control API refused {method} {path}: {response.status_code} {response.text[:300]}")
        return response.json() if response.content else {}
