"""``vendorlab up``: start vendors, say where they are, and serve until told to end."""

from __future__ import annotations

import json
import re
import secrets
import signal
import socket
import sys
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import rich_click as click

from vendorlab import __version__
from vendorlab.cli.common import (
    Pair,
    PortRange,
    UsageFailure,
    leave_state,
    left_token,
    switches,
    write_whole,
)
from vendorlab.mocks.registry import ADDRESSES, CONTROL_PORT, names

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from vendorlab.cli.serving import Serving


@click.command()
@click.argument("vendor", nargs=-1, type=click.Choice(names()), metavar="[VENDOR]...", envvar="VENDORLAB_VENDORS")
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    envvar="VENDORLAB_HOST",
    help="Where to listen. Beyond loopback at your own risk.",
)
@click.option(
    "--known-as",
    "known_as",
    multiple=True,
    envvar="VENDORLAB_KNOWN_AS",
    metavar="NAME",
    help="A name by which others reach that host. The first stands in the addresses that are told; the control API "
    "then takes no other names but loopback's, and certificates are for all of them.",
)
@click.option("--port", type=click.IntRange(0, 0), metavar="0", help="0: free ports for everything.")
@click.option(
    "--port-base", type=click.IntRange(1, 65_000), metavar="N", help="Control on N, the vendors on N+1 and so on."
)
@click.option(
    "--world-ports",
    type=PortRange(),
    envvar="VENDORLAB_WORLD_PORTS",
    metavar="FROM-TO",
    help="Where worlds listen that are made over the control API, and those of `vendorlab run --control`. "
    "Default: free ports.",
)
@click.option("--seed", type=click.IntRange(0), envvar="VENDORLAB_SEED", help="All chance comes from it. Default: 0.")
@click.option(
    "--start",
    envvar="VENDORLAB_START",
    metavar="TIME",
    help="Where the clock starts (ISO 8601; without a zone UTC). Default: now.",
)
@click.option("--rate", type=float, default=1.0, show_default=True, help="World seconds per second; 0 freezes.")
@click.option(
    "--profile",
    "profiles",
    type=Pair(),
    multiple=True,
    envvar="VENDORLAB_PROFILES",
    metavar="VENDOR=NAME",
    help="A dated behaviour.",
)
@click.option(
    "--set",
    "settings",
    type=Pair(),
    multiple=True,
    envvar="VENDORLAB_SETTINGS",
    metavar="VENDOR.KEY=VALUE",
    help="A switch for what the vendor leaves open, such as scanalytics.refresh_grace=60.",
)
@click.option(
    "--broker",
    envvar="VENDORLAB_BROKER",
    metavar="URL",
    help="An MQTT broker that takes the place of Itron's: mqtts://user:password@host:8883?ca=FILE. "
    "Also in $VENDORLAB_BROKER, where nobody else can read the password.",
)
@click.option("--tls", is_flag=True, help="https with a certificate made for the run; says how to trust it.")
@click.option(
    "--tls-dir",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="VENDORLAB_TLS_DIR",
    metavar="DIR",
    help="https with the certificate kept in DIR, made if there is none: trust it once.",
)
@click.option("--tls-name", "tls_names", multiple=True, metavar="HOST", help="One more host that it is for.")
@click.option(
    "--state",
    type=click.Path(file_okay=False, path_type=Path),
    envvar="VENDORLAB_STATE",
    metavar="DIR",
    help="A folder in which all state outlives the process, also when it is killed.",
)
@click.option(
    "--ready-file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Written, whole, when every listener accepts: addresses and credentials as JSON.",
)
@click.option(
    "--control-token",
    "token",
    envvar="VENDORLAB_CONTROL_TOKEN",
    metavar="TOKEN",
    help="What callers of the control API must show. Default: made at start. Better in $VENDORLAB_CONTROL_TOKEN, "
    "where nobody else can read it.",
)
@click.option(
    "--traces",
    is_flag=True,
    help="Send a span of every exchange, in any world, by OTLP to where $OTEL_EXPORTER_OTLP_ENDPOINT says; "
    "needs the extra otel.",
)
@click.option("-v", "--verbose", is_flag=True, help="Print every exchange.")
@click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    envvar="VENDORLAB_LOG_FORMAT",
    help="How exchanges, notices and mistakes of vendorlab's own are printed.",
)
def up(
    vendor: tuple[str, ...],
    host: str,
    known_as: tuple[str, ...],
    port: int | None,
    port_base: int | None,
    world_ports: range | None,
    seed: int | None,
    start: str | None,
    rate: float,
    profiles: Sequence[tuple[str, str]],
    settings: Sequence[tuple[str, str]],
    broker: str | None,
    tls: bool,
    tls_dir: Path | None,
    tls_names: tuple[str, ...],
    state: Path | None,
    ready_file: Path | None,
    token: str | None,
    traces: bool,
    verbose: bool,
    log_format: str,
) -> int:
    """Start vendors and print where they are and with which credentials.

    Without a name, all of them. Ctrl-C ends it.

    \b
    Examples:
      vendorlab up
      vendorlab up scanalytics --port 0 --ready-file ready.json
      vendorlab up --start 2018-03-01T12:00:00Z --profile scanalytics=modern
      vendorlab up --set scanalytics.minute_limit=10 -v
      vendorlab up --tls-dir ~/.vendorlab-tls
      vendorlab up --state ./state
      vendorlab up --host 0.0.0.0 --known-as vendorlab.test

    \b
    In a container or a CI job, which cannot always pass arguments, the environment does:
      VENDORLAB_VENDORS="scanalytics slv" VENDORLAB_SEED=7 VENDORLAB_START=2018-03-01T12:00:00Z
      VENDORLAB_HOST VENDORLAB_KNOWN_AS VENDORLAB_STATE VENDORLAB_TLS_DIR VENDORLAB_LOG_FORMAT
      VENDORLAB_PROFILES="scanalytics=modern" VENDORLAB_SETTINGS="scanalytics.minute_limit=10"
    """
    from vendorlab.cli.https import certificate
    from vendorlab.cli.logs import shown
    from vendorlab.cli.serving import Serving

    if port is not None and port_base is not None:
        raise UsageFailure("--port 0 and --port-base exclude each other")
    hosts = [host, *known_as, *tls_names]
    with certificate(tls=tls or bool(tls_dir or tls_names), folder=tls_dir, names=hosts) as files:
        if broker:
            settings = [*settings, ("itron.mqtt_broker", broker)]
        options = _options(host, known_as, seed or 0, start, rate, profiles, settings, state)
        serving = Serving(
            names=vendor,
            ports=_ports(port, port_base),
            options=replace(options, tls=files),
            token=_checked(token) if token else secrets.token_urlsafe(24),
            version=__version__,
            world_ports=world_ports or (),
        )
        kept = serving.world.ids.seed
        if seed is not None and seed != kept:
            serving.stop()
            raise UsageFailure(f"{state} holds a world of seed {kept}; leave out --seed, or give another folder")
        with shown(log_format), _traced(serving, wanted=traces), Stop() as stopped:
            _run(serving, stopped, ready_file, log_format, verbose=verbose)
    return stopped.exit_code


def _run(serving: Serving, stopped: Stop, ready_file: Path | None, log_format: str, *, verbose: bool) -> None:
    """Listen, tell of it, and wait for the end; whatever was left for others goes with it."""
    try:
        serving.start()
        left = leave_state(serving.control_url, serving.token)
        try:
            _tell(serving, ready_file, log_format)
            _serve(serving, stopped, log_format if verbose else None)
        finally:
            if left is not None and left_token(serving.control_url) == serving.token:
                left.unlink(missing_ok=True)
            if ready_file is not None:
                ready_file.unlink(missing_ok=True)
    finally:
        serving.stop()


@contextmanager
def _traced(serving: Serving, *, wanted: bool) -> Generator[None]:
    """Send spans until the end, if that is wanted."""
    if not wanted:
        yield
        return
    with ExitStack() as stack:
        try:
            from vendorlab import tracing

            serving.each(stack.enter_context(tracing.exported()))
        except ImportError as error:
            serving.stop()
            raise UsageFailure(f"--traces needs the extra otel: pip install 'vendorlab[otel]' ({error})") from error
        yield


class Stop:
    """Asked for by SIGINT and SIGTERM, and when the terminal goes away, while the block runs.

    A lock is no place to wait for a signal: one that comes just before the wait goes unseen, and an event's ``set`` may
    wait for the ``wait`` that it interrupts. So a signal writes into a socket, and that is waited for.
    """

    def __init__(self) -> None:
        self.asked = False
        self.exit_code = 0

    def __enter__(self) -> Self:
        self._awake, self._waker = socket.socketpair()
        self._waker.setblocking(False)
        self._former = signal.set_wakeup_fd(self._waker.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGINT, self._stop)
        signal.signal(signal.SIGTERM, self._stop)
        if signal.getsignal(signal.SIGHUP) is signal.SIG_DFL:  # under nohup it is ignored, and stays so
            signal.signal(signal.SIGHUP, self._stop)
        return self

    def __exit__(self, *_exc: object) -> None:
        signal.set_wakeup_fd(self._former)
        self._awake.close()
        self._waker.close()

    def _stop(self, number: int, _frame: object) -> None:
        self.exit_code = 130 if number == signal.SIGINT else 0
        self.asked = True

    def wait(self) -> None:
        """Return when it is asked for."""
        while not self.asked:
            self._awake.recv(1)


def _checked(token: str) -> str:
    """A token that a header can carry (RFC 6750, b64token)."""
    if not re.fullmatch(r"[A-Za-z0-9._~+/-]{8,}=*", token, re.ASCII):
        raise UsageFailure("a control token has at least 8 characters, letters and digits and any of -._~+/")
    return token


def _ports(port: int | None, base: int | None) -> dict[str, int]:
    """A port for every address and for control; 0 takes a free one."""
    if port == 0:
        return dict.fromkeys(["control", *(one.name for one in ADDRESSES)], 0)
    if base is not None:
        return {"control": base} | {one.name: base + number for number, one in enumerate(ADDRESSES, 1)}
    return {"control": CONTROL_PORT} | {one.name: one.port for one in ADDRESSES}


def _options(
    host: str,
    known_as: tuple[str, ...],
    seed: int,
    start: str | None,
    rate: float,
    profiles: Sequence[tuple[str, str]],
    settings: Sequence[tuple[str, str]],
    state: Path | None,
) -> Any:
    from vendorlab.cli.clock import moment
    from vendorlab.mocks.core.world import WorldOptions

    return WorldOptions(
        seed=seed,
        start=moment(start) if start else None,
        rate=rate,
        profiles=dict(profiles),
        settings=switches(settings),
        host=host,
        known_as=known_as,
        state=state,
    )


def _tell(serving: Serving, ready_file: Path | None, log_format: str) -> None:
    """Say that all is up: to a person, or as a line of JSON, and in the ready file."""
    ready = serving.ready()
    if ready_file is not None:
        write_whole(ready_file, json.dumps(ready, indent=2))
    if log_format == "json":
        click.echo(json.dumps({"event": "up", **ready}))
        return
    from vendorlab.cli.banner import banner

    banner(ready)


def _serve(serving: Serving, stopped: Stop, log_format: str | None) -> None:
    """Wait for the end; print exchanges meanwhile if asked to."""
    if log_format is None:
        stopped.wait()
        return
    from vendorlab.cli.journal import line
    from vendorlab.mocks.core.journal import Query

    journal = serving.world.journal
    after = 0
    while not stopped.asked:
        for entry in journal.wait_for(Query(after=after), timeout=0.25):
            after = entry.seq
            click.echo(json.dumps(entry.as_json(), default=str) if log_format == "json" else line(entry.as_json()))
        sys.stdout.flush()
