"""What the benchmarks share: servers as processes, a load generator, and tables with ratios.

Server and load run on different cores where there are two. Figures of one run belong together: machines drift, ratios
hold. The generator is a closed loop over keep-alive connections in a process of its own; it only ever calls loopback.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping, Sequence

CONNECTIONS = 16


def free_ports(count: int = 1) -> int:
    """The first of some ports in a row that were free a moment ago."""
    while True:
        with ExitStack() as stack:
            probes = [stack.enter_context(socket.socket()) for _ in range(count)]
            try:
                probes[0].bind(("127.0.0.1", 0))
                first = int(probes[0].getsockname()[1])
                for number, probe in enumerate(probes[1:], first + 1):
                    probe.bind(("127.0.0.1", number))
            except (OSError, OverflowError):
                continue
            return first


def pin(core: int) -> None:
    """Keep this process on one core, if there is another for the other side."""
    if hasattr(os, "sched_setaffinity") and len(os.sched_getaffinity(0)) > 1:
        os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[core]})


@contextmanager
def server(code: str, *arguments: str) -> Generator[subprocess.Popen[str]]:
    """Run Python code as a server on core 0 until the block ends; it says so on a line of output when it is ready."""
    prelude = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import _harness; _harness.pin(0)\n"
    process = subprocess.Popen(
        [sys.executable, "-c", prelude + code, *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def ready(process: subprocess.Popen[str]) -> str:
    """The line that a server prints when it is ready."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


def requests_per_second(
    port: int, path: str, headers: Mapping[str, str], seconds: float, rounds: int
) -> tuple[float, float]:
    """Median over rounds of requests a second, and of the 99th percentile in milliseconds."""
    call = [sys.executable, __file__, str(port), path, json.dumps(dict(headers)), str(seconds)]
    results = [
        json.loads(subprocess.run(call, capture_output=True, text=True, check=True).stdout) for _ in range(rounds)
    ]
    for result in results:
        assert result["bad"] == 0, f"{result['bad']} answers were not 200"
    return statistics.median(r["rate"] for r in results), statistics.median(r["p99"] for r in results)


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print rows under a title, plainly."""
    texts = [[str(cell) for cell in row] for row in (columns, *rows)]
    widths = [max(len(row[number]) for row in texts) for number in range(len(columns))]
    print(f"\n{title}")
    for number, row in enumerate(texts):
        print("  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
        if number == 0:
            print("  " + "  ".join("-" * width for width in widths))


class _Connection(asyncio.Protocol):
    """One connection: the next request goes out when the answer is whole, over a new one if the server closed it."""

    def __init__(self, port: int, request: bytes, deadline: float, times: list[float]) -> None:
        self._port = port
        self._request = request
        self._deadline = deadline
        self._times = times
        self._buffer = b""
        self._sent = 0.0
        self._again: asyncio.Task[None] | None = None
        self.bad = 0
        self.done = asyncio.get_running_loop().create_future()

    async def open(self) -> None:
        """Connect; the first request goes out at once."""
        await asyncio.get_running_loop().create_connection(lambda: self, "127.0.0.1", self._port)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's own is no subclass
        self._send()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head = self._buffer.find(b"\r\n\r\n")
        if head < 0:
            return
        lower = self._buffer[:head].lower()
        start = lower.index(b"content-length:") + 15
        length = int(lower[start:].split(b"\r\n", 1)[0])
        if len(self._buffer) < head + 4 + length:
            return
        self.bad += lower[9:12] != b"200"
        self._times.append(time.perf_counter() - self._sent)
        self._buffer = b""
        if time.perf_counter() > self._deadline or b"connection: close" in lower or lower.startswith(b"http/1.0"):
            self._transport.close()
        else:
            self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        _ = exc
        if time.perf_counter() < self._deadline:
            self._again = asyncio.ensure_future(self.open())
        elif not self.done.done():
            self.done.set_result(None)

    def _send(self) -> None:
        self._sent = time.perf_counter()
        self._transport.write(self._request)


async def _load(port: int, path: str, headers: Mapping[str, str], seconds: float) -> dict[str, float]:
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        *(f"{name}: {value}" for name, value in headers.items()),
    ]
    request = "\r\n".join([*lines, "", ""]).encode()
    times: list[float] = []
    began = time.perf_counter()
    made = [_Connection(port, request, began + seconds, times) for _ in range(CONNECTIONS)]
    for connection in made:
        await connection.open()
    await asyncio.wait_for(asyncio.gather(*(connection.done for connection in made)), seconds + 10)
    elapsed = time.perf_counter() - began
    times.sort()
    return {
        "rate": len(times) / elapsed,
        "p99": times[int(len(times) * 0.99)] * 1_000,
        "bad": sum(connection.bad for connection in made),
    }


def main() -> None:
    """Generate load: port, path, headers as JSON, seconds."""
    port, path, headers, seconds = sys.argv[1:]
    pin(1)
    try:
        from uvloop import new_event_loop
    except ImportError:
        new_event_loop = asyncio.new_event_loop
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        print(json.dumps(runner.run(_load(int(port), path, json.loads(headers), float(seconds)))))


if __name__ == "__main__":
    main()
