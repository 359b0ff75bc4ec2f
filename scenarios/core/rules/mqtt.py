"""Rules about MQTT: connections that are lost, and what outlives them."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from vendorlab.scenarios.core.durations import Span, seconds
from vendorlab.scenarios.core.rules.line import LOSES, Time, action_of, end_of, strikes
from vendorlab.scenarios.core.rules.registry import NoSettings, Ruling, Settings, rule

if TYPE_CHECKING:
    from vendorlab.scenarios.core.evidence import Evidence, Exchange

QUICK = 3
"""Failed connections in a row that may follow each other closely."""

EXPIRED = "expired-token"
TAKEN_OVER, SILENT = "taken-over", "keep-alive"
REFUSED = 128
"""The least reason code of a refusal; those below tell the QoS that was granted."""

PROMPT = 5.0
"""World seconds in which a message is acknowledged, and a session subscribed again."""

_DEAD = frozenset({"half-open", "cut", "forget-session"})
"""Faults after which the client's connection is dead, whatever the broker thinks."""


class Calm(Settings, frozen=True):
    """What is no storm.

    Attributes:
        wait: world time between two attempts, once some have failed.
    """

    wait: Span = "1s"


class Notice(Settings, frozen=True):
    """How soon a dead connection is noticed.

    Attributes:
        within: world time in which the client has to be back.
    """

    within: Span = "30s"


def packets(evidence: Evidence, *operations: str) -> list[Exchange]:
    """What happened over MQTT."""
    return [one for one in evidence.exchanges if one.protocol == "mqtt" and one.operation in operations]


def client_of(exchange: Exchange) -> str:
    """The id of the client."""
    return str(exchange.detail.get("client", ""))


@rule(
    "mqtt-fresh-token",
    remedy="Ask for a token right before each CONNECT, or look at its time of expiry then; never let a library "
    "reconnect by itself with the password that it was given at the start.",
)
def mqtt_fresh_token(evidence: Evidence, _: NoSettings) -> Ruling:
    """Each connection is made with a token that is still good, and one that was refused is not shown again.

    The token is looked at when a connection is made, and lives for an hour; connections live for days. So a program
    runs well until the first hiccup of the line, and then never gets in again.
    """
    ruling = Ruling()
    refused: dict[str, Exchange] = {}
    attempts = 0
    for one in packets(evidence, "connect"):
        if not one.credential:
            continue
        ruling.met += attempts > 0
        attempts += 1
        former = refused.get(one.credential)
        if former is not None:
            ruling.breach("it showed a token again that had been refused", former, one)
        elif one.cause == EXPIRED:
            ruling.breach("it came with a token that had expired", one)
        if one.status and one.cause.endswith("-token"):
            refused[one.credential] = one
    return ruling


@rule(
    "mqtt-subscribed-again",
    remedy="Look at `session present` in CONNACK: when it is not set, subscribe to everything again. To "
    "subscribe after every CONNACK is right, too.",
)
def mqtt_subscribed_again(evidence: Evidence, _: NoSettings) -> Ruling:
    """After a connection without its former session, the program subscribes again.

    A broker that was restarted, or whose node is another one, knows nothing of the session. The connection is fine,
    pings are answered, and nothing ever comes.
    """
    ruling = Ruling()
    time = Time(evidence)
    wanted: defaultdict[str, set[str]] = defaultdict(set)
    # Some clients have one id for good and others one for each connection, so it goes by who they are.
    waiting: dict[str, Exchange] = {}
    for one in packets(evidence, "connect", "subscribe", "disconnect"):
        client, who = client_of(one), one.principal
        if one.operation == "subscribe" and one.status < REFUSED:
            filters = set(one.path.split())
            wanted[who] |= filters
            waiting.pop(client, None)
        elif one.operation == "connect" and not one.status and wanted[who] and not one.detail.get("session_present"):
            ruling.met += 1
            waiting[client] = one
        elif one.operation == "disconnect":
            opened = waiting.pop(client, None)
            if opened is not None and time.between(opened.at, one.at) > PROMPT:
                ruling.breach("it stayed connected without a subscription", opened, one)
    for opened in waiting.values():
        if time.between(opened.at, end_of(evidence)) > PROMPT:
            ruling.breach("its session was lost and it never subscribed again", opened)
    return ruling


@rule(
    "mqtt-acknowledged-once",
    remedy="Acknowledge each PUBLISH of QoS 1 with one PUBACK of its packet id, once the message is safe; a copy "
    "too. Take what comes twice once: by its topic, time and content.",
)
def mqtt_acknowledged_once(evidence: Evidence, _: NoSettings) -> Ruling:
    """Every message of QoS 1 is acknowledged, once for each time that it was delivered.

    What is not acknowledged comes again with each connection, and holds up what is behind it; a broker's window is
    small. Whether a program drops the copies that QoS 1 allows, the line does not show: it has to look into its own
    books.
    """
    ruling = Ruling()
    time = Time(evidence)
    open_: dict[tuple[str, int], Exchange] = {}
    copies: Counter[str] = Counter()
    lost: set[str] = set()
    there: set[str] = set()
    for one in packets(evidence, "connect", "deliver", "ack", "disconnect", "fault"):
        client = client_of(one)
        key = client, int(one.detail.get("packet_id", 0))
        if one.operation == "connect" and not one.status:
            there.add(client)
        elif one.operation == "deliver" and one.detail.get("qos") == 1 and client in there:
            ruling.met += 1
            open_[key] = one
        elif one.operation == "ack" and one.method == "PUBACK":
            if open_.pop(key, None) is None:
                copies[client] -= 1
                if copies[client] < 0:
                    ruling.breach("it acknowledged what it had not been sent, or once too often", one)
        elif one.operation == "fault" and action_of(one) == "duplicate" and one.method == "PUBLISH":
            copies[client] += 1
        elif one.operation == "fault" and action_of(one) in (LOSES | _DEAD):
            lost.add(client)
        elif one.operation == "disconnect":
            open_ = {each: sent for each, sent in open_.items() if each[0] != client}  # they come again
            lost.discard(client)
            there.discard(client)
    for (client, _packet), sent in open_.items():
        if client not in lost and time.between(sent.at, end_of(evidence)) > PROMPT:
            ruling.breach("it never acknowledged a message", sent)
    return ruling


@rule(
    "mqtt-own-client-id",
    remedy="Give every connection a client id of its own: the program's name with host, process and a number, or "
    "a random part; never one constant for two processes.",
)
def mqtt_own_client_id(evidence: Evidence, _: NoSettings) -> Ruling:
    """No two connections have one client id.

    A broker throws out the older of two connections with one id. That one comes back and throws out the other: both
    are busy for ever, and messages fall between them.
    """
    ruling = Ruling()
    dead: set[str] = set()
    for one in packets(evidence, "connect", "disconnect", "fault"):
        client = client_of(one)
        if one.operation == "connect" and not one.status:
            ruling.met += 1
            dead.discard(client)
        elif one.operation == "fault" and action_of(one) in _DEAD:
            dead.add(client)
        elif one.cause == TAKEN_OVER and client not in dead:
            ruling.breach(f"two connections had the client id {client}", one)
    return ruling


@rule(
    "mqtt-no-reconnect-storm",
    settings=Calm,
    remedy="Wait longer after each failed connection, from a second to a minute or two, each wait spread by "
    "chance; begin again with the short ones only after a connection has lasted.",
)
def mqtt_no_reconnect_storm(evidence: Evidence, wanted: Calm) -> Ruling:
    """While the broker is away or refuses, connections are tried seldom.

    Each attempt is a TLS handshake and a look at a token: the dearest thing that one can ask of a broker, at the
    moment when everybody asks for it.
    """
    ruling = Ruling()
    time, least = Time(evidence), seconds(wanted.wait)
    row: list[Exchange] = []
    for one in packets(evidence, "connect"):
        if row:
            waited = time.between(row[-1].at, one.at)
            if len(row) > QUICK and waited < least:
                ruling.breach(f"after {len(row)} failures in a row it waited only {waited:.2f} s", row[-1], one)
        if one.status or one.cause != "ok":
            ruling.met += not row
            row.append(one)
        else:
            row.clear()
    return ruling


@rule(
    "mqtt-kept-alive",
    settings=Notice,
    remedy="Set a keep-alive, send PINGREQ in time also when nothing else is sent, and close and reconnect when "
    "no PINGRESP comes within another keep-alive.",
)
def mqtt_kept_alive(evidence: Evidence, wanted: Notice) -> Ruling:
    """The client gives its signs of life, and notices when the broker's no longer come.

    A connection may die without a word, in a firewall or a failed-over node: TCP does not tell who only listens. Who
    does not ask hears nothing for hours, and takes that for a quiet network.
    """
    ruling = Ruling()
    time, within = Time(evidence), seconds(wanted.within)
    for one in packets(evidence, "disconnect"):
        if one.cause == SILENT:
            ruling.met += 1
            ruling.breach("it gave no sign of life in one and a half times its keep-alive", one)
    for strike in strikes(evidence, "mqtt", "half-open"):
        back = next((one for one in packets(evidence, "connect") if one.seq > strike.seq and not one.status), None)
        passed = time.between(strike.at, end_of(evidence) if back is None else back.at)
        if passed > within:
            ruling.met += 1
            ruling.breach(f"its connection was dead for {passed:.0f} s before it came back", strike)
        elif back is not None:
            ruling.met += 1
    return ruling
