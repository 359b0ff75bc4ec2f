"""A line to a broker, which here is the other end of a pair of sockets."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.core.mqtt import packets
from vendorlab.contracts.core.mqtt.answers import Message, Reply
from vendorlab.contracts.core.mqtt.line import Line
from vendorlab.contracts.core.mqtt.packets import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator

PONG = packets.packet(Kind.PINGRESP)
NEWS = packets.publish("a/b", b"news")
TOLD = Message("a/b", b"news", 0, False, False, 0)


@pytest.fixture
def ends() -> Iterator[tuple[socket.socket, socket.socket]]:
    ours, theirs = socket.socketpair()
    yield ours, theirs
    ours.close()
    theirs.close()


@pytest.fixture
def line(ends: tuple[socket.socket, socket.socket]) -> Line:
    return Line(ends[0], 0.02)


@pytest.fixture
def there(ends: tuple[socket.socket, socket.socket]) -> socket.socket:
    return ends[1]


def test_reply_that_is_due_is_returned(line: Line, there: socket.socket) -> None:
    there.sendall(packets.packet(Kind.SUBACK, b"\0\x07\0") + PONG)
    assert line.reply(Kind.SUBACK, 7) == Reply(Kind.SUBACK, 7, (0,))
    line.ping()
    assert there.recv(10) == packets.PING


def test_messages_wait_while_a_reply_is_awaited(line: Line, there: socket.socket) -> None:
    there.sendall(NEWS + NEWS + PONG)
    line.ping()
    assert list(line.messages) == [TOLD, TOLD]


def test_reply_of_another_kind_or_number_is_wrong(line: Line, there: socket.socket) -> None:
    there.sendall(PONG + packets.packet(Kind.SUBACK, b"\0\x08\0"))
    with pytest.raises(AssertionError, match=r"PINGRESP.* came where SUBACK to packet 7 is due"):
        line.reply(Kind.SUBACK, 7)
    with pytest.raises(AssertionError, match=r"SUBACK.* came where SUBACK to packet 7 is due"):
        line.reply(Kind.SUBACK, 7)


def test_reply_that_does_not_come_is_missed(line: Line) -> None:
    with pytest.raises(AssertionError, match=r"was given 0\.02 seconds to answer"):
        line.reply(Kind.PINGRESP)


def test_line_that_is_ended_where_a_reply_is_due_is_wrong(line: Line, there: socket.socket) -> None:
    there.close()
    with pytest.raises(AssertionError, match="the line was ended where PINGRESP is due"):
        line.ping()


def test_what_is_not_mqtt_is_told_as_the_targets_fault(line: Line, there: socket.socket) -> None:
    there.sendall(b"\0 no")
    with pytest.raises(AssertionError, match="what came is not MQTT: a packet of the reserved type 0"):
        line.ping()


def test_end_is_awaited(line: Line, there: socket.socket) -> None:
    there.sendall(NEWS)
    there.close()
    assert line.ended() < 1
    assert list(line.messages) == [TOLD]


def test_word_before_the_end_is_wrong(line: Line, there: socket.socket) -> None:
    there.sendall(PONG)
    there.close()
    with pytest.raises(AssertionError, match=r"PINGRESP.* came where the line should be ended without a word"):
        line.ended()


def test_half_a_packet_before_the_end_is_wrong(line: Line, there: socket.socket) -> None:
    there.sendall(PONG[:1])
    there.close()
    with pytest.raises(AssertionError, match="ended within a packet"):
        line.ended()


def test_line_that_lives_on_is_wrong_where_its_end_is_due(line: Line) -> None:
    with pytest.raises(AssertionError, match="to end the line, and did not"):
        line.ended()


def test_disconnect_of_version_5_comes_with_its_reason_and_the_end(line: Line, there: socket.socket) -> None:
    line.five = True
    there.sendall(packets.packet(Kind.DISCONNECT, b"\x8e"))
    there.close()
    assert line.disconnected(0x8E).code == 0x8E


def test_disconnect_of_another_reason_is_wrong(line: Line, there: socket.socket) -> None:
    line.five = True
    there.sendall(packets.packet(Kind.DISCONNECT, b"\x81"))
    with pytest.raises(AssertionError, match="came where DISCONNECT 0x8e is due"):
        line.disconnected(0x8E)


def test_end_without_disconnect_is_wrong_where_one_is_due(line: Line, there: socket.socket) -> None:
    there.close()
    with pytest.raises(AssertionError, match="ended without DISCONNECT 0x8e"):
        line.disconnected(0x8E)


def test_message_arrives_or_does_not(line: Line, there: socket.socket) -> None:
    assert line.arrived(0.001) is None
    there.sendall(NEWS)
    assert line.arrived(1.0) == TOLD
    there.sendall(PONG)
    with pytest.raises(AssertionError, match="came unasked"):
        line.arrived(1.0)
    there.close()
    with pytest.raises(AssertionError, match="ended where a message is awaited"):
        line.arrived(1.0)


def test_last_word_is_what_comes_before_the_end_if_anything_does(line: Line, there: socket.socket) -> None:
    there.sendall(PONG)
    there.close()
    assert line.last_word() == Reply(Kind.PINGRESP)
    assert line.last_word() is None
    assert line.next_word() is None


def test_line_that_the_broker_has_ended_swallows_what_is_sent(line: Line, there: socket.socket) -> None:
    there.close()
    for _ in range(3):
        line.send(b"x" * 100)
    line.ended()


def test_close_says_goodbye_unless_the_line_is_cut(line: Line, there: socket.socket) -> None:
    line.close()
    assert there.recv(10) == packets.GOODBYE
    assert there.recv(10) == b""


def test_cut_line_says_nothing(line: Line, there: socket.socket) -> None:
    line.close(politely=False)
    assert there.recv(10) == b""
