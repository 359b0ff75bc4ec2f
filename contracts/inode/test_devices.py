"""Devices: the sensors at the ends of links."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.core import expect
from vendorlab.contracts.inode.api import DEVICES, LINKS, bearer
from vendorlab.contracts.inode.estate import CROWDSOURCED, DEVICE, TELEMETRY, check_zone, listed, moment, read

if TYPE_CHECKING:
    from vendorlab.contracts.inode.api import Api

pytestmark = pytest.mark.vendorlab("inode")


@pytest.mark.claim("inode.devices.path")
def test_devices_are_there(api: Api, token: str) -> None:
    """Whatever their form."""
    response = api.get(DEVICES, token)
    expect.status(response, 200)
    expect.json_body(response)


@pytest.mark.claim("inode.devices.list")
def test_devices_come_as_an_array_or_as_pages(api: Api, token: str) -> None:
    """All of them; an account that only buys crowdsourced data has none."""
    read(api, DEVICES, bearer(token))


@pytest.mark.claim("inode.devices.none")
@pytest.mark.needs("crowdsourced")
def test_account_with_crowdsourced_data_only_has_no_devices(api: Api) -> None:
    """An empty list, not an error; its links name none either."""
    devices = read(api, DEVICES, api.key("crowdsourced_api_key"))
    devices.check(devices.rows == [], "no devices")
    links = listed(api, LINKS, api.key("crowdsourced_api_key"))
    for link in links.rows:
        links.check(link["data_sources"] == [CROWDSOURCED], f"link {link['id']}: crowdsourced data only")


@pytest.mark.claim("inode.devices.shape")
def test_devices_have_their_fields(api: Api, token: str) -> None:
    """With a place on earth and a zone that exists."""
    devices = listed(api, DEVICES, bearer(token))
    for device in devices.rows:
        devices.check(device["name"].strip(), "a name")
        check_zone(devices, device["time_zone"])
        for name, most in (("latitude", 90), ("longitude", 180)):
            value = device[name]
            devices.check(value is None or -most <= value <= most, f"a {name} of at most {most}, not {value}")


@pytest.mark.claim("inode.devices.ascending")
def test_devices_ascend_by_id(api: Api, token: str) -> None:
    """And no id comes twice."""
    devices = listed(api, DEVICES, bearer(token))
    ids = [device["id"] for device in devices.rows]
    devices.check(ids == sorted(set(ids)), "ascending ids")


@pytest.mark.claim("inode.devices.times")
def test_devices_tell_time_in_utc(api: Api, token: str) -> None:
    """As the framework writes it."""
    devices = listed(api, DEVICES, bearer(token))
    for device in devices.rows:
        if device["last_seen"] is not None:
            moment(devices, device["last_seen"])


@pytest.mark.claim("inode.devices.detail")
def test_device_is_the_same_alone_and_in_the_list(api: Api, token: str) -> None:
    """But for what the seconds in between may have changed."""
    devices = listed(api, DEVICES, bearer(token))
    row = devices.rows[0]
    response = api.get(f"{DEVICES}{row['id']}/", token)
    alone = expect.json_object(response)
    expect.fields(response, alone, DEVICE)
    for name in row.keys() - {*TELEMETRY, "online", "live", "last_seen"}:
        expect.check(alone.get(name) == row[name], response, f"the {name} of the list, {row[name]!r}")


@pytest.mark.claim("inode.devices.unknown")
@pytest.mark.parametrize("number", ["0", "2147483647"])
def test_device_that_does_not_exist_is_not_found(api: Api, token: str, number: str) -> None:
    """In JSON, since the resource is there and the object is not."""
    expect.not_found(api.get(f"{DEVICES}{number}/", token))


@pytest.mark.claim("inode.devices.wrong-id")
@pytest.mark.parametrize("word", ["abc", "1x"])
def test_device_by_an_id_of_the_wrong_type_is_not_found(api: Api, token: str, word: str) -> None:
    """Not a 400, and no trace of the server."""
    expect.not_found(api.get(f"{DEVICES}{word}/", token))
