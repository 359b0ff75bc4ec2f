"""The face for Python programs: ``vendorlab.world()``, and what a vendor in it offers.

Here, and only here, fakes and clients meet.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from vendorlab.mocks import registry
from vendorlab.mocks.core.clock import to_datetime
from vendorlab.mocks.core.settings import hint
from vendorlab.mocks.core.wall import real_micros
from vendorlab.mocks.core.world import World, WorldOptions

if TYPE_CHECKING:
    from types import TracebackType

    import flask
    import requests

    from vendorlab.mocks.core.clock import Clock
    from vendorlab.mocks.core.edges.adapter import InProcessAdapter
    from vendorlab.mocks.core.edges.certificates import TlsFiles
    from vendorlab.mocks.core.edges.inprocess import InProcessTransport
    from vendorlab.mocks.core.faults import FaultPlan
    from vendorlab.mocks.core.journal import Journal
    from vendorlab.mocks.core.vendor import Vendor


@dataclass(frozen=True)
class _Client:
    """Where a vendor's reference client is, which of the credentials it is given, and whose URL besides its own."""

    module: str
    name: str
    credentials: tuple[str, ...]
    platform: str | None = None

    def find(self, prefix: str) -> Any:
        """The class; ``Async`` before its name is that for asyncio."""
        return getattr(import_module(self.module), prefix + self.name)


IN_PROCESS = "vendorlab.test"
"""The domain of addresses that need no socket; RFC 6761 keeps ``.test`` for such things."""

_BY_VENDOR = {"profiles": '{"scanalytics": "modern"}', "settings": '{"scanalytics": {"minute_limit": 10}}'}
"""What arguments by vendor look like."""

_LOGIN = ("username", "password", "client_id")
_APPLICATION = ("client_id", "client_secret")
_ITRON, _PLATFORM = "vendorlab.clients.itron", "itron-platform"
_CLIENTS = {
    "scanalytics": _Client("vendorlab.clients.scanalytics", "ScanalyticsClient", _LOGIN),
    "inode": _Client("vendorlab.clients.inode", "INodeClient", (*_LOGIN, "client_secret")),
    "itron-platform": _Client(_ITRON, "DataPlatformClient", _APPLICATION),
    "itron-coap": _Client(_ITRON, "GatewayClient", (*_APPLICATION, "domain"), _PLATFORM),
    "itron-mqtt": _Client(_ITRON, "AlertsClient", (*_APPLICATION, "tenant"), _PLATFORM),
    "slv": _Client("vendorlab.clients.slv", "SlvClient", ("username", "password", "zone")),
}


class VendorHandle:
    """One address of a vendor, as a test meets it. It listens from the moment its ``url`` is first asked for."""

    def __init__(self, world: World, name: str, vendor: str) -> None:
        self._world = world
        self._name = name
        self._vendor = vendor

    @property
    def url(self) -> str:
        """Where it listens."""
        return self._world.listen(self._name)

    @property
    def ca(self) -> str | None:
        """The file with the certificate authority to trust, where the world speaks https."""
        self._world.listen(self._name)
        return self._world.ca(self._name)

    @property
    def credentials(self) -> Mapping[str, Any]:
        """What a client needs, by the names of the ready file."""
        return self._world.face(self._name).credentials()

    @property
    def backend(self) -> Vendor:
        """The vendor itself, for what no other handle offers."""
        return self._world.vendor(self._vendor)

    @property
    def app(self) -> flask.Flask:
        """Its Flask app: the same fake without a socket."""
        return self._world.app(self._name)

    @property
    def clock(self) -> Clock:
        """The world's clock."""
        return self._world.clock

    @property
    def faults(self) -> FaultPlan:
        """The world's fault plan."""
        return self._world.faults

    @property
    def journal(self) -> Journal:
        """The world's journal."""
        return self._world.journal

    def happen(self, kind: str, **fields: Any) -> None:
        """Let something happen to a device of its, such as ``lab.slv.happen("failure", controller=…, device=…)``.

        Raises:
            EventError: it knows no such event, or it cannot happen.
        """
        self._world.happen(self._vendor, {"kind": kind, **fields})

    @property
    def in_process_url(self) -> str:
        """Its URL for a client that reaches it without a socket, by ``transport`` or ``adapter``; it never listens."""
        return f"http://{self._name}.{IN_PROCESS}"

    def transport(self) -> InProcessTransport:
        """An httpx transport, sync and async, that reaches it in process."""
        return self._world.transport(self._name)

    def adapter(self) -> InProcessAdapter:
        """A requests adapter that reaches it in process; it needs requests, which is yours to have."""
        from vendorlab.mocks.core.edges.adapter import InProcessAdapter  # noqa: PLC0415  requests is an extra

        return InProcessAdapter(self._world.app(self._name), self._world.clock)

    def client(self, **options: Any) -> Any:
        """A reference client, logged in with the first user's credentials; ``options`` go to its constructor."""
        return self._make("", options)

    def async_client(self, **options: Any) -> Any:
        """The same for asyncio."""
        return self._make("Async", options)

    def _make(self, prefix: str, options: dict[str, Any]) -> Any:
        client = _CLIENTS[self._name]
        credentials = self.credentials
        known = {key: credentials[key] for key in client.credentials}
        ca = self.ca
        if client.platform is not None:
            known["platform_url"] = self._world.listen(client.platform)
            ca = ca or self._world.ca(client.platform)
        if ca is not None:
            known["ca"] = ca
        if "base_url" not in options:
            known["base_url"] = self.url
        return client.find(prefix)(**{**known, **options})


class Lab:
    """A world with handles for its vendors, as ``lab.scanalytics``, and for its clock, faults and journal.

    Args:
        world: the world.
        ended: what else is to end with it.
    """

    def __init__(self, world: World, ended: ExitStack | None = None) -> None:
        self.world = world
        self._ended = ended or ExitStack()

    @property
    def clock(self) -> Clock:
        """The world's clock."""
        return self.world.clock

    @property
    def faults(self) -> FaultPlan:
        """The world's fault plan."""
        return self.world.faults

    @property
    def journal(self) -> Journal:
        """The world's journal."""
        return self.world.journal

    @property
    def scanalytics(self) -> VendorHandle:
        """Scanalytics."""
        return self.vendor("scanalytics")

    @property
    def inode(self) -> VendorHandle:
        """SMATS iNode."""
        return self.vendor("inode")

    @property
    def itron(self) -> VendorHandle:
        """Itron's Data Platform."""
        return self.vendor("itron-platform")

    @property
    def slv(self) -> VendorHandle:
        """Streetlight.Vision."""
        return self.vendor("slv")

    def vendor(self, name: str) -> VendorHandle:
        """A vendor by the name of an address, or by its own: then by its first address."""
        address = registry.address(name)
        vendor = name if address is None else address.vendor
        self.world.vendor(vendor)
        return VendorHandle(self.world, name if address is None else address.name, vendor)

    def transports(self) -> dict[str, InProcessTransport]:
        """Every vendor that speaks HTTP, by its ``in_process_url``: ``httpx.Client(mounts=lab.transports())``."""
        return {handle.in_process_url: handle.transport() for handle in self._http()}

    def mount(self, session: requests.Session) -> None:
        """Let a session of requests reach every vendor that speaks HTTP in process, by its ``in_process_url``."""
        for handle in self._http():
            session.mount(handle.in_process_url, handle.adapter())

    def _http(self) -> list[VendorHandle]:
        return [self.vendor(face.name) for face in self.world.faces() if face.site is not None]

    def reset(self, seed: int | None = None) -> None:
        """Return to the start, from the same seed or another."""
        self.world.reset(seed)

    def snapshot(self) -> dict[str, Any]:
        """The whole state as a document that JSON can carry."""
        return self.world.snapshot()

    def restore(self, document: Any) -> None:
        """Take up a state from ``snapshot``."""
        self.world.restore(document)

    def stop(self) -> None:
        """Close every listener, and let go of the folder with the state if there is one."""
        self.world.close()
        self._ended.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def world(
    *vendors: str,
    seed: int = 0,
    start: datetime | None = None,
    rate: float = 1.0,
    profiles: Mapping[str, str] | None = None,
    settings: Mapping[str, Mapping[str, Any]] | None = None,
    tls: bool | str | Path = False,
    state: str | Path | None = None,
) -> Lab:
    """A world of its own, with nothing shared.

    Args:
        vendors: which live in it; none means all. Each is made, and listens, when it is first touched.
        seed: all chance comes from it.
        start: where the clock starts. When None, it goes as the program's own does: by the real present, or by that
            of freezegun or time-machine; with what it is advanced on top.
        rate: world seconds per real second.
        profiles: a dated behaviour by vendor, as ``{"scanalytics": "modern"}``.
        settings: switches by vendor, as ``{"scanalytics": {"refresh_grace": 60}}``.
        tls: listen with https: True makes a certificate that ends with the world, a folder keeps one (and makes it
            if there is none). What a client has to trust is each vendor's ``ca``.
        state: a folder in which all state outlives the process; one that holds a world already is taken up.

    Example:
        >>> import vendorlab
        >>> with vendorlab.world("scanalytics", seed=7) as lab:
        ...     lab.clock.advance(86_401)
        []
    """
    try:
        chosen, addresses = registry.chosen(vendors)
    except KeyError as error:
        raise ValueError(f"there is no vendor {error}{hint(str(error.args[0]), registry.names())}") from None
    _check(seed, start, rate, {"profiles": profiles, "settings": settings})
    with ExitStack() as stack:
        options = WorldOptions(
            seed=seed,
            start=start,
            rate=rate,
            profiles=profiles or {},
            settings=settings or {},
            addresses=addresses,
            state=None if state is None else Path(state),
            tls=_certificate(tls, stack),
        )
        made = World(registry.factories(chosen), options)
        if start is None and state is None:
            made.clock.follow(_present)
        return Lab(made, stack.pop_all())


def _check(seed: object, start: object, rate: object, by_vendor: Mapping[str, object]) -> None:
    """Say what an argument must be that is of another kind: whoever writes a test need not run a type checker."""
    if not isinstance(seed, int):
        raise TypeError(f"seed is a whole number, not {seed!r}")
    if not isinstance(start, datetime | None):
        raise TypeError(f"start is a datetime, such as datetime(2026, 11, 21, tzinfo=UTC), not {start!r}")
    if not isinstance(rate, int | float):
        raise TypeError(f"rate is a number of world seconds per real second, not {rate!r}")
    for name, given in by_vendor.items():
        if not isinstance(given, Mapping | None):
            raise TypeError(f"{name} are by vendor, such as {_BY_VENDOR[name]}, not {given!r}")


def _present() -> int:
    """The program's present in whole microseconds; asked for anew each time, as it may be frozen and let go."""
    return time.time_ns() // 1_000


def _certificate(tls: bool | str | Path, ended: ExitStack) -> TlsFiles | None:
    """The certificate that a world shows."""
    if tls is False:
        return None
    from vendorlab.mocks.core.edges import certificates  # noqa: PLC0415  most worlds speak http

    now = to_datetime(real_micros())  # real time: clients check certificates by their own clocks
    if tls is True:
        return ended.enter_context(certificates.temporary((), now))
    return certificates.kept(Path(tls), (), now)
