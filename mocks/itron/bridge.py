"""From the mesh to the broker: what a sensor reports becomes one message, its payload byte for byte the device's own.

The gateway's bridge publishes on ``<tenant>/alert/<mac>/<type>`` (public), for the tenant whose device it is and, with
``ssni`` in the tenant's place, for the owner of the network (inferred: an account of his sees all devices below that
level).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from . import sapi
from .acl import OWNER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .estate import Estate
    from .models import Reading
    from .settings import Settings

ALERT, PRESENCE = "alert", "presence"
"""The constant second level; the other is an extension's."""

LONGEST_ID = 23
"""Characters of a client id that every broker takes, to which the vendor's publishers pad theirs (public)."""


def _padded(name: str, number: int) -> str:
    return f"{name}-{number:0{LONGEST_ID - len(name) - 1}d}"


BRIDGE = _padded("gw-coap-mqtt-bridge", 1)
REPORTER = _padded("gw-presence", 1)
"""The publishers' client ids; how they are padded is inferred."""


class Alert(NamedTuple):
    """A message as it is to be published.

    Attributes:
        topic: where.
        payload: what.
        publisher: client id of whoever says it.
    """

    topic: str
    payload: bytes
    publisher: str = BRIDGE


def form(reading: Reading, *, unwrapped: bool) -> tuple[str, bytes]:
    """The topic's last level and the payload.

    The level is the key in the payload; of an old board, whose text names none, the last part of the observed path
    (inferred). Boards that send bytes instead of text never were without the map.
    """
    said = sapi.said(reading) if unwrapped else b""
    if isinstance(said, str):
        return reading.sensor.path.rpartition("/")[2], said.encode()
    return reading.sensor.key, sapi.payload(reading)


def alerts(reading: Reading, settings: Settings) -> Iterator[Alert]:
    """The messages that a reading becomes."""
    kind, payload = form(reading, unwrapped=settings.mqtt_unwrapped)
    device = reading.device
    trees = (device.tenant, OWNER) if settings.mqtt_caas else (device.tenant,)
    for tree in trees:
        yield Alert(f"{tree}/{ALERT}/{device.mac}/{kind}", payload)
    if settings.mqtt_presence:
        for tree in trees:
            yield Alert(f"{tree}/{PRESENCE}/{device.mac}", str(reading.second).encode(), REPORTER)


class Bridge:
    """Listens to the estate while there is anybody to publish for, so that a mesh that nobody hears costs nothing.

    Args:
        estate: whose devices report.
        settings: the switches.
        publish: takes what is to be published.
        wanted: whether there is anybody to publish for.
    """

    def __init__(
        self, estate: Estate, settings: Settings, publish: Callable[[Alert], object], wanted: Callable[[], bool]
    ) -> None:
        self._estate = estate
        self._settings = settings
        self._publish = publish
        self._wanted = wanted
        self._listening = False

    def wake(self) -> None:
        """Somebody has come who may want to hear."""
        if not self._listening:
            self._listening = True
            self._estate.listen(self._on_reading)

    def rest(self) -> None:
        """Nobody wants to hear any more."""
        self._listening = False
        self._estate.ignore(self._on_reading)

    def _on_reading(self, reading: Reading) -> None:
        if not self._wanted():
            self.rest()
            return
        for alert in alerts(reading, self._settings):
            self._publish(alert)
