"""Vendors that look at the same city see the same things in it."""

from __future__ import annotations

import socket
from contextlib import closing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import aiocoap
import httpx

import vendorlab
from vendorlab.clients.itron import TemperatureReading
from vendorlab.mocks.core.coap.codes import Code, Type
from vendorlab.mocks.core.coap.message import Message
from vendorlab.mocks.core.coap.options import Option, Options

if TYPE_CHECKING:
    from vendorlab.lab import Lab
    from vendorlab.mocks.itron.app import Itron
    from vendorlab.mocks.slv.app import Slv


def test_street_lights_carry_the_mesh_cards_of_the_first_tenant() -> None:
    settings: dict[str, Any] = {"itron": {"mesh_devices": 12}}
    with vendorlab.world("itron", "slv", seed=7, settings=settings) as lab:
        assets = cast("Slv", lab.world.vendor("slv")).backend.assets
        estate = cast("Itron", lab.world.vendor("itron")).backend.estate
        cards = [device.mac for device in estate.devices(estate.tenants[0])]
        lamps = [assets.property(assets.by_id(1_001 + number), "MacAddress") for number in range(12)]
        assert len(cards) == 12
        assert {card for card, lamp in zip(cards, lamps, strict=True) if card == lamp} == set(filter(None, lamps))
        assert len(set(filter(None, lamps))) == 8, "every third cabinet uses the power line"


class Watcher:
    """Asks the gateway by datagrams alone, and reads with aiocoap's codec."""

    def __init__(self, lab: Lab, token: str) -> None:
        place = urlsplit(lab.vendor("itron-coap").url)
        self.line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.line.settimeout(5)
        self.line.connect((place.hostname, place.port))
        self._ask(Message(Type.CON, Code.POST, 1, b"s", Options([(Option.URI_PATH, "sessions")]), token.encode()))

    def watch(self, uri: str) -> None:
        """Register for a resource."""
        self._ask(Message(Type.CON, Code.GET, 2, b"o", Options([(Option.PROXY_URI, uri), (Option.OBSERVE, 0)])))

    def receive(self) -> Any:
        """What comes next."""
        return aiocoap.Message.decode(self.line.recv(2_048))

    def _ask(self, message: Message) -> None:
        self.line.send(message.encode())
        assert self.receive().code.is_successful()


def test_one_reading_has_one_value_over_three_protocols() -> None:
    """Whoever observes the device, hears the broker's alert and asks the platform gets the same sample."""
    settings: dict[str, Any] = {"itron": {"bridge": True, "interval": 60, "mesh_frequency": 60}}
    start = datetime(2026, 11, 21, 12, tzinfo=UTC)
    with vendorlab.world("itron", seed=7, start=start, settings=settings) as lab:
        lab.clock.freeze()
        gateway = lab.vendor("itron-coap").credentials
        mac = gateway["devices"][0]
        with (
            lab.itron.client() as platform,
            lab.vendor("itron-mqtt").client() as broker,
            broker.alerts(mac=mac, timeout=5) as alerts,
        ):
            alerts.ready()
            known = {"clientId": gateway["client_id"], "clientSecret": gateway["client_secret"]}
            watcher = Watcher(lab, httpx.post(f"{lab.itron.url}/api/tokens", json=known).json()["accessToken"])
            with closing(watcher.line):
                watcher.watch(f"coap://SSN{mac}.{gateway['domain']}:4849/snsr/arduino/temp?sens")
                lab.clock.advance(60)
                notified = watcher.receive()
            alert = next(alerts)
            assert isinstance(alert.reading, TemperatureReading)
            assert notified.opt.observe is not None
            assert notified.payload == alert.payload
            (device,) = [one for one in platform.devices() if (one.mac or "").lower() == mac]
            (stored,) = [one for one in platform.latest() if one.device_id == device.id]
            assert (float(stored["temperature"]), stored.timestamp) == (alert.reading.value, alert.reading.at)
