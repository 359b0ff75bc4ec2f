"""The broker's core: all connections, sessions, subscriptions and retained messages, without a socket or a clock.

Whoever runs it hands in bytes and line time, and carries away what the connections want sent (``take_dirty``). It says
when it wants to be called without anybody's doing: in line time for keep-alive and delays (``next_due``, ``run_line``),
in vendor time for what expires (``next_expiry``, ``run_vendor``). It is not safe under threads; one lock keeps it so.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..ids import LETTERS_AND_DIGITS
from . import events
from . import kinds as k
from . import packets as p
from .agenda import Expiries, Line
from .connecting import on_connect, on_disconnect, on_ping
from .connection import Connection, State
from .encode import frame
from .messages import SECOND, Message, Outgoing, make_message
from .profiles import BOUNDS, HIVEMQ3, Bounds, Offence, Profile
from .properties import NONE, Properties
from .publishing import on_ack, on_publish
from .retained import Retained
from .routing import Routes, merged
from .subscribing import on_subscribe, on_unsubscribe, resend
from .topics import is_name

if TYPE_CHECKING:
    import random

    from .events import Observer
    from .faulty import Gate
    from .policy import Policy
    from .routing import Route
    from .session import Held, Session

Handler = Callable[[Connection, "Session", Any], None]

HANDLERS: dict[type, Handler] = {
    p.Publish: on_publish,
    p.Ack: on_ack,
    p.Subscribe: on_subscribe,
    p.Unsubscribe: on_unsubscribe,
    p.Pingreq: on_ping,
    p.Disconnect: on_disconnect,
}
"""What a packet does once its client is connected; any other is out of place. Before, only CONNECT is in place."""


class BrokerCore:
    """A broker.

    Args:
        policy: who may do what.
        micros: gives vendor time in microseconds.
        chance: from which client ids are drawn.
        profile: the vendor's habits.
        bounds: how much of anything there may be.

    Attributes:
        connections: those that have not ended.
        sessions: by client id, those of clients that are away included.
        routes, retained: who gets what, and what is kept.
        gate: asked for every packet; None when nothing goes wrong.
        observer: told of everything; None when nobody listens.
        on_output: called when there is something to carry away and was nothing before.
        on_expiry: called when ``next_expiry`` has come nearer.
        now: line time of the last call.
        unfinished: bytes of packets that have begun and are not whole.
        passing: the gate is not asked for now.
        chance: from which client ids are drawn.
    """

    def __init__(
        self,
        policy: Policy,
        *,
        micros: Callable[[], int],
        chance: random.Random,
        profile: Profile = HIVEMQ3,
        bounds: Bounds = BOUNDS,
    ) -> None:
        self.policy = policy
        self.micros = micros
        self.profile = profile
        self.bounds = bounds
        self.connections: set[Connection] = set()
        self.sessions: dict[str, Session] = {}
        self.routes = Routes(bounds.nodes, bounds.topics)
        self.retained = Retained(bounds.retained, bounds.retained_bytes)
        self.gate: Gate | None = None
        self.observer: Observer | None = None
        self.on_output: Callable[[], None] | None = None
        self.on_expiry: Callable[[], None] | None = None
        self.now = 0.0
        self.unfinished = 0
        self.passing = False
        self.chance = chance
        self._dirty: list[Connection] = []
        self._line = Line()
        self._expiries = Expiries(self._nearer)

    # --- connections ---------------------------------------------------------------------------------------------

    def connect(self, now: float, peer: str = "") -> Connection | None:
        """A connection has been made; None when there are too many, and it is to be closed at once."""
        self.now = now
        if len(self.connections) >= self.bounds.connections:
            return None
        connection = Connection(self, peer, now)
        self.connections.add(connection)
        connection.schedule()
        return connection

    def lost(self, connection: Connection, now: float) -> None:
        """The line to a client is gone."""
        self.now = now
        connection.end("connection-lost")

    def handle(self, connection: Connection, packet: p.Packet) -> None:
        """Let a packet do what it does."""
        session = connection.session
        if session is None:
            if isinstance(packet, p.Connect):
                on_connect(connection, packet)
            else:
                connection.offend(Offence.NOT_CONNECTED)
            return
        handler = HANDLERS.get(type(packet))
        if handler is not None:
            handler(connection, session, packet)
        elif isinstance(packet, p.Connect):
            connection.offend(Offence.SECOND_CONNECT)
        else:
            connection.offend(Offence.WRONG_PACKET, text=f"a client sends no {type(packet).__name__.upper()}")

    def ended(self, connection: Connection, was: State, cause: str, *, text: str, code: int, will: bool) -> None:
        """A connection has ended: publish the client's will, keep its session or not."""
        events.ended(connection, known=was is State.CONNECTED, cause=cause, text=text, code=code)
        self.connections.discard(connection)
        self.unfinished -= connection.unfinished
        session, connection.session = connection.session, None
        if session is None or session.connection is not connection:
            return
        session.connection = None
        now = self.micros()
        if not will:
            session.will = None
        if session.will is not None:
            delay = session.will.properties.get("will_delay_interval", 0)
            session.will_due = now + min(delay, delay if session.expiry is None else session.expiry) * SECOND
            if session.will_due <= now:
                self._publish_will(session)
            else:
                self._expire_at(session.will_due, session)
        if session.expiry == 0:
            self.end_session(session)
        elif session.expiry is not None:
            session.ends = now + session.expiry * SECOND
            self._expire_at(session.ends, session)

    def is_dirty(self, connection: Connection) -> None:
        """A connection has something to send, or is to be closed."""
        self._dirty.append(connection)
        if len(self._dirty) == 1 and self.on_output is not None:
            self.on_output()

    def take_dirty(self) -> list[Connection]:
        """The connections that have something to send or are to be closed."""
        dirty, self._dirty = self._dirty, []
        return dirty

    def note_unfinished(self, connection: Connection, held: int) -> None:
        """Keep account of packets that have begun and are not whole."""
        self.unfinished += held - connection.unfinished
        connection.unfinished = held
        if self.unfinished > self.bounds.unfinished_bytes:
            connection.offend(Offence.UNREAD, text="too much is unfinished")

    # --- sessions ------------------------------------------------------------------------------------------------

    def new_client_id(self) -> str:
        """An id for a client that brought none, that nobody else has."""
        while True:
            client_id = "auto-" + "".join(self.chance.choices(LETTERS_AND_DIGITS, k=16))
            if client_id not in self.sessions:
                return client_id

    def end_session(self, session: Session) -> None:
        """Forget a session; a will that still waits is published now (MQTT-3.1.3-9 of 5.0)."""
        if session.will_due is not None:
            self._publish_will(session)
        for text in session.subscriptions:
            self.routes.remove(session, text)
        session.subscriptions.clear()
        session.forget()
        if self.sessions.get(session.client_id) is session:
            del self.sessions[session.client_id]

    def _publish_will(self, session: Session) -> None:
        will, session.will, session.will_due = session.will, None, None
        if will is not None:
            self.publish(
                will.topic,
                will.payload,
                will.qos,
                retain=will.retain,
                properties=will.properties,
                publisher=session.client_id,
            )

    # --- messages ------------------------------------------------------------------------------------------------

    def publish(
        self,
        topic: str,
        payload: bytes,
        qos: int = 0,
        *,
        retain: bool = False,
        properties: Properties = NONE,
        publisher: str = "",
    ) -> int:
        """Publish from inside, past all rules: the vendor's own messages, and wills.

        Args:
            topic: a valid topic name.
            payload: as it is to arrive.
            qos: 0 to 2.
            retain: keep it for those who subscribe later.
            properties: of MQTT 5.
            publisher: client id, for subscriptions that are No Local.

        Returns:
            How many sessions it was meant for.

        Raises:
            ValueError: the topic is no topic name.
        """
        if not is_name(topic) or "\0" in topic:
            raise ValueError(f"{topic!r} is no topic name")
        message = make_message(
            topic, payload, qos, retain=retain, properties=properties, now=self.micros(), publisher=publisher
        )
        return self.spread(message, self.routes.route(topic), self.sessions.get(publisher))

    def spread(self, message: Message, route: Route, origin: Session | None) -> int:
        """Give a message to everybody who subscribed to its topic, and keep it if it is to be retained."""
        if message.retain and self.profile.retain:
            self.retained.put(message, self.micros())
        if route.generation != self.routes.generation:
            self.routes.resolve(route)
        plain = self.gate is None and self.observer is None
        shared: bytes | None = None
        found = 0
        for session, held in route.targets:
            first = held[0]
            qos = min(first.qos, message.qos)
            retain = message.retain and first.retain_as_published
            identifiers: tuple[int, ...] = ()
            if len(held) > 1 or first.no_local or first.identifier:
                chosen = [item for item in held if not (item.no_local and session is origin)]
                if not chosen:
                    continue
                qos, retain, identifiers = merged(message, chosen)
            found += 1
            connection = session.connection
            if qos:
                session.deliver(Outgoing(message, qos, retain, identifiers))
            elif connection is None:
                continue  # QoS 0 is not kept for those who are away
            elif plain and connection.version != k.V5 and connection.has_room:
                if shared is None:
                    shared = frame(0x30, message.head + message.payload)
                connection.send(shared)
            else:
                session.deliver_now(Outgoing(message, 0, retain, identifiers))
        for group in route.groups:
            found += self._spread_shared(message, group.choose())
        return found

    def _spread_shared(self, message: Message, chosen: tuple[Session, Held] | None) -> bool:
        if chosen is None:
            return False
        session, held = chosen
        qos, retain, identifiers = merged(message, [held])
        outgoing = Outgoing(message, qos, retain, identifiers)
        if qos:
            session.deliver(outgoing)
        elif session.connection is not None:
            session.deliver_now(outgoing)
        return True

    # --- time ----------------------------------------------------------------------------------------------------

    def wake_at(self, due: float, connection: Connection) -> None:
        """Have a connection woken at a line time."""
        self._line.add(due, connection, len(self.connections))

    def next_due(self) -> float | None:
        """The line time at which ``run_line`` has something to do; None for never."""
        return self._line.next_due()

    def run_line(self, now: float) -> None:
        """Do what is due by a line time."""
        self.now = now
        self._line.run(now)

    def next_expiry(self) -> int | None:
        """The vendor time at which ``run_vendor`` has something to do; None for never."""
        return self._expiries.next_due()

    def run_vendor(self) -> None:
        """End the sessions, and publish the wills, whose vendor time has come."""
        now = self.micros()
        for session in self._expiries.due(now):
            if self.sessions.get(session.client_id) is not session:
                continue
            if session.will_due is not None and session.will_due <= now:
                self._publish_will(session)
            if session.ends is not None and session.ends <= now:
                self.end_session(session)

    def rearm(self) -> None:
        """Look anew at what is to expire, since sessions were put in from outside."""
        self._expiries.rearm(self.sessions.values())

    def _expire_at(self, due: int, session: Session) -> None:
        self._expiries.add(due, session, self.sessions.values())

    def _nearer(self) -> None:
        if self.on_expiry is not None:
            self.on_expiry()

    # --- by hand -------------------------------------------------------------------------------------------------

    def disconnect(self, client_id: str) -> bool:
        """End a client's connection, as an administrator does; False when it has none."""
        session = self.sessions.get(client_id)
        if session is None or session.connection is None:
            return False
        session.connection.offend(Offence.ENDED_BY_HAND)
        return True

    def forget_session(self, client_id: str) -> bool:
        """Lose a session, as a broker that was restarted without its disk: the client is cut off, and is new when it
        comes again. Its will is not published. False when there is none.
        """
        session = self.sessions.get(client_id)
        if session is None:
            return False
        session.will = session.will_due = None
        session.expiry = 0
        if session.connection is not None:
            session.connection.end("session forgotten", reset=True)
        else:
            self.end_session(session)
        return True

    def resend_retained(self, *, stale: bool = False, client_id: str | None = None) -> int:
        """Send retained messages once more to those who have subscribed, as on a new subscription.

        Args:
            stale: send what each topic had before, where that is known, instead of what it has.
            client_id: only to this client.

        Returns:
            How many messages went out or wait.
        """
        return resend(self, stale=stale, client_id=client_id)

    def stall(self, connection: Connection) -> None:
        """Leave a connection half-open: it stays, but nothing comes in or goes out any more, and nobody is told."""
        connection.slow().stalled = True

    def throttle(self, connection: Connection, rate: float) -> None:
        """Send a client so many bytes in a second of line time; 0 for as many as come."""
        connection.slow().rate = rate

    def stop(self, now: float) -> None:
        """Send everybody away."""
        self.now = now
        for connection in list(self.connections):
            connection.offend(Offence.SHUTDOWN)
