"""What SUBSCRIBE and UNSUBSCRIBE do."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import events
from . import kinds as k
from . import packets as p
from .messages import Outgoing
from .profiles import Offence
from .properties import NONE, Properties
from .reasons import SUBACK_FAILURE, Reason
from .routing import merged
from .session import Held, Replay
from .topics import DEEPEST, matches, split_share

if TYPE_CHECKING:
    from .broker import BrokerCore
    from .connection import Connection
    from .session import Session

SEND, SEND_IF_NEW = 0, 1
"""What a subscription wants of retained messages (MQTT 5, 3.8.3.1)."""


def on_subscribe(connection: Connection, session: Session, packet: p.Subscribe) -> None:
    """Take up filters, answer with a code for each (MQTT-3.8.4-5), and send what is retained for them."""
    core = connection.core
    profile = core.profile
    if any(item.filter.count("/") >= DEEPEST for item in packet.subscriptions):
        connection.offend(Offence.FILTER_TOO_DEEP)
        return
    if not profile.shared and any(split_share(item.filter)[0] for item in packet.subscriptions):
        connection.offend(Offence.SHARED_NOT_SUPPORTED)
        return
    identifier = packet.properties.get("subscription_identifier", [0])[0]
    codes: list[int] = []
    reasons: list[str] = []
    replays: list[Replay] = []
    for item in packet.subscriptions:
        offence = _refusal(session, item)
        if offence is None and not _take_up(session, item, identifier, replays, connection):
            offence = Offence.FILTER_QUOTA
        if offence is None:
            codes.append(min(item.qos, profile.maximum_qos))
            continue
        if connection.version == k.V31 and profile.refusal_closes_31:
            connection.end("subscribe-refused", text=f"may not subscribe to {item.filter}")
            return
        answer = profile.answer(offence, connection.version)
        codes.append(SUBACK_FAILURE if answer.code is None else answer.code)
        if answer.reason and answer.reason not in reasons:
            reasons.append(answer.reason)
    properties: Properties = {"reason_string": " ".join(reasons)} if reasons and connection.problems else NONE
    connection.send_packet(p.Suback(packet.packet_id, tuple(codes), properties))
    if core.observer is not None:
        events.subscribed(connection, packet, codes)
    if replays:
        session.replays += replays
        session.pump(core.micros())


def _refusal(session: Session, item: p.Subscription) -> Offence | None:
    connection = session.connection
    assert connection is not None
    core = connection.core
    if not core.policy.may_subscribe(session.principal, split_share(item.filter)[1]):
        return Offence.SUBSCRIBE_REFUSED
    if item.filter not in session.subscriptions and len(session.subscriptions) >= core.bounds.filters:
        return Offence.FILTER_QUOTA
    return None


def _take_up(
    session: Session, item: p.Subscription, identifier: int, replays: list[Replay], connection: Connection
) -> bool:
    core = connection.core
    qos = min(item.qos, core.profile.maximum_qos)
    held = Held(item.filter, qos, item.no_local, item.retain_as_published, identifier)
    if not core.routes.add(session, held):
        return False
    new = item.filter not in session.subscriptions
    session.subscriptions[item.filter] = held
    shared, topic_filter = split_share(item.filter)
    wanted = item.retain_handling == SEND or (item.retain_handling == SEND_IF_NEW and new)
    if wanted and not shared and (topics := core.retained.topics(topic_filter)):
        replays.append(Replay(topics, qos, (identifier,) if identifier else ()))
    return True


def on_unsubscribe(connection: Connection, session: Session, packet: p.Unsubscribe) -> None:
    """Take back filters; what is under way stays under way (MQTT-3.10.4-3)."""
    core = connection.core
    codes: list[int] = []
    for text in packet.filters:
        known = session.subscriptions.pop(text, None)
        if known is not None:
            core.routes.remove(session, text)
        codes.append(Reason.SUCCESS if known is not None else Reason.NO_SUBSCRIPTION_EXISTED)
    connection.send_packet(p.Unsuback(packet.packet_id, tuple(codes)))
    if core.observer is not None:
        events.unsubscribed(connection, packet, codes)


def resend(core: BrokerCore, *, stale: bool, client_id: str | None) -> int:
    """Send retained messages once more to those who have subscribed; ``BrokerCore.resend_retained`` says more."""
    sent = 0
    now = core.micros()
    found = [core.retained.get(topic, now, stale=stale) for topic in list(core.retained.all_topics())]
    for session in list(core.sessions.values()):
        if session.connection is None or client_id not in (None, session.client_id):
            continue
        plain = [held for held in session.subscriptions.values() if not split_share(held.filter)[0]]
        for message in found:
            held = [item for item in plain if message is not None and matches(item.filter, message.topic)]
            if message is None or not held:
                continue
            qos, _, identifiers = merged(message, held)
            outgoing = Outgoing(message, qos, retain=True, identifiers=identifiers)
            (session.deliver if qos else session.deliver_now)(outgoing)
            sent += 1
    return sent
