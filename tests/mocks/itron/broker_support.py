"""Itron's broker on a desk: in a world that stands still, without a socket, its clients nothing but packets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.mocks.core.mqtt.desk import Client, Desk

from vendorlab.mocks.core.mqtt import kinds as k
from vendorlab.mocks.core.mqtt import packets as p

if TYPE_CHECKING:
    from tests.mocks.itron.support import Caller

    from vendorlab.mocks.core.journal import Entry
    from vendorlab.mocks.itron.broker import Broker
    from vendorlab.mocks.itron.models import Tenant


class BrokerDesk(Desk):
    """The broker of a world.

    Args:
        caller: Itron in that world, called in process.
    """

    def __init__(self, caller: Caller) -> None:
        self.caller = caller
        self.world = caller.world
        self.line = 1_000.0
        self.broker: Broker = caller.vendor.broker
        self.core = self.broker.core

    @property
    def vendor(self) -> int:  # type: ignore[override]  # the world's clock in place of the desk's own
        return self.world.clock.micros()

    @property
    def tenant(self) -> Tenant:
        return self.caller.backend.estate.tenants[0]

    @property
    def other(self) -> Tenant:
        return self.caller.backend.estate.tenants[1]

    @property
    def journal(self) -> list[Entry]:
        """What the broker wrote."""
        return self.world.journal.find(protocol="mqtt")

    def login(self, which: str = "") -> dict[str, Any]:
        """What a tenant shows."""
        return {"username": "notused", "password": self.caller.token(which).encode()}

    def caas(self) -> dict[str, Any]:
        """What the network's owner shows."""
        account = self.caller.backend.estate.caas
        return {"username": account.username, "password": account.password.encode()}

    def enter(self, client_id: str = "c", version: int = k.V311, *, which: str = "", **options: Any) -> Client:
        """A client of a tenant that has been let in."""
        return self.client(client_id, version, **(self.login(which) | options))

    def listener(self, client_id: str = "c", version: int = k.V311, *, qos: int = 0, **options: Any) -> Client:
        """A client of the first tenant that has subscribed to all of its alerts."""
        client = self.enter(client_id, version, **options)
        assert client.subscribe(f"{self.tenant.id}/alert/+/+", qos=qos).codes == (qos,)
        return client

    def pass_vendor(self, seconds: float) -> None:
        """Let the world's time pass."""
        self.world.clock.advance(seconds)
        self.flush()


def publishes(client: Client) -> list[p.Publish]:
    """The messages that have come since the last look."""
    return [packet for packet in client.got() if isinstance(packet, p.Publish)]
