"""CoAP: GETs a second, through a proxy too, news to a thousand observers, and what a registration costs.

vendorlab's engine does its whole work: de-duplication, rate limit, option rules, journal excepted, which belongs to who
uses it. Beside it, in the same run: aiocoap's server, and libcoap's ``coap-server-notls`` if it is installed. As the
generator and the machine set a ceiling too, look at the server's processor time for each request, not at rates alone.
The bound on one peer's rate is lifted here, as one generator stands for many clients.
"""

from __future__ import annotations

import argparse
import gc
import os
import select
import shutil
import socket
import statistics
import subprocess
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from _harness import pin, ready, server, table

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

OBSERVERS = 1_000
DEVICES = 1_000
SOCKET_REQUESTS = 60_000
"""Requests before another socket is taken: a message ID must not be used again within 247 s."""

VENDORLAB = """
import asyncio, gc, random
from vendorlab.mocks.core.clock import Clock
from vendorlab.mocks.core.coap.codes import Type
from vendorlab.mocks.core.coap.endpoint import Endpoint
from vendorlab.mocks.core.coap.errors import BadGatewayError, NotFoundError
from vendorlab.mocks.core.coap.observe import Manner
from vendorlab.mocks.core.coap.options import Option, Options
from vendorlab.mocks.core.coap.response import Response
from vendorlab.mocks.core.coap.transmission import Limits
from vendorlab.mocks.core.coap.uri import proxy_target
from vendorlab.mocks.core.edges import loop as loops
from vendorlab.mocks.core.edges.udp import UdpListener

SENML = Options([(Option.CONTENT_FORMAT, 110)])
BODY = b'{"e":[{"n":"t","u":"Cel","v":20.0}]}'
devices = {f"dev{number:05d}": BODY for number in range(int(sys.argv[2]))}
confirmable = Manner(confirmable=True)

def handle(request, exchange):
    options = request.options
    if Option.PROXY_URI in options.values:
        target = proxy_target(options, "127.0.0.1")
        body, path = devices.get(target.host), target.path
        if body is None:
            raise BadGatewayError("no such device")
    else:
        body, path = BODY, options.path
        if not options.plain:
            exchange.observe("t", confirmable)
    if path != ("t",):
        raise NotFoundError
    return Response(69, body, SENML)

async def main():
    limits = Limits(rate=10**9)
    listener = UdpListener(
        lambda wire: Endpoint(handle, now=wire.now, chance=random.Random(7), send=wire.send, woken=wire.woken,
                              proxy=True, limits=limits),
        loops.Line(Clock(), on_clock=False), "127.0.0.1", 0)
    await listener.start()
    gc.collect(); gc.freeze()
    print(listener.port, flush=True)
    while True:
        await asyncio.sleep(1)
        listener.engine.notify("t", Response(69, BODY, SENML))

with asyncio.Runner(loop_factory=loops._new_loop) as runner:
    runner.run(main())
"""

AIOCOAP = """
import asyncio, logging, socket
import aiocoap, aiocoap.resource
logging.disable(logging.CRITICAL)
BODY = b'{"e":[{"n":"t","u":"Cel","v":20.0}]}'

class Thing(aiocoap.resource.ObservableResource):
    async def render_get(self, request):
        return aiocoap.Message(payload=BODY, content_format=110)

async def main():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    site, thing = aiocoap.resource.Site(), Thing()
    site.add_resource(["t"], thing)
    context = await aiocoap.Context.create_server_context(site, bind=("127.0.0.1", port))
    print(port, flush=True)
    while True:
        await asyncio.sleep(1)
        thing.updated_state()

asyncio.run(main())
"""


@dataclass(frozen=True)
class Server:
    """A server that runs: where, as which process, what it has to be asked for, and what other process it needs."""

    name: str
    port: int
    pid: int
    path: bytes
    behind: int = 0

    def processor_seconds(self) -> float:
        """What its processes have used so far."""
        return sum(processor_seconds(pid) for pid in (self.pid, self.behind) if pid)


@dataclass(frozen=True)
class Rate:
    """Requests a second, the server's processor time for each, and the 99th percentile of their times."""

    rate: float
    cpu: float
    p99: float


@contextmanager
def libcoap(program: str, *options: str) -> Generator[Server]:
    """Libcoap's example server, which has a clock that can be observed."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    command = [program, "-A", "127.0.0.1", "-p", str(port), *options]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        if len(cores := sorted(os.sched_getaffinity(0))) > 1:
            os.sched_setaffinity(process.pid, {cores[0]})
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.settimeout(0.1)
            for number in range(50):
                probe.sendto(bytes((0x40, 0, 0, number)), ("127.0.0.1", port))
                try:
                    probe.recv(100)
                    break
                except OSError:
                    time.sleep(0.05)
        yield Server("libcoap coap-server", port, process.pid, b"time")
    finally:
        process.kill()
        process.wait()


def processor_seconds(pid: int) -> float:
    """What a process has used so far."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def resident(pid: int) -> int:
    """Bytes of memory that a process holds."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def get(path: bytes) -> bytes:
    """What follows the token of a GET."""
    return bytes((0xB0 | len(path),)) + path


def proxied(host: bytes, path: bytes) -> bytes:
    """The same through a proxy, by Proxy-Uri."""
    uri = b"coap://" + host + b"/" + path
    return bytes((0xDD, 35 - 13, len(uri) - 13)) + uri


def opened(port: int) -> socket.socket:
    """A socket of its own that talks to a server."""
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
        made.setsockopt(socket.SOL_SOCKET, option, 4 << 20)
    made.connect(("127.0.0.1", port))
    made.settimeout(5)
    return made


def nothing(_line: socket.socket) -> None:
    """Servers without sessions need nothing before the first request."""


def requests(
    target: Server,
    rests: Sequence[bytes],
    outstanding: int,
    seconds: float,
    begin: Callable[[socket.socket], None] = nothing,
) -> Rate:
    """Ask in a closed loop with so many requests outstanding; ``begin`` is called with each new socket."""
    count, times = 0, list[float]()
    began, used = time.perf_counter(), target.processor_seconds()
    end = began + seconds
    kinds = len(rests)
    while time.perf_counter() < end:
        with opened(target.port) as line:
            begin(line)
            sent: dict[bytes, float] = {}
            send, receive, clock = line.send, line.recv, time.perf_counter
            total = last = 0
            while True:
                while total - last < outstanding and total < SOCKET_REQUESTS and clock() < end:
                    mid = bytes((total >> 8, total & 0xFF))
                    sent[mid] = clock()
                    send(b"\x42\x01" + mid + mid + rests[total % kinds])
                    total += 1
                if last == total:
                    break
                answer = receive(2_000)
                if not answer[1]:
                    continue  # acknowledged; the answer comes by itself
                assert answer[1] == 0x45, f"an answer with code {answer[1]:#x}"
                if answer[0] & 0x30 == 0:
                    send(bytes((0x60, 0, answer[2], answer[3])))
                times.append(clock() - sent.pop(answer[4:6]))
                last += 1
            count += total
    elapsed = time.perf_counter() - began
    times.sort()
    used = target.processor_seconds() - used
    return Rate(count / elapsed, used / count * 1e6, times[int(len(times) * 0.99)] * 1e6)


def observers(target: Server, waves: int) -> tuple[float, float, float]:
    """Register many observers: milliseconds from the first of them to the last that hears of news, the server's
    microseconds for each, and bytes for each registration.
    """
    with ExitStack() as stack:
        poll = select.epoll()
        stack.callback(poll.close)
        lines: dict[int, socket.socket] = {}
        before = resident(target.pid)
        for number in range(OBSERVERS):
            line = stack.enter_context(opened(target.port))
            line.send(
                b"\x42\x01\x00\x01"
                + number.to_bytes(2, "big")
                + b"\x60"
                + bytes((0x50 | len(target.path),))
                + target.path
            )
            # Its answer, and perhaps news that came in between; they are acknowledged with the rest.
            answer = line.recv(2_000)
            assert answer[1] == 0x45
            lines[line.fileno()] = line
            poll.register(line.fileno(), select.EPOLLIN)
        cost = (resident(target.pid) - before) / OBSERVERS
        spans: list[float] = []
        settle(poll, lines, 2.5)
        used = processor_seconds(target.pid)
        heard = 0
        for _ in range(waves):
            first, last, count = settle(poll, lines, 1.0)
            heard += count
            if count >= OBSERVERS:
                spans.append((last - first) * 1e3)
        used = processor_seconds(target.pid) - used
    return (statistics.median(spans) if spans else float("nan")), used / max(heard, 1) * 1e6, cost


def settle(poll: select.epoll, lines: dict[int, socket.socket], seconds: float) -> tuple[float, float, int]:
    """Acknowledge news until a wave has passed, or time is up: when the first and last came, and how many."""
    first = last = 0.0
    count = 0
    end = time.perf_counter() + seconds + 1.0
    while time.perf_counter() < end:
        found = poll.poll(0.2)
        if not found and count:
            break
        for number, _ in found:
            data = lines[number].recv(2_000)
            last = time.perf_counter()
            first = first or last
            count += data[1] == 0x45
            if data[0] >> 4 & 3 == 0:
                lines[number].send(bytes((0x60, 0, data[2], data[3])))
    return first, last, count


def measure(target: Server, seconds: float, rounds: int) -> list[str]:
    """One row of the table."""
    plain = [get(target.path)]
    ways = [(plain, 1), (plain, 16)]
    if target.name == "vendorlab":
        ways.append(([proxied(b"dev%05d" % number, b"t") for number in range(DEVICES)], 16))
    cells: list[str] = []
    for rests, outstanding in ways:
        found = [requests(target, rests, outstanding, seconds) for _ in range(rounds)]
        rate, cpu, p99 = (statistics.median(getattr(one, name) for one in found) for name in ("rate", "cpu", "p99"))
        cells.append(f"{rate:,.0f} ({cpu:.1f}; {p99:,.0f})")
    cells += ["-"] * (3 - len(cells))
    span, each, cost = observers(target, 3)
    return [target.name, *cells, f"{span:.1f} ms ({each:.1f})", f"{cost:,.0f}"]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--rounds", type=int, default=3)
    options, _ = parser.parse_known_args()
    pin(1)
    gc.freeze()
    rows: list[list[str]] = []
    for name, code in (("vendorlab", VENDORLAB), ("aiocoap", AIOCOAP)):
        with server(code, "0", str(DEVICES)) as process:
            rows.append(measure(Server(name, int(ready(process)), process.pid, b"t"), options.seconds, options.rounds))
    program = shutil.which("coap-server-notls")
    if program:
        with libcoap(program) as target:
            rows.append(measure(target, options.seconds, options.rounds))
    else:
        print("libcoap's coap-server-notls is not installed and was left out: apt-get install libcoap3-bin")
    table(
        f"CoAP GETs a second (server's microseconds for each; p99 in microseconds); news to {OBSERVERS:,} observers, "
        f"first to last (server's microseconds for each); bytes of a registration",
        ["server", "1 outstanding", "16 outstanding", f"16, by proxy, {DEVICES:,} devices", "news", "bytes"],
        rows,
    )


if __name__ == "__main__":
    main()
