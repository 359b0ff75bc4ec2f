"""The MQTT broker: messages a second in three qualities, fan-out, connections, latency and memory.

Beside it, in the same run: mosquitto and amqtt's broker, if they are installed. Processor time for each message is the
figure to compare: two processes share a machine with whatever else runs there.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from _harness import free_ports, server, table

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

VENDORLAB = """
import asyncio, gc, random, threading, time
from vendorlab.mocks.core.edges.tcp import Driver, MqttListener
from vendorlab.mocks.core.mqtt.broker import BrokerCore
from vendorlab.mocks.core.mqtt.policy import Anybody
from vendorlab.mocks.core.mqtt.profiles import HIVEMQ4
async def main():
    micros = lambda: time.time_ns() // 1_000
    core = BrokerCore(Anybody(), micros=micros, chance=random.Random(7), profile=HIVEMQ4)
    listener = MqttListener(Driver(core, threading.RLock()), "127.0.0.1", int(sys.argv[1]))
    await listener.start()
    gc.collect(); gc.freeze()
    await asyncio.Event().wait()
if sys.argv[2] == "uvloop":
    import uvloop
    uvloop.run(main())
else:
    asyncio.run(main())
"""

AMQTT = """
import asyncio, logging
from amqtt.broker import Broker
logging.basicConfig(level=logging.ERROR)
async def main():
    plugins = {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}}
    bind = {"type": "tcp", "bind": f"127.0.0.1:{sys.argv[1]}"}
    await Broker({"listeners": {"default": bind}, "plugins": plugins}).start()
    await asyncio.Event().wait()
asyncio.run(main())
"""

MOSQUITTO = """listener {port} 127.0.0.1
allow_anonymous true
persistence false
set_tcp_nodelay true
max_queued_messages 20000
log_dest none
"""

# Case, what it is called, its options for a quick broker, and for a slow one.
BURSTS = {"window": 400, "readers": 1}
CASES: list[tuple[str, str, dict[str, int], dict[str, int]]] = [
    ("throughput", "QoS 0, bursts", {**BURSTS, "qos": 0, "count": 200_000}, {"count": 20_000}),
    ("throughput", "QoS 1, bursts", {**BURSTS, "qos": 1, "count": 100_000}, {"count": 10_000}),
    # mosquitto stalls when a publisher has more than 20 messages with QoS 2 under way
    ("throughput", "QoS 2, 20 at once", {**BURSTS, "qos": 2, "count": 40_000, "window": 20}, {"count": 5_000}),
    ("throughput", "QoS 0, one by one", {**BURSTS, "qos": 0, "count": 20_000, "window": 1}, {"count": 10_000}),
    ("throughput", "QoS 1, one by one", {**BURSTS, "qos": 1, "count": 20_000, "window": 1}, {"count": 10_000}),
    ("throughput", "1 to 50, QoS 0", {"qos": 0, "count": 4_000, "window": 50, "readers": 50}, {"count": 400}),
    ("throughput", "1 to 50, QoS 1", {"qos": 1, "count": 1_000, "window": 50, "readers": 50}, {"count": 200}),
]
CONNECTS = {"count": 1_000}
STEADY = {"rate": 500, "count": 1_000}


@contextmanager
def ours(loop: str) -> Generator[tuple[int, int]]:
    """Our broker on asyncio's loop or uvloop's: its port and process."""
    port = free_ports()
    with server(VENDORLAB, str(port), loop) as process:
        yield port, process.pid


@contextmanager
def amqtt() -> Generator[tuple[int, int]]:
    """Amqtt's broker without its loggers, which are most of what it does."""
    port = free_ports()
    with server(AMQTT, str(port)) as process:
        yield port, process.pid


@contextmanager
def mosquitto() -> Generator[tuple[int, int]]:
    """mosquitto, with a queue that is long enough for the bursts."""
    port = free_ports()
    path = shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin") or ""
    with tempfile.NamedTemporaryFile("w", suffix=".conf") as file:
        file.write(MOSQUITTO.format(port=port))
        file.flush()
        begin = (
            f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import _harness, os; _harness.pin(0)\n"
        )
        call = [sys.executable, "-c", f"{begin}os.execv({path!r}, ['mosquitto', '-c', {file.name!r}])"]
        process = subprocess.Popen(call, stderr=subprocess.DEVNULL)
        try:
            yield port, process.pid
        finally:
            process.kill()
            process.wait()


def wait_for(port: int) -> None:
    """Until somebody listens."""
    for _ in range(400):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.025)
        else:
            return
    raise SystemExit("the broker did not start")


def measure(port: int, pid: int, case: str, options: dict[str, int]) -> dict[str, float]:
    """One case in a process of its own."""
    call = [
        sys.executable,
        str(Path(__file__).with_name("_mqtt_load.py")),
        str(port),
        str(pid),
        case,
        json.dumps(options),
    ]
    done = subprocess.run(call, capture_output=True, text=True, check=False, timeout=120)
    if done.returncode:
        print(f"  {case} {options}: {done.stderr.strip().splitlines()[-1]}")
        return {}
    found: dict[str, float] = json.loads(done.stdout)
    return found


def rounds(count: int, port: int, pid: int, case: str, options: dict[str, int]) -> dict[str, float]:
    """The median of some rounds, figure by figure."""
    found = [result for _ in range(count) if (result := measure(port, pid, case, options))]
    return {name: statistics.median(result[name] for result in found) for name in (found[0] if found else ())}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--idle", type=int, default=0, metavar="N", help="also connect N clients and weigh them")
    options, _ = parser.parse_known_args()

    brokers: dict[str, Callable[[], Any]] = {"vendorlab": lambda: ours("asyncio")}
    if importlib.util.find_spec("uvloop"):
        brokers["vendorlab, uvloop"] = lambda: ours("uvloop")
    if shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin"):
        brokers["mosquitto"] = mosquitto
    else:
        print("mosquitto is not installed and was left out: apt-get install mosquitto")
    if importlib.util.find_spec("amqtt"):
        brokers["amqtt"] = amqtt
    else:
        print("amqtt is not installed and was left out: pip install amqtt")

    results: dict[str, dict[str, dict[str, float]]] = {}
    for name, broker in brokers.items():
        results[name] = {}
        for case, title, quick, slow in CASES:
            with broker() as (port, pid):
                wait_for(port)
                results[name][title] = rounds(
                    options.rounds, port, pid, case, quick | (slow if name == "amqtt" else {})
                )
        with broker() as (port, pid):
            wait_for(port)
            results[name]["connects"] = measure(port, pid, "connects", CONNECTS)
        for qos in range(3):
            with broker() as (port, pid):
                wait_for(port)
                results[name][f"latency {qos}"] = rounds(options.rounds, port, pid, "latency", STEADY | {"qos": qos})
    report(results, options.rounds)
    if options.idle:
        with ours("asyncio") as (port, pid):
            wait_for(port)
            found = measure(port, pid, "connects", {"count": options.idle})
        print(f"\n{options.idle:,} idle clients: {found['mb']:.0f} MB in all, {found['kb']:.1f} kB each")


def report(results: dict[str, dict[str, dict[str, float]]], count: int) -> None:
    """Print what was found."""

    def cell(found: dict[str, float], name: str, form: str) -> str:
        return format(found[name], form) if name in found else "-"

    titles = [title for _, title, _, _ in CASES]
    rows = [
        [name, *(f"{cell(found[title], 'rate', ',.0f')} ({cell(found[title], 'micros', '.1f')})" for title in titles)]
        for name, found in results.items()
    ]
    table(f"Messages delivered a second (processor µs each); medians of {count}", ["broker", *titles], rows)
    rows = [
        [name, cell(found["connects"], "rate", ",.0f"), cell(found["connects"], "micros", ".0f")]
        + [cell(found["connects"], "kb", ".1f")]
        + [
            f"{cell(found[f'latency {q}'], 'p50', '.0f')} / {cell(found[f'latency {q}'], 'p99', '.0f')}"
            for q in range(3)
        ]
        for name, found in results.items()
    ]
    columns = ["broker", "connects/s", "µs each", "kB each", *(f"QoS {q}: p50 / p99 µs" for q in range(3))]
    table("Connections, and latency at 500 messages a second", columns, rows)
    mine = results["vendorlab"]
    for name, found in results.items():
        if name.startswith("vendorlab"):
            continue
        ratios = [
            f"{title} {found[title]['micros'] / mine[title]['micros']:.1f}"
            for title in titles
            if found[title].get("micros") and mine[title].get("micros")
        ]
        print(f"  {name} takes x our processor time: {', '.join(ratios)}")


if __name__ == "__main__":
    main()
