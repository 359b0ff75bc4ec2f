"""``vendorlab doctor`` and ``version``: what is here, and what would stand in the way."""

from __future__ import annotations

import importlib.util
import os
import platform
import socket
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import rich_click as click

from vendorlab import __version__
from vendorlab.mocks.registry import ADDRESSES, CONTROL_PORT

if TYPE_CHECKING:
    from collections.abc import Iterator

_EXTRAS = {
    "fast": ("uvloop", "a faster event loop"),
    "contracts": ("pytest", "`vendorlab check`"),
    "contracts (generated requests)": ("schemathesis", "the generated part of `vendorlab check`"),
    "coap": ("aiocoap", "the client of Itron's CoAP Gateway"),
    "mqtt": ("paho", "`up --broker`"),
    "tls": ("trustme", "https and Itron's MQTT broker"),
}

_PROXIES = [name for scheme in ("http", "https", "all") for name in (f"{scheme}_proxy", f"{scheme}_PROXY".upper())]

_MARKS = {"good": "✓", "note": "·", "bad": "✗"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at: good, worth a note, or in the way; and what helps."""

    kind: Literal["good", "note", "bad"]
    text: str


@click.command()
def version() -> None:
    """Print the version of vendorlab, of Python and of what it stands on."""
    click.echo(f"vendorlab {__version__}")
    click.echo(f"Python {platform.python_version()} on {platform.platform()}")
    for name in ("flask", "uvicorn", "oauthlib", "httpx", "numpy"):
        click.echo(f"{name} {metadata.version(name)}")


@click.command()
def doctor() -> int:
    """Look for what would stand in the way, and say what helps. Exit code 1 if something does.

    \b
    Example:
      vendorlab doctor
    """
    status = 0
    for finding in _findings():
        click.echo(f"{_MARKS[finding.kind]} {finding.text}")
        status |= finding.kind == "bad"
    return status


def _findings() -> Iterator[Finding]:
    yield Finding("good", f"vendorlab {__version__} on Python {platform.python_version()}")
    yield from _zones()
    yield from _extras()
    yield from _ports()
    yield from _proxies()
    yield from _links()


def _zones() -> Iterator[Finding]:
    from zoneinfo import ZoneInfo

    try:
        ZoneInfo("America/Chicago")
        yield Finding("good", "time zones are there")
    except KeyError:
        yield Finding("bad", "there are no time zones: pip install tzdata")


def _extras() -> Iterator[Finding]:
    for extra, (module, use) in _EXTRAS.items():
        if importlib.util.find_spec(module) is None:
            name = extra.partition(" ")[0]
            yield Finding("note", f"{module} is not installed; {use} needs it: pip install 'vendorlab[{name}]'")
        else:
            yield Finding("good", f"{module} is there, for {use}")


def _ports() -> Iterator[Finding]:
    for name, port, udp in [("control", CONTROL_PORT, False), *((one.name, one.port, one.udp) for one in ADDRESSES)]:
        with socket.socket(type=socket.SOCK_DGRAM if udp else socket.SOCK_STREAM) as probe:
            if not udp:  # it would let two share the port
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
                yield Finding("good", f"port {port} is free, for {name}")
            except OSError:
                yield Finding(
                    "note",
                    f"port {port}, for {name}, is in use: by a running `vendorlab up`, or take --port-base or --port 0",
                )


def _proxies() -> Iterator[Finding]:
    """A proxy in the environment catches calls to loopback unless it is told not to."""
    proxy = next(
        (os.environ[name] for name in _PROXIES if os.environ.get(name)),
        None,
    )
    exempt = os.environ.get("no_proxy", os.environ.get("NO_PROXY", ""))
    if proxy is None:
        yield Finding("good", "no proxy stands between your program and loopback")
    elif any(host in exempt for host in ("127.0.0.1", "*")):
        yield Finding("good", "the proxy leaves loopback alone")
    else:
        yield Finding(
            "bad", "an HTTP proxy is set and would catch calls to the fakes: export NO_PROXY=127.0.0.1,localhost"
        )


def _links() -> Iterator[Finding]:
    """In a checkout, the folders are reached through links, which some systems do not check out."""
    package = Path(__file__).resolve().parent.parent
    broken = [name for name in ("mocks", "clients", "contracts", "scenarios") if not (package / name).is_dir()]
    if broken:
        yield Finding(
            "bad",
            f"the links {', '.join(broken)} in {package.name} are broken: check out with `git -c core.symlinks=true`",
        )
