"""The gateway of a world in process: a line whose time is turned by hand, and clients that speak raw messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from tests.mocks.core.coap.support import parsed

from vendorlab.mocks.core.coap.codes import Code, Type
from vendorlab.mocks.core.coap.message import Message
from vendorlab.mocks.core.coap.options import NONE, Option, Options, Value
from vendorlab.mocks.itron.line import Line
from vendorlab.mocks.itron.models import Sensor

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from vendorlab.mocks.core.coap.endpoint import Endpoint
    from vendorlab.mocks.core.journal import Entry
    from vendorlab.mocks.core.world import World
    from vendorlab.mocks.itron.app import Itron
    from vendorlab.mocks.itron.mesh.mesh import Mesh
    from vendorlab.mocks.itron.models import Tenant

DOMAIN = "SG.YEL01.SSN.SSNSGS.NET"
HERE, THERE = ("127.0.0.1", 40_001), ("127.0.0.1", 40_002)

TEMP, ECHO, METHANE, TILT = (sensor.path for sensor in Sensor)


def options(*items: tuple[int, Value]) -> Options:
    return Options(items)


def proxied(uri: str, *more: tuple[int, Value]) -> Options:
    """Options of a request by Proxy-Uri."""
    return Options([(Option.PROXY_URI, uri), *more])


class Desk:
    """A world's gateway, and what it sends to whom."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.time = 1_000.0
        self.sent: list[tuple[Message, Hashable]] = []
        self.raw: list[bytes] = []
        self.mid = 0
        self.pump: Callable[[], object] = lambda: None
        """Lets what stands behind the gateway have what was sent to it."""
        self.vendor = cast("Itron", world.vendor("itron"))
        self.gateway = self.vendor.gateway
        self.gateway.connect(Line(lambda: self.time, self._send, lambda: None))

    def _send(self, data: bytes, address: Any) -> None:
        self.raw.append(data)
        self.sent.append((parsed(data), address))

    @property
    def endpoint(self) -> Endpoint:
        assert self.gateway.endpoint is not None
        return self.gateway.endpoint

    @property
    def mesh(self) -> Mesh:
        return self.vendor.backend.mesh

    @property
    def tenants(self) -> list[Tenant]:
        return self.vendor.backend.estate.tenants

    @property
    def last(self) -> Entry:
        """The newest entry of the journal."""
        return self.world.journal.find()[-1]

    def mac(self, number: int = 0, tenant: int = 0) -> str:
        """A device's MAC address: 0 and 2 are temperature and echo, 1 methane, 3 pole tilt."""
        return [one.mac for one in self.vendor.backend.estate.devices(self.tenants[tenant])][number]

    def uri(self, path: str = f"{TEMP}?sens", number: int = 0, tenant: int = 0) -> str:
        """What names a device's resource."""
        return f"coap://SSN{self.mac(number, tenant)}.{DOMAIN}:4849{path}"

    def token(self, tenant: int = 0) -> str:
        """A new token."""
        one = self.tenants[tenant]
        return self.vendor.backend.token(one.client_id, one.client_secret)

    def take(self) -> list[Message]:
        """What was sent since the last time."""
        self.pump()
        sent = [message for message, _ in self.sent]
        self.sent.clear()
        self.raw.clear()
        return sent

    def tell(self, message: Message | bytes, source: Hashable = HERE) -> list[Message]:
        """Hand in a message: what was sent since the last time."""
        with self.world.clock.lock:
            self.endpoint.receive(message if isinstance(message, bytes) else message.encode(), source)
        return self.take()

    def request(
        self,
        code: int,
        asked: Options = NONE,
        payload: bytes = b"",
        *,
        source: Hashable = HERE,
        type_: Type = Type.CON,
        token: bytes = b"t",
    ) -> list[Message]:
        """Ask with a message ID of its own."""
        self.mid += 1
        return self.tell(Message(type_, code, self.mid, token, asked, payload), source)

    def ask(self, code: int, asked: Options = NONE, payload: bytes = b"", **how: Any) -> Message:
        """Ask, and give the one answer."""
        (answer,) = self.request(code, asked, payload, **how)
        return answer

    def open(self, source: Hashable = HERE, tenant: int = 0) -> Message:
        """Open a session."""
        return self.ask(Code.POST, options((Option.URI_PATH, "sessions")), self.token(tenant).encode(), source=source)

    def get(self, path: str = f"{TEMP}?sens", *more: tuple[int, Value], number: int = 0, **how: Any) -> Message:
        """GET from a device."""
        return self.ask(Code.GET, proxied(self.uri(path, number), *more), **how)

    def put(self, path: str, payload: bytes = b"", *, number: int = 0, **how: Any) -> Message:
        """PUT to a device."""
        return self.ask(Code.PUT, proxied(self.uri(path, number)), payload, **how)

    def observe(self, path: str = f"{TEMP}?sens", value: int = 0, *, number: int = 0, **how: Any) -> Message:
        """Register, or deregister with value 1."""
        return self.ask(Code.GET, proxied(self.uri(path, number), (Option.OBSERVE, value)), **how)

    def advance(self, seconds: float) -> list[Message]:
        """Let the world's time pass: what was sent."""
        self.world.clock.advance(seconds)
        return self.take()

    def wait(self, seconds: float) -> list[Message]:
        """Let line time pass, from one due time to the next: what was sent."""
        end = self.time + seconds
        while (due := self.endpoint.next_due()) is not None and due <= end:
            self.time = max(self.time, due)
            self.endpoint.run()
        self.time = end
        return self.take()
