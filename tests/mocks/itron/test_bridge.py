"""From the mesh to the broker: one report, one message, its payload byte for byte the device's."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import cbor2
import pytest
from tests.mocks.itron.broker_support import BrokerDesk, publishes
from tests.mocks.itron.support import solution

from vendorlab.mocks.itron import sapi
from vendorlab.mocks.itron.bridge import BRIDGE, REPORTER, alerts
from vendorlab.mocks.itron.models import Sensor
from vendorlab.mocks.itron.settings import Settings

if TYPE_CHECKING:
    from tests.mocks.itron.conftest import MakeCaller

    from vendorlab.mocks.core.mqtt import packets as p
    from vendorlab.mocks.itron.models import MeshDevice, Reading

DAYS = 5 * 86_400


@pytest.fixture
def desk(caller_of: MakeCaller) -> BrokerDesk:
    return BrokerDesk(caller_of())


def heard(desk: BrokerDesk) -> list[Reading]:
    """Every reading that is reported from now on."""
    found: list[Reading] = []
    desk.caller.backend.estate.listen(found.append)
    return found


def device(desk: BrokerDesk, sensor: Sensor) -> MeshDevice:
    return next(one for one in desk.caller.backend.estate.devices(desk.tenant) if sensor in one.sensors)


def test_report_becomes_one_message_of_the_devices_own_bytes(desk: BrokerDesk) -> None:
    client, reported = desk.listener(), heard(desk)
    desk.pass_vendor(2 * 3_600)
    expected = [
        (f"{desk.tenant.id}/alert/{one.device.mac}/{one.sensor.key}", sapi.payload(one))
        for one in reported
        if one.device.tenant == desk.tenant.id
    ]
    assert len(expected) == 16
    found = publishes(client)
    assert [(packet.topic, packet.payload) for packet in found] == expected
    assert {(packet.qos, packet.retain, packet.dup) for packet in found} == {(0, False, False)}
    assert [packet.topic.rpartition("/")[2] for packet in found] == [cbor2.loads(packet.payload)[0] for packet in found]


@pytest.mark.parametrize("sensor", Sensor)
def test_pushed_reading_goes_the_same_way(desk: BrokerDesk, sensor: Sensor) -> None:
    client = desk.listener()
    estate = desk.caller.backend.estate
    reading = estate.measure(device(desk, sensor), sensor, 1_700_000_000)
    estate.report(reading)
    [packet] = publishes(client)
    assert packet.topic == f"{desk.tenant.id}/alert/{reading.device.mac}/{sensor.key}"
    assert packet.payload == sapi.payload(reading)


def test_one_reading_is_the_same_value_on_the_platform(caller_of: MakeCaller) -> None:
    desk = BrokerDesk(caller_of(bridge=True))
    client = desk.listener()
    desk.pass_vendor(3_600)
    found: dict[str, p.Publish] = {packet.topic.split("/")[2]: packet for packet in publishes(client)}
    desk.caller._tokens.clear()
    devices = json.loads(desk.caller.get(solution("sandbox", "devices")).content)["devices"]
    compared = 0
    for one in devices:
        mac = one["domainInfo"].get("nic_macID", "").lower()
        if mac not in found or not found[mac].topic.endswith("/temp"):
            continue
        stored = desk.caller.get(solution("sandbox", "devices", one["id"], "observations"), params={"limit": 1}).json()
        second, value, _unit = cbor2.loads(found[mac].payload)[1].split(",")
        newest = stored["observations"][0]
        assert newest["temperature"] == value
        assert int(desk.world.clock.now().timestamp()) - int(second) < 3_600
        compared += 1
    assert compared == 4


@pytest.mark.parametrize(("qos", "retain"), [(1, False), (0, True), (2, True)])
def test_quality_and_retaining_are_switches(caller_of: MakeCaller, qos: int, retain: bool) -> None:
    desk = BrokerDesk(caller_of(mqtt_qos=qos, mqtt_retain=retain))
    client = desk.listener(qos=2)
    desk.pass_vendor(3_600)
    assert {(packet.qos, packet.retain) for packet in publishes(client)} == {(qos, False)}
    desk.caller._tokens.clear()
    late = desk.listener("late", qos=2)
    assert {(packet.qos, packet.retain) for packet in publishes(late)} == ({(qos, True)} if retain else set())


def test_old_boards_send_bare_text_and_the_path_names_the_topic(caller_of: MakeCaller) -> None:
    desk = BrokerDesk(caller_of(mqtt_unwrapped=True))
    client, reported = desk.listener(), heard(desk)
    desk.pass_vendor(3_600)
    own = [one for one in reported if one.device.tenant == desk.tenant.id]
    expected = [(one, said.encode() if isinstance(said := sapi.said(one), str) else sapi.payload(one)) for one in own]
    found = publishes(client)
    assert [packet.payload for packet in found] == [payload for _, payload in expected]
    wrapped = {one.sensor for one, payload in expected if payload.startswith(b"\xa2\x00")}
    assert wrapped == {Sensor.TILT}, "what is no text needs the map"
    assert {packet.topic.rpartition("/")[2] for packet in found} == {"temp", "methane", Sensor.TILT.key}


def test_presence_is_told_only_where_it_is_asked_for(caller_of: MakeCaller) -> None:
    for asked in (False, True):
        desk = BrokerDesk(caller_of(mqtt_presence=asked))
        client = desk.enter()
        client.subscribe(f"{desk.tenant.id}/presence/+", qos=0)
        desk.pass_vendor(3_600)
        assert len(publishes(client)) == (8 if asked else 0)


def test_owner_hears_nothing_where_that_is_asked_for(caller_of: MakeCaller) -> None:
    desk = BrokerDesk(caller_of(mqtt_caas=False))
    owner = desk.client("o", **desk.caas())
    owner.subscribe("ssni/#", qos=0)
    desk.pass_vendor(3_600)
    assert publishes(owner) == []


def test_publishers_have_ids_of_23_characters(desk: BrokerDesk) -> None:
    reading = desk.caller.backend.estate.measure(device(desk, Sensor.TILT), Sensor.TILT, 1_700_000_000)
    assert {(one.publisher, len(one.publisher)) for one in alerts(reading, Settings(mqtt_presence=True))} == {
        (BRIDGE, 23),
        (REPORTER, 23),
    }
    assert BRIDGE == "gw-coap-mqtt-bridge-001"
    assert desk.core.sessions == {}, "and no session that anybody could take over"


def test_mesh_that_nobody_hears_does_not_report(desk: BrokerDesk) -> None:
    assert desk.world.clock.advance(DAYS) == []
    client = desk.listener()
    desk.pass_vendor(3_600)
    assert len(publishes(client)) == 8
    client.leave()
    fired = desk.world.clock.advance(DAYS)
    assert len([one for one in fired if one.name == "itron.mesh-report"]) <= 2
    assert desk.world.clock.advance(DAYS) == []


def test_what_waits_for_somebody_away_is_reported_all_the_same(caller_of: MakeCaller) -> None:
    desk = BrokerDesk(caller_of(mqtt_qos=1))
    client = desk.listener(qos=1, clean=False)
    client.drop()
    desk.pass_vendor(3_600)
    desk.caller._tokens.clear()
    back = desk.enter("c", clean=False, present=True)
    assert len(publishes(back)) == 8


def test_clock_that_is_turned_by_days_loses_no_message(desk: BrokerDesk) -> None:
    client = desk.listener()
    desk.pass_vendor(30 * 86_400)
    assert len(publishes(client)) == 30 * 24 * 8
