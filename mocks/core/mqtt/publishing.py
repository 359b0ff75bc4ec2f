"""What a PUBLISH does, and the acknowledgements of either side.

The ordinary PUBLISH, to a topic that is known and without properties, is read here straight from the buffer; every
other one goes through the codec, which also says what is wrong with it. Both end in ``accept``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import events
from . import kinds as k
from . import packets as p
from .encode import encode_ack
from .messages import make_message
from .profiles import Offence
from .properties import NONE, Properties
from .reasons import PUBACK_CODES, Reason

if TYPE_CHECKING:
    from .connection import Connection
    from .routing import Route
    from .session import Session


def take_publish(connection: Connection, session: Session, header: int, buffer: bytes, start: int, end: int) -> None:
    """A PUBLISH whose body lies in a buffer."""
    qos = header >> 1 & 3
    if end - start > 5 and qos != 3:
        position = start + 2 + (buffer[start] << 8 | buffer[start + 1])
        route = connection.core.routes.known.get(buffer[start + 2 : position]) if position + 3 <= end else None
        if route is not None:
            packet_id = 0
            if qos:
                packet_id = buffer[position] << 8 | buffer[position + 1]
                position += 2
            plain = connection.version != k.V5
            if not plain:
                plain = not buffer[position]
                position += 1
            if plain and (packet_id if qos else not header & 8):
                accept(connection, session, route, buffer[position:end], header, packet_id, NONE)
                return
    connection.handle_frame(header, buffer[start:end])


def on_publish(connection: Connection, session: Session, packet: p.Publish) -> None:
    """A PUBLISH that has been decoded."""
    topic = packet.topic
    if alias := packet.properties.get("topic_alias"):
        if alias > connection.core.profile.topic_aliases:
            connection.offend(Offence.TOPIC_ALIAS)
            return
        known = connection.aliases = connection.aliases or {}
        if topic:
            known[alias] = topic
        elif alias in known:
            topic = known[alias]
        else:
            connection.offend(Offence.TOPIC_ALIAS)
            return
    if "subscription_identifier" in packet.properties:
        connection.offend(Offence.WRONG_PACKET, text="a client sends no subscription identifier (MQTT-3.3.4-6)")
        return
    route = connection.core.routes.route(topic)
    header = 0x30 | packet.dup << 3 | packet.qos << 1 | packet.retain
    accept(connection, session, route, packet.payload, header, packet.packet_id, packet.properties)


def accept(
    connection: Connection,
    session: Session,
    route: Route,
    payload: bytes,
    header: int,
    packet_id: int,
    properties: Properties,
) -> None:
    """Let a message in, or not, and acknowledge it."""
    core = connection.core
    profile = core.profile
    qos = header >> 1 & 3
    retain = bool(header & 1)
    if qos == 2 and packet_id in session.received:
        connection.send(encode_ack(k.PUBREC, packet_id))  # it is here already (MQTT-4.3.3-2)
        return
    if route.own and not profile.dollar_publish:
        connection.offend(Offence.DOLLAR_TOPIC)
    elif qos > profile.maximum_qos:
        connection.offend(Offence.QOS_NOT_SUPPORTED)
    elif retain and not profile.retain:
        connection.offend(Offence.RETAIN_NOT_SUPPORTED)
    elif qos == 2 and connection.version == k.V5 and len(session.received) >= profile.receive_maximum:
        connection.offend(Offence.RECEIVE_MAXIMUM)
    elif not core.policy.may_publish(session.principal, route.topic):
        refuse_publish(connection, route.topic, qos, packet_id)
    else:
        if qos == 2:
            session.received.add(packet_id)
        now = core.micros() if properties else 0
        message = make_message(
            route.topic,
            payload,
            qos,
            retain=retain,
            properties=properties,
            now=now,
            publisher=session.client_id,
            head=route.head,
        )
        if core.observer is not None:
            events.message_came(connection, message, packet_id)
        found = core.spread(message, route, session)
        if qos:
            none = not found and connection.version == k.V5
            code = Reason.NO_MATCHING_SUBSCRIBERS if none else Reason.SUCCESS
            connection.send(encode_ack(k.PUBACK if qos == 1 else k.PUBREC, packet_id, code))


def refuse_publish(connection: Connection, topic: str, qos: int, packet_id: int, code: int | None = None) -> None:
    """The client may not publish there; ``code`` says why, if not for the profile's reason."""
    answer = connection.core.profile.answer(Offence.PUBLISH_REFUSED, connection.version)
    told = answer.code if code is None else code
    if answer.ack and qos and told is not None and told in PUBACK_CODES:
        reason: Properties = {"reason_string": answer.reason} if connection.problems else NONE
        connection.send_packet(p.Ack(k.PUBACK if qos == 1 else k.PUBREC, packet_id, told, reason))
    if answer.close:
        connection.offend(Offence.PUBLISH_REFUSED, text=f"may not publish to {topic}")


def on_ack(connection: Connection, session: Session, packet: p.Ack) -> None:
    """PUBACK, PUBREC, PUBREL or PUBCOMP that has been decoded."""
    take_ack(connection, session, packet.kind, packet.packet_id, packet.code)


def take_ack(connection: Connection, session: Session, kind: int, packet_id: int, code: int) -> None:
    """PUBACK, PUBREC, PUBREL or PUBCOMP."""
    core = connection.core
    if core.observer is not None:
        events.acknowledged(connection, kind, packet_id, code)
    if kind == k.PUBREL:
        known = packet_id in session.received
        session.received.discard(packet_id)
        _answer(connection, k.PUBCOMP, packet_id, known=known)
        return
    if kind == k.PUBREC:
        answer = session.recorded(packet_id, code)
        if answer is not None:
            _answer(connection, k.PUBREL, packet_id, known=answer is Reason.SUCCESS)
            return
    elif kind == k.PUBACK:
        session.acknowledged(packet_id)
    else:
        session.completed(packet_id)
    if session.queue or session.replays:
        session.pump(core.micros())


def _answer(connection: Connection, kind: int, packet_id: int, *, known: bool) -> None:
    """PUBREL or PUBCOMP; version 5 says when the id means nothing here."""
    code = 0 if known or connection.version != k.V5 else Reason.PACKET_ID_NOT_FOUND
    connection.send(encode_ack(kind, packet_id, code))
