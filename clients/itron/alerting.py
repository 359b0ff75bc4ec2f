"""Alerts as values: how a message is read, and how it is known that one has been told of before."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

from .sensors import MethaneReading, TemperatureReading, TiltReading, decode

if TYPE_CHECKING:
    from collections.abc import Callable

    from .packets import Message
    from .sensors import Reading

REMEMBERED: Final = 4_096
REMEMBERED_FOR: Final = 600.0


@dataclass(frozen=True, slots=True)
class Alert:
    """What a device told of its own accord.

    Attributes:
        tenant: Whose device; `ssni` for an account of a customer's network.
        mac: Of the device, 16 hex digits in lower case.
        sensor: Its type, as the topic has it.
        readings: What it says; a pole tilt board may say several things at once, oldest first.
        payload: The bytes as they came.
        is_retained: Whether it was kept by the broker from before the subscription, and so may be old.
    """

    tenant: str
    mac: str
    sensor: str
    readings: tuple[Reading, ...]
    payload: bytes = field(default=b"", repr=False)
    is_retained: bool = False

    @property
    def reading(self) -> Reading:
        """The newest reading."""
        return self.readings[-1]


@dataclass(frozen=True, slots=True)
class UndecodedAlert:
    """A message that cannot be read.

    Attributes:
        topic: Its topic.
        payload: Its bytes.
        reason: Why not.
        is_retained: As of an `Alert`.
    """

    topic: str
    payload: bytes
    reason: str
    is_retained: bool = False


AnyAlert: TypeAlias = "Alert | UndecodedAlert"


class Seen:
    """Alerts that have been told of, so that none is twice.

    A copy may say that it is one, or not: a broker's says so, a line that doubles packets does not. So what carries
    its own time is known again by sensor and content; anything else only if the broker says that it sends it again,
    for a sensor may well say the same thing twice. Both are forgotten after a while.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._told: OrderedDict[bytes, float] = OrderedDict()

    def is_known(self, alert: AnyAlert, message: Message) -> bool:
        """Tell whether an alert is a copy of one told of, and remember it."""
        now = self._clock()
        key = hashlib.blake2b(message.topic.encode() + b"\0" + message.payload, digest_size=16).digest()
        at = self._told.pop(key, None)
        self._told[key] = now
        while len(self._told) > REMEMBERED:
            self._told.popitem(last=False)
        return at is not None and now - at < REMEMBERED_FOR and (message.is_again or _is_stamped(alert))


def read_alert(message: Message) -> AnyAlert:
    """Return what a message says, whatever it is."""
    levels = message.topic.split("/")
    if len(levels) != 4 or levels[1] != "alert":
        return UndecodedAlert(message.topic, message.payload, "no topic of an alert", message.is_retained)
    tenant, _, mac, sensor = levels
    try:
        readings = decode(message.payload, sensor)
    except ValueError as trouble:
        return UndecodedAlert(message.topic, message.payload, str(trouble), message.is_retained)
    return Alert(tenant, mac.lower(), sensor, readings, message.payload, message.is_retained)


def _is_stamped(alert: AnyAlert) -> bool:
    if isinstance(alert, UndecodedAlert):
        return False
    reading = alert.reading
    stamped = isinstance(reading, TemperatureReading | TiltReading)
    return stamped or (isinstance(reading, MethaneReading) and reading.at is not None)
