"""A world's sockets: which addresses are listened on, on which loop, and how all of it starts and ends.

It knows no protocol: an edge gives something to start and stop, and is given a ``Place`` to do so.
"""

from __future__ import annotations

import threading
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from .clock import to_datetime
from .errors import WorldError
from .wall import real_micros

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from .clock import Clock
    from .edges.certificates import TlsFiles
    from .edges.loop import ClockDriver, Line, LoopThread
    from .journal import Journal
    from .vendor import Listener


class PortTakenError(WorldError):
    """A port is in use by somebody else."""


_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104  what it is called from this machine


@dataclass(frozen=True, slots=True)
class Told:
    """By which name others are told to come, where it is not the one that is listened on.

    Attributes:
        host: where listeners listen.
        known_as: the names by which others reach that host; the first is told.
    """

    host: str
    known_as: Sequence[str] = ()

    def url(self, url: str) -> str:
        """The URL of a listener as others are told it; one of another host is left as it is."""
        parts = urlsplit(url)
        name = next(iter(self.known_as), _EVERYWHERE.get(self.host, self.host))
        if parts.hostname != self.host or name == self.host:
            return url
        place = f"[{name}]" if ":" in name else name
        return urlunsplit(parts._replace(netloc=f"{place}:{parts.port}"))

    @property
    def names(self) -> list[str]:
        """What a certificate has to be for."""
        return [name for name in (self.host, *self.known_as) if name not in _EVERYWHERE]


@dataclass(frozen=True, slots=True)
class Place:
    """Where an edge listens.

    Attributes:
        host, port: port 0 takes a free one.
        tls: the certificate to show; None for none.
        line: line time.
        certificate: gives the certificate for what is never without TLS: the one to show, or one that is made now and
            ends with the world.
        told: the URL of a listener as others are told it.
    """

    host: str
    port: int
    tls: TlsFiles | None
    line: Line
    certificate: Callable[[], TlsFiles]
    told: Callable[[str], str] = str


@dataclass(slots=True)
class Running:
    """What a started world owes to its loop."""

    thread: LoopThread
    owned: bool
    driver: ClockDriver
    line: Line


class Sockets:
    """The listeners of one world, by address.

    Args:
        clock: wakes the loop when a timer is due.
        journal: whoever waits for it is let go when all ends.
        told: where they listen, and as what others know that.
        tls: the certificate that they show.
        state: the folder in which state is kept, and so is a certificate that is made; None for a world that ends.
        line_on_clock: line time follows the world's clock.
        thread: a loop to share; by default there is one of its own once something listens.
    """

    def __init__(
        self,
        clock: Clock,
        journal: Journal,
        *,
        told: Told,
        tls: TlsFiles | None,
        state: Path | None,
        line_on_clock: bool,
        thread: LoopThread | None,
    ) -> None:
        self._clock = clock
        self._journal = journal
        self._told = told
        self._tls = tls
        self._state = state
        self._line_on_clock = line_on_clock
        self._thread = thread
        self._running: Running | None = None
        self._listeners: dict[str, Listener] = {}
        self._made: TlsFiles | None = None
        self._ending = ExitStack()
        # Not the clock's lock: the loop needs that one to answer, and starting and stopping wait for the loop.
        self._listening = threading.RLock()
        self._starting = threading.Lock()  # never held while anything waits, so it may be taken under any other

    def open(self, name: str, make: Callable[[Place], Listener], port: int) -> str:
        """Listen at an address, if nobody does yet; returns its URL.

        Raises:
            PortTakenError: the port is in use.
        """
        if not 0 <= port <= 65_535:
            raise WorldError(f"a port lies between 0 and 65535, not at {port}")
        with self._listening:
            if name not in self._listeners:
                running = self._run()
                listener = make(
                    Place(self._told.host, port, self._tls, running.line, self._certificate, self._told.url)
                )
                try:
                    running.thread.call(listener.start())
                except OSError as error:
                    from .edges.server import port_taken  # noqa: PLC0415

                    raise PortTakenError(port_taken(name, self._told.host, port, error)) from error
                self._listeners[name] = listener
            return self._told.url(self._listeners[name].url)

    def url(self, name: str) -> str | None:
        """Where an address is, or None."""
        listener = self._listeners.get(name)
        return self._told.url(listener.url) if listener else None

    def ca(self, name: str) -> str | None:
        """The file with the authority that a client has to trust; None where it listens without TLS."""
        listener = self._listeners.get(name)
        files = self._tls or self._made
        return str(files.ca) if files and listener and listener.tls else None

    def all(self) -> list[tuple[str, str, bool]]:
        """Every listener: address, URL, and whether it accepts."""
        return [(name, self._told.url(one.url), one.accepting) for name, one in list(self._listeners.items())]

    def running(self) -> Running:
        """The loop and what belongs to it, started if need be."""
        return self._run()

    def hang_up(self) -> None:
        """End every HTTP connection; the listeners stay. Other protocols' connections are state, and end with it."""

        async def each() -> None:
            for listener in self._listeners.values():
                if hang_up := getattr(listener, "hang_up", None):
                    await hang_up()

        with self._listening:
            if self._running is not None:
                self._running.thread.call(each())

    def stop(self) -> None:
        """Close every listener; a second call does nothing."""
        with self._listening:
            running, self._running = self._running, None
            if running is None:
                return
            self._made = None
            self._journal.interrupt(stop=True)
            while self._listeners:
                _, listener = self._listeners.popitem()
                running.thread.call(listener.stop())
            self._ending.close()
            running.driver.stop()
            running.line.stop()
            if running.owned:
                running.thread.stop()

    def _certificate(self) -> TlsFiles:
        """The certificate for what is never without one."""
        if self._tls is not None:
            return self._tls
        if self._made is None:
            from .edges import certificates  # noqa: PLC0415  most worlds speak http

            # Clients check certificates by their own clocks, so it lives on the real one.
            now, names = to_datetime(real_micros()), self._told.names
            if self._state is not None:  # whoever trusts it today wants to do so after the next start
                self._made = certificates.kept(self._state / "tls", names, now)
            else:
                self._made = self._ending.enter_context(certificates.temporary(names, now))
        return self._made

    def _run(self) -> Running:
        from .edges.loop import ClockDriver, Line, LoopThread  # noqa: PLC0415  a world without sockets needs none

        with self._starting:
            if self._running is None:
                self._journal.interrupt(stop=False)
                thread = self._thread or LoopThread()
                self._running = Running(
                    thread=thread,
                    owned=self._thread is None,
                    driver=ClockDriver(self._clock, thread.loop),
                    line=Line(self._clock, on_clock=self._line_on_clock),
                )
            return self._running
