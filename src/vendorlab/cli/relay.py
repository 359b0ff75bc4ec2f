"""``vendorlab relay``: stands before a server of your own, and lets its traffic go wrong to order."""

from __future__ import annotations

import asyncio
import ipaddress
import json
import signal
import socket
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

import rich_click as click

from vendorlab.cli.common import Duration, UsageFailure, write_whole
from vendorlab.cli.rules import datagram_options, read_rules, rule_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from vendorlab.mocks.core.edges.relay import Passage, UdpRelay
    from vendorlab.mocks.core.faults import FaultPlan

    Understood = Literal["udp", "coap"]


@click.group()
def relay() -> None:
    """Put faults between any client and any server, not only vendorlab's own.

    \b
    Example:
      vendorlab relay udp --listen 127.0.0.1:5693 --to 127.0.0.1:5683 --direction out --nth 2 --drop
    """


@relay.command()
@click.option("--to", required=True, metavar="HOST:PORT", help="The server.")
@click.option(
    "--listen",
    default="127.0.0.1:0",
    show_default=True,
    metavar="HOST:PORT",
    help="Where clients go; port 0: a free one.",
)
@click.option(
    "--plan",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Faults in a file: a rule or a list of rules, as JSON or YAML. One from options comes behind them.",
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="All chance comes from it.")
@click.option(
    "--protocol",
    type=click.Choice(["udp", "coap"]),
    help="coap: read CoAP, for faults by type, code, method or exchange. Default: coap if a fault asks for it.",
)
@click.option(
    "--idle", type=Duration(), default="5m", show_default=True, help="How long a silent client is remembered."
)
@click.option("--allow-remote", is_flag=True, help="Let --to and --listen be beyond this machine.")
@click.option(
    "--ready-file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Written, whole, when it listens: its address as JSON.",
)
@click.option("-v", "--verbose", is_flag=True, help="Print every datagram.")
@click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How datagrams and statistics are printed.",
)
@datagram_options
def udp(
    to: str,
    listen: str,
    plan: Path | None,
    seed: int,
    protocol: Understood | None,
    idle: float,
    allow_remote: bool,
    ready_file: Path | None,
    verbose: bool,
    log_format: str,
    **options: Any,
) -> int:
    """Relay datagrams to a UDP server and back; lose, repeat, delay, reorder or spoil exactly those that a fault names.

    The same seed, faults and datagrams give the same again. Ctrl-C ends it and prints what has passed.

    \b
    Examples:
      vendorlab relay udp --to 127.0.0.1:5683 --direction in --nth 3 --drop
      vendorlab relay udp --to 127.0.0.1:5683 --type ACK --nth 1 --per exchange --drop -v
      vendorlab relay udp --to 127.0.0.1:9999 --chance 0.1 --reorder 2 --seed 7
      vendorlab relay udp --to 127.0.0.1:9999 --listen 127.0.0.1:9998 --plan faults.json
    """
    from vendorlab.mocks.core.edges.relay import UdpRelay

    if idle < 1:
        raise UsageFailure("--idle is a second at least")
    server, place = _resolved("--to", to, allow_remote), _resolved("--listen", listen, allow_remote)
    rules = [*(read_rules(plan) if plan else []), *([rule] if (rule := rule_of(options)) else [])]
    faults, understood = _plan(rules, seed, protocol)
    say = _Say(log_format)
    line = UdpRelay(faults, place, server, protocol=understood, idle=idle, watch=say.passage if verbose else None)
    try:
        return asyncio.run(_serve(line, to, say, ready_file))
    except OSError as error:
        raise UsageFailure(f"cannot listen on {listen}: {error.strerror or error}") from error
    finally:
        if ready_file is not None:
            ready_file.unlink(missing_ok=True)


async def _serve(line: UdpRelay, to: str, say: _Say, ready_file: Path | None) -> int:
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[int] = loop.create_future()

    def end(code: int) -> None:
        if not ended.done():
            ended.set_result(code)

    loop.add_signal_handler(signal.SIGINT, end, 130)
    loop.add_signal_handler(signal.SIGTERM, end, 0)
    say.no_reader = lambda: end(0)
    await line.start()
    try:
        if ready_file is not None:
            write_whole(ready_file, json.dumps({"url": line.url, "address": line.address, "to": to}, indent=2))
        say.up(line, to)
        return await ended
    finally:
        await line.stop()
        say.end(line)


def _plan(rules: list[dict[str, Any]], seed: int, protocol: Understood | None) -> tuple[FaultPlan, Understood]:
    """The faults, and what the relay has to understand for them."""
    from vendorlab.mocks.core.edges.relay import check
    from vendorlab.mocks.core.faults import FaultPlan
    from vendorlab.mocks.core.rules import FaultError

    plan = FaultPlan(seed)
    try:
        added = [plan.add(rule) for rule in rules]
        if protocol is None:
            protocol = "coap" if any("udp" not in rule.protocols for rule in added) else "udp"
        for rule in added:
            check(rule, protocol)
    except FaultError as error:
        raise UsageFailure(str(error)) from error
    return plan, protocol


def _resolved(option: str, text: str, allow_remote: bool) -> tuple[Any, ...]:
    """The address that a text names; on this machine, unless others are allowed."""
    try:
        parts = urlsplit(f"//{text}")
        host, port = parts.hostname, parts.port
        whole = not (parts.path or parts.query or parts.fragment or parts.username)
    except ValueError:
        host, port, whole = None, None, False
    if not host or port is None or not whole or (option == "--to" and not port):
        raise UsageFailure(f"{option} takes HOST:PORT, such as 127.0.0.1:5683 or [::1]:5683, not {text!r}")
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
    except OSError as error:
        raise UsageFailure(f"{option}: nobody knows {host}: {error.strerror}") from error
    # Datagrams cannot try one address after the other, and most that is told to listen on `localhost` does so on IPv4.
    address = min(found, key=lambda one: one[0] != socket.AF_INET)[4]
    if not allow_remote and not ipaddress.ip_address(str(address[0]).partition("%")[0]).is_loopback:
        raise UsageFailure(f"{option} {text} is not on this machine; say --allow-remote if that is meant")
    return address


class _Say:
    """What is printed: lines for people, or JSON."""

    def __init__(self, log_format: str) -> None:
        self.no_reader: Callable[[], object] = lambda: None
        self._json = log_format == "json"

    def up(self, line: UdpRelay, to: str) -> None:
        """It listens."""
        faults = len(line.statistics()["faults"])
        self._print(
            {"event": "up", "url": line.url, "to": to, "faults": faults},
            f"{line.url} -> {to}, {faults} {'fault' if faults == 1 else 'faults'}; Ctrl-C ends it",
        )

    def passage(self, one: Passage) -> None:
        """A datagram came."""
        described = {name: one.described[name] for name in ("type", "code", "mid", "token") if name in one.described}
        fault = one.strike.rule.name if one.strike else None
        sent = [{"delay": delay, "bytes": len(data)} for delay, data in one.sends]
        told = "" if fault is None else f" {fault} -> {', '.join(_sent(*send) for send in one.sends) or 'nothing'}"
        words = " ".join(described.values())
        self._print(
            {"event": "datagram", "direction": one.direction, "peer": one.peer, "bytes": one.size, **described,
             "fault": fault, "sent": sent},
            f"{one.direction:<3} {one.peer} {one.size} bytes{words and ' ' + words}{told}",
        )  # fmt: skip

    def end(self, line: UdpRelay) -> None:
        """It is over."""
        found = line.statistics()
        ways = [f"{way}: {found[way]['received']} received, {found[way]['sent']} sent" for way in ("in", "out")]
        lost = [f"{found[name]} {name}" for name in ("waiting", "overflow", "unreachable") if found[name]]
        rules = [f"{rule['name']}: matched {rule['matched']}, struck {rule['struck']}" for rule in found["faults"]]
        self._print({"event": "end", **found}, "\n".join([*ways, f"clients: {found['clients']}", *lost, *rules]))

    def _print(self, data: dict[str, Any], text: str) -> None:
        try:
            click.echo(json.dumps(data) if self._json else text)
        except BrokenPipeError:
            self.no_reader()


def _sent(delay: float, data: bytes) -> str:
    return f"{len(data)} bytes" + (f" in {delay:g} s" if delay else "")
