"""CONNECT: its forms, its place, client ids, and clients that have the same one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.core.mqtt import packets
from vendorlab.contracts.core.mqtt.packets import Kind
from vendorlab.contracts.itron.mqtt.api import alerts, hello, new_id

if TYPE_CHECKING:
    from vendorlab.contracts.core.mqtt.line import Line
    from vendorlab.contracts.itron.mqtt.api import Broker

pytestmark = pytest.mark.vendorlab("itron-mqtt")

_LONGEST_ID = 65_535
_TOO_LATE = 10.0


# --- form ------------------------------------------------------------------------------------------------------------


@pytest.mark.claim("itron-mqtt.connect.in-pieces")
def test_packets_may_come_byte_by_byte_and_several_at_once(broker: Broker) -> None:
    """TCP knows no packets."""
    line = broker.dialer.open()
    content = hello(broker.login(), new_id())
    for at in range(len(content)):
        line.send(content[at : at + 1])
    assert line.reply(Kind.CONNACK).code == 0
    line.send(packets.PING * 3)
    for _ in range(3):
        line.reply(Kind.PINGRESP)


@pytest.mark.claim("itron-mqtt.connect.not-awaited")
def test_client_need_not_wait_for_connack(broker: Broker) -> None:
    """What follows CONNECT at once is answered after CONNACK, in order."""
    login = broker.login()
    line = broker.dialer.open()
    line.send(hello(login, new_id()), packets.subscribe(7, [(alerts(login.tree), 0)]), packets.PING)
    assert line.reply(Kind.CONNACK).code == 0
    assert line.reply(Kind.SUBACK, 7).codes == (0,)
    line.reply(Kind.PINGRESP)


@pytest.mark.claim("itron-mqtt.connect.name")
@pytest.mark.parametrize("name", ["HTTP", "mqtt", "", b"\xff\xfe\xfd\xfc"])
def test_protocol_of_another_name_is_not_let_in(broker: Broker, name: str | bytes) -> None:
    """The line is ended; a CONNACK before that refuses."""
    login = broker.login()
    line = broker.ask(packets.connect(new_id(), username=login.username, password=login.password, name=name))
    _ended_or_refused(line)


@pytest.mark.claim("itron-mqtt.connect.level")
@pytest.mark.parametrize("level", [0, 2, 6, 127])
def test_protocol_of_an_unknown_level_is_refused(broker: Broker, level: int) -> None:
    """With CONNACK 1, and the end of the line."""
    login = broker.login()
    connect = packets.connect(new_id(), username=login.username, password=login.password, level=level)
    broker.refused(connect, 1)


@pytest.mark.claim("itron-mqtt.connect.malformed")
@pytest.mark.parametrize(
    "flags",
    [0x01, 0x08, 0x20, packets.WILL | 0x18, packets.WILL],
    ids=["reserved", "QoS of no will", "retained, of no will", "will with QoS 3", "will that is not there"],
)
def test_connect_with_wrong_flags_is_not_answered(broker: Broker, flags: int) -> None:
    """3.1.1 has no code for it: the line is ended without CONNACK."""
    login = broker.login()
    connect = packets.connect(new_id(), username=login.username, password=login.password, flags=flags)
    broker.ask(connect).ended()


@pytest.mark.claim("itron-mqtt.connect.password-alone")
def test_password_without_a_user_name_is_not_answered(broker: Broker) -> None:
    """In 3.1.1 that is malformed."""
    broker.ask(packets.connect(new_id(), password=broker.login().password)).ended()


@pytest.mark.claim("itron-mqtt.connect.cut-off")
@pytest.mark.parametrize("kept", [0, 1, 6, 9, 10, 13], ids=str)
def test_connect_that_ends_too_early_is_not_answered(broker: Broker, kept: int) -> None:
    """Its length says that all is there, and it is not."""
    whole = hello(broker.login(), new_id())
    body = whole[2 if whole[1] < 0x80 else 3 :]
    broker.ask(packets.packet(Kind.CONNECT, body[:kept])).ended()


@pytest.mark.claim("itron-mqtt.connect.too-long")
def test_connect_with_something_after_its_end_is_not_answered(broker: Broker) -> None:
    """Its length takes in more than its fields."""
    whole = hello(broker.login(), new_id())
    body = whole[2 if whole[1] < 0x80 else 3 :]
    broker.ask(packets.packet(Kind.CONNECT, body + b"more")).ended()


# --- place -----------------------------------------------------------------------------------------------------------


@pytest.mark.claim("itron-mqtt.connect.first")
@pytest.mark.parametrize(
    "content",
    [
        packets.PING,
        packets.GOODBYE,
        packets.subscribe(1, [("a", 0)]),
        packets.unsubscribe(1, ["a"]),
        packets.publish("a", b"b"),
        packets.publish("a", b"b", qos=1),
        packets.acknowledge(Kind.PUBREL, 1),
        packets.packet(Kind.CONNACK, b"\0\0"),
        packets.packet(Kind.PINGRESP),
    ],
    ids=["PINGREQ", "DISCONNECT", "SUBSCRIBE", "UNSUBSCRIBE", "PUBLISH", "QoS 1", "PUBREL", "CONNACK", "PINGRESP"],
)
def test_anything_before_connect_ends_the_line(broker: Broker, content: bytes) -> None:
    """Without a word, and what follows is not read."""
    line = broker.dialer.open()
    line.send(content, hello(broker.login(), new_id()))
    line.ended()


@pytest.mark.claim("itron-mqtt.connect.no-mqtt")
@pytest.mark.parametrize("content", [b"GET / HTTP/1.1\r\nHost: broker\r\n\r\n", b"\0" * 64, b"\xff" * 64])
def test_what_is_not_mqtt_ends_the_line(broker: Broker, content: bytes) -> None:
    """A browser that strays here included."""
    line = broker.dialer.open()
    line.send(content)
    line.ended()


@pytest.mark.claim("itron-mqtt.connect.twice")
def test_second_connect_ends_the_line(broker: Broker) -> None:
    """Though it be right in itself."""
    client, login = new_id(), broker.login()
    line = broker.client(login, client)
    line.send(hello(login, client))
    line.ended()


@pytest.mark.claim("itron-mqtt.connect.in-time")
@pytest.mark.needs("wait")
@pytest.mark.parametrize("begun", [False, True], ids=["nothing", "half a CONNECT"])
def test_line_without_connect_is_ended_after_ten_seconds(broker: Broker, begun: bool) -> None:
    """Of the line's own time, whatever the target's clock says; half a CONNECT is none."""
    line = broker.dialer.open()
    if begun:
        line.send(hello(broker.login(), new_id())[:20])
    taken = line.ended(within=_TOO_LATE + 5)
    assert taken > _TOO_LATE - 1.5, f"the line was ended after {taken:.1f} seconds"


# --- client ids ------------------------------------------------------------------------------------------------------


@pytest.mark.claim("itron-mqtt.client-id.length")
@pytest.mark.parametrize("size", [1, 23, 24, 32, 255, pytest.param(_LONGEST_ID, marks=pytest.mark.needs("exhaust"))])
def test_client_id_may_have_any_length(broker: Broker, size: int) -> None:
    """The vendor's page says up to 23, its client's manual up to 32, and HiveMQ takes all that MQTT can say."""
    broker.client(client=(new_id()[-min(size, 8) :] + "x" * size)[:size])


@pytest.mark.claim("itron-mqtt.client-id.characters")
@pytest.mark.parametrize("extra", ["-_.:@ ", "/+#$", "äß漢𝛼"])
def test_client_id_may_have_any_characters(broker: Broker, extra: str) -> None:
    """Wildcards mean nothing in it."""
    broker.client(client=new_id() + extra)


@pytest.mark.claim("itron-mqtt.client-id.not-text")
@pytest.mark.parametrize("client", [b"\xff\xfe", b"\xed\xa0\x80", b"a\0b"], ids=["no UTF-8", "a surrogate", "U+0000"])
def test_client_id_that_is_no_text_is_not_answered(broker: Broker, client: bytes) -> None:
    """The packet is malformed, for which 3.1.1 has no code."""
    _ended_or_refused(broker.ask(hello(broker.login(), client)))


@pytest.mark.claim("itron-mqtt.client-id.empty-clean")
def test_empty_client_id_with_a_clean_session_is_given_one(broker: Broker) -> None:
    """To each client one of its own: they do not end each other."""
    first, second = broker.client(client=""), broker.client(client="")
    first.ping()
    second.ping()


@pytest.mark.claim("itron-mqtt.client-id.empty-kept")
def test_empty_client_id_with_a_session_to_be_kept_is_refused(broker: Broker) -> None:
    """With CONNACK 2, and the end of the line."""
    broker.refused(hello(broker.login(), "", clean=False), 2)


@pytest.mark.claim("itron-mqtt.client-id.taken-over")
def test_client_of_the_same_id_ends_the_old_line(broker: Broker) -> None:
    """And has its place, until the next one comes."""
    client = new_id()
    lines = [broker.client(client=client)]
    for _ in range(3):
        lines.append(broker.client(client=client))
        lines[-2].ended()
    lines[-1].ping()


@pytest.mark.claim("itron-mqtt.client-id.case")
def test_client_ids_in_another_case_are_others(broker: Broker) -> None:
    """They end nobody's line."""
    client = new_id()
    first, second = broker.client(client=client), broker.client(client=client.upper())
    first.ping()
    second.ping()


def _ended_or_refused(line: Line) -> None:
    """Expect the end of a line, and no CONNACK before it but one that refuses."""
    __tracebackhide__ = True
    found = line.last_word()
    if found is not None:
        assert found.kind is Kind.CONNACK, f"{found} came to what is no CONNECT"
        assert found.code != 0, f"{found} came to what is no CONNECT"
        line.ended()
