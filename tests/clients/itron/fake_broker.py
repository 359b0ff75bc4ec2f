"""A broker for the client's tests: bytes over TCP or TLS, and misbehaviour as a test plants it."""

from __future__ import annotations

import asyncio
import struct
from collections import deque
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncGenerator

CONNECT, CONNACK, PUBLISH, PUBACK, PUBREC, PUBREL, PUBCOMP = range(1, 8)
SUBSCRIBE, SUBACK, UNSUBSCRIBE, UNSUBACK, PINGREQ, PINGRESP, DISCONNECT = range(8, 15)

CUT = -1
"""In place of a return code: the connection is cut."""


def text(value: str | bytes) -> bytes:
    raw = value.encode() if isinstance(value, str) else value
    return struct.pack(">H", len(raw)) + raw


def packet(kind: int, body: bytes = b"", flags: int = 0) -> bytes:
    length, left = b"", len(body)
    while True:
        left, digit = divmod(left, 128)
        length += bytes([digit | (0x80 if left else 0)])
        if not left:
            return bytes([kind << 4 | flags]) + length + body


def publish(topic: str | bytes, payload: bytes, qos: int = 0, mid: int = 1, *, dup: bool = False) -> bytes:
    number = struct.pack(">H", mid) if qos else b""
    return packet(PUBLISH, text(topic) + number + payload, qos << 1 | dup << 3)


@dataclass
class Connection:
    """One connection, and what came over it."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    client_id: str = ""
    username: str = ""
    password: str = ""
    keep_alive: int = 0
    clean: bool = False
    filters: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])
    packets: list[tuple[int, bytes]] = field(default_factory=list[tuple[int, bytes]])
    closed: bool = False

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    def cut(self) -> None:
        self.writer.transport.abort()

    def kinds(self) -> list[int]:
        return [kind for kind, _ in self.packets]


class FakeBroker:
    """Does as told: each list holds what to do with the next packets of a kind; when it is empty, what is right.

    Attributes:
        connacks: Return codes, CUT, raw bytes, or None for silence.
        subacks: Codes for each filter, raw bytes, or None for silence.
        pongs: Raw bytes, or None for silence.
        accepted: Passwords; any if empty.
    """

    def __init__(self) -> None:
        self.connacks: deque[int | bytes | None] = deque()
        self.subacks: deque[int | bytes | None] = deque()
        self.pongs: deque[bytes | None] = deque()
        self.accepted: set[str] = set()
        self.takes_over = False
        self.connections: list[Connection] = []
        self.url = ""
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    @classmethod
    @asynccontextmanager
    async def serving(cls, tls: ssl.SSLContext | None = None) -> AsyncGenerator[Self]:
        broker = cls()
        await broker.start(0, tls)
        try:
            yield broker
        finally:
            await broker.stop()

    async def start(self, port: int, tls: ssl.SSLContext | None = None) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port, ssl=tls)
        self.url = f"{'mqtts' if tls else 'mqtt'}://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for connection in self.connections:
            connection.cut()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    @property
    def last(self) -> Connection:
        return self.connections[-1]

    @property
    def subscribed(self) -> list[Connection]:
        return [connection for connection in self.connections if connection.filters]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        connection = Connection(reader, writer)
        self.connections.append(connection)
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError, TimeoutError):
                while True:
                    await self._one(connection)
        finally:
            connection.closed = True
            writer.transport.abort()
            with suppress(OSError):
                await writer.wait_closed()
            self._tasks.discard(task)

    async def _one(self, connection: Connection) -> None:
        head = (await connection.reader.readexactly(1))[0]
        length = shift = 0
        while True:
            digit = (await connection.reader.readexactly(1))[0]
            length |= (digit & 127) << shift
            shift += 7
            if not digit & 128:
                break
        body = await connection.reader.readexactly(length)
        connection.packets.append((head >> 4, body))
        match head >> 4:
            case 1:
                self._connect(connection, body)
            case 8:
                self._subscribe(connection, body)
            case 12:
                pong = self.pongs.popleft() if self.pongs else packet(PINGRESP)
                connection.send(pong or b"")
            case 14:
                connection.cut()
            case _:
                pass

    def _connect(self, connection: Connection, body: bytes) -> None:
        fields: list[str] = []
        at = 10
        while at < len(body):
            (size,) = struct.unpack_from(">H", body, at)
            fields.append(body[at + 2 : at + 2 + size].decode())
            at += 2 + size
        connection.clean = bool(body[7] & 2)
        (connection.keep_alive,) = struct.unpack_from(">H", body, 8)
        connection.client_id, connection.username, connection.password = (*fields, "", "")[:3]
        if self.takes_over:
            for other in self.connections[:-1]:
                if other.client_id == connection.client_id:
                    other.cut()
        wrong = bool(self.accepted) and connection.password not in self.accepted
        answer = self.connacks.popleft() if self.connacks else 5 if wrong else 0
        if answer == CUT:
            connection.cut()
            return
        connection.send(packet(CONNACK, bytes([0, answer])) if isinstance(answer, int) else answer or b"")
        if isinstance(answer, int) and answer:
            connection.writer.close()

    def _subscribe(self, connection: Connection, body: bytes) -> None:
        filters: list[tuple[str, int]] = []
        at = 2
        while at < len(body):
            (size,) = struct.unpack_from(">H", body, at)
            filters.append((body[at + 2 : at + 2 + size].decode(), body[at + 2 + size]))
            at += 3 + size
        connection.filters += filters
        answer = self.subacks.popleft() if self.subacks else -1
        if isinstance(answer, int):
            codes = bytes(qos if answer < 0 else answer for _, qos in filters)
            answer = packet(SUBACK, body[:2] + codes)
        connection.send(answer or b"")
