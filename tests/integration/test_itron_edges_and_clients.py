"""The clients of the gateway and the broker against the fakes: one world, two readings of one vendor."""

from __future__ import annotations

import asyncio
import threading
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import pytest

import vendorlab
from vendorlab.clients.itron import (
    Alert,
    DeviceUnknown,
    MethaneReading,
    Sensor,
    SubscriptionRefused,
    TemperatureReading,
    TiltReading,
    Untrusted,
)
from vendorlab.mocks import registry

if TYPE_CHECKING:
    from vendorlab.lab import Lab

gateway = pytest.mark.skipif(registry.address("itron-coap") is None, reason="the gateway is not here yet")
broker = pytest.mark.skipif(registry.address("itron-mqtt") is None, reason="the broker is not here yet")


def devices(lab: Lab) -> list[str]:
    return list(lab.vendor("itron-coap").credentials["devices"])


@gateway
def test_sensors_of_every_kind_are_read_and_set() -> None:
    with vendorlab.world("itron", seed=7) as lab, lab.vendor("itron-coap").client() as client:
        temperature, methane, _, tilt = devices(lab)[:4]
        assert isinstance(client.read(temperature, Sensor.TEMPERATURE), TemperatureReading)
        assert isinstance(client.read(methane, Sensor.METHANE), MethaneReading)
        assert isinstance(client.read(tilt, Sensor.TILT), TiltReading)
        client.write_config(temperature, Sensor.TEMPERATURE, "C")
        assert client.read_config(temperature, Sensor.TEMPERATURE).value == "C"
        client.write_config(temperature, Sensor.ECHO, "Grüße & mehr")
        assert client.read(temperature, Sensor.ECHO).text == "Grüße & mehr"
        assert client.ping(methane)
        assert [link.target for link in client.discover(temperature)] == ["/sys", "/arduino"]
        with pytest.raises(DeviceUnknown):
            client.ping("0" * 16)


@gateway
def test_observation_tells_what_the_sensor_tells_and_is_ended() -> None:
    async def watch(lab: Lab) -> list[Any]:
        found: list[Any] = []
        async with lab.vendor("itron-coap").async_client() as client:
            observed = client.observe(devices(lab)[0], Sensor.TEMPERATURE)
            async with aclosing(observed), asyncio.timeout(20):
                first = asyncio.ensure_future(anext(observed))
                while not first.done():
                    await asyncio.to_thread(lab.clock.advance, 30)
                    await asyncio.sleep(0.02)
                found.append(first.result())
        return found

    with vendorlab.world("itron", seed=7) as lab:
        (reading,) = asyncio.run(watch(lab))
        assert isinstance(reading, TemperatureReading)
        assert len(lab.journal.find(operation="observe.cancel")) == 1


@broker
def test_alerts_of_the_mesh_arrive_over_tls() -> None:
    with vendorlab.world("itron", seed=7) as lab:
        handle = lab.vendor("itron-mqtt")
        with handle.client() as client, client.alerts(timeout=5) as alerts:
            advancing = threading.Thread(target=lab.clock.advance, args=(3_600,))
            advancing.start()
            alert = next(alerts)
            advancing.join()
        assert isinstance(alert, Alert)
        assert alert.tenant == handle.credentials["tenant"]


@broker
def test_broker_refuses_what_is_not_this_tenants_and_is_refused_without_its_authority() -> None:
    with vendorlab.world("itron", seed=7) as lab:
        handle = lab.vendor("itron-mqtt")
        with handle.client(tenant="TN00") as client, pytest.raises(SubscriptionRefused):
            client.alerts().ready()
        with handle.client(ca=None) as client, pytest.raises(Untrusted):
            client.alerts().ready()
