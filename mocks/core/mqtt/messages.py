"""A message on its way: once as it is, and once for each client that gets it."""

from __future__ import annotations

from typing import Any

import msgspec

from .properties import NONE, Properties
from .wire import encode_text

SECOND = 1_000_000
"""Vendor time comes in whole microseconds."""

FORWARDED = (
    "payload_format_indicator",
    "content_type",
    "response_topic",
    "correlation_data",
    "user_property",
)
"""Properties that a message keeps on its way (MQTT 5, 3.3.2.3); its expiry is counted down beside them."""


class Message(msgspec.Struct, frozen=True, eq=False):
    """What somebody published.

    Attributes:
        topic, payload, qos, retain: as published.
        head: the topic as it stands on the wire.
        properties: those that are passed on.
        expires: vendor time in microseconds after which nobody gets it any more; None for never.
        publisher: client id, empty for the broker itself.
    """

    topic: str
    payload: bytes
    qos: int
    retain: bool
    head: bytes
    properties: Properties = NONE
    expires: int | None = None
    publisher: str = ""


class Outgoing(msgspec.Struct, eq=False):
    """A message for one client.

    Attributes:
        message: what was published.
        qos: that it is delivered with.
        retain: the flag that the client sees.
        identifiers: of the subscriptions that it matched.
        packet_id: 0 as long as it waits.
        released: PUBREC has come, so that PUBREL is what is sent again.
    """

    message: Message
    qos: int
    retain: bool = False
    identifiers: tuple[int, ...] = ()
    packet_id: int = 0
    released: bool = False


def make_message(
    topic: str,
    payload: bytes,
    qos: int = 0,
    *,
    retain: bool = False,
    properties: Properties = NONE,
    now: int = 0,
    publisher: str = "",
    head: bytes = b"",
) -> Message:
    """A message from what a PUBLISH or a will says.

    Args:
        topic: as published.
        payload: as published.
        qos: as published.
        retain: as published.
        properties: all of the packet's.
        now: vendor time in microseconds, from which its expiry counts.
        publisher: client id.
        head: the topic as it stands on the wire, when it is known already.
    """
    kept: Properties = NONE
    expires = None
    if properties:
        found: dict[str, Any] = {name: value for name, value in properties.items() if name in FORWARDED}
        kept = found  # type: ignore[assignment]  # a part of one
        interval = properties.get("message_expiry_interval")
        expires = None if interval is None else now + interval * SECOND
    return Message(topic, payload, qos, retain, head or encode_text(topic), kept, expires, publisher)
