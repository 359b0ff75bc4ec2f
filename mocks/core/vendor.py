"""What a world asks of a vendor, and what it gives it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from .clock import Clock
    from .django.tokens import TokenStore
    from .ids import Ids
    from .web.routes import Site


@dataclass(frozen=True, slots=True)
class Context:
    """What a vendor is made from.

    Attributes:
        clock: the world's.
        ids: the world's chance; its seed is the world's seed.
        profile: the name of a dated behaviour; None for the vendor's own default.
        settings: overrides by name.
    """

    clock: Clock
    ids: Ids
    profile: str | None
    settings: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Face:
    """One address of a vendor.

    Attributes:
        name: as in commands, files and the environment, such as ``scanalytics``.
        site: what answers there.
        credentials: gives what a client needs, by the names of the ready file.
        first_call: a path worth asking first, for the table that ``up`` prints.
    """

    name: str
    site: Site
    credentials: Callable[[], Mapping[str, Any]]
    first_call: str


class Vendor(Protocol):
    """One vendor in one world."""

    name: str
    profile: str

    @property
    def faces(self) -> Sequence[Face]:
        """Its addresses."""
        ...

    @property
    def tokens(self) -> TokenStore | None:
        """Its OAuth tokens, if it has any."""
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

    def state(self) -> dict[str, Any]:
        """What a person wants to see, without secrets."""
        ...


Factory = Callable[[Context], Vendor]
