"""What can be asked of iNode. Every path ends with a slash: without it the vendor redirects."""

from __future__ import annotations

from operator import attrgetter
from typing import TYPE_CHECKING

from ..core.errors import UsageError
from ..core.operations import Get, Listing
from ..core.steps import Call
from .models import Device, Link, read_device, read_link

if TYPE_CHECKING:
    from ..core.operations import Operation

LINKS = "/api/v1/links/"
DEVICES = "/api/v1/devices/"


class Operations:
    """The operations of API version 1.

    Args:
        base_url: Where they go; no page of a list is asked of anybody else.
    """

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url

    def links(self) -> Operation[list[Link]]:
        """All links of the account."""
        return Listing(Call("GET", LINKS), self._base_url, read_link, attrgetter("id"))

    def link(self, id: int) -> Operation[Link]:  # noqa: A002 - the vendor's word
        """One link."""
        return Get(_item(LINKS, id), read_link)

    def devices(self) -> Operation[list[Device]]:
        """All devices of the account."""
        return Listing(Call("GET", DEVICES), self._base_url, read_device, attrgetter("id"))

    def device(self, id: int) -> Operation[Device]:  # noqa: A002 - the vendor's word
        """One device."""
        return Get(_item(DEVICES, id), read_device)


def _item(path: str, id: object) -> Call:  # noqa: A002 - the vendor's word
    if isinstance(id, bool) or not isinstance(id, int) or id < 0:
        raise UsageError(f"an id is a whole number, not {id!r}")
    return Call("GET", f"{path}{id}/")
