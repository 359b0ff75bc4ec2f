"""The line itself: TLS, keep-alive, and packets that break the rules."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.core.mqtt import packets
from vendorlab.contracts.core.mqtt.packets import Kind
from vendorlab.contracts.itron.mqtt.api import alerts, hello, levels, new_id, subscribe
from vendorlab.contracts.itron.mqtt.hellos import TLS_1_1, TLS_1_2, answer_to

if TYPE_CHECKING:
    from vendorlab.contracts.core.control import Clock
    from vendorlab.contracts.core.mqtt.line import Line
    from vendorlab.contracts.itron.mqtt.api import Broker

pytestmark = pytest.mark.vendorlab("itron-mqtt")

_SHORT, _SLACK = 1, 1.5


# --- TLS -------------------------------------------------------------------------------------------------------------


@pytest.mark.claim("itron-mqtt.tls.required")
def test_client_without_tls_is_not_answered(broker: Broker) -> None:
    """A good CONNECT in the clear gets no CONNACK."""
    _secure(broker)
    found = answer_to(broker.dialer, hello(broker.login(), new_id()))
    assert found[:1] != b"\x20", f"a CONNECT in the clear was answered: {found[:20]!r}"


@pytest.mark.claim("itron-mqtt.tls.version")
def test_tls_before_1_2_is_refused(broker: Broker) -> None:
    """A ClientHello of TLS 1.1 gets an alert or nothing; one of TLS 1.2 that is else the same is answered."""
    _secure(broker)
    assert answer_to(broker.dialer, TLS_1_2)[:1] == b"\x16", "a ClientHello of TLS 1.2 was not answered"
    found = answer_to(broker.dialer, TLS_1_1)
    assert found[:1] in (b"", b"\x15"), f"a ClientHello of TLS 1.1 was answered: {found[:20]!r}"


@pytest.mark.claim("itron-mqtt.tls.server-only")
def test_server_shows_a_certificate_and_asks_for_none(broker: Broker) -> None:
    """One that its authority vouches for, in the name that it was asked by; the client needs none of its own."""
    _secure(broker)
    broker.client().ping()


# --- keep-alive ------------------------------------------------------------------------------------------------------


@pytest.mark.claim("itron-mqtt.keep-alive.silent")
def test_silent_client_is_ended_after_one_and_a_half_times_its_keep_alive(broker: Broker) -> None:
    """Of the line's own time."""
    line = broker.client(keep_alive=_SHORT)
    taken = line.ended(within=1.5 * _SHORT + _SLACK)
    assert taken > 1.3 * _SHORT, f"the line was ended after {taken:.2f} seconds"


@pytest.mark.claim("itron-mqtt.keep-alive.pings")
def test_pings_keep_a_line(broker: Broker) -> None:
    """Twice its keep-alive goes by and more, with a ping in each."""
    line = broker.client(keep_alive=_SHORT)
    for _ in range(3):
        time.sleep(0.8 * _SHORT)
        line.ping()


@pytest.mark.claim("itron-mqtt.keep-alive.none")
@pytest.mark.needs("wait")
def test_keep_alive_of_nought_is_never(broker: Broker) -> None:
    """A client may be silent as long as it likes."""
    line = broker.client(keep_alive=0)
    time.sleep(15)
    line.ping()


@pytest.mark.claim("itron-mqtt.keep-alive.line-time")
@pytest.mark.needs("clock", "tenancy")
def test_turning_the_clock_cuts_no_line(broker: Broker, clock: Clock) -> None:
    """Of a fake: keep-alive is a matter between two machines, not of the world that one of them shows."""
    line = broker.client(keep_alive=60)
    clock.advance(600)
    line.ping()


# --- packets that break the rules ------------------------------------------------------------------------------------


@pytest.mark.claim("itron-mqtt.packet.length")
@pytest.mark.parametrize(
    "content", [b"\xc0\xff\xff\xff\xff\x7f", b"\xc0\x80\x80\x80\x80\x00", b"\x30\xff\xff\xff\xff\x01\0\1a"]
)
def test_length_of_more_than_four_bytes_ends_the_line(line: Line, content: bytes) -> None:
    """At once: there is no telling where the next packet begins."""
    line.send(content)
    line.ended()


@pytest.mark.claim("itron-mqtt.packet.reserved")
@pytest.mark.parametrize("kind", [0, 15])
def test_reserved_packet_type_ends_the_line(line: Line, kind: int) -> None:
    """In 3.1.1 there are fourteen."""
    line.send(packets.packet(kind))
    line.ended()


@pytest.mark.claim("itron-mqtt.packet.from-server")
@pytest.mark.parametrize(
    "content",
    [
        packets.packet(Kind.CONNACK, b"\0\0"),
        packets.packet(Kind.SUBACK, b"\0\1\0"),
        packets.packet(Kind.UNSUBACK, b"\0\1"),
        packets.packet(Kind.PINGRESP),
    ],
    ids=["CONNACK", "SUBACK", "UNSUBACK", "PINGRESP"],
)
def test_packet_that_only_servers_send_ends_the_line(line: Line, content: bytes) -> None:
    """Clients have no business with it."""
    line.send(content)
    line.ended()


@pytest.mark.claim("itron-mqtt.packet.flags")
@pytest.mark.parametrize(
    "content",
    [
        packets.packet(Kind.PINGREQ, flags=1),
        packets.packet(Kind.DISCONNECT, flags=1),
        packets.packet(Kind.SUBSCRIBE, b"\0\1\0\1a\0", flags=0),
        packets.packet(Kind.UNSUBSCRIBE, b"\0\1\0\1a", flags=0),
        packets.packet(Kind.PUBREL, b"\0\1", flags=0),
        packets.packet(Kind.PUBACK, b"\0\1", flags=2),
    ],
    ids=["PINGREQ", "DISCONNECT", "SUBSCRIBE", "UNSUBSCRIBE", "PUBREL", "PUBACK"],
)
def test_wrong_flags_end_the_line(line: Line, content: bytes) -> None:
    """Each type has its own."""
    line.send(content)
    line.ended()


@pytest.mark.claim("itron-mqtt.packet.cut-off")
@pytest.mark.parametrize("kind", [Kind.SUBSCRIBE, Kind.UNSUBSCRIBE, Kind.PUBACK, Kind.PUBREL, Kind.PUBREC])
def test_packet_that_ends_too_early_ends_the_line(line: Line, kind: Kind) -> None:
    """Its length says that all is there, and half of its identifier is missing."""
    line.send(packets.packet(kind, b"\0"))
    line.ended()


@pytest.mark.claim("itron-mqtt.packet.unasked")
@pytest.mark.parametrize("kind", [Kind.PUBACK, Kind.PUBREC, Kind.PUBCOMP])
def test_acknowledgement_of_nothing_harms_nobody(broker: Broker, line: Line, kind: Kind) -> None:
    """The line may live or be ended, but the broker goes on; nothing else is promised."""
    line.send(packets.acknowledge(kind, 4_711))
    broker.sound()


@pytest.mark.claim("itron-mqtt.packet.too-large")
@pytest.mark.needs("exhaust")
def test_packet_over_the_targets_limit_ends_the_line_at_its_header(broker: Broker, line: Line) -> None:
    """Before its body: nobody keeps what they will not take. HiveMQ's own limit is all that MQTT can say."""
    limit = broker.given("max_packet")
    if limit is None or not limit.isdecimal() or int(limit) > packets.LONGEST:
        pytest.skip("set VENDORLAB_ITRON_MQTT_MAX_PACKET where the target takes less than MQTT can say")
    line.send(bytes([Kind.PUBLISH << 4]) + packets.length(int(limit)))
    line.ended()


@pytest.mark.claim("itron-mqtt.packet.announced")
@pytest.mark.needs("exhaust")
def test_huge_packets_that_are_only_announced_harm_nobody(broker: Broker) -> None:
    """Twenty clients say that a quarter of a gigabyte will come, and send a hundred bytes of it."""
    lines = [broker.client() for _ in range(20)]
    for line in lines:
        line.send(bytes([Kind.PUBLISH << 4]) + packets.length(packets.LONGEST) + b"\0\1a" + b"x" * 97)
    broker.sound()


@pytest.mark.claim("itron-mqtt.packet.goodbye")
def test_disconnect_ends_the_line(line: Line) -> None:
    """The broker ends its side, too, without an answer."""
    line.send(packets.GOODBYE)
    line.ended()


@pytest.mark.claim("itron-mqtt.packet.after-goodbye")
def test_nothing_after_disconnect_is_answered(broker: Broker, line: Line) -> None:
    """Be it in the same segment."""
    tree = broker.login().tree
    line.send(packets.GOODBYE, packets.PING, packets.subscribe(1, [(alerts(tree), 0)]))
    line.ended()


@pytest.mark.claim("itron-mqtt.packet.others")
def test_offence_of_one_client_cuts_nobody_else(broker: Broker, line: Line) -> None:
    """Of the same tenant though they be."""
    other = broker.client()
    assert subscribe(other, levels(broker.login().tree, "#")) == (0,)
    line.send(b"\x00\x00")
    line.ended()
    other.ping()


def _secure(broker: Broker) -> None:
    if not broker.dialer.secure:
        pytest.skip("the target's address is mqtt://, so it is meant to speak without TLS")
