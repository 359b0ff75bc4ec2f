"""Links: stretches of road, and what was last measured there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.core import expect
from vendorlab.contracts.inode.api import DEVICES, LINKS, bearer
from vendorlab.contracts.inode.estate import (
    CROWDSOURCED,
    LINK,
    MEASURED,
    SENSOR,
    STATUSES,
    check_measured,
    check_speeds,
    check_zone,
    listed,
    moment,
    read,
)

if TYPE_CHECKING:
    from vendorlab.contracts.inode.api import Api

pytestmark = pytest.mark.vendorlab("inode")


@pytest.mark.claim("inode.links.path")
def test_links_are_there(api: Api, token: str) -> None:
    """Whatever their form."""
    response = api.get(LINKS, token)
    expect.status(response, 200)
    expect.json_body(response)


@pytest.mark.claim("inode.links.list")
def test_links_come_as_an_array_or_as_pages(api: Api, token: str) -> None:
    """All of them; an account may have none."""
    read(api, LINKS, bearer(token))


@pytest.mark.claim("inode.links.shape")
def test_links_have_their_fields(api: Api, token: str) -> None:
    """With lengths and speeds that a road can have, and a zone that exists."""
    links = listed(api, LINKS, bearer(token))
    for link in links.rows:
        links.check(link["name"].strip(), "a name")
        links.check(link["distance"] > 0, "a distance above 0")
        links.check(link["free_flow_speed"] > 0, "a free flow speed above 0")
        check_zone(links, link["time_zone"])


@pytest.mark.claim("inode.links.ascending")
def test_links_ascend_by_id(api: Api, token: str) -> None:
    """And no id comes twice."""
    links = listed(api, LINKS, bearer(token))
    ids = [link["id"] for link in links.rows]
    links.check(ids == sorted(set(ids)), "ascending ids")


@pytest.mark.claim("inode.links.sources")
def test_link_is_measured_by_sensors_by_the_crowd_or_by_both(api: Api, token: str) -> None:
    """The default is one of its own."""
    links = listed(api, LINKS, bearer(token))
    for link in links.rows:
        sources = link["data_sources"]
        either = sources in ([SENSOR], [CROWDSOURCED], [SENSOR, CROWDSOURCED], [CROWDSOURCED, SENSOR])
        links.check(either, f"sensor, crowdsourced or both, not {sources!r}")
        links.check(link["default_data_source"] in sources, f"a default among {sources!r}")


@pytest.mark.claim("inode.links.status-words")
def test_status_is_one_of_five(api: Api, token: str) -> None:
    """Where there is one."""
    links = listed(api, LINKS, bearer(token))
    odd = {link["status"] for link in links.rows} - STATUSES - {None}
    links.check(not odd, f"a status among {sorted(STATUSES)}, not {sorted(odd)}")


@pytest.mark.claim("inode.links.status-null")
def test_status_is_null_exactly_for_links_without_crowdsourced_data(api: Api, token: str) -> None:
    """It is the collecting of crowdsourced data that has a status."""
    links = listed(api, LINKS, bearer(token))
    for link in links.rows:
        crowdsourced = CROWDSOURCED in link["data_sources"]
        wanted = f"link {link['id']} to have {'a' if crowdsourced else 'no'} status, not {link['status']!r}"
        links.check((link["status"] is not None) == crowdsourced, wanted)


@pytest.mark.claim("inode.links.ends")
def test_sensor_links_lead_from_a_device_to_another(api: Api, token: str) -> None:
    """Both are among the devices; links without sensors name none."""
    links = listed(api, LINKS, bearer(token))
    devices = read(api, DEVICES, bearer(token))
    known = {device["id"] for device in devices.rows if isinstance(device.get("id"), int)}
    for link in links.rows:
        ends = link["origin_device"], link["destination_device"]
        if SENSOR in link["data_sources"]:
            links.check(set(ends) <= known, f"link {link['id']}: devices that exist at both ends, not {ends}")
            links.check(ends[0] != ends[1], f"link {link['id']}: two devices, not {ends}")
        else:
            links.check(ends == (None, None), f"link {link['id']}: no devices, not {ends}")


@pytest.mark.claim("inode.links.speed")
def test_speed_is_distance_by_travel_time(api: Api, token: str) -> None:
    """Within what rounding may hide."""
    check_speeds(listed(api, LINKS, bearer(token)))


@pytest.mark.claim("inode.links.unmeasured")
def test_what_was_not_measured_is_null_and_never_zero(api: Api, token: str) -> None:
    """Travel time and speed go together, and neither comes without a time."""
    check_measured(listed(api, LINKS, bearer(token)))


@pytest.mark.claim("inode.links.times")
def test_links_tell_time_in_utc(api: Api, token: str) -> None:
    """As the framework writes it."""
    links = listed(api, LINKS, bearer(token))
    for link in links.rows:
        if link["last_updated"] is not None:
            moment(links, link["last_updated"])


@pytest.mark.claim("inode.links.detail")
def test_link_is_the_same_alone_and_in_the_list(api: Api, token: str) -> None:
    """But for what the seconds in between may have changed."""
    links = listed(api, LINKS, bearer(token))
    row = links.rows[0]
    response = api.get(f"{LINKS}{row['id']}/", token)
    alone = expect.json_object(response)
    expect.fields(response, alone, LINK)
    for name in row.keys() - {*MEASURED, "status"}:
        expect.check(alone.get(name) == row[name], response, f"the {name} of the list, {row[name]!r}")


@pytest.mark.claim("inode.links.unknown")
@pytest.mark.parametrize("number", ["0", "2147483647"])
def test_link_that_does_not_exist_is_not_found(api: Api, token: str, number: str) -> None:
    """In JSON, since the resource is there and the object is not."""
    expect.not_found(api.get(f"{LINKS}{number}/", token))


@pytest.mark.claim("inode.links.wrong-id")
@pytest.mark.parametrize("word", ["abc", "1x"])
def test_link_by_an_id_of_the_wrong_type_is_not_found(api: Api, token: str, word: str) -> None:
    """Not a 400, and no trace of the server."""
    expect.not_found(api.get(f"{LINKS}{word}/", token))
