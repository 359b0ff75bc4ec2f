"""Which vendors there are, where they listen by default, and how each is made; loaded when one is first touched.

Names, ports and prefixes are promises to users: they stand in their scripts.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .core.mutants import Mutant
    from .core.vendor import Context, Factory, Vendor

CONTROL_PORT = 7070


@dataclass(frozen=True, slots=True)
class Address:
    """One address of a vendor.

    Attributes:
        name: as in commands and files.
        port: the default.
        vendor: whose it is; a vendor may have several.
        title: what a person calls it.
    """

    name: str
    port: int
    vendor: str
    title: str

    @property
    def prefix(self) -> str:
        """The prefix of its environment variables."""
        return f"VENDORLAB_{self.name.upper().replace('-', '_')}_"


ADDRESSES = (
    Address("scanalytics", 7071, "scanalytics", "Scanalytics query API"),
    Address("inode", 7072, "inode", "SMATS iNode API"),
    Address("itron-platform", 7073, "itron", "Itron Data Platform"),
    Address("slv", 7074, "slv", "Streetlight.Vision API"),
)
"""Every address, in the order in which ports are counted."""

_FACTORIES = {
    "scanalytics": "scanalytics.app:Scanalytics",
    "inode": "inode.app:INode",
    "itron": "itron.app:Itron",
    "slv": "slv.app:Slv",
}


def vendors() -> list[str]:
    """The names of all vendors."""
    return list(_FACTORIES)


def names() -> list[str]:
    """What a user may name: addresses, and vendors that have several."""
    addresses = [one.name for one in ADDRESSES]
    return addresses + [name for name in _FACTORIES if name not in addresses]


def address(name: str) -> Address | None:
    """The address of a name: its own, or the first of a vendor's."""
    found = [one for one in ADDRESSES if one.name == name] or [one for one in ADDRESSES if one.vendor == name]
    return found[0] if found else None


def chosen(wanted: Sequence[str]) -> tuple[list[str], frozenset[str] | None]:
    """The vendors behind some names, and which of their addresses are meant; no names means all.

    Raises:
        KeyError: a name that is neither a vendor nor an address.
    """
    if not wanted:
        return vendors(), None
    found = [one for one in ADDRESSES if one.name in wanted or one.vendor in wanted]
    for name in wanted:
        if name not in names():
            raise KeyError(name)
    return list(dict.fromkeys(one.vendor for one in found)), frozenset(one.name for one in found)


def factories(wanted: Iterable[str]) -> dict[str, Factory]:
    """How the named vendors are made; each is imported when it is made."""
    return {name: _lazy(_FACTORIES[name]) for name in wanted}


def mutants(vendor: str) -> Sequence[Mutant]:
    """The declared defects of a vendor's fake; none where nobody declared any."""
    place = f".{vendor.replace('-', '_')}.mutants"
    if find_spec(place, __package__) is None:
        return ()
    return cast("Sequence[Mutant]", import_module(place, __package__).MUTANTS)


def _lazy(place: str) -> Factory:
    def make(context: Context) -> Vendor:
        module, _, name = place.partition(":")
        return cast("Vendor", getattr(import_module(f".{module}", __package__), name)(context))

    return make
