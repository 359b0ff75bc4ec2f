"""What differs between two looks at an account."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Generic, TypeVar

from .models import Device, Link

if TYPE_CHECKING:
    from collections.abc import Iterable

Thing = TypeVar("Thing", Link, Device)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All links and devices, as one look found them."""

    links: tuple[Link, ...]
    devices: tuple[Device, ...]


@dataclass(frozen=True, slots=True)
class Edit(Generic[Thing]):
    """A link or device that is no longer what it was."""

    before: Thing
    after: Thing

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of the attributes that differ."""
        names = (field.name for field in fields(self.after))
        return tuple(name for name in names if getattr(self.before, name) != getattr(self.after, name))


@dataclass(frozen=True, slots=True)
class Delta(Generic[Thing]):
    """What became of the links, or of the devices.

    Attributes:
        added: Not there before.
        removed: No longer there, as last seen.
        changed: There before and now, with the same id.
    """

    added: tuple[Thing, ...] = ()
    removed: tuple[Thing, ...] = ()
    changed: tuple[Edit[Thing], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)


@dataclass(frozen=True, slots=True)
class Change:
    """What one look found different from the look before; at first, everything is added.

    Attributes:
        links: What became of the links.
        devices: What became of the devices.
        snapshot: All there is now.
        failures: Looks in a row that failed since the last good one.
    """

    links: Delta[Link]
    devices: Delta[Device]
    snapshot: Snapshot
    failures: int = 0

    def __bool__(self) -> bool:
        return bool(self.links or self.devices)


def compare(before: Snapshot | None, after: Snapshot, failures: int = 0) -> Change:
    """Return how two looks differ; None stands for having seen nothing."""
    before = before or Snapshot((), ())
    links, devices = _delta(before.links, after.links), _delta(before.devices, after.devices)
    return Change(links, devices, after, failures)


def _delta(before: Iterable[Thing], after: Iterable[Thing]) -> Delta[Thing]:
    old, new = {thing.id: thing for thing in before}, {thing.id: thing for thing in after}
    return Delta(
        added=tuple(thing for key, thing in new.items() if key not in old),
        removed=tuple(thing for key, thing in old.items() if key not in new),
        changed=tuple(Edit(old[key], thing) for key, thing in new.items() if key in old and old[key] != thing),
    )
