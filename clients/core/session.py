"""One user's dealings with one vendor: the settings that all clients share, and how an operation is carried out."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict, TypeVar

from .cadence import Cadence
from .errors import UsageError
from .exchange import UNSAID_WAIT, Exchange
from .pacing import Pacer
from .reading import answer
from .renewal import Line
from .retry import RetryPolicy
from .tokens import MemoryTokenStore
from .trust import shared, trusted
from .urls import normal_url

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from .errors import ClientError
    from .operations import Operation
    from .reading import Node
    from .renewal import Identity
    from .steps import Call, Steps
    from .tokens import TokenStore
    from .trust import CaFile

T = TypeVar("T")


class LineOptions(TypedDict, total=False):
    """Keyword arguments that every client takes.

    Attributes:
        retry: How often and how patiently to try again.
        max_wait: The most seconds that one request may wait for its pace or out of a throttle.
        timeout: Seconds without progress on a connection.
        lock_timeout: Seconds to wait while somebody else renews.
        clock: Seconds, for expiry and pace alike; by default the system's wall clock for the one and its
            monotonic clock for the other.
        ca: A file of PEM certificates that alone are trusted to sign the vendor's, as `vendorlab up --tls` makes
            one; by default the public ones are.
    """

    retry: RetryPolicy | None
    max_wait: float
    timeout: float
    lock_timeout: float
    clock: Callable[[], float] | None
    ca: CaFile


class SharedOptions(LineOptions, total=False):
    """Keyword arguments of clients whose vendor gives tokens, beside those of `LineOptions`.

    Attributes:
        store: Where tokens are kept; in memory by default.
        margin: Seconds before expiry at which a token is renewed (at most a tenth of its life).
    """

    store: TokenStore | None
    margin: float


@dataclass(frozen=True, slots=True)
class Vendor:
    """What tells one vendor's API from another's.

    Attributes:
        name: As in the User-Agent.
        token_path: The token endpoint below the base URL; on Django, without its last slash, the POST is redirected
            and lost.
        unsaid_wait: Seconds to wait after a 429 that does not say how long.
    """

    name: str
    token_path: str
    unsaid_wait: float = UNSAID_WAIT

    @property
    def headers(self) -> dict[str, str]:
        """What every request carries. Without an Accept of its own, a framework may answer with a web page."""
        return {"Accept": "application/json", "User-Agent": f"vendorlab-{self.name}"}


class VendorSession:
    """One user's dealings with a vendor, without I/O.

    Args:
        vendor: Which.
        base_url: Where.
        who: The application and user, or the key, that asks.
        pacer: Under which limits to stay; none by default.

    The other arguments are those of `SharedOptions`.
    """

    def __init__(
        self,
        vendor: Vendor,
        base_url: str,
        who: Identity,
        *,
        pacer: Pacer | None = None,
        store: TokenStore | None = None,
        retry: RetryPolicy | None = None,
        max_wait: float = 3_700.0,
        timeout: float = 30.0,
        margin: float = 60.0,
        lock_timeout: float = 300.0,
        clock: Callable[[], float] | None = None,
        ca: CaFile = None,
    ) -> None:
        self.base_url = normal_url(base_url)
        self.verify = shared(trusted(ca))
        self.timeout = timeout
        self.headers = vendor.headers
        self.clock = clock or time.monotonic
        self.wall = clock or time.time
        self.retry = retry or RetryPolicy()
        exchange = Exchange(
            pacer=Pacer() if pacer is None else pacer,
            retry=self.retry,
            max_wait=max_wait,
            clock=self.clock,
            unsaid_wait=vendor.unsaid_wait,
        )
        self._name = who.name
        self._authority = who.authority(
            Line(
                base_url=self.base_url,
                token_path=vendor.token_path,
                exchange=exchange,
                store=MemoryTokenStore() if store is None else store,
                clock=self.wall,
                margin=margin,
                lock_timeout=lock_timeout,
            )
        )

    def cadence(
        self,
        every: float,
        until: Callable[[], bool] | None,
        on_outage: Callable[[ClientError, float], object] | None,
    ) -> Cadence:
        """Return when to look again and again, by this session's clock and chance."""
        return Cadence(every=every, clock=self.clock, chance=self.retry.chance, until=until, on_outage=on_outage)

    def perform(self, operation: Operation[T]) -> Steps[T]:
        """Carry out an operation and read its answer."""
        return operation.steps(self._ask)

    def _ask(self, call: Call) -> Steps[Node]:
        response = yield from self._authority.authorised(call)
        return answer(response, call)

    def __str__(self) -> str:
        return f"{self._name} at {self.base_url}"


class Environment:
    """The environment variables of one vendor; an empty one is as good as absent.

    Args:
        prefix: What their names begin with.
        variables: In place of the process's own.
    """

    def __init__(self, prefix: str, variables: Mapping[str, str] | None = None) -> None:
        self._prefix = prefix
        self._variables = os.environ if variables is None else variables

    def read(self, name: str) -> str | None:
        """Return a variable by what follows the prefix."""
        return self._variables.get(self._prefix + name) or None

    def require(self, *names: str) -> list[str]:
        """Return variables that must be there.

        Raises:
            UsageError: Some are not; it names them all.
        """
        values = {name: self.read(name) for name in names}
        missing = [self._prefix + name for name, value in values.items() if value is None]
        if missing:
            raise UsageError(f"not set in the environment: {', '.join(missing)}")
        return [value for value in values.values() if value is not None]
