"""What a fault does, as data. Each action says which protocols it fits; the edges carry it out.

``delay`` and ``truncate`` mean what they say on any of theirs: of an answer over HTTP, a datagram, an MQTT packet.
"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, get_args

import msgspec

LONGEST_DELAY = 3_600.0
"""Seconds of line time that a delay may last."""

MOST_COPIES = 100
"""Copies of one message: more would be a flood, and a fault is no load generator."""

LARGEST_MESSAGE = 1 << 28
"""Bytes, of the largest packet that any of the protocols allows (MQTT)."""

Protocol = Literal["http", "coap", "mqtt", "udp", "webhook"]

HTTP = frozenset({"http"})
MQTT = frozenset({"mqtt"})
COAP = frozenset({"coap"})
DATAGRAMS = frozenset({"coap", "udp"})
WEBHOOK = frozenset({"webhook"})
PACKETS = DATAGRAMS | MQTT
MESSAGES = PACKETS | WEBHOOK

Bytes = Annotated[int, msgspec.Meta(ge=0, le=1 << 30)]
Seconds = Annotated[float, msgspec.Meta(ge=0, le=LONGEST_DELAY)]
Offset = Annotated[int, msgspec.Meta(ge=-LARGEST_MESSAGE, le=LARGEST_MESSAGE)]


class Data(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """Every part of a rule: immutable, and an unknown key is an error."""


class Fault(Data, frozen=True, tag_field="kind"):
    """What goes wrong.

    Attributes:
        fits: the protocols on which it can.
    """

    fits: ClassVar[frozenset[str]] = HTTP


# --- on any ----------------------------------------------------------------------------------------------------------


class Delay(Fault, frozen=True, tag="delay"):
    """The answer, datagram or packet comes late by seconds of line time; what comes behind a packet waits for it."""

    fits: ClassVar[frozenset[str]] = HTTP | MESSAGES

    seconds: Seconds


class Truncate(Fault, frozen=True, tag="truncate"):
    """Over HTTP the connection closes after so many bytes of the body; a datagram has only so many left."""

    fits: ClassVar[frozenset[str]] = HTTP | DATAGRAMS

    after: Bytes


# --- HTTP ------------------------------------------------------------------------------------------------------------


class Status(Fault, frozen=True, tag="status"):
    """The vendor's own answer for a status."""

    status: Annotated[int, msgspec.Meta(ge=400, le=599)]


class Drip(Fault, frozen=True, tag="drip"):
    """The body comes in small pieces with pauses."""

    chunk: Annotated[int, msgspec.Meta(ge=1, le=1 << 20)] = 16
    interval: Seconds = 0.1


class Reset(Fault, frozen=True, tag="reset"):
    """The connection is reset after so many bytes of the body; with 0 not even the head arrives."""

    after: Bytes = 0


class Empty(Fault, frozen=True, tag="empty"):
    """The connection closes without a byte."""


class ContentType(Fault, frozen=True, tag="content-type"):
    """The answer claims another media type."""

    value: Annotated[str, msgspec.Meta(pattern=r"^[\x21-\x7e ]{1,200}$(?!\n)")]


# --- datagrams, packets and webhooks ---------------------------------------------------------------------------------


class Drop(Fault, frozen=True, tag="drop"):
    """It is lost."""

    fits: ClassVar[frozenset[str]] = MESSAGES


class Duplicate(Fault, frozen=True, tag="duplicate"):
    """It comes again, ``count`` times more, ``gap`` seconds of line time after each other."""

    fits: ClassVar[frozenset[str]] = MESSAGES

    count: Annotated[int, msgspec.Meta(ge=1, le=MOST_COPIES)] = 1
    gap: Seconds = 0.0


class Reorder(Fault, frozen=True, tag="reorder"):
    """It is held until ``behind`` later ones have passed the same way, to or from the same peer, or time is up.

    Attributes:
        behind: how many overtake it.
        timeout: seconds of line time after which it goes on all the same.
    """

    fits: ClassVar[frozenset[str]] = DATAGRAMS | WEBHOOK

    behind: Annotated[int, msgspec.Meta(ge=1, le=MOST_COPIES)] = 1
    timeout: Seconds = 1.0


class Corrupt(Fault, frozen=True, tag="corrupt"):
    """One byte of it is another: a bit is flipped, or ``byte`` stands there.

    Attributes:
        offset: which byte, from 0; a negative one counts from the end, and one beyond it means the last. Drawn from the
            seed if not given.
        bit: which bit is flipped, 0 the lowest. Drawn from the seed if neither this nor ``byte`` is given.
        byte: what stands there instead.
    """

    fits: ClassVar[frozenset[str]] = PACKETS

    offset: Offset | None = None
    bit: Annotated[int, msgspec.Meta(ge=0, le=7)] | None = None
    byte: Annotated[int, msgspec.Meta(ge=0, le=255)] | None = None

    def __post_init__(self) -> None:
        """Refuse two ways to spoil one byte."""
        if self.bit is not None and self.byte is not None:
            raise ValueError("`corrupt` takes `bit` or `byte`, not both")


# --- MQTT ------------------------------------------------------------------------------------------------------------


class Cut(Fault, frozen=True, tag="cut"):
    """The connection ends ``before`` the packet got through, or (by default) right ``after``: the rule's phase says."""

    fits: ClassVar[frozenset[str]] = MQTT

    reset: bool = False


class Refuse(Fault, frozen=True, tag="refuse"):
    """A CONNECT, SUBSCRIBE or PUBLISH is refused with an MQTT 5 reason code; older versions say it as they can."""

    fits: ClassVar[frozenset[str]] = MQTT

    code: Annotated[int, msgspec.Meta(ge=0x80, le=0xFF)] = 0x87


class ForgetSession(Fault, frozen=True, tag="forget-session"):
    """The broker loses the session: subscriptions, queue and what was under way."""

    fits: ClassVar[frozenset[str]] = MQTT


class StaleRetained(Fault, frozen=True, tag="stale-retained"):
    """The broker sends the retained messages of the connection's subscriptions again, as they were one change ago."""

    fits: ClassVar[frozenset[str]] = MQTT


class Throttle(Fault, frozen=True, tag="throttle"):
    """From here on the client is sent so many bytes a second."""

    fits: ClassVar[frozenset[str]] = MQTT

    rate: Annotated[int, msgspec.Meta(ge=1, le=1 << 30)]


class HalfOpen(Fault, frozen=True, tag="half-open"):
    """From here on nothing passes, and the connection stays open."""

    fits: ClassVar[frozenset[str]] = MQTT


Action = (
    Status
    | Delay
    | Drip
    | Truncate
    | Reset
    | Empty
    | ContentType
    | Drop
    | Duplicate
    | Reorder
    | Corrupt
    | Cut
    | Refuse
    | ForgetSession
    | StaleRetained
    | Throttle
    | HalfOpen
)


KINDS = tuple(str(each.__struct_config__.tag) for each in get_args(Action))
"""Their names in a rule's JSON."""


def kind(action: Action) -> str:
    """Its name in a rule's JSON."""
    return str(action.__struct_config__.tag)
