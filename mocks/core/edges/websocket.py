"""WebSocket between a protocol and its transport, as a layer like TLS; its rules are the library's, ``websockets``.

MQTT asks for the subprotocol ``mqtt`` and for binary frames, whose borders mean nothing (3.1.1 and 5.0, section 6).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Any

from websockets.exceptions import InvalidState
from websockets.frames import Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import OPEN
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

SUBPROTOCOLS = [Subprotocol("mqtt"), Subprotocol("mqttv3.1")]

LARGEST_FRAME = 16 << 20
"""Bytes of a frame, which is held until it is whole before anybody knows whose it is; a packet may take several."""

HANDSHAKE_SECONDS = 10.0
"""How long a client may take to ask for WebSocket."""

_UNSUPPORTED = 1003  # RFC 6455, 7.4.1: data of a kind that is not accepted
_QUIET = logging.getLogger("vendorlab.websocket")
_QUIET.setLevel(logging.CRITICAL)  # a client's broken handshake is no news


class WebSocketLayer(asyncio.Protocol, asyncio.Transport):
    """One connection: a protocol to the transport below, and the transport of the protocol above.

    The protocol above hears of the connection when the handshake is done, and of nothing before.

    Args:
        above: makes the protocol above.
        later: calls something after seconds.
    """

    def __init__(
        self, above: Callable[[], asyncio.Protocol], *, later: Callable[[float, Callable[[], None]], object]
    ) -> None:
        super().__init__()
        self._make_above = above
        self._above: asyncio.Protocol | None = None
        self._later = later
        self._below: asyncio.Transport = None  # type: ignore[assignment]  # set when the connection is made
        self._closing = False
        self._rules = ServerProtocol(subprotocols=SUBPROTOCOLS, max_size=LARGEST_FRAME, logger=_QUIET)

    # --- to the transport below ----------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the client's request."""
        self._below = transport  # type: ignore[assignment]  # asyncio's own annotation is wide
        self._later(HANDSHAKE_SECONDS, self._late)

    def data_received(self, data: bytes) -> None:
        """Take frames apart, and pass on what is in them."""
        self._rules.receive_data(data)
        for event in self._rules.events_received():
            if isinstance(event, Request):
                self._answer(event)
            elif isinstance(event, Frame):
                self._take(event)
        self._flush()

    def eof_received(self) -> None:
        """Let the transport below close."""

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the protocol above, if it ever heard of the connection."""
        self._closing = True
        if self._above is not None:
            self._above.connection_lost(exc)

    def pause_writing(self) -> None:
        """The transport below has enough."""
        if self._above is not None:
            self._above.pause_writing()

    def resume_writing(self) -> None:
        """The transport below takes more."""
        if self._above is not None:
            self._above.resume_writing()

    # --- to the protocol above -----------------------------------------------------------------------------------

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        """Send in one frame."""
        if not self.is_closing() and self._rules.state is OPEN:
            self._rules.send_binary(bytes(data))
            self._flush()

    def writelines(self, list_of_data: Iterable[bytes | bytearray | memoryview[Any]]) -> None:
        """Send in one frame."""
        self.write(b"".join(list_of_data))

    def close(self) -> None:
        """Say good-bye, and close when all is sent; the other side's word is not waited for."""
        if self.is_closing():
            return
        with contextlib.suppress(InvalidState):  # the other side was first
            self._rules.send_close(1000)
        self._flush()
        self._closing = True
        self._below.close()

    def abort(self) -> None:
        """Close here and now."""
        self._closing = True
        self._below.abort()

    def is_closing(self) -> bool:
        """Whether it closes or has closed."""
        return self._closing or self._below.is_closing()

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        """About the connection below."""
        return self._below.get_extra_info(name, default)

    def pause_reading(self) -> None:
        """Read no more for now."""
        self._below.pause_reading()

    def resume_reading(self) -> None:
        """Read on."""
        self._below.resume_reading()

    def is_reading(self) -> bool:
        """Whether it reads."""
        return self._below.is_reading()

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """When the protocol above is told to pause."""
        self._below.set_write_buffer_limits(high, low)

    def get_write_buffer_size(self) -> int:
        """Bytes not sent yet."""
        return self._below.get_write_buffer_size()

    # --- inside --------------------------------------------------------------------------------------------------

    def _answer(self, request: Request) -> None:
        response = self._rules.accept(request)
        if response.status_code == 101 and self._rules.subprotocol is None:
            response = self._rules.reject(400, "MQTT asks for the subprotocol mqtt.\n")
        self._rules.send_response(response)
        self._flush()
        if response.status_code == 101:
            self._above = self._make_above()
            self._above.connection_made(self)

    def _take(self, frame: Frame) -> None:
        if frame.opcode in (Opcode.BINARY, Opcode.CONT):
            if self._above is not None and frame.data and not self.is_closing():
                self._above.data_received(bytes(frame.data))
        elif frame.opcode is Opcode.TEXT:
            self._rules.fail(_UNSUPPORTED, "MQTT comes in binary frames")

    def _flush(self) -> None:
        for data in self._rules.data_to_send():
            if data and not self._below.is_closing():
                self._below.write(data)
            elif not data:
                self._closing = True
        if self._closing or self._rules.close_expected():
            self._closing = True
            self._below.close()

    def _late(self) -> None:
        if self._above is None and not self.is_closing():
            self.abort()
