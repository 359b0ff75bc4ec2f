"""A world: one clock, one seed, one journal, one fault plan, and the vendors that live in them.

Worlds share nothing and are cheap. A vendor is made when it is first touched, and reached in process or, once the world
was started, over loopback.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Self

from .clock import Clock, to_datetime
from .errors import WorldError
from .faults import FaultPlan
from .happenings import EventError
from .happenings import parse as parse_event
from .ids import Ids
from .journal import Journal
from .keeping import Keeper, kept_seed, resume_world, save_world
from .settings import hint
from .snapshots import Content, SavedVendor, SnapshotError, opened, sealed
from .sockets import Place, Sockets, Told
from .store import Store
from .traces import Spans
from .vendor import Context, Face, Factory, Limited, NoLimitsError, Vendor
from .web.dispatch import Dispatch

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    import flask

    from .edges.certificates import TlsFiles
    from .edges.courier import Courier
    from .edges.inprocess import InProcessTransport
    from .edges.loop import LoopThread
    from .happenings import Event
    from .vendor import Listener


@dataclass(slots=True)
class _Served:
    """One HTTP face of a vendor with its mounts."""

    dispatch: Dispatch
    mounted: flask.Flask | None = None

    def app(self) -> flask.Flask:
        """The face as Flask mounts it, made when it is first wanted."""
        if self.mounted is None:
            from .edges import wsgi  # noqa: PLC0415  neither Flask nor its routes are needed to listen

            self.mounted = wsgi.mount(self.dispatch)
        return self.mounted


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldOptions:
    """How a world is made.

    Attributes:
        seed: all chance comes from it.
        start: the clock's start; None for the real present.
        rate: world seconds per real second.
        profiles: by vendor, the name of a dated behaviour.
        settings: by vendor, overrides by name.
        host: where its listeners listen.
        known_as: the names by which others reach that host; the first is told, and certificates are for all.
        tls: the certificate that they show; None for plain http.
        line_on_clock: line time follows the world's clock instead of the wall.
        direct: listeners answer straight from the routes; off, through Flask, as in process.
        addresses: which of its vendors' addresses there are; None for all.
        state: a folder in which its state outlives the process; a world that is there already is taken up.
    """

    seed: int = 0
    start: datetime | None = None
    rate: float = 1.0
    profiles: Mapping[str, str] = field(default_factory=dict[str, str])
    settings: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    host: str = "127.0.0.1"
    known_as: tuple[str, ...] = ()
    tls: TlsFiles | None = None
    line_on_clock: bool = False
    direct: bool = True
    addresses: frozenset[str] | None = None
    state: Path | None = None


class World:
    """One world.

    Args:
        factories: how each vendor that lives here is made, by name.
        options: see ``WorldOptions``.
        thread: a loop to share with other worlds; by default it has one of its own once it is started.

    Raises:
        StoreError: the folder with its state cannot be used.
    """

    def __init__(
        self,
        factories: Mapping[str, Factory],
        options: WorldOptions | None = None,
        thread: LoopThread | None = None,
    ) -> None:
        self.options = options or WorldOptions()
        for table, what in ((self.options.profiles, "a profile is"), (self.options.settings, "settings are")):
            for name in table:
                if name not in factories:
                    raise WorldError(f"{what} given for {name!r}, no vendor of this world{hint(name, factories)}")
        self.clock = Clock(self.options.start, self.options.rate)
        self.store = Store.in_folder(self.options.state) if self.options.state else Store()
        kept = kept_seed(self.store) if self.store.found else None
        self.ids = Ids(self.options.seed if kept is None else kept)
        self.journal = Journal(spans=Spans(self.ids))
        self.faults = FaultPlan(self.ids.seed)
        self._factories = dict(factories)
        self._vendors: dict[str, Vendor] = {}
        self._served: dict[str, _Served] = {}
        self._courier: Courier | None = None
        self._sockets = Sockets(
            self.clock,
            self.journal,
            told=Told(self.options.host, self.options.known_as),
            tls=self.options.tls,
            state=self.options.state,
            line_on_clock=self.options.line_on_clock,
            thread=thread,
        )
        if self.store.kept:
            self._take_up_kept()

    # --- vendors -------------------------------------------------------------------------------------------------

    @property
    def names(self) -> list[str]:
        """The vendors that live here, made or not."""
        return list(self._factories)

    def vendor(self, name: str) -> Vendor:
        """A vendor by name, made when it is first touched."""
        with self.clock.lock:
            if name not in self._vendors:
                if name not in self._factories:
                    raise WorldError(f"there is no vendor {name!r} in this world{hint(name, self.names)}")
                profile, settings = self.options.profiles.get(name), self.options.settings.get(name, {})
                context = Context(
                    self.clock, self.ids, profile, settings, self.store, self._send_by, self.faults, self.journal
                )
                self._vendors[name] = self._factories[name](context)
            return self._vendors[name]

    def app(self, face: str) -> flask.Flask:
        """The Flask app of an HTTP face: mount it, or call it in process."""
        return self._serve(face).app()

    def transport(self, face: str) -> InProcessTransport:
        """An httpx transport, sync and async, that reaches a face without a socket."""
        from .edges.inprocess import InProcessTransport  # noqa: PLC0415  httpx is not needed to serve

        served = self._serve(face)
        return InProcessTransport(served.app(), self.clock)

    def faces(self) -> list[Face]:
        """Every address that is wanted of every vendor."""
        wanted = self.options.addresses
        every = [face for name in self.names for face in self.vendor(name).faces]
        return every if wanted is None else [face for face in every if face.name in wanted]

    def face(self, name: str) -> Face:
        """One address by name. Vendors that are not made yet are made only if no other has it."""
        with self.clock.lock:
            made = [face for vendor in self._vendors.values() for face in vendor.faces]
        wanted = self.options.addresses
        for face in made if wanted is None else [face for face in made if face.name in wanted]:
            if face.name == name:
                return face
        found = next((face for face in self.faces() if face.name == name), None)
        if found is None:
            raise WorldError(f"there is no address named {name!r} in this world")
        return found

    def happen(self, vendor: str, event: Mapping[str, Any]) -> Event:
        """Let something happen to a device, and return it with all its fields.

        Raises:
            EventError: the vendor knows no such event, or it cannot happen.
        """
        with self.clock.lock:
            known = self.vendor(vendor).happenings
            if known is None:
                raise EventError(f"{vendor} has no events")
            parsed = parse_event(known.kinds, event)
            known.happen(parsed)
            return parsed

    def clear_limits(self, vendor: str | None = None) -> None:
        """Forget what was counted against a vendor's limits (``NoLimitsError`` if it has none), or all vendors'."""
        with self.clock.lock:
            chosen = self._vendors.values() if vendor is None else [self.vendor(vendor)]
            limited = [one for one in chosen if isinstance(one, Limited)]
            if vendor is not None and not limited:
                raise NoLimitsError(f"{vendor} limits nothing")
            for one in limited:
                one.clear_limits()

    # --- listeners -----------------------------------------------------------------------------------------------

    def start(self, ports: Mapping[str, int] | None = None) -> None:
        """Listen, every face on its port or a free one.

        Raises:
            PortTakenError: a port is in use; nothing listens then.
        """
        ports = ports or {}
        for face in self.faces():
            try:
                self.listen(face.name, ports.get(face.name, 0))
            except WorldError:
                self.stop()
                raise

    def listen(self, name: str, port: int = 0) -> str:
        """Listen for one face, if it does not yet; returns its URL."""
        face = self.face(name)
        return self._sockets.open(name, face.opens or partial(self._open_http, name), port)

    def url(self, name: str) -> str | None:
        """Where a face listens, or None."""
        return self._sockets.url(self.face(name).name)

    def ca(self, name: str) -> str | None:
        """The file with the authority that a client of a face has to trust; None where it listens without TLS."""
        return self._sockets.ca(name)

    def hang_up(self) -> None:
        """End every HTTP connection, so that none outlives a reset; not to be called under the clock's lock."""
        self._sockets.hang_up()

    def listeners(self) -> list[tuple[str, str, bool]]:
        """Every listener: face, URL, and whether it accepts."""
        return self._sockets.all()

    def stop(self) -> None:
        """Close every listener; a second call does nothing. The state stays, and the world may be started again."""
        if self._courier is not None:
            self._courier.forget()
            self._courier = None
        self._sockets.stop()

    def close(self) -> None:
        """Stop, and let go of the folder with the state if there is one; the world is then over."""
        self.stop()
        if self.store.kept:
            self.keep()
            self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()

    def settle(self, timeout: float = 5.0) -> bool:
        """Wait, for real seconds and not under the lock, until no letter is under way and no timer is overdue."""
        end = self.clock.source() + timeout
        while self.clock.run_due() or (self._courier and self._courier.busy):
            if self._courier and not self._courier.settle(end - self.clock.source()):
                return False
        return True

    # --- the whole state -----------------------------------------------------------------------------------------

    def keep(self) -> None:
        """Make all that was changed from within durable, if the world is kept at all; exchanges do so by themselves."""
        with self.clock.lock:
            if self.store.kept:
                save_world(self.store, self.clock, self.ids)
                for vendor in self._vendors.values():
                    Keeper(self.store, vendor).done()
            self.store.commit()

    def reset(self, seed: int | None = None) -> None:
        """Return to the start: clock, chance, faults, journal and every vendor, from the same seed or another."""
        with self.clock.lock:
            self.ids.reset(self.ids.seed if seed is None else seed)
            self.clock.reset(self.options.start, self.options.rate)
            self.faults.reseed(self.ids.seed)
            self.journal.restart()
            if self._courier is not None:
                self._courier.forget()
            for vendor in self._vendors.values():
                vendor.reset()

    def snapshot(self) -> dict[str, Any]:
        """Clock, timers, chance, faults and the state of every vendor, as a document that JSON can carry."""
        with self.clock.lock:
            content = {
                "seed": self.ids.seed,
                "clock": self.clock.snapshot(),
                "ids": self.ids.snapshot(),
                "faults": self.faults.snapshot(),
                "vendors": {
                    name: {"profile": vendor.profile, "state": vendor.snapshot()}
                    for name, vendor in self._vendors.items()
                },
            }
        return sealed(content)

    def restore(self, document: Any) -> None:
        """Take up the state from ``snapshot``.

        Raises:
            SnapshotError: the document is damaged, of another version, or of other vendors or profiles; the world then
                stays as it was.
        """
        content = opened(document)
        with self.clock.lock:
            before, made = opened(self.snapshot()), set(self._vendors)
            try:
                self._check_vendors(content.vendors)
            except Exception:
                self._forget_vendors(made)
                self.ids.restore(before.ids)  # making a vendor draws from them
                raise
            try:
                self._take_up(content)
            except Exception as error:
                self._forget_vendors(made)
                self._take_up(before)
                raise SnapshotError(f"the snapshot does not fit: {error!r}") from error

    def _check_vendors(self, vendors: Mapping[str, SavedVendor]) -> None:
        for name, saved in vendors.items():
            if name not in self._factories:
                raise SnapshotError(f"the snapshot holds the vendor {name!r}, which does not live in this world")
            profile = self.vendor(name).profile
            if saved.profile != profile:
                raise SnapshotError(f"the snapshot has {name} in profile {saved.profile!r}, this world {profile!r}")

    def _forget_vendors(self, keep: set[str]) -> None:
        self._vendors = {name: vendor for name, vendor in self._vendors.items() if name in keep}

    def _take_up(self, content: Content) -> None:
        self.ids.reset(content.seed)
        for vendor in self._vendors.values():
            vendor.reset()
        self.clock.restore(content.clock)
        self.faults.reseed(content.seed)
        self.faults.restore(content.faults)
        for name, saved in content.vendors.items():
            self.vendor(name).restore(saved.state)
        self.ids.restore(content.ids)

    # --- inside --------------------------------------------------------------------------------------------------

    def _send_by(self) -> Courier:
        from .edges.courier import Courier  # noqa: PLC0415  most worlds send nothing

        if self._courier is None:
            self._courier = Courier(self.clock, self.store, self.faults, self.journal, self._sockets.running)
        return self._courier

    def _take_up_kept(self) -> None:
        try:
            vendors = [self.vendor(name) for name in self.names]
            if self.store.found:
                resume_world(self.store, self.clock, self.ids, [Keeper(self.store, vendor) for vendor in vendors])
            self.keep()
        except Exception:
            self.store.close()
            raise

    def _serve(self, name: str) -> _Served:
        with self.clock.lock:
            if name not in self._served:
                face = self.face(name)
                if face.site is None:
                    raise WorldError(f"{name} does not speak HTTP")
                vendor = next(vendor for vendor in self._vendors.values() if face in vendor.faces)
                dispatch = Dispatch(face.site, self.clock, self.faults, self.journal, Keeper(self.store, vendor))
                self._served[name] = _Served(dispatch)
            return self._served[name]

    def _open_http(self, name: str, place: Place) -> Listener:
        from .edges.asgi import HttpEdge  # noqa: PLC0415  a world without sockets needs no server
        from .edges.server import HttpListener  # noqa: PLC0415

        served = self._serve(name)
        edge = HttpEdge(served.dispatch, self.clock, reference=None if self.options.direct else served.app)
        return HttpListener(edge, place.line, place.host, place.port, place.tls)

    def __repr__(self) -> str:
        return f"<World {', '.join(self.names)} seed={self.ids.seed} at {to_datetime(self.clock.micros()).isoformat()}>"
