"""CoAP over one UDP socket: aiocoap's codec and message layer, and above them tokens of our own.

aiocoap resends what is confirmable until it is acknowledged, acknowledges what comes, and makes message ids. What it
offers above that does not serve here: an observation has to be ended on the token it was begun with, what is no longer
waited for must not be resent, and everything must leave from one socket, whose address is what the gateway knows a
session by. It is loaded when a gateway is first asked, for it is an extra.

Answers are matched by token alone: mesh devices answer a NON request under the request's own message id.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import socket
from collections import OrderedDict
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Self

from ..core.errors import NetworkError, UsageError
from .messages import METHODS, Answer, Ask

if TYPE_CHECKING:
    from collections.abc import Callable

REMEMBERED: Final = 256
"""Tokens that are over, whose late copies of answers are still acknowledged."""

QUEUED: Final = 1_000
"""Answers that one token may have unread; older ones make room."""

ACK_TIMEOUT: Final = 2.0
CON, NON, ACK = 0, 1, 2


class Exchange:
    """One token: a request, and all that is answered to it."""

    def __init__(self, courier: Courier, token: bytes) -> None:
        self.token = token
        self._courier = courier
        self._answers: asyncio.Queue[Answer | NetworkError] = asyncio.Queue()
        self.sent: Any = None
        self.path = ""

    def send(self, ask: Ask) -> None:
        """Send a request on this token."""
        self.path = f"{METHODS[ask.method]} {ask.path}"
        self._courier.post(self, ask)

    async def next(self) -> Answer:
        """Wait for the next answer.

        Raises:
            NetworkError: The request was reset, never acknowledged, or the socket broke.
        """
        found = await self._answers.get()
        if isinstance(found, NetworkError):
            raise found
        return found

    def put(self, found: Answer | NetworkError) -> None:
        """Take an answer in."""
        if self._answers.qsize() >= QUEUED:
            self._answers.get_nowait()
        self._answers.put_nowait(found)

    def end(self) -> None:
        """Wait no longer."""
        self._courier.forget(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.end()


class Courier:
    """Sends requests to one place from one socket, and hands the answers to whoever waits for them.

    Args:
        host: Where to.
        port: Likewise.
        local_port: Where from; 0 for any.
        ack_timeout: Seconds until something confirmable is first resent.
    """

    def __init__(self, host: str, port: int, *, local_port: int = 0, ack_timeout: float = ACK_TIMEOUT) -> None:
        library = _library()
        self.loop = asyncio.get_running_loop()
        self.log = logging.getLogger("vendorlab.itron.coap")
        self.client_credentials = None
        self._where = host, port, local_port
        self._aiocoap = library
        self._tuning = library.numbers.constants.TransportTuning()
        self._tuning.ACK_TIMEOUT = ack_timeout
        self._waiting: dict[bytes, Exchange] = {}
        self._over: OrderedDict[bytes, None] = OrderedDict()
        self._messages: Any = library.messagemanager.MessageManager(self)
        self._socket: _Socket | None = None

    async def open(self) -> None:
        """Open the socket.

        Raises:
            NetworkError: There is no such host, or no socket to be had.
        """
        host, port, local_port = self._where
        try:
            found = await self.loop.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
            family, address = found[0][0], (str(found[0][4][0]), int(found[0][4][1]))
            local = ("::" if family == socket.AF_INET6 else "0.0.0.0", local_port) if local_port else None  # noqa: S104
            _, self._socket = await self.loop.create_datagram_endpoint(
                lambda: _Socket(self._received, self._failed), local_addr=local, remote_addr=address
            )
        except OSError as trouble:
            raise NetworkError(f"no way to {host}: {trouble.strerror or trouble}") from trouble
        self._messages.message_interface = self

    def exchange(self) -> Exchange:
        """Begin with a token of its own; nothing is sent yet."""
        token = secrets.token_bytes(8)
        exchange = self._waiting[token] = Exchange(self, token)
        return exchange

    def post(self, exchange: Exchange, ask: Ask) -> None:
        """Send a request on an exchange's token."""
        if self._socket is None:
            raise NetworkError("the client is closed")
        message = self._aiocoap.Message(code=self._aiocoap.Code(ask.method), payload=ask.payload)
        for number, value in ask.options:
            option = self._aiocoap.OptionNumber(number).create_option(decode=value)
            message.opt.add_option(option)
        message.mtype = self._aiocoap.Type(CON if ask.confirmable else NON)
        message.token, message.remote, message.transport_tuning = exchange.token, _GATEWAY, self._tuning
        exchange.sent = message
        self._messages.send_message(message, lambda: exchange.put(NetworkError(f"{exchange.path}: reset")))

    def forget(self, exchange: Exchange) -> None:
        """Wait for nothing more on a token, and resend nothing."""
        if self._waiting.pop(exchange.token, None) is None:
            return
        self._over[exchange.token] = None
        while len(self._over) > REMEMBERED:
            self._over.popitem(last=False)
        self._settle(exchange.sent)

    async def close(self) -> None:
        """Close the socket; whoever still waits is told so."""
        if self._socket is None:
            return
        self._tell_all(NetworkError("the client is closed"))
        await self._messages.shutdown()

    # What aiocoap's message layer asks of the layer of tokens above it.

    def process_request(self, request: Any) -> None:
        """Pass over a request: this is no server."""

    def process_response(self, response: Any) -> bool:
        """Hand an answer on, and tell whether anybody wanted it."""
        exchange = self._waiting.get(response.token)
        if exchange is None:
            return response.token in self._over
        if exchange.sent is not None and response.mtype != ACK:
            self._settle(exchange.sent)  # an answer of its own tells that the request has arrived
        options = tuple((int(option.number), option.encode()) for option in response.opt.option_list())
        exchange.put(Answer(int(response.code), bytes(response.payload), options))
        return True

    def dispatch_error(self, error: Exception, remote: object) -> None:  # noqa: ARG002 - there is but one
        """Tell everybody who waits that the way is broken; aiocoap cannot tell whose message it was."""
        said = "never acknowledged" if type(error).__name__ == "ConRetransmitsExceeded" else str(error) or "broken"
        self._tell_all(NetworkError(f"the gateway does not answer: {said}"))

    # What it asks of the layer of datagrams below it.

    def send(self, message: Any) -> None:
        """Send a datagram; not of a request that nobody waits for any more."""
        if message.token in self._over and message.code.is_request():
            self.loop.call_soon(self._settle, message)
        elif self._socket is not None:
            self._socket.send(message.encode())

    async def shutdown(self) -> None:
        """Close the socket."""
        if self._socket is not None:
            ended, self._socket = self._socket, None
            await ended.close()

    def _received(self, data: bytes) -> None:
        if self._socket is None:
            return
        try:
            message = self._aiocoap.Message.decode(data, _GATEWAY)
        except Exception as trouble:  # noqa: BLE001 - of bytes from outside, whatever the codec makes of them
            self.log.info("a datagram that is no message: %s", type(trouble).__name__)
            return
        self._messages.dispatch_message(message)

    def _failed(self, error: Exception) -> None:
        if self._socket is not None:
            self._messages.dispatch_error(error, _GATEWAY)

    def _settle(self, message: Any) -> None:
        """Let a request count as acknowledged."""
        if message is None or self._socket is None or message.mtype != CON or message.mid is None:
            return
        ack = self._aiocoap.Message(code=self._aiocoap.EMPTY)
        ack.mtype, ack.mid, ack.remote = self._aiocoap.Type(ACK), message.mid, _GATEWAY
        self._messages.dispatch_message(ack)

    def _tell_all(self, error: NetworkError) -> None:
        for exchange in list(self._waiting.values()):
            exchange.put(NetworkError(f"{exchange.path}: {error.message}"))


class _Socket(asyncio.DatagramProtocol):
    """The socket: connected, so that nobody else's datagrams come in, and a closed port is told of."""

    def __init__(self, received: Callable[[bytes], None], failed: Callable[[Exception], None]) -> None:
        self._received = received
        self._failed = failed
        self._lost = asyncio.get_running_loop().create_future()
        self._transport: Any = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport

    def datagram_received(self, data: bytes, addr: object) -> None:  # noqa: ARG002
        self._received(data)

    def error_received(self, exc: Exception) -> None:
        self._failed(exc)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        self._lost.set_result(None)

    def send(self, data: bytes) -> None:
        self._transport.sendto(data)

    async def close(self) -> None:
        self._transport.abort()
        await self._lost


class _Gateway:
    """The other side, as aiocoap's layers name it: there is but one."""

    is_multicast = False
    is_multicast_locally = False
    scheme = "coap"

    def as_response_address(self) -> Self:
        return self

    def __repr__(self) -> str:
        return "the gateway"


_GATEWAY: Final = _Gateway()


def _library() -> Any:
    """Return aiocoap, which has no types."""
    try:
        library = import_module("aiocoap")
        import_module("aiocoap.messagemanager")
    except ImportError as trouble:
        raise UsageError("the gateway's client speaks CoAP with aiocoap: pip install 'vendorlab[coap]'") from trouble
    return library
