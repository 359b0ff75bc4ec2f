"""Which of the devices has which sensor: nobody tells, so the suite asks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.core.errors import UsageError
from vendorlab.contracts.itron.coap.gateway import CONTENT, NOT_FOUND

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vendorlab.contracts.core.access import Access
    from vendorlab.contracts.itron.coap.gateway import Gateway

TEMPERATURE, ECHO = "/snsr/arduino/temp", "/snsr/arduino/echo"
METHANE, TILT, TILT_LOG = "/snsr/rl78/methane", "/snsr/logis/sens", "/snsr/logis/log"
NOBODY = "00135005ffffffff"
"""Well-formed, and the MAC of nothing."""
_MAC = re.compile(r"[0-9a-fA-F]{16}")


@dataclass(frozen=True, slots=True)
class Board:
    """A sensor of a device.

    Attributes:
        mac: The device's.
        path: The sensor's.
    """

    mac: str
    path: str

    @property
    def sens(self) -> str:
        """The sensor's path with the query that reads it."""
        return f"{self.path}?sens"

    @property
    def cfg(self) -> str:
        """The sensor's path with the query that reads its configuration."""
        return f"{self.path}?cfg"


class Boards:
    """The devices that the suite was told of.

    Args:
        access: What may be done to the target.
    """

    def __init__(self, access: Access) -> None:
        self.macs: Sequence[str] = read_macs(access.target.credentials["devices"])
        self._found: dict[tuple[str, str], bool] = {}

    def find(self, gateway: Gateway, path: str) -> Board:
        """Return the first device that has a sensor; skips the test if none has."""
        __tracebackhide__ = True
        for mac in self.macs:
            if self.has(gateway, mac, path):
                return Board(mac, path)
        pytest.skip(f"none of the devices has {path}")

    def has(self, gateway: Gateway, mac: str, path: str) -> bool:
        """Return whether a device has a sensor; a wrong answer to that is the target's fault."""
        __tracebackhide__ = True
        known = self._found.get((mac, path))
        if known is None:
            answer = gateway.look(mac, f"{path}?sens")
            answer.check(answer.code in {CONTENT, NOT_FOUND}, "2.05, or 4.04 if there is no such sensor")
            known = self._found[mac, path] = answer.code == CONTENT
        return known


def read_macs(text: str) -> list[str]:
    """Read a list of MACs, with commas or blanks between.

    Raises:
        UsageError: One of them is not 16 hexadecimal digits, or there is none.
    """
    macs = re.split(r"[,\s]+", text.strip(", \n"))
    for mac in macs:
        if not _MAC.fullmatch(mac):
            raise UsageError(f"a device's MAC is 16 hexadecimal digits, not {mac!r}")
    return macs
