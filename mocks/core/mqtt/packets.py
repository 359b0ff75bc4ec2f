"""Every control packet as data, the same for all versions: what a version does not have, stays at its default."""

from __future__ import annotations

import msgspec

from .kinds import V311
from .properties import NONE, Properties


class Will(msgspec.Struct, frozen=True):
    """What a client wants said when it is gone."""

    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False
    properties: Properties = NONE


class Connect(msgspec.Struct, frozen=True):
    """A client introduces itself."""

    client_id: str
    version: int = V311
    clean: bool = True
    keep_alive: int = 0
    will: Will | None = None
    username: str | None = None
    password: bytes | None = None
    properties: Properties = NONE


class Connack(msgspec.Struct, frozen=True):
    """The server's answer; the code is a return code in version 3 and a reason code in version 5."""

    session_present: bool
    code: int
    properties: Properties = NONE


class Publish(msgspec.Struct, frozen=True):
    """A message; with QoS 0 it has no packet id."""

    topic: str
    payload: bytes
    qos: int = 0
    retain: bool = False
    dup: bool = False
    packet_id: int = 0
    properties: Properties = NONE


class Ack(msgspec.Struct, frozen=True):
    """PUBACK, PUBREC, PUBREL or PUBCOMP; before version 5 without a code."""

    kind: int
    packet_id: int
    code: int = 0
    properties: Properties = NONE


class Subscription(msgspec.Struct, frozen=True):
    """One filter of a SUBSCRIBE with its options; before version 5 there is only the QoS."""

    filter: str
    qos: int = 0
    no_local: bool = False
    retain_as_published: bool = False
    retain_handling: int = 0


class Subscribe(msgspec.Struct, frozen=True):
    """Filters that a client wants."""

    packet_id: int
    subscriptions: tuple[Subscription, ...]
    properties: Properties = NONE


class Suback(msgspec.Struct, frozen=True):
    """A code for each filter."""

    packet_id: int
    codes: tuple[int, ...]
    properties: Properties = NONE


class Unsubscribe(msgspec.Struct, frozen=True):
    """Filters that a client wants no more."""

    packet_id: int
    filters: tuple[str, ...]
    properties: Properties = NONE


class Unsuback(msgspec.Struct, frozen=True):
    """A code for each filter; before version 5 there are none."""

    packet_id: int
    codes: tuple[int, ...] = ()
    properties: Properties = NONE


class Pingreq(msgspec.Struct, frozen=True):
    """Is anybody there?"""


class Pingresp(msgspec.Struct, frozen=True):
    """Yes."""


class Disconnect(msgspec.Struct, frozen=True):
    """The end, said aloud."""

    code: int = 0
    properties: Properties = NONE


class Auth(msgspec.Struct, frozen=True):
    """A step of an exchange that authenticates; version 5 only."""

    code: int = 0
    properties: Properties = NONE


Packet = (
    Connect
    | Connack
    | Publish
    | Ack
    | Subscribe
    | Suback
    | Unsubscribe
    | Unsuback
    | Pingreq
    | Pingresp
    | Disconnect
    | Auth
)
