"""What CONNECT and DISCONNECT do.

Nothing of a session is looked at, let alone touched, before the client is known: somebody with another's client id and
a wrong password harms nobody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import events
from . import kinds as k
from . import packets as p
from .encode import encode
from .policy import Refuse
from .profiles import Offence
from .properties import NONE
from .session import Session

if TYPE_CHECKING:
    from .broker import BrokerCore
    from .connection import Connection
    from .policy import Accept
    from .properties import Properties

NEVER = 0xFFFF_FFFF
"""As a session expiry interval: the session is kept for ever (MQTT 5, 3.1.2.11.2)."""

MOST_UNDER_WAY = 65_535
"""As a receive maximum: what an absent one means."""


def on_connect(connection: Connection, packet: p.Connect) -> None:
    """Let a client in, or not."""
    core = connection.core
    connection.version = packet.version
    properties = packet.properties
    connection.problems = bool(properties.get("request_problem_information", 1))
    connection.largest = properties.get("maximum_packet_size", connection.largest)
    offence = _first_offence(core, packet)
    if offence is not None:
        connection.client_id = packet.client_id
        connection.offend(offence)
        return
    verdict = core.policy.authenticate(packet)
    if isinstance(verdict, Refuse):
        connection.client_id = packet.client_id
        connection.offend(Offence.REFUSED, verdict.code, verdict.cause)
        return
    offence = _second_offence(core, packet, verdict)
    if offence is not None:
        connection.client_id = packet.client_id
        connection.offend(offence)
        return
    _let_in(core, connection, packet, verdict)


def _first_offence(core: BrokerCore, packet: p.Connect) -> Offence | None:
    """What is wrong whoever it is."""
    profile = core.profile
    if packet.version not in profile.versions:
        return Offence.VERSION
    if len(packet.client_id) > profile.longest_client_id:
        return Offence.CLIENT_ID_TOO_LONG
    if not packet.client_id and (packet.version == k.V31 or (packet.version == k.V311 and not packet.clean)):
        return Offence.CLIENT_ID_EMPTY
    if "authentication_method" in packet.properties:
        return Offence.AUTHENTICATION_METHOD
    return None


def _second_offence(core: BrokerCore, packet: p.Connect, accepted: Accept) -> Offence | None:
    """What is wrong for who it is."""
    profile = core.profile
    will = packet.will
    if will is not None:
        if will.topic.startswith("$") and not profile.dollar_publish:
            return Offence.WILL_REFUSED
        if will.qos > profile.maximum_qos:
            return Offence.QOS_NOT_SUPPORTED
        if will.retain and not profile.retain:
            return Offence.RETAIN_NOT_SUPPORTED
        if not core.policy.may_publish(accepted.principal, will.topic):
            return Offence.WILL_REFUSED
    if packet.client_id not in core.sessions and len(core.sessions) >= core.bounds.sessions:
        return Offence.FULL
    return None


def _let_in(core: BrokerCore, connection: Connection, packet: p.Connect, accepted: Accept) -> None:
    client_id = packet.client_id or core.new_client_id()
    old = core.sessions.get(client_id)
    if old is not None and old.connection is not None:
        old.connection.offend(Offence.TAKEN_OVER)
        old = core.sessions.get(client_id)
    if old is not None and (packet.clean or old.principal != accepted.principal):
        # What waits for one principal is nobody else's business, even under the same client id.
        core.end_session(old)
        old = None
    session = old or Session(client_id, core.profile, core.bounds, core.retained)
    core.sessions[client_id] = session
    session.principal = accepted.principal
    session.connection = connection
    session.ends = session.will_due = None
    session.will = packet.will
    session.expiry = _expiry(core, packet)
    connection.session = session
    connection.client_id = client_id
    asked = packet.properties.get("receive_maximum", MOST_UNDER_WAY)
    session.window = min(asked, core.profile.inflight)
    connection.allow_aliases(min(packet.properties.get("topic_alias_maximum", 0), core.profile.aliases_to_clients))
    keep_alive = _keep_alive(core, packet)
    connection.keep_alive = keep_alive * core.profile.keep_alive_factor
    connection.connected()
    answer = _connack_properties(core, packet, session, accepted, keep_alive) if packet.version == k.V5 else NONE
    connection.send(encode(p.Connack(old is not None, 0, answer), packet.version))
    if core.observer is not None:
        events.connected(connection, session_present=old is not None)
    session.resume()
    session.pump(core.micros())


def _expiry(core: BrokerCore, packet: p.Connect) -> int | None:
    """Seconds that the session is kept once the client is gone; None for ever."""
    longest = core.profile.longest_expiry
    if packet.version != k.V5:
        return 0 if packet.clean else longest
    return capped_expiry(packet.properties.get("session_expiry_interval", 0), longest)


def capped_expiry(asked: int, longest: int | None) -> int | None:
    """A session expiry interval as the broker grants it."""
    if asked == NEVER:
        return longest
    return asked if longest is None else min(asked, longest)


def _keep_alive(core: BrokerCore, packet: p.Connect) -> int:
    profile = core.profile
    if packet.version != k.V5:
        return packet.keep_alive
    if not packet.keep_alive:
        return 0 if profile.unlimited_keep_alive else profile.server_keep_alive
    return min(packet.keep_alive, profile.server_keep_alive)


def _connack_properties(
    core: BrokerCore, packet: p.Connect, session: Session, accepted: Accept, keep_alive: int
) -> Properties:
    """What differs from what the client asked for, or from what the standard takes for granted."""
    profile = core.profile
    found: dict[str, Any] = {}
    granted = NEVER if session.expiry is None else session.expiry
    if granted != packet.properties.get("session_expiry_interval", 0):
        found["session_expiry_interval"] = granted
    if profile.receive_maximum < MOST_UNDER_WAY:
        found["receive_maximum"] = profile.receive_maximum
    if profile.maximum_qos < 2:
        found["maximum_qos"] = profile.maximum_qos
    if not profile.retain:
        found["retain_available"] = 0
    if profile.largest_packet < 268_435_460:
        found["maximum_packet_size"] = profile.largest_packet
    if not packet.client_id:
        found["assigned_client_identifier"] = session.client_id
    if profile.topic_aliases:
        found["topic_alias_maximum"] = profile.topic_aliases
    if not profile.shared:
        found["shared_subscription_available"] = 0
    if keep_alive != packet.keep_alive:
        found["server_keep_alive"] = keep_alive
    if accepted.response_information and packet.properties.get("request_response_information"):
        found["response_information"] = accepted.response_information
    return found  # type: ignore[return-value]  # a part of one


def on_disconnect(connection: Connection, session: Session, packet: p.Disconnect) -> None:
    """The client says good-bye; its will is forgotten unless it asks for it (MQTT-3.14.4-3)."""
    asked = packet.properties.get("session_expiry_interval")
    if asked is not None:
        if asked and session.expiry == 0:
            connection.offend(Offence.EXPIRY_RAISED)
            return
        session.expiry = capped_expiry(asked, connection.core.profile.longest_expiry)
    if "server_reference" in packet.properties:
        connection.offend(Offence.WRONG_PACKET, text="a client sends no server reference")
        return
    connection.end("disconnected", code=packet.code, will=packet.code != 0)


def on_ping(connection: Connection, _session: Session, _packet: p.Pingreq) -> None:
    """Somebody is here (MQTT-3.12.4-1)."""
    connection.send_packet(p.Pingresp())
