"""What a broker tells whoever listens, the journal above all. Nothing is made as long as nobody does."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import msgspec

from .kinds import NAMES, PUBLISH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from . import packets as p
    from .connection import Connection
    from .messages import Message, Outgoing


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened on a connection.

    Attributes:
        kind: ``connect``, ``refuse``, ``subscribe``, ``unsubscribe``, ``publish-in``, ``publish-out``, ``ack-in`` or
            ``disconnect``; a will and what the broker says itself come in without a ``publish-in``.
        packet: the packet's type by name, empty for an end without one.
        client_id, principal, version, peer: whose connection.
        topic, qos, retain, dup, packet_id, size: of a message; ``size`` is its payload's in bytes.
        filters, codes: of a subscription.
        code: of an acknowledgement, a refusal or an end.
        cause: why it ended, or why somebody was refused.
        text: the same in words.
        session_present: of a connection.
    """

    kind: str
    packet: str = ""
    client_id: str = ""
    principal: str = ""
    version: int = 0
    peer: str = ""
    topic: str = ""
    qos: int = 0
    retain: bool = False
    packet_id: int = 0
    size: int = 0
    filters: tuple[str, ...] = ()
    codes: tuple[int, ...] = ()
    code: int = 0
    cause: str = ""
    text: str = ""
    session_present: bool = False


OPERATIONS = {
    "connect": "connect",
    "refuse": "connect",
    "subscribe": "subscribe",
    "unsubscribe": "unsubscribe",
    "publish-in": "publish",
    "publish-out": "deliver",
    "ack-in": "ack",
    "disconnect": "disconnect",
}
"""By kind of event, the operation that it is in the journal and in rules of the fault plan."""

Observer = Callable[[Event], None]
"""Somebody who listens; called inside of the broker, it must be quick and may not call back."""


def _tell(connection: Connection, **values: object) -> None:
    observer = connection.core.observer
    if observer is not None:
        session = connection.session
        observer(
            Event(
                client_id=connection.client_id,
                principal=session.principal if session is not None else "",
                version=connection.version,
                peer=connection.peer,
                **values,  # type: ignore[arg-type]  # the callers below name its fields
            )
        )


def connected(connection: Connection, *, session_present: bool) -> None:
    """A client has been let in."""
    _tell(connection, kind="connect", packet="CONNECT", session_present=session_present)


def message_came(connection: Connection, message: Message, packet_id: int) -> None:
    """A client published."""
    _tell(
        connection,
        kind="publish-in",
        packet=NAMES[PUBLISH],
        topic=message.topic,
        qos=message.qos,
        retain=message.retain,
        packet_id=packet_id,
        size=len(message.payload),
    )


def message_went(connection: Connection, outgoing: Outgoing) -> None:
    """A client was sent a message."""
    _tell(
        connection,
        kind="publish-out",
        packet=NAMES[PUBLISH],
        topic=outgoing.message.topic,
        qos=outgoing.qos,
        retain=outgoing.retain,
        packet_id=outgoing.packet_id,
        size=len(outgoing.message.payload),
    )


def acknowledged(connection: Connection, kind: int, packet_id: int, code: int) -> None:
    """A client acknowledged."""
    _tell(connection, kind="ack-in", packet=NAMES[kind], packet_id=packet_id, code=code)


def subscribed(connection: Connection, packet: p.Subscribe, codes: Sequence[int]) -> None:
    """A client subscribed, with what it was granted."""
    filters = tuple(item.filter for item in packet.subscriptions)
    _tell(connection, kind="subscribe", packet="SUBSCRIBE", filters=filters, codes=tuple(codes))


def unsubscribed(connection: Connection, packet: p.Unsubscribe, codes: Sequence[int]) -> None:
    """A client unsubscribed."""
    _tell(connection, kind="unsubscribe", packet="UNSUBSCRIBE", filters=packet.filters, codes=tuple(codes))


def ended(connection: Connection, *, known: bool, cause: str, text: str, code: int) -> None:
    """A connection ended; ``known`` says that its client had been let in."""
    _tell(connection, kind="disconnect" if known else "refuse", cause=cause, text=text, code=code)
