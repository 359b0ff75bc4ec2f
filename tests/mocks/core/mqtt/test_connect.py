"""CONNECT, DISCONNECT and keep-alive: who is let in, with which session, and when the line is cut."""

from __future__ import annotations

from typing import Any

import pytest
from tests.mocks.core.mqtt.desk import ALL, BOTH, Desk

from vendorlab.mocks.core.mqtt import kinds as k
from vendorlab.mocks.core.mqtt import packets as p
from vendorlab.mocks.core.mqtt.connection import TRANSITIONS, State
from vendorlab.mocks.core.mqtt.encode import encode
from vendorlab.mocks.core.mqtt.policy import Accept, Anybody, Refuse
from vendorlab.mocks.core.mqtt.profiles import HIVEMQ3, HIVEMQ4, Bounds
from vendorlab.mocks.core.mqtt.reasons import Reason

CONNECT = b"\0\x04MQTT"


class Doorkeeper(Anybody):
    """Lets in those who know the word, and notes who asked."""

    def __init__(self) -> None:
        self.asked: list[p.Connect] = []

    def authenticate(self, connect: p.Connect) -> Accept | Refuse:
        self.asked.append(connect)
        if connect.password == b"right":
            return Accept(connect.username or "", "answers/")
        return Refuse(Reason.BAD_USER_NAME_OR_PASSWORD if connect.password else Reason.NOT_AUTHORIZED)


@pytest.mark.parametrize("version", ALL)
def test_client_is_let_in(version: int) -> None:
    """MQTT-3.2.0-1, MQTT-3.2.2-1: the first packet is a CONNACK, without a session."""
    client = Desk().connection(version).send(p.Connect("c", version))
    answer = client.one(p.Connack)
    assert (answer.session_present, answer.code) == (False, 0)
    assert client.closed is None


@pytest.mark.parametrize("version", BOTH)
def test_kept_session_is_present(version: int) -> None:
    """MQTT-3.1.2-4, MQTT-3.2.2-2."""
    desk = Desk()
    options: dict[str, Any] = {"clean": False, "version": version}
    options["properties"] = {"session_expiry_interval": 60} if version == k.V5 else {}
    first = desk.client("c", present=False, **options)
    first.subscribe("a")
    first.drop()
    again = desk.client("c", present=True, **options)
    desk.core.publish("a", b"x")
    assert again.messages() == [("a", b"x")]


def test_clean_session_forgets_what_was() -> None:
    """MQTT-3.1.2-6, MQTT-3.2.2-1."""
    desk = Desk()
    first = desk.client("c", clean=False)
    first.subscribe("a")
    first.drop()
    assert desk.client("c", clean=True, present=False).connection.session is not None
    desk.core.publish("a", b"x")
    assert desk.core.sessions["c"].subscriptions == {}


def test_session_of_a_clean_client_ends_with_the_connection() -> None:
    """MQTT-3.1.2-6: it is not reused by any later one."""
    desk = Desk()
    desk.client("c", clean=True).drop()
    assert desk.core.sessions == {}
    desk.client("c", clean=False, present=False)


@pytest.mark.parametrize("version", BOTH)
def test_clean_client_without_an_id_gets_one(version: int) -> None:
    """MQTT-3.1.3-6; in version 5 it is told (MQTT-3.2.2-16)."""
    desk = Desk()
    client, [answer] = desk.refused(version, "")
    assert answer.code == 0
    [client_id] = desk.core.sessions
    assert len(client_id) > 8
    assert answer.properties.get("assigned_client_identifier") == (client_id if version == k.V5 else None)
    assert client.closed is None


def test_client_without_an_id_may_not_keep_a_session() -> None:
    """MQTT-3.1.3-8: CONNACK 2, and the connection ends."""
    client, [answer] = Desk().refused(k.V311, "", clean=False)
    assert (answer.code, client.closed) == (2, "close")


def test_version_31_has_no_empty_id() -> None:
    client, [answer] = Desk().refused(k.V31, "")
    assert (answer.code, client.closed) == (2, "close")


def test_ids_of_clients_without_one_differ() -> None:
    desk = Desk()
    for _ in range(20):
        desk.client("")
    assert len(desk.core.sessions) == 20


@pytest.mark.parametrize(
    ("password", "expected_3", "expected_5"), [(b"wrong", 4, 0x86), (None, 5, 0x87)], ids=["wrong", "none"]
)
def test_client_is_refused(password: bytes | None, expected_3: int, expected_5: int) -> None:
    """MQTT-3.2.2-5: a refusal is followed by the end."""
    for version, expected in ((k.V31, expected_3), (k.V311, expected_3), (k.V5, expected_5)):
        username = "u" if password else None
        client, [answer] = Desk(policy=Doorkeeper()).refused(version, username=username, password=password)
        assert (answer.code, answer.session_present, client.closed) == (expected, False, "close")
        assert answer.properties == ({"reason_string": "Authentication failed"} if version == k.V5 else {})


@pytest.mark.parametrize("clean", [True, False])
@pytest.mark.parametrize("version", BOTH)
def test_intruder_with_a_wrong_password_harms_nobody(version: int, clean: bool) -> None:
    """Nothing of the victim's is touched: connection, session, subscriptions, queue, will."""
    desk = Desk(policy=Doorkeeper())
    known: dict[str, Any] = {"version": version, "username": "v", "password": b"right", "clean": False}
    victim = desk.client("c", **known, will=p.Will("gone", b""))
    victim.subscribe("a")
    watcher = desk.client("w", **known)
    watcher.subscribe("gone")
    _, [answer] = desk.refused(version, "c", username="v", password=b"wrong", clean=clean)
    assert answer.code != 0
    desk.core.publish("a", b"x")
    assert victim.messages() == [("a", b"x")]
    assert victim.closed is None
    assert watcher.got() == []


def test_client_with_anothers_id_gets_nothing_of_what_waits_for_the_other() -> None:
    desk = Desk(policy=Doorkeeper())
    first = desk.client("c", username="ada", password=b"right", clean=False)
    first.subscribe("a", qos=1)
    first.drop()
    desk.core.publish("a", b"secret", 1)
    second = desk.client("c", username="eve", password=b"right", clean=False, present=False)
    assert second.messages() == []


@pytest.mark.parametrize("version", BOTH)
def test_second_connection_takes_the_first_ones_place(version: int) -> None:
    """MQTT-3.1.4-2; in version 5 the old one is told why."""
    desk = Desk()
    old = desk.client("c", version)
    new = desk.client("c", version)
    assert old.closed == "close"
    told = [packet.code for packet in old.got()]
    assert told == ([0x8E] if version == k.V5 else [])
    new.send(p.Pingreq())
    assert new.one(p.Pingresp)


def test_taken_over_clean_session_does_not_end_the_new_one() -> None:
    desk = Desk()
    old = desk.client("c", clean=True)
    new = desk.client("c", clean=True)
    new.subscribe("a")
    old.drop()
    desk.core.publish("a", b"x")
    assert new.messages() == [("a", b"x")]


@pytest.mark.parametrize("first", [b"\xc0\0", b"\x30\x03\0\x01a", b"\x82\x06\0\x01\0\x01a\0", b"\xe0\0"])
def test_packet_before_connect_ends_the_connection(first: bytes) -> None:
    """MQTT-3.1.0-1."""
    client = Desk().connection().raw(first)
    assert (client.closed, client.got()) == ("close", [])


@pytest.mark.parametrize("first", [b"GET / HTTP/1.1\r\n", b"\x16\x03\x01\x02\0\x01\0", b"\0", b"\xff" * 20])
def test_other_protocol_is_turned_away_at_once(first: bytes) -> None:
    assert Desk().connection().raw(first).closed is not None


@pytest.mark.parametrize("version", BOTH)
def test_second_connect_ends_the_connection(version: int) -> None:
    """MQTT-3.1.0-2."""
    client = Desk().client("c", version).send(p.Connect("c", version))
    assert (client.closed, client.got()) == ("reset", [])


def test_broken_second_connect_ends_the_connection_too() -> None:
    assert Desk().client("c").raw(b"\x10\x02\0\0").closed == "reset"


@pytest.mark.parametrize("level", [0, 1, 2, 6, 0x84])
def test_unknown_protocol_level_is_answered(level: int) -> None:
    """MQTT-3.1.2-2: CONNACK 1 and the end."""
    client = Desk().connection().raw(b"\x10\x0d" + CONNECT + bytes((level,)) + b"\x02\0\0\0\x01c")
    assert [packet.code for packet in client.got()] == [1]
    assert client.closed == "close"


def test_version_5_is_unknown_to_hivemq_3() -> None:
    desk = Desk(HIVEMQ3)
    client = desk.connection(k.V311).raw(encode(p.Connect("c", k.V5), k.V5))
    assert client.connection.closing == "close"
    assert client.got() == [p.Connack(False, 1)], "in the only form that it knows"


def test_connect_may_come_byte_by_byte() -> None:
    client = Desk().connection()
    for byte in encode(p.Connect("c"), k.V311):
        client.raw(bytes((byte,)))
    assert client.one(p.Connack).code == 0


def test_publishes_may_follow_connect_in_one_piece() -> None:
    """MQTT-3.1.4-5: a client need not wait for the CONNACK."""
    desk = Desk()
    watcher = desk.client("w")
    watcher.subscribe("a")
    desk.connection().send(p.Connect("c"), p.Publish("a", b"1"), p.Publish("a", b"2"))
    assert watcher.messages() == [("a", b"1"), ("a", b"2")]


def test_what_follows_a_refused_connect_is_not_read() -> None:
    """MQTT-3.1.4-5: data after a refused CONNECT are not processed."""
    desk = Desk(policy=Doorkeeper())
    watcher = desk.client("w", username="w", password=b"right")
    watcher.subscribe("a")
    client = desk.connection().send(p.Connect("c"), p.Publish("a", b"1"))
    assert [type(packet) for packet in client.got()] == [p.Connack]
    assert watcher.messages() == []


# --- DISCONNECT ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", BOTH)
def test_client_that_leaves_is_not_answered(version: int) -> None:
    """MQTT-3.14.4-1 and -2: the connection ends, and nothing more is read."""
    desk = Desk()
    client = desk.client("c", version)
    client.send(p.Disconnect(), p.Pingreq())
    assert (client.closed, client.got()) == ("close", [])


def test_no_state_leads_back() -> None:
    assert TRANSITIONS[State.ENDED] == frozenset()
    assert all(State.WAITING not in after for after in TRANSITIONS.values())
    assert set(TRANSITIONS) == set(State)


def test_bytes_after_the_end_are_not_read() -> None:
    desk = Desk()
    client = desk.client("c").send(p.Disconnect())
    client.raw(encode(p.Connect("d"), k.V311))
    assert client.got() == []
    assert "d" not in desk.core.sessions


# --- time ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("version", BOTH)
def test_silent_client_is_cut_off_after_one_and_a_half_times_its_keep_alive(version: int) -> None:
    """MQTT-3.1.2-24."""
    desk = Desk()
    client = desk.client("c", version, keep_alive=10)
    desk.pass_line(14.9)
    assert client.closed is None
    desk.pass_line(0.2)
    assert client.closed == "close"
    assert [packet.code for packet in client.got()] == ([0x8D] if version == k.V5 else [])


def test_any_packet_keeps_a_client_alive() -> None:
    desk = Desk()
    client = desk.client("c", keep_alive=10)
    for _ in range(5):
        desk.pass_line(14)
        client.send(p.Publish("a", b""))
    assert client.closed is None
    desk.pass_line(15)
    assert client.closed == "close"


def test_ping_is_answered() -> None:
    """MQTT-3.12.4-1."""
    assert Desk().client("c").send(p.Pingreq()).one(p.Pingresp)


def test_keep_alive_of_0_is_none() -> None:
    desk = Desk()
    client = desk.client("c", keep_alive=0)
    desk.pass_line(1_000_000)
    assert client.closed is None


@pytest.mark.parametrize("sent", [b"", b"\x10", b"\x10\x20" + CONNECT])
def test_connection_without_a_whole_connect_is_cut_off_after_ten_seconds(sent: bytes) -> None:
    desk = Desk()
    client = desk.connection().raw(sent)
    desk.pass_line(9.9)
    assert client.closed is None
    desk.pass_line(0.2)
    assert client.got() == []
    assert client.connection.closing == "close"


def test_trickling_connect_is_cut_off_all_the_same() -> None:
    desk = Desk()
    client = desk.connection()
    for byte in b"\x10\x7f" + CONNECT:
        desk.pass_line(1.5)
        client.raw(bytes((byte,)))
    assert client.closed == "close"


def test_next_due_is_when_something_happens() -> None:
    desk = Desk()
    assert desk.core.next_due() is None
    desk.connection()
    assert desk.core.next_due() == desk.line + 10
    client = desk.client("c", keep_alive=4)
    assert desk.core.next_due() == desk.line + 6
    client.drop()
    assert desk.core.next_due() == desk.line + 10


def test_connections_that_come_and_go_leave_nothing_behind() -> None:
    desk = Desk()
    for number in range(5_000):
        desk.client(f"c{number}", keep_alive=65_535).drop()
    assert (len(desk.core.connections), len(desk.core.sessions), desk.core.unfinished) == (0, 0, 0)
    assert len(desk.core._line._heap) < 2_000


# --- bounds ----------------------------------------------------------------------------------------------------------


def test_connections_are_bounded() -> None:
    desk = Desk(bounds=Bounds(connections=3))
    clients = [desk.connection() for _ in range(3)]
    assert desk.core.connect(desk.line) is None
    clients[0].drop()
    assert desk.core.connect(desk.line) is not None


@pytest.mark.parametrize(("version", "expected"), [(k.V311, 3), (k.V5, 0x97)])
def test_sessions_are_bounded(version: int, expected: int) -> None:
    desk = Desk(bounds=Bounds(sessions=2))
    for number in range(2):
        desk.client(f"c{number}", clean=False).drop()
    client, [answer] = desk.refused(version, "one too many")
    assert (answer.code, client.closed) == (expected, "close")
    desk.client("c0", clean=False, present=True)


def test_connect_of_somebody_unknown_is_bounded() -> None:
    desk = Desk(bounds=Bounds(largest_connect=1_000))
    client, _ = desk.refused(k.V311, "c", username="u" * 2_000)
    assert (client.closed, client.got()) == ("reset", [])


def test_unfinished_packets_are_bounded_over_all_connections() -> None:
    desk = Desk(bounds=Bounds(unfinished_bytes=10_000))
    clients = [desk.client(f"c{number}") for number in range(4)]
    for client in clients:
        client.raw(b"\x30\xff\xff\x03" + bytes(4_000))
    assert [client.closed for client in clients] == [None, None, "reset", "reset"]
    clients[0].drop()
    clients[1].drop()
    assert desk.core.unfinished == 0


def test_profile_bounds_the_client_id() -> None:
    import msgspec

    desk = Desk(msgspec.structs.replace(HIVEMQ4, longest_client_id=23))
    assert desk.refused(k.V311, "x" * 24)[1][0].code == 2
    assert desk.refused(k.V5, "x" * 24)[1][0].code == 0x85
    assert desk.refused(k.V311, "x" * 23)[1][0].code == 0


def test_stop_sends_everybody_away() -> None:
    desk = Desk()
    clients = [desk.client("3"), desk.client("5", k.V5)]
    desk.core.stop(desk.line)
    assert [[packet.code for packet in client.got()] for client in clients] == [[], [0x8B]]
    assert desk.core.connections == set()


def test_administrator_sends_one_away() -> None:
    desk = Desk()
    client = desk.client("c", k.V5)
    assert desk.core.disconnect("c")
    assert not desk.core.disconnect("c")
    assert [packet.code for packet in client.got()] == [0x98]
