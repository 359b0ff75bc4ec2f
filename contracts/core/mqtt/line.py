"""A line to a broker: a socket, with TLS or without, that shows packet by packet what came and whether it ended.

A broker that says nothing, or what is not MQTT, or that ends the line where it should not, is an ``AssertionError``.
"""

from __future__ import annotations

import ssl
import time
from collections import deque
from typing import TYPE_CHECKING

from vendorlab.contracts.core.mqtt.answers import MalformedError, Message, Reply, read, split
from vendorlab.contracts.core.mqtt.packets import GOODBYE, PING, Kind

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from vendorlab.contracts.core.transcript import Entry, Transcript
    from vendorlab.contracts.core.witness import Witness

_CHUNK = 65_536
_EXCERPT = 64
_FLOOD = 1 << 24
"""Bytes that a broker may send without a whole packet among them."""


class Line:
    """One connection.

    Args:
        sock: Connected; with TLS the handshake is done.
        timeout: Seconds in which an answer is due.
        transcript: Keeps what was said for whoever wants to read of a failure.
        now: Seconds on a clock that never steps back.

    Attributes:
        five: Whether MQTT 5.0 is spoken; set before CONNECT is sent.
        witness: Is told of every packet that comes.
        messages: What was published to this client while something else was awaited, in order.
    """

    def __init__(
        self,
        sock: socket.socket,
        timeout: float,
        transcript: Transcript | None = None,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._socket = sock
        self._transcript = transcript
        self._entry: Entry | None = None
        self._timeout = timeout
        self._now = now
        self._buffer = b""
        self._over = False
        self.five = False
        self.witness: Witness | None = None
        self.messages: deque[Message] = deque()

    def send(self, *packets: bytes) -> None:
        """Send bytes. A line that the broker has ended swallows them, as the network does."""
        if self._transcript is not None:
            self._entry = self._transcript.asked("mqtt", lambda: "\n".join(told(each) for each in packets))
        try:
            self._socket.settimeout(self._timeout)
            self._socket.sendall(b"".join(packets))
        except TimeoutError as error:
            raise AssertionError(f"the broker did not read for {self._timeout:g} seconds") from error
        except OSError:
            pass  # what the broker said before it ended the line may still be waiting

    def reply(self, kind: Kind, number: int | None = None) -> Reply:
        """Expect an answer next, to the packet of that identifier if one is given; messages go to ``messages``."""
        __tracebackhide__ = True
        found = self._reply(self._timeout)
        wanted = kind.name if number is None else f"{kind.name} to packet {number}"
        assert found is not None, f"the line was ended where {wanted} is due"
        right = found.kind is kind and (number is None or found.number == number)
        assert right, f"{found} came where {wanted} is due"
        return found

    def ended(self, *, within: float | None = None) -> float:
        """Expect the broker to end the line, and to say nothing before.

        Args:
            within: Seconds to wait at most; None is the time in which answers are due.

        Returns:
            Seconds until then.
        """
        __tracebackhide__ = True
        began, patience = self._now(), self._timeout if within is None else within
        found = self._reply(patience, "to end the line")
        assert found is None, f"{found} came where the line should be ended without a word"
        return self._now() - began

    def disconnected(self, code: int, *, within: float | None = None) -> Reply:
        """Expect a DISCONNECT of MQTT 5.0 with a reason, and then the end."""
        __tracebackhide__ = True
        found = self._reply(self._timeout if within is None else within, f"to send DISCONNECT {code:#04x}")
        assert found is not None, f"the line was ended without DISCONNECT {code:#04x}"
        right = found.kind is Kind.DISCONNECT and found.code == code
        assert right, f"{found} came where DISCONNECT {code:#04x} is due"
        self.ended()
        return found

    def next_word(self) -> Reply | None:
        """Return the next answer, whatever it is; None if the line is ended."""
        __tracebackhide__ = True
        return self._reply(self._timeout)

    def last_word(self) -> Reply | None:
        """Return what the broker says before it ends the line; None if it just ends it."""
        __tracebackhide__ = True
        return self._reply(self._timeout, "to end the line")

    def ping(self) -> None:
        """Expect the line to live: PINGRESP to PINGREQ. What was on its way before is in ``messages`` after."""
        __tracebackhide__ = True
        self.send(PING)
        self.reply(Kind.PINGRESP)

    def arrived(self, seconds: float) -> Message | None:
        """Return the next message that arrives, or None if none does within some seconds."""
        __tracebackhide__ = True
        found = self._packet(self._now() + seconds)
        assert found is not None or not self._over, "the line was ended where a message is awaited"
        assert found is None or isinstance(found, Message), f"{found} came unasked"
        return found

    def close(self, *, politely: bool = True) -> None:
        """End the line; with DISCONNECT before, unless it is to be cut."""
        if politely:
            self.send(GOODBYE)
        self._over = True
        self._socket.close()

    def _reply(self, patience: float, due: str = "to answer") -> Reply | None:
        """Return the next packet that is no message, or None if the line is ended."""
        __tracebackhide__ = True
        deadline = self._now() + patience
        while True:
            found = self._packet(deadline)
            if isinstance(found, Message):
                self.messages.append(found)
            elif found is not None or self._over:
                return found
            else:
                raise AssertionError(f"the broker was given {patience:g} seconds {due}, and did not")

    def _packet(self, deadline: float) -> Reply | Message | None:
        """Return the next packet, or None if the line is ended or the time is over."""
        __tracebackhide__ = True
        try:
            while (found := split(self._buffer)) is None:
                assert len(self._buffer) < _FLOOD, f"{_FLOOD} bytes came, and no packet ends in them"
                if self._over or not self._receive(deadline):
                    assert not (self._over and self._buffer), f"the line was ended within a packet: {self._shown()}"
                    return None
            packet, self._buffer = found
            received = read(packet, five=self.five)
        except MalformedError as error:
            raise AssertionError(f"what came is not MQTT: {error}: {self._shown()}") from error
        if self._entry is not None:
            self._entry.answered(lambda: str(received))
        if self.witness is not None:
            self.witness.mqtt(received)
        return received

    def _shown(self) -> str:
        return repr(self._buffer[:40])

    def _receive(self, deadline: float) -> bool:
        """Wait for bytes; whether any came."""
        try:
            self._socket.settimeout(max(0.001, deadline - self._now()))
            got = self._socket.recv(_CHUNK)
        except (TimeoutError, ssl.SSLWantReadError):
            return False
        except OSError:  # a reset is an end like any other
            got = b""
        self._over = not got
        if self._over and self._entry is not None:
            self._entry.answered(lambda: "(the line was ended)")
        self._buffer += got
        return bool(got)


def told(packet: bytes) -> str:
    """Return a packet that was sent as a person reads it. A CONNECT carries a password, so its bytes are not shown."""
    try:
        kind = Kind(packet[0] >> 4)
    except (IndexError, ValueError):
        return f"{len(packet)} bytes: {packet[:_EXCERPT].hex()}"
    shown = "" if kind is Kind.CONNECT else f": {packet[:_EXCERPT].hex()}"
    return f"{kind.name}, {len(packet)} bytes{shown}"
