"""What a vendor's broker does, as data: what each offence gets in either version, what it offers, and its limits.

The rows are HiveMQ's, read in its public source (community edition, 2026-08) and in the documentation of 3.4.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from .kinds import V5, V31, V311
from .reasons import SUBACK_FAILURE, Reason

if TYPE_CHECKING:
    from collections.abc import Mapping

OWN = -1
"""In an answer: the code that the malformed packet itself calls for."""


class Offence(Enum):
    """What a client can do wrong, or what can befall it."""

    NOT_CONNECTED = "a packet comes before CONNECT"
    NO_CONNECT = "no CONNECT comes in time"
    SECOND_CONNECT = "a second CONNECT comes"
    BROKEN_LENGTH = "a remaining length cannot be read"
    TOO_LARGE = "a packet is too large"
    MALFORMED = "a packet breaks the rules"
    MALFORMED_CONNECT = "a CONNECT breaks the rules"
    VERSION = "the protocol version is not spoken here"
    CLIENT_ID_TOO_LONG = "the client id is too long"
    CLIENT_ID_EMPTY = "the client id is empty and the session is to be kept"
    AUTHENTICATION_METHOD = "there is no such authentication method"
    REFUSED = "authentication fails"
    WILL_REFUSED = "the will may not be published"
    FULL = "there is no room for another client"
    PUBLISH_REFUSED = "the client may not publish to the topic"
    DOLLAR_TOPIC = "the topic is the broker's own"
    QOS_NOT_SUPPORTED = "the QoS is not offered"
    RETAIN_NOT_SUPPORTED = "retaining is not offered"
    TOPIC_ALIAS = "the topic alias is unknown or too large"
    RECEIVE_MAXIMUM = "more is under way than was agreed"
    SUBSCRIBE_REFUSED = "the client may not subscribe to the filter"
    FILTER_QUOTA = "there is no room for another subscription"
    FILTER_TOO_DEEP = "the filter has too many levels"
    SHARED_NOT_SUPPORTED = "shared subscriptions are not offered"
    WRONG_PACKET = "a packet comes that this state has no room for"
    EXPIRY_RAISED = "a session that was to end is to be kept after all"
    KEEP_ALIVE = "nothing was heard for too long"
    TAKEN_OVER = "another client came with the same id"
    UNREAD = "more is waiting than may be held"
    ENDED_BY_HAND = "somebody ended the connection"
    SHUTDOWN = "the broker stops"


class Answer(NamedTuple):
    """What an offence gets.

    Attributes:
        code: sent in a CONNACK before the client is connected, and in a SUBACK for a filter, in either version;
            otherwise in a DISCONNECT, which only version 5 has. None: nothing is sent.
        reason: the reason string that goes with it in version 5.
        close: the connection ends.
        ack: a PUBLISH that asks for it is acknowledged with the code before.
        force: the connection is reset, and what is still to be sent is lost.
    """

    code: int | None = None
    reason: str = ""
    close: bool = True
    ack: bool = False
    force: bool = False


CLOSE = Answer()
RESET = Answer(force=True)

_HIVEMQ: dict[Offence, tuple[Answer, Answer]] = {
    # offence: (version 3.1.1, version 5)
    Offence.NOT_CONNECTED: (CLOSE, CLOSE),
    Offence.NO_CONNECT: (CLOSE, CLOSE),
    Offence.SECOND_CONNECT: (RESET, RESET),
    Offence.BROKEN_LENGTH: (RESET, RESET),
    Offence.TOO_LARGE: (RESET, Answer(Reason.PACKET_TOO_LARGE, "The packet is larger than allowed.")),
    Offence.MALFORMED: (CLOSE, Answer(OWN)),
    Offence.MALFORMED_CONNECT: (CLOSE, Answer(OWN)),
    Offence.VERSION: (Answer(Reason.UNSUPPORTED_VERSION), Answer(Reason.UNSUPPORTED_VERSION)),
    Offence.CLIENT_ID_TOO_LONG: (Answer(Reason.CLIENT_ID_NOT_VALID), Answer(Reason.CLIENT_ID_NOT_VALID)),
    Offence.CLIENT_ID_EMPTY: (Answer(Reason.CLIENT_ID_NOT_VALID), Answer(Reason.CLIENT_ID_NOT_VALID)),
    Offence.AUTHENTICATION_METHOD: (CLOSE, Answer(Reason.BAD_AUTHENTICATION_METHOD)),
    Offence.REFUSED: (Answer(OWN), Answer(OWN, "Authentication failed")),
    Offence.WILL_REFUSED: (Answer(Reason.NOT_AUTHORIZED), Answer(Reason.NOT_AUTHORIZED, "The will is not authorized.")),
    Offence.FULL: (Answer(Reason.SERVER_UNAVAILABLE), Answer(Reason.QUOTA_EXCEEDED)),
    Offence.PUBLISH_REFUSED: (CLOSE, Answer(Reason.NOT_AUTHORIZED, "Not authorized to publish.", ack=True)),
    Offence.DOLLAR_TOPIC: (CLOSE, Answer(Reason.PROTOCOL_ERROR, "The topic begins with $.")),
    Offence.QOS_NOT_SUPPORTED: (CLOSE, Answer(Reason.QOS_NOT_SUPPORTED)),
    Offence.RETAIN_NOT_SUPPORTED: (CLOSE, Answer(Reason.RETAIN_NOT_SUPPORTED)),
    Offence.TOPIC_ALIAS: (CLOSE, Answer(Reason.TOPIC_ALIAS_INVALID)),
    Offence.RECEIVE_MAXIMUM: (CLOSE, Answer(Reason.RECEIVE_MAXIMUM_EXCEEDED)),
    Offence.SUBSCRIBE_REFUSED: (
        Answer(SUBACK_FAILURE, close=False),
        Answer(Reason.NOT_AUTHORIZED, "Not authorized to subscribe.", close=False),
    ),
    Offence.FILTER_QUOTA: (Answer(SUBACK_FAILURE, close=False), Answer(Reason.QUOTA_EXCEEDED, close=False)),
    Offence.FILTER_TOO_DEEP: (CLOSE, Answer(Reason.TOPIC_FILTER_INVALID)),
    Offence.SHARED_NOT_SUPPORTED: (CLOSE, Answer(Reason.SHARED_SUBSCRIPTIONS_NOT_SUPPORTED)),
    Offence.WRONG_PACKET: (CLOSE, Answer(Reason.PROTOCOL_ERROR)),
    Offence.EXPIRY_RAISED: (CLOSE, Answer(Reason.PROTOCOL_ERROR)),
    Offence.KEEP_ALIVE: (CLOSE, Answer(Reason.KEEP_ALIVE_TIMEOUT)),
    Offence.TAKEN_OVER: (
        CLOSE,
        Answer(Reason.SESSION_TAKEN_OVER, "Another client connected with the same client id."),
    ),
    Offence.UNREAD: (RESET, RESET),
    Offence.ENDED_BY_HAND: (CLOSE, Answer(Reason.ADMINISTRATIVE_ACTION)),
    Offence.SHUTDOWN: (CLOSE, Answer(Reason.SERVER_SHUTTING_DOWN)),
}


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """A broker's habits.

    Attributes:
        name: as in settings.
        versions: the protocol versions that it speaks.
        answers: by offence, for version 3 and for version 5.
        refusal_closes_31: a refused filter ends a connection of version 3.1, whose SUBACK knows no refusal.
        connect_seconds: line time until a CONNECT must be whole.
        keep_alive_factor: of the agreed keep-alive, until a silent client is cut off (MQTT-3.1.2-24).
        longest_client_id: characters.
        largest_packet: bytes, header included.
        maximum_qos: the highest that is offered.
        retain, shared: whether these are offered.
        dollar_publish: whether clients may publish to topics that begin with ``$``.
        queue: messages with QoS 1 and 2 kept for a client that is away or slow.
        discard: which message gives way when that is full, the ``newest`` or the ``oldest``.
        inflight: messages with QoS 1 and 2 under way to a client of version 3, or one that allows more.
        receive_maximum: what a client of version 5 may have under way to the broker.
        topic_aliases: what a client of version 5 may use towards the broker.
        aliases_to_clients: what the broker uses, at most, towards a client that allows it.
        server_keep_alive: the largest keep-alive in seconds.
        unlimited_keep_alive: whether a client may ask for none.
        longest_expiry: seconds that a session is kept at most after its client went; None for ever.
    """

    name: str
    versions: frozenset[int]
    answers: Mapping[Offence, tuple[Answer, Answer]]
    refusal_closes_31: bool = True
    connect_seconds: float = 10.0
    keep_alive_factor: float = 1.5
    longest_client_id: int = 65_535
    largest_packet: int = 268_435_460
    maximum_qos: int = 2
    retain: bool = True
    shared: bool = True
    dollar_publish: bool = False
    queue: int = 1_000
    discard: str = "newest"
    inflight: int = 50
    receive_maximum: int = 10
    topic_aliases: int = 5
    aliases_to_clients: int = 0
    server_keep_alive: int = 65_535
    unlimited_keep_alive: bool = True
    longest_expiry: int | None = None

    def answer(self, offence: Offence, version: int) -> Answer:
        """What an offence gets in a version."""
        return self.answers[offence][version == V5]


HIVEMQ3 = Profile(name="hivemq3", versions=frozenset((V31, V311)), answers=_HIVEMQ)
"""HiveMQ 3.x, which the vendor runs: no MQTT 5."""

HIVEMQ4 = Profile(name="hivemq4", versions=frozenset((V31, V311, V5)), answers=_HIVEMQ)
"""HiveMQ 4.x: the same with MQTT 5 beside it."""

PROFILES = {profile.name: profile for profile in (HIVEMQ3, HIVEMQ4)}


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """How much of anything there may be. They are ours, not the vendor's, and each bounds memory.

    Attributes:
        connections: open at once: each takes a descriptor, of which a process has some thousand.
        sessions: kept at once, those of clients that are away included.
        filters: of one session; ten thousand are as many as one SUBSCRIBE may bring.
        nodes: of the tree that all filters make; one takes about 300 bytes.
        retained: topics with a retained message.
        retained_bytes: their payloads together.
        queued_bytes: payloads that wait for one session.
        unfinished_bytes: of packets that have begun and are not whole, over all connections.
        largest_connect: bytes of a CONNECT, whose sender nobody knows yet: its five texts take 327,705 at most, and
            the rest is room for properties.
        unsent_bytes: handed to one connection and not yet taken off by its transport; beyond it messages wait.
        held: packets of one connection that a fault delays.
        topics: names of which the way is remembered.
    """

    connections: int = 8_192
    sessions: int = 20_000
    filters: int = 10_000
    nodes: int = 300_000
    retained: int = 100_000
    retained_bytes: int = 256 << 20
    queued_bytes: int = 16 << 20
    unfinished_bytes: int = 512 << 20
    largest_connect: int = 1 << 20
    unsent_bytes: int = 1 << 20
    held: int = 10_000
    topics: int = 20_000


BOUNDS = Bounds()
