"""Load for an MQTT broker, in a process of its own: ``PORT PID CASE OPTIONS-AS-JSON``; prints one line of JSON.

A closed loop: a publisher has at most so many messages published and not yet delivered. What is measured is messages
delivered a second, and the broker's processor time for each, which other work on the machine disturbs least.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from _harness import pin

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

PATIENCE = 60.0
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


def packet(header: int, body: bytes) -> bytes:
    """A control packet."""
    length = bytearray()
    rest = len(body)
    while True:
        length.append(rest & 127 | (128 if rest > 127 else 0))
        rest >>= 7
        if not rest:
            return bytes((header,)) + bytes(length) + body


def text(value: str) -> bytes:
    """A string with its length."""
    return len(value).to_bytes(2, "big") + value.encode()


class Peer(asyncio.Protocol):
    """One client: it acknowledges what comes, and counts."""

    def __init__(self, client_id: str) -> None:
        self.client_id = client_id
        self.rest = b""
        self.received = 0
        self.unacknowledged = 0
        self.answered = asyncio.get_running_loop().create_future()
        self.turned: Callable[[], None] = lambda: None
        self.delivered: Callable[[bytes, int, int], None] | None = None
        self._packet_id = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.transport.write(packet(0x10, text("MQTT") + b"\x04\x02\x02\x58" + text(self.client_id)))

    def data_received(self, data: bytes) -> None:
        data = self.rest + data
        position, size = 0, len(data)
        out: list[bytes] = []
        while size - position >= 2:
            start, length, shift = position + 2, data[position + 1] & 127, 7
            if data[position + 1] > 127:
                if start >= size:
                    break
                length |= data[start] << shift
                start += 1
            if start + length > size:
                break
            self._take(data, position, start, start + length, out)
            position = start + length
        self.rest = data[position:]
        if out:
            self.transport.write(b"".join(out))
        self.turned()

    def _take(self, data: bytes, position: int, start: int, end: int, out: list[bytes]) -> None:
        header = data[position]
        kind = header >> 4
        if kind == 3:
            body = start + 2 + (data[start] << 8 | data[start + 1])
            if header & 6:
                out.append((b"\x40\x02" if header & 2 else b"\x50\x02") + data[body : body + 2])
                body += 2
            self.received += 1
            if self.delivered is not None:
                self.delivered(data, body, end)
        elif kind in (4, 7):
            self.unacknowledged -= 1
        elif kind == 5:
            out.append(b"\x62\x02" + data[start : start + 2])
        elif kind == 6:
            out.append(b"\x70\x02" + data[start : start + 2])
        elif not self.answered.done():
            self.answered.set_result(data[end - 1])

    async def ask(self, data: bytes) -> None:
        """Send what is answered once, and wait for that."""
        self.answered = asyncio.get_running_loop().create_future()
        self.transport.write(data)
        assert await asyncio.wait_for(self.answered, PATIENCE) < 3

    async def subscribe(self, topic: str, qos: int) -> None:
        """Subscribe."""
        await self.ask(packet(0x82, b"\0\x01" + text(topic) + bytes((qos,))))

    def publish(self, topic: str, payload: bytes, qos: int, count: int) -> None:
        """Publish the same some times, in one write."""
        parts: list[bytes] = []
        head = text(topic)
        for _ in range(count):
            packet_id = b""
            if qos:
                self._packet_id = self._packet_id % 65_535 + 1
                packet_id = self._packet_id.to_bytes(2, "big")
            parts.append(packet(0x30 | qos << 1, head + packet_id + payload))
        self.unacknowledged += count if qos else 0
        self.transport.write(b"".join(parts))


async def enter(port: int, client_id: str) -> Peer:
    """A client that has been let in."""
    _, peer = await asyncio.get_running_loop().create_connection(lambda: Peer(client_id), "127.0.0.1", port)
    assert await asyncio.wait_for(peer.answered, PATIENCE) == 0
    return peer


def processor_seconds(pid: int) -> float:
    """What the broker has used of the processor."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident(pid: int) -> int:
    """Its memory in bytes."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE


async def throughput(port: int, pid: int, options: dict[str, int]) -> dict[str, float]:
    """One publisher, one or more subscribers of the same topic."""
    qos, count, window, readers = (options[name] for name in ("qos", "count", "window", "readers"))
    total = count * readers
    done = asyncio.get_running_loop().create_future()
    peers = [await enter(port, f"reader{number}") for number in range(readers)]
    writer = await enter(port, "writer")
    payload = bytes(100)
    sent = 0

    def pump() -> None:
        nonlocal sent
        received = sum(peer.received for peer in peers) if readers > 1 else peers[0].received
        if received >= total:
            if not done.done():
                done.set_result(None)
            return
        room = min(window - (sent - received // readers), count - sent)
        if qos:
            room = min(room, window - writer.unacknowledged)
        if room > 0 and (room >= window // 4 or sent + room == count):
            sent += room
            writer.publish("bench/topic", payload, qos, room)

    for peer in peers:
        await peer.subscribe("bench/topic", qos)
        peer.turned = pump
    writer.turned = pump
    used, began = processor_seconds(pid), time.perf_counter()
    pump()
    await asyncio.wait_for(done, PATIENCE)
    took, used = time.perf_counter() - began, processor_seconds(pid) - used
    return {"rate": total / took, "micros": used / total * 1e6}


async def latency(port: int, _pid: int, options: dict[str, int]) -> dict[str, float]:
    """A steady rate, far from what the broker can; from publishing to receiving."""
    times: list[float] = []
    reader, writer = await enter(port, "reader"), await enter(port, "writer")
    await reader.subscribe("bench/topic", options["qos"])

    def note(data: bytes, start: int, _end: int) -> None:
        times.append((time.perf_counter_ns() - int.from_bytes(data[start : start + 8], "big")) / 1_000)

    reader.delivered = note
    began = time.perf_counter()
    for number in range(options["count"]):
        await asyncio.sleep(max(0.0, began + number / options["rate"] - time.perf_counter()))
        writer.publish("bench/topic", time.perf_counter_ns().to_bytes(8, "big") + bytes(92), options["qos"], 1)
    await asyncio.sleep(0.3)
    times.sort()
    return {"p50": times[len(times) // 2], "p99": times[int(len(times) * 0.99)]}


async def connects(port: int, pid: int, options: dict[str, int]) -> dict[str, float]:
    """Clients that connect, twenty at a time, and stay."""
    await enter(port, "warm")
    before, used, began = resident(pid), processor_seconds(pid), time.perf_counter()
    numbers = iter(range(options["count"]))
    kept: list[Peer] = []

    async def worker() -> None:
        for number in numbers:
            peer = await enter(port, f"client{number}")
            kept.append(peer)

    await asyncio.gather(*(worker() for _ in range(20)))
    took, used = time.perf_counter() - began, processor_seconds(pid) - used
    await asyncio.sleep(0.5)
    count = options["count"]
    grown = resident(pid) - before
    return {"rate": count / took, "micros": used / count * 1e6, "kb": grown / count / 1e3, "mb": resident(pid) / 1e6}


CASES: dict[str, Callable[[int, int, dict[str, int]], Coroutine[Any, Any, dict[str, float]]]] = {
    "throughput": throughput,
    "latency": latency,
    "connects": connects,
}


def main() -> None:
    """Measure one case and print it."""
    port, pid, case, options = sys.argv[1:]
    pin(1)
    try:
        from uvloop import new_event_loop
    except ImportError:
        new_event_loop = asyncio.new_event_loop
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        print(json.dumps(runner.run(CASES[case](int(port), int(pid), json.loads(options)))))


if __name__ == "__main__":
    main()
