"""Itron's CoAP Gateway: reads of mesh devices through the proxy a second, and news of a thousand devices to as many.

The gateway does its whole work: sessions, tenants, the device's firmware, de-duplication, faults, and a line of the
journal for each. Beside it, in the same run: forward proxies of libcoap (``coap-server-notls -P``, if it is installed)
and of aiocoap (``aiocoap-proxy --forward``), each with its own server behind it, which have neither sessions nor a
journal; and what a bare resource costs on either's server. News are of a thousand devices to a thousand clients here,
and of one resource there. Everything that serves shares one core, and the processor time of a proxy is that of both
its processes. Look at the processor time for each, not at rates alone.
"""

from __future__ import annotations

import argparse
import gc
import json
import select
import shutil
import statistics
import time
from contextlib import ExitStack
from functools import partial
from typing import TYPE_CHECKING

from _harness import pin, ready, server, table
from coap import (
    AIOCOAP,
    DEVICES,
    OBSERVERS,
    Server,
    get,
    libcoap,
    nothing,
    observers,
    opened,
    processor_seconds,
    requests,
    resident,
    settle,
)

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable, Sequence

HOST = "SSN{}.SG.YEL01.SSN.SSNSGS.NET"

GATEWAY = """
import gc, json, time
from vendorlab.mocks import registry
from vendorlab.mocks.core.world import World, WorldOptions

count = int(sys.argv[1])
settings = {"mesh_devices": 2 * count, "coap_max_sessions": 10_000, "token_lifetime": 31_536_000,
            "coap_session_idle": 31_536_000}
world = World(registry.factories(["itron"]), WorldOptions(rate=0.0, settings={"itron": settings}))
port = int(world.listen("itron-coap").rpartition(":")[2])
backend = world.vendor("itron").backend
tenant = backend.estate.tenants[0]
token = backend.token(tenant.client_id, tenant.client_secret)
macs = [one.mac for one in backend.estate.devices(tenant) if one.number % 2 == 0]
gc.collect(); gc.freeze()
print(json.dumps([port, token, macs]), flush=True)
while True:
    time.sleep(1)
    world.clock.advance(60)
"""


AIOCOAP_PROXY = """
import socket, threading, time
from aiocoap.cli import proxy

with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]
    probe.close()

def tell():
    ping = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    ping.settimeout(0.1)
    while True:
        ping.sendto(b"@\\0\\0\\1", ("127.0.0.1", port))
        try:
            ping.recv(100)
            break
        except OSError:
            time.sleep(0.05)
    print(port, flush=True)

threading.Thread(target=tell).start()
proxy.sync_main(["--forward", "--bind", f"127.0.0.1:{port}"])
"""


def option(delta: int, value: bytes) -> bytes:
    """An option with a delta of 13 or more and a value of 13 to 268 bytes."""
    return bytes((0xDD, delta - 13, len(value) - 13)) + value


def read(mac: str) -> bytes:
    """What follows the token of a read of a device's temperature."""
    return option(35, f"coap://{HOST.format(mac)}:4849/snsr/arduino/temp?sens".encode())


def watch(mac: str) -> bytes:
    """The same to observe it."""
    return b"\x60" + option(29, f"coap://{HOST.format(mac)}:4849/snsr/arduino/temp?sens".encode())


def begin(token: bytes, line: socket.socket) -> None:
    """Open a session."""
    line.send(b"\x41\x02\xff\xffs\xb8sessions\xff" + token)
    answer = line.recv(2_000)
    assert answer[1] in (0x41, 0x44), f"a session was refused with code {answer[1]:#x}"


def fan_out(target: Server, token: bytes, macs: Sequence[str], waves: int) -> tuple[float, float, float]:
    """A client for each device: milliseconds from the first to the last that hears of news, the server's microseconds
    for each, and bytes for each registration with its session.
    """
    with ExitStack() as stack:
        poll = select.epoll()
        stack.callback(poll.close)
        lines: dict[int, socket.socket] = {}
        before = resident(target.pid)
        for number, mac in enumerate(macs[:OBSERVERS]):
            line = stack.enter_context(opened(target.port))
            begin(token, line)
            line.send(b"\x42\x01\x00\x01" + number.to_bytes(2, "big") + watch(mac))
            while line.recv(2_000)[1] != 0x43:
                pass
            lines[line.fileno()] = line
            poll.register(line.fileno(), select.EPOLLIN)
        cost = (resident(target.pid) - before) / OBSERVERS
        settle(poll, lines, 2.5)
        spans: list[float] = []
        used, heard = processor_seconds(target.pid), 0
        for _ in range(waves):
            first, last, count = settle(poll, lines, 1.0)
            heard += count
            if count >= OBSERVERS:
                spans.append((last - first) * 1e3)
        used = processor_seconds(target.pid) - used
    return (statistics.median(spans) if spans else float("nan")), used / max(heard, 1) * 1e6, cost


def measure_gateway(seconds: float, rounds: int) -> list[str]:
    """The gateway's row."""
    with server(GATEWAY, str(DEVICES)) as process:
        port, token, macs = json.loads(ready(process))
        target = Server("vendorlab's gateway", port, process.pid, b"")
        opening = partial(begin, token.encode())
        cells = rates(target, [read(mac) for mac in macs], seconds, rounds, opening)
        return [target.name, *cells, *news(fan_out(target, token.encode(), macs, 3))]


def measure(target: Server, seconds: float, rounds: int) -> list[str]:
    """The row of a server that is none."""
    return [target.name, *rates(target, [get(target.path)], seconds, rounds), *news(observers(target, 3))]


def through_libcoap(program: str, seconds: float, rounds: int) -> list[str]:
    """The row of libcoap's forward proxy."""
    with libcoap(program) as behind, libcoap(program, "-P", ",itself") as proxy:
        rest = option(35, f"coap://127.0.0.1:{behind.port}/time".encode())
        target = Server("libcoap proxy and server", proxy.port, proxy.pid, b"", behind.pid)
        return [target.name, *rates(target, [rest], seconds, rounds), "-", "-"]


def through_aiocoap(seconds: float, rounds: int) -> list[str]:
    """The row of aiocoap's, which takes Proxy-Scheme only."""
    with server(AIOCOAP, "0", "1") as behind:
        port = int(ready(behind))
        with server(AIOCOAP_PROXY) as proxy:
            target = Server("aiocoap proxy and server", int(ready(proxy)), proxy.pid, b"", behind.pid)
            host, way = b"\x39127.0.0.1\x42" + port.to_bytes(2, "big"), b"\x41t\xd4\x0fcoap"
            return [target.name, *rates(target, [host + way], seconds, rounds), "-", "-"]


def rates(
    target: Server,
    rests: Sequence[bytes],
    seconds: float,
    rounds: int,
    begin: Callable[[socket.socket], None] = nothing,
) -> list[str]:
    """Requests a second with one and with sixteen outstanding."""
    cells: list[str] = []
    for outstanding in (1, 16):
        found = [requests(target, rests, outstanding, seconds, begin) for _ in range(rounds)]
        rate, cpu, p99 = (statistics.median(getattr(one, name) for one in found) for name in ("rate", "cpu", "p99"))
        cells.append(f"{rate:,.0f} ({cpu:.1f}; {p99:,.0f})")
    return cells


def news(found: tuple[float, float, float]) -> list[str]:
    """How long news take, and what they and a registration cost."""
    span, each, cost = found
    return [f"{span:.1f} ms ({each:.1f})", f"{cost:,.0f}"]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=2.0)
    parser.add_argument("--rounds", type=int, default=3)
    options, _ = parser.parse_known_args()
    pin(1)
    gc.freeze()
    began = time.perf_counter()
    rows = [measure_gateway(options.seconds, options.rounds), through_aiocoap(options.seconds, options.rounds)]
    with server(AIOCOAP, "0", str(DEVICES)) as process:
        rows.append(measure(Server("aiocoap", int(ready(process)), process.pid, b"t"), options.seconds, options.rounds))
    program = shutil.which("coap-server-notls")
    if program:
        rows.insert(1, through_libcoap(program, options.seconds, options.rounds))
        with libcoap(program) as target:
            rows.append(measure(target, options.seconds, options.rounds))
    else:
        print("libcoap's coap-server-notls is not installed and was left out: apt-get install libcoap3-bin")
    table(
        f"Reads of {DEVICES:,} devices through the gateway beside GETs of one resource, by proxy and bare, a second "
        "(servers' microseconds for each; p99 in microseconds); "
        f"news to {OBSERVERS:,} observers, first to last (server's microseconds for each); bytes of a registration",
        ["server", "1 outstanding", "16 outstanding", "news", "bytes"],
        rows,
    )
    print(f"{time.perf_counter() - began:.0f} s")


if __name__ == "__main__":
    main()
