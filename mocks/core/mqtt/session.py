"""One client's state, which outlives its connections: subscriptions, what is under way both ways, and what waits.

Delivery of a message with QoS 1 or 2 to the client goes through these states (MQTT 3.1.1 and 5.0, section 4.3)::

    waiting ──room──► sent ──PUBACK──► done                       QoS 1
    waiting ──room──► sent ──PUBREC──► released ──PUBCOMP──► done     QoS 2

A reconnection finds *sent* and sends it again with DUP, or *released* and sends PUBREL again.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import msgspec

from . import kinds as k
from . import packets as p
from .encode import encode_ack
from .messages import Outgoing
from .reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .connection import Connection
    from .profiles import Bounds, Profile
    from .retained import Retained

MOST_IDS = 65_535


class Held(msgspec.Struct, frozen=True, eq=False):
    """A subscription that a session holds: the filter with its options, and its identifier (0 for none)."""

    filter: str
    qos: int
    no_local: bool = False
    retain_as_published: bool = False
    identifier: int = 0


class Replay(msgspec.Struct, eq=False):
    """Retained messages that a new subscription still owes; the newest of each topic is looked up when it is sent."""

    topics: list[str]
    qos: int
    identifiers: tuple[int, ...]
    next: int = 0


class Session:
    """One client's state.

    Attributes:
        client_id: whose.
        principal: who that is.
        connection: over which it is connected now.
        expiry: seconds of vendor time that it is kept once the connection is gone; None for ever.
        ends: vendor time in microseconds at which it ends; None while it is connected or kept for ever.
        subscriptions: by filter.
        inflight: sent to the client and not done, by packet id, oldest first.
        received: packet ids of QoS 2 that came from the client and are not released yet.
        queue: what waits for room or for the client.
        replays: retained messages that are still to be sent.
        will, will_due: what is said when the client is gone, and when if it is delayed.
        window: how much may be under way at once.
        last_id: the packet id that was used last.
        dropped: messages that found no room.
    """

    __slots__ = (
        "_bounds",
        "_profile",
        "_retained",
        "client_id",
        "connection",
        "dropped",
        "ends",
        "expiry",
        "inflight",
        "last_id",
        "principal",
        "queue",
        "queued_bytes",
        "received",
        "replays",
        "subscriptions",
        "will",
        "will_due",
        "window",
    )

    def __init__(self, client_id: str, profile: Profile, bounds: Bounds, retained: Retained) -> None:
        self.client_id = client_id
        self.principal = ""
        self.connection: Connection | None = None
        self.expiry: int | None = 0
        self.ends: int | None = None
        self.subscriptions: dict[str, Held] = {}
        self.inflight: dict[int, Outgoing] = {}
        self.received: set[int] = set()
        self.queue: deque[Outgoing] = deque()
        self.queued_bytes = 0
        self.replays: deque[Replay] = deque()
        self.will: p.Will | None = None
        self.will_due: int | None = None
        self.dropped = 0
        self.window = profile.inflight
        self.last_id = 0
        self._profile = profile
        self._bounds = bounds
        self._retained = retained

    @property
    def has_room(self) -> bool:
        """Whether a message with QoS 1 or 2 can be sent at once."""
        connection = self.connection
        return connection is not None and connection.has_room and len(self.inflight) < self.window

    # --- to the client -------------------------------------------------------------------------------------------

    def deliver(self, outgoing: Outgoing) -> None:
        """Send a message with QoS 1 or 2, or let it wait its turn; in order (MQTT-4.6.0-6)."""
        connection = self.connection
        if connection is None or self.queue or len(self.inflight) >= self.window or not connection.has_room:
            self._wait(outgoing)
        else:
            self._send(connection, outgoing)

    def deliver_now(self, outgoing: Outgoing) -> None:
        """Send a message with QoS 0 if the client is there and reads; else it is lost, which QoS 0 allows."""
        connection = self.connection
        if connection is not None and connection.has_room:
            connection.send_publish(outgoing)
        else:
            self.dropped += 1

    def pump(self, now: int) -> None:
        """Send what waits, as far as there is room.

        Args:
            now: vendor time in microseconds; what has expired by then is left out.
        """
        connection = self.connection
        while connection is not None and connection.has_room and len(self.inflight) < self.window:
            outgoing = self._next(now)
            if outgoing is None:
                return
            if outgoing.qos:
                self._send(connection, outgoing)
            else:
                connection.send_publish(outgoing)
            connection = self.connection  # it may have gone wrong meanwhile

    def resume(self) -> None:
        """Send again what was under way when the connection was lost, in order (MQTT-4.4.0-1)."""
        connection = self.connection
        for packet_id, outgoing in list(self.inflight.items()):
            if connection is None:
                return
            if outgoing.released:
                connection.send(encode_ack(k.PUBREL, packet_id))
            elif not connection.send_publish(outgoing, dup=True):
                del self.inflight[packet_id]

    def _send(self, connection: Connection, outgoing: Outgoing) -> None:
        packet_id = self.last_id
        while True:
            packet_id = packet_id % MOST_IDS + 1
            if packet_id not in self.inflight:
                break
        self.last_id = outgoing.packet_id = packet_id
        if connection.send_publish(outgoing):
            self.inflight[packet_id] = outgoing

    def _wait(self, outgoing: Outgoing) -> None:
        """Let a message wait; when the queue is full, the newest or the oldest gives way."""
        size = len(outgoing.message.payload)
        queue = self.queue
        if len(queue) >= self._profile.queue or self.queued_bytes + size > self._bounds.queued_bytes:
            self.dropped += 1
            if self._profile.discard == "newest" or not queue:
                return
            self.queued_bytes -= len(queue.popleft().message.payload)
        queue.append(outgoing)
        self.queued_bytes += size

    def _next(self, now: int) -> Outgoing | None:
        while self.queue:
            outgoing = self.queue.popleft()
            self.queued_bytes -= len(outgoing.message.payload)
            expires = outgoing.message.expires
            if expires is None or expires > now:
                return outgoing
        return next(self._replayed(now), None)

    def _replayed(self, now: int) -> Iterator[Outgoing]:
        while self.replays:
            replay = self.replays[0]
            while replay.next < len(replay.topics):
                replay.next += 1
                message = self._retained.get(replay.topics[replay.next - 1], now)
                if message is not None:
                    yield Outgoing(message, min(replay.qos, message.qos), retain=True, identifiers=replay.identifiers)
            self.replays.popleft()

    # --- acknowledged by the client ------------------------------------------------------------------------------

    def acknowledged(self, packet_id: int) -> bool:
        """PUBACK: a message with QoS 1 is done. False when none, or one with QoS 2, has this id."""
        outgoing = self.inflight.get(packet_id)
        if outgoing is None or outgoing.qos != 1:
            return False
        del self.inflight[packet_id]
        return True

    def recorded(self, packet_id: int, code: int) -> Reason | None:
        """PUBREC: the client has a message with QoS 2, or refuses it.

        Returns:
            The code of the PUBREL to answer with, or None when a refusal ends the exchange (MQTT-4.3.3-4).
        """
        outgoing = self.inflight.get(packet_id)
        if outgoing is None or outgoing.qos != 2:
            return Reason.PACKET_ID_NOT_FOUND
        if code >= Reason.UNSPECIFIED:
            del self.inflight[packet_id]
            return None
        outgoing.released = True
        return Reason.SUCCESS

    def completed(self, packet_id: int) -> bool:
        """PUBCOMP: a message with QoS 2 is done. False when none that was released has this id."""
        outgoing = self.inflight.get(packet_id)
        if outgoing is None or not outgoing.released:
            return False
        del self.inflight[packet_id]
        return True

    # --- the end -------------------------------------------------------------------------------------------------

    def forget(self) -> None:
        """Forget all that was under way and all that waits; subscriptions are the routes' business."""
        self.inflight.clear()
        self.received.clear()
        self.queue.clear()
        self.replays.clear()
        self.queued_bytes = 0
        self.will = self.will_due = None
