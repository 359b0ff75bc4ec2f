"""What a run may do to one target, and the means to do it."""

from __future__ import annotations

import ssl
from collections import Counter
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import httpx

from vendorlab.contracts.core.capabilities import CLOCK, granted
from vendorlab.contracts.core.control import Clock, ControlAddress
from vendorlab.contracts.core.errors import UsageError
from vendorlab.contracts.core.exchange import Exchange
from vendorlab.contracts.core.leftovers import Leftovers
from vendorlab.contracts.core.openapi import Spec
from vendorlab.contracts.core.pacing import INTERVAL, LOCAL_INTERVAL, REMOTE_BUDGET, Budget, Imagined, Pacer
from vendorlab.contracts.core.redaction import Secrets
from vendorlab.contracts.core.transcript import Transcript

if TYPE_CHECKING:
    from collections.abc import Collection

    from vendorlab.contracts.core.coap.resources import Resources
    from vendorlab.contracts.core.target import Target
    from vendorlab.contracts.core.witness import Witness

_PRIVATE = ("username", "password", "secret", "api_key", "token")


class Access:
    """One target with its capabilities, its budget and its line.

    Args:
        target: Where.
        allow: The result of ``parse_allow``.
        control: The control API that turns the target's clock, if there is one.
        budget: Requests that may be made; None is unlimited on this machine and ``REMOTE_BUDGET`` elsewhere.
        transport: Sends the requests; None is the network.
        witness: Is told of every exchange.
        leftovers: Where it is noted what is made, so that it is taken away whatever ends the run; None notes nothing.
        imagined: The time that pacing takes, where nobody is to wait for it.

    Attributes:
        target: Where.
        capabilities: What a test may need and have.
        budget: Requests made and left.
        secrets: What must not be printed.
        pacer: Says when a request may be sent; None sends at once.
        transcript: What was said in the test at hand.
        exchange: The client that speaks HTTP to it.
        witness: Is told of every exchange.
        leftovers: What was made and is still there.
        answers: How often an operation of an address that speaks otherwise was answered with which code.
    """

    def __init__(
        self,
        target: Target,
        allow: Collection[str] = (),
        control: ControlAddress | None = None,
        budget: int | None = None,
        transport: httpx.BaseTransport | None = None,
        *,
        witness: Witness | None = None,
        leftovers: Leftovers | None = None,
        imagined: Imagined | None = None,
    ) -> None:
        self.target = target
        self.capabilities = granted(target, allow, clock=control is not None)
        self.budget = Budget(budget if budget is not None or target.loopback else REMOTE_BUDGET)
        self.secrets = Secrets(value for name, value in target.credentials.items() if name.endswith(_PRIVATE))
        if control is not None:
            self.secrets.add(control.token)
        self.transcript = Transcript(self.secrets)
        self.witness = witness
        self.leftovers = Leftovers(None) if leftovers is None else leftovers
        self.answers: Counter[tuple[str, str]] = Counter()
        self._clock = Clock(control) if control is not None else None
        paced = not {CLOCK, "exhaust"} <= self.capabilities
        self.pacer = _pacer(target, imagined) if paced else None
        self.exchange = Exchange(
            target.url,
            transport or network(target, keep_alive=not paced),
            self.budget,
            self.secrets,
            self.pacer,
            self.transcript,
            witness,
            target.vendor,
        )

    @property
    def clock(self) -> Clock:
        """The target's clock; only for tests that need ``clock``."""
        assert self._clock is not None, "a test that turns the clock must say that it needs one"
        return self._clock

    def close(self) -> None:
        """Close all connections."""
        self.exchange.close()
        if self._clock is not None:
            self._clock.close()

    def operations_seen(self, spec: Spec | Resources) -> dict[str, dict[str, int]]:
        """Return for each documented operation how often it answered with which status, or which code."""
        found: dict[str, dict[str, int]] = {operation.name: {} for operation in spec.operations}
        for (name, code), number in self.answers.items():
            found[name][code] = number
        if not isinstance(spec, Spec):
            return found
        below = urlsplit(self.target.url).path
        for (method, path, status), number in self.exchange.seen.items():
            if operation := spec.match(method, path.removeprefix(below)):
                row = found[operation.name]
                row[str(status)] = row.get(str(status), 0) + number
        return found


def _pacer(target: Target, imagined: Imagined | None) -> Pacer:
    interval = LOCAL_INTERVAL if target.loopback else INTERVAL
    if imagined is None:
        return Pacer(interval=interval)
    return Pacer(interval=interval, clock=imagined.now, sleep=imagined.sleep)


def trusting(ca: str | None) -> ssl.SSLContext:
    """Return what TLS is spoken with to whoever an authority vouches for; None trusts those of the system.

    Raises:
        UsageError: It is no authority.
    """
    try:
        return ssl.create_default_context(cafile=ca)
    except OSError as error:
        raise UsageError(f"{ca} is no certificate authority that can be trusted: {error}") from error


def network(target: Target, *, keep_alive: bool) -> httpx.HTTPTransport:
    """Return what sends requests to a target, and trusts whom it says.

    Raises:
        UsageError: The authority that it names cannot be trusted.
    """
    # At one request in seconds a kept connection is often closed just as it is used again.
    limits = httpx.Limits(max_connections=64, max_keepalive_connections=64 if keep_alive else 0)
    verify = trusting(target.ca) if target.url.startswith("https:") else False
    return httpx.HTTPTransport(verify=verify, limits=limits, trust_env=False)
