"""One connection of the broker: bytes in, bytes out, and where it stands.

::

    WAITING ──CONNECT accepted──► CONNECTED
       │                              │
       └────────────► ENDED ◄─────────┘

What a packet does in a state is the table ``HANDLERS`` of ``broker``; what goes wrong is the profile's.
"""

from __future__ import annotations

import math
from enum import Enum
from typing import TYPE_CHECKING, Any

import msgspec

from . import events, faulty
from . import kinds as k
from . import packets as p
from .decode import decode
from .encode import encode
from .encode import frame as whole_frame
from .faulty import Slow
from .framing import Framer
from .messages import SECOND
from .profiles import OWN, Offence
from .properties import NONE, Properties, write_properties
from .publishing import take_ack, take_publish
from .reasons import Reason, connack_3
from .wire import Malformed, encode_length

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .broker import BrokerCore
    from .messages import Outgoing
    from .session import Session


class State(Enum):
    """Where a connection stands."""

    WAITING = "waiting for CONNECT"
    CONNECTED = "connected"
    ENDED = "ended"


TRANSITIONS: Mapping[State, frozenset[State]] = {
    State.WAITING: frozenset((State.CONNECTED, State.ENDED)),
    State.CONNECTED: frozenset((State.ENDED,)),
    State.ENDED: frozenset(),
}

_FIRST = [bytes((0x30 | flags,)) for flags in range(16)]
_PUBLISH_0 = 0x30
_ACKS = {0x40: k.PUBACK, 0x50: k.PUBREC, 0x62: k.PUBREL, 0x70: k.PUBCOMP}


class Connection:
    """One connection.

    Attributes:
        core: the broker that it belongs to.
        state: where it stands.
        version: spoken on it; 0 until a CONNECT says so.
        session: of the client, while it is connected.
        client_id: of the client, which stays to be read when it is gone.
        peer: where it comes from, for the journal.
        largest: bytes of a packet that the client takes.
        plain: messages look the same as on any other plain connection of its version.
        problems: whether the client wants to be told reasons (MQTT 5, 3.1.2.11.7).
        keep_alive: seconds of line time, times the profile's factor; 0 for no limit.
        heard: line time of the last bytes.
        choked: the transport takes no more for now.
        closing: how the transport is to end once all output is sent, ``close`` or ``reset``; None as long as it lives.
        aliases: topics by alias, as the client set them.
        carrier: whatever the transport wants to find here.
        unfinished: bytes of a packet that is not whole, as far as the core knows of them.
    """

    __slots__ = (
        "_aliases_out",
        "_framer",
        "_most_aliases",
        "_output",
        "_pending",
        "_slow",
        "_wake",
        "aliases",
        "carrier",
        "choked",
        "client_id",
        "closing",
        "core",
        "heard",
        "keep_alive",
        "largest",
        "peer",
        "plain",
        "problems",
        "session",
        "since",
        "state",
        "unfinished",
        "version",
    )

    def __init__(self, core: BrokerCore, peer: str, now: float) -> None:
        self.core = core
        self.peer = peer
        self.state = State.WAITING
        self.version = 0
        self.session: Session | None = None
        self.client_id = ""
        self.largest = math.inf
        self.plain = True
        self.problems = True
        self.keep_alive = 0.0
        self.since = self.heard = now
        self.choked = False
        self.closing: str | None = None
        self.aliases: dict[int, str] | None = None
        self.carrier: Any = None
        self.unfinished = 0
        self._framer = Framer(min(core.bounds.largest_connect, core.profile.largest_packet))
        self._output: list[bytes] = []
        self._pending = 0
        self._slow: Slow | None = None
        self._wake = math.inf
        self._most_aliases = 0
        self._aliases_out: dict[str, int] | None = None

    # --- bytes in ------------------------------------------------------------------------------------------------

    def receive(self, data: bytes, now: float) -> None:
        """Take in bytes from the client.

        Args:
            data: as they came.
            now: line time in seconds.
        """
        if self.state is State.ENDED or not data:
            return
        self.heard = self.core.now = now
        framer = self._framer
        if self.state is State.WAITING and not framer.held and data[0] >> 4 != k.CONNECT:
            self.offend(Offence.NOT_CONNECTED)
            return
        self._read(framer, data)
        held = self._framer.held
        if held != self.unfinished and self.closing is None:
            self.core.note_unfinished(self, held)

    def reread(self, data: bytes) -> None:
        """Read bytes that are not what came; the first packet in them has been through the gate."""
        held = self._framer
        self._framer = Framer(held.largest)
        self._framer.minimal = held.minimal
        self._read(self._framer, data, ungated=1)

    def _read(self, framer: Framer, data: bytes, ungated: int = 0) -> None:
        core = self.core
        for header, buffer, start, end in framer.frames(data):
            if core.gate is None and self._slow is None:
                if header & 0xF0 == _PUBLISH_0 and self.session is not None:
                    take_publish(self, self.session, header, buffer, start, end)
                elif end - start == 2 and (kind := _ACKS.get(header)) is not None and self.session is not None:
                    take_ack(self, self.session, kind, buffer[start] << 8 | buffer[start + 1], 0)
                else:
                    self.handle_frame(header, buffer[start:end])
            elif ungated:
                ungated -= 1
                self.handle_frame(header, buffer[start:end])
            elif not faulty.incoming(self, self.slow(), whole_frame(header, buffer[start:end]), buffer[end:]):
                return
            if self.state is State.ENDED:
                return
        if framer.problem is not None:
            self._refuse(framer.problem, Offence.BROKEN_LENGTH)

    def handle_frame(self, header: int, body: bytes) -> None:
        """Decode a packet and let it do what it does."""
        packet = decode(header, body, self.version)
        if isinstance(packet, Malformed):
            self._refuse(packet, Offence.MALFORMED)
        else:
            self.core.handle(self, packet)

    def _refuse(self, problem: Malformed, offence: Offence) -> None:
        if self.state is State.WAITING:
            self.version = problem.version
        if problem.code == Reason.PACKET_TOO_LARGE:
            offence = Offence.TOO_LARGE
        elif problem.kind == k.CONNECT and self.state is State.WAITING:
            unknown = problem.code == Reason.UNSUPPORTED_VERSION
            offence = Offence.VERSION if unknown else Offence.MALFORMED_CONNECT
        elif problem.kind == k.CONNECT:
            offence = Offence.SECOND_CONNECT
        self.offend(offence, problem.code, f"{problem.text} ({problem.rule})")

    # --- bytes out -----------------------------------------------------------------------------------------------

    @property
    def has_room(self) -> bool:
        """Whether a message may be sent now, rather than wait or be lost."""
        return not self.choked and self._pending < self.core.bounds.unsent_bytes and self.state is State.CONNECTED

    def take(self) -> bytes:
        """The bytes that are to be sent, all at once."""
        output = self._output
        data = output[0] if len(output) == 1 else b"".join(output)
        output.clear()
        self._pending = 0
        return data

    def send(self, frame: bytes) -> None:
        """Send a packet, through the gate if there is one."""
        if self.core.gate is None and self._slow is None:
            self.put(frame)
        elif self.state is not State.ENDED:
            faulty.outgoing(self, self.slow(), frame)

    def put(self, frame: bytes) -> None:
        """Send bytes as they are."""
        if not self._output:
            self.core.is_dirty(self)
        self._output.append(frame)
        self._pending += len(frame)

    def send_packet(self, packet: p.Packet) -> None:
        """Send a packet, without its properties if it were larger than the client takes with them (MQTT-3.14.2-3)."""
        frame = encode(packet, self.version)
        if len(frame) > self.largest and hasattr(packet, "properties"):
            frame = encode(msgspec.structs.replace(packet, properties=NONE), self.version)
        if len(frame) <= self.largest:
            self.send(frame)

    def send_publish(self, outgoing: Outgoing, *, dup: bool = False) -> bool:
        """Send a message.

        Returns:
            False when it is larger than the client takes, so that it counts as delivered (MQTT-3.1.2-25 of 5.0).
        """
        message, qos = outgoing.message, outgoing.qos
        head = message.head
        middle = outgoing.packet_id.to_bytes(2, "big") if qos else b""
        if self.version == k.V5:
            head, properties = self._properties(outgoing)
            middle += properties
        length = encode_length(len(head) + len(middle) + len(message.payload))
        frame = b"".join((_FIRST[dup << 3 | qos << 1 | outgoing.retain], length, head, middle, message.payload))
        if len(frame) > self.largest:
            return False
        self.send(frame)
        if self.core.observer is not None:
            events.message_went(self, outgoing)
        return True

    def _properties(self, outgoing: Outgoing) -> tuple[bytes, bytes]:
        """The topic as this client is told it, and the properties."""
        message = outgoing.message
        head = message.head
        if not (message.properties or outgoing.identifiers or message.expires is not None or self._most_aliases):
            return head, b"\0"
        properties: dict[str, Any] = dict(message.properties)
        if message.expires is not None:
            # What is left of it (MQTT-3.3.2-6); less than a second counts as one, for the message has not expired.
            properties["message_expiry_interval"] = -((self.core.micros() - message.expires) // SECOND)
        if outgoing.identifiers:
            properties["subscription_identifier"] = outgoing.identifiers
        if self._most_aliases:
            known = self._aliases_out = self._aliases_out or {}
            if message.topic in known:
                head = b"\0\0"
                properties["topic_alias"] = known[message.topic]
            elif len(known) < self._most_aliases:
                properties["topic_alias"] = known[message.topic] = len(known) + 1
        return head, write_properties(properties)

    def allow_aliases(self, most: int) -> None:
        """Use aliases towards the client, so many."""
        self._most_aliases = most
        self.plain = self.plain and not most

    def forget_aliases(self) -> None:
        """Name every topic again."""
        self._aliases_out = None

    # --- its life ------------------------------------------------------------------------------------------------

    def move(self, state: State) -> None:
        """Go on to another state."""
        assert state in TRANSITIONS[self.state], f"{self.state} does not lead to {state}"
        self.state = state

    def connected(self) -> None:
        """The client has been let in."""
        self.move(State.CONNECTED)
        self._framer.largest = self.core.profile.largest_packet
        self._framer.minimal = self.version == k.V5
        self.schedule()

    def offend(self, offence: Offence, code: int = 0, text: str = "") -> None:
        """Answer an offence as the profile has it, and end the connection.

        Args:
            offence: which.
            code: the reason code where the profile leaves it open.
            text: why, in words, where the profile has none.
        """
        if self.state is State.ENDED:
            return
        answer = self.core.profile.answer(offence, self.version)
        sent = code if answer.code == OWN else answer.code
        if sent is not None and (self.version == k.V5 or self.state is State.WAITING):
            properties: Properties = NONE
            if reason := answer.reason or text:
                properties = {"reason_string": reason}
            if self.state is State.WAITING:
                self._refuse_connect(sent, properties)
            else:
                self.send_packet(p.Disconnect(sent, properties))
        self.end(offence.name.lower().replace("_", "-"), reset=answer.force, text=text, code=sent or 0)

    def _refuse_connect(self, code: int, properties: Properties) -> None:
        if self.version not in self.core.profile.versions:
            self.version = k.V311  # a broker that does not know a version cannot answer in its form (MQTT-3.1.2-2)
        if self.version == k.V5:
            self.send_packet(p.Connack(False, code, properties))
        elif code not in (Reason.MALFORMED_PACKET, Reason.PROTOCOL_ERROR, Reason.UNSPECIFIED):  # no word for these
            self.send_packet(p.Connack(False, connack_3(code)))

    def end(self, cause: str, *, reset: bool = False, text: str = "", code: int = 0, will: bool = True) -> None:
        """End the connection, once all that is to be sent has been.

        Args:
            cause: for the journal.
            reset: at once instead, and what is to be sent is lost.
            text: the cause in words.
            code: that the client was told.
            will: the client's will is published (MQTT-3.1.2-8).
        """
        if self.state is State.ENDED:
            return
        was = self.state
        self.move(State.ENDED)
        if reset:
            self._output.clear()
        if not self._output:
            self.core.is_dirty(self)
        self.closing = "reset" if reset else "close"
        self._slow = None
        self._framer = Framer(0)
        self.core.ended(self, was, cause, text=text, code=code, will=will)

    # --- line time -----------------------------------------------------------------------------------------------

    def _deadline(self) -> float:
        """When the client has been silent for too long."""
        if self.state is State.WAITING:
            return self.since + self.core.profile.connect_seconds
        stalled = self._slow is not None and self._slow.stalled
        return self.heard + self.keep_alive if self.keep_alive and not stalled else math.inf

    def schedule(self) -> None:
        """Have the core look here when something is due."""
        due = self._deadline()
        if self._slow is not None and (held := self._slow.next_due()) is not None:
            due = min(due, held)
        if due < self._wake:
            self._wake = due
            self.core.wake_at(due, self)

    def woken(self, due: float, now: float) -> None:
        """The time has come that was asked for."""
        if due != self._wake or self.state is State.ENDED:
            return  # it was asked for an earlier one since
        self._wake = math.inf
        if self._slow is not None:
            self._slow.release(now)
        if self.closing is None and now >= self._deadline():
            self.offend(Offence.NO_CONNECT if self.state is State.WAITING else Offence.KEEP_ALIVE)
        if self.closing is None:
            self.schedule()

    # --- faults --------------------------------------------------------------------------------------------------

    def slow(self) -> Slow:
        """What holds its packets back."""
        if self._slow is None:
            self._slow = Slow(self)
        return self._slow

    def hurry(self) -> None:
        """Hold nothing back any more."""
        self._slow = None
