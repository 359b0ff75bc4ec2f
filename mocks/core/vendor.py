"""What a world asks of a vendor, and what it gives it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from .errors import WorldError

if TYPE_CHECKING:
    from .clock import Clock
    from .edges.courier import Courier
    from .faults import FaultPlan
    from .happenings import Happenings
    from .ids import Ids
    from .journal import Journal
    from .sockets import Place
    from .store import Store
    from .web.routes import Site


@dataclass(frozen=True, slots=True)
class Context:
    """What a vendor is made from.

    Attributes:
        clock: the world's.
        ids: the world's chance; its seed is the world's seed.
        profile: the name of a dated behaviour; None for the vendor's own default.
        settings: overrides by name.
        store: tables for a vendor that keeps much; it may hold them already from an earlier process (``found``).
        courier: gives what carries letters to a customer's own server, made when it is first asked for.
        faults, journal: the world's, for a face that does not speak HTTP: the others' are asked and written for them.
    """

    clock: Clock
    ids: Ids
    profile: str | None
    settings: Mapping[str, Any]
    store: Store
    courier: Callable[[], Courier]
    faults: FaultPlan
    journal: Journal


class Listener(Protocol):
    """What accepts at one address, whatever it speaks."""

    @property
    def url(self) -> str:
        """Where it listens."""
        ...

    @property
    def accepting(self) -> bool:
        """Whether it takes what comes."""
        ...

    @property
    def tls(self) -> object:
        """What is true if it speaks TLS."""
        ...

    async def start(self) -> None:
        """Listen; raises ``OSError`` when the port is taken."""
        ...

    async def stop(self) -> None:
        """Close at once, but for what is on its way."""
        ...


@dataclass(frozen=True, slots=True)
class Face:
    """One address of a vendor.

    Attributes:
        name: as in commands, files and the environment, such as ``scanalytics``.
        site: what answers there by HTTP.
        credentials: gives what a client needs, by the names of the ready file.
        first_call: a path worth asking first, for the table that ``up`` prints.
        opens: makes what listens there, if it does not speak HTTP; then there is no site.
    """

    name: str
    site: Site | None
    credentials: Callable[[], Mapping[str, Any]]
    first_call: str
    opens: Callable[[Place], Listener] | None = None


class Token(Protocol):
    """A token that a vendor issued, as the control API meets it."""

    @property
    def kind(self) -> str:
        """``access`` or ``refresh``."""
        ...

    @property
    def token(self) -> str:
        """The secret itself."""
        ...

    @property
    def user(self) -> str | None:
        """For whom it acts; None for nobody in particular."""
        ...

    def as_json(self) -> dict[str, Any]:
        """The token without its secret: id, kind, user, client, scope, expires, state."""
        ...


class Tokens(Protocol):
    """The tokens that a vendor issued."""

    def all(self) -> Iterator[Token]:
        """Every token."""
        ...

    def find(self, text: str) -> Token | None:
        """The token with this text, whatever its state."""
        ...

    def revoke(self, token: Any) -> bool:
        """End a token before its time; False when it had ended so already."""
        ...

    def expire(self, token: Any) -> bool:
        """Let an access token expire now; False when it is not live."""
        ...


class Vendor(Protocol):
    """One vendor in one world.

    Attributes:
        keeps_itself: all its state is in the store's tables, so that nobody else need save it.
    """

    name: str
    profile: str
    keeps_itself: bool

    @property
    def faces(self) -> Sequence[Face]:
        """Its addresses."""
        ...

    @property
    def tokens(self) -> Tokens | None:
        """The tokens that it issues, if it issues any."""
        ...

    @property
    def happenings(self) -> Happenings | None:
        """What may happen to its devices, if anything."""
        ...

    def reset(self) -> None:
        """Return to the start, from the context's seed."""
        ...

    def snapshot(self) -> dict[str, Any]:
        """All state as JSON-like data."""
        ...

    def restore(self, document: dict[str, Any]) -> None:
        """Take up the state from ``snapshot``."""
        ...

    def resume(self) -> None:
        """The clock has been set to where an earlier process left it; only told to a vendor that keeps itself."""
        ...

    def state(self) -> dict[str, Any]:
        """What a person wants to see, without secrets."""
        ...


class NoLimitsError(WorldError):
    """The vendor limits nothing, so there is nothing to forget."""


@runtime_checkable
class Limited(Protocol):
    """A vendor who limits how much is asked of it."""

    def clear_limits(self) -> None:
        """Forget what was counted against the limits, as a vendor's restart does."""
        ...


Factory = Callable[[Context], Vendor]
