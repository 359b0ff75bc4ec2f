"""Controllers, devices and geozones, read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from vendorlab.contracts.core import expect
from vendorlab.contracts.slv import forms
from vendorlab.contracts.slv.estate import LAMP

if TYPE_CHECKING:
    from vendorlab.contracts.slv.api import Api, Session
    from vendorlab.contracts.slv.estate import Estate

pytestmark = pytest.mark.vendorlab("slv")


# --- users and the server --------------------------------------------------------------------------------------------


@pytest.mark.claim("slv.user.all")
def test_users_are_listed_with_their_profiles(api: Api, session: Session) -> None:
    """The one who asks is among them."""
    response = api.call(session, "getAllUsers")
    users = forms.rows(response)
    for user in users:
        expect.fields(response, user, {"login": str, "profilName": str})
    logins = [user["login"] for user in users]
    expect.check(api.credential("username") in logins, response, "the user who asks")


@pytest.mark.claim("slv.config.version")
def test_server_tells_version_and_build(api: Api, session: Session) -> None:
    """As keys and values, each as it was asked for."""
    version = api.version(session)
    assert version >= (6, 0), f"{version} is no version that has this API"
    for name in ("version", "build"):
        response = api.call(session, "getServerProperties", {"name": name})
        expect.check(forms.key_values(response).keys() == {name}, response, f"{name} alone")


# --- controllers -----------------------------------------------------------------------------------------------------


@pytest.mark.claim("slv.asset.controllers")
def test_controllers_hold_their_device(api: Api, session: Session) -> None:
    """With the members that clients read."""
    response = api.call(session, "getAllControllers")
    for row in forms.rows(response):
        expect.fields(response, row, {"strId": str, "name": str, "controllerDevice": dict})
        device = row["controllerDevice"]
        expect.fields(response, device, {"controllerStrId": str, "id": int, "geoZoneId": int})
        expect.check(device["controllerStrId"] == row["strId"], response, "the device to be this controller's")


@pytest.mark.claim("slv.asset.controller-is-device")
def test_controller_is_a_device_itself(api: Api, session: Session, estate: Estate) -> None:
    """Under the idOnController controllerdevice, in its own list too."""
    key = {"controllerStrId": estate.controller, "idOnController": forms.CONTROLLER}
    response = api.call(session, "getDevice", key)
    device = forms.one_device(response)
    expect.check(device["categoryStrId"] == forms.CONTROLLER, response, f"the category {forms.CONTROLLER}")
    listed = api.call(session, "getControllerDevices", {"controllerStrId": estate.controller})
    identities = [row["idOnController"] for row in forms.devices(listed)]
    expect.check(forms.CONTROLLER in identities, listed, "the controller among its devices")


@pytest.mark.claim("slv.asset.controller-time")
def test_controller_tells_its_time(api: Api, session: Session, estate: Estate) -> None:
    """As one string."""
    response = api.call(session, "getSystemTimeStringInLocalTime", {"controllerStrId": estate.controller})
    text = forms.json_value(response)
    expect.check(isinstance(text, str), response, "a string")
    expect.check(sum(letter.isdigit() for letter in text) >= 8, response, "a date and a time")


# --- devices ---------------------------------------------------------------------------------------------------------


@pytest.mark.claim("slv.asset.controller-devices")
def test_devices_of_a_controller_are_its_own(api: Api, session: Session, estate: Estate) -> None:
    """Each once."""
    response = api.call(session, "getControllerDevices", {"controllerStrId": estate.controller})
    rows = forms.devices(response)
    expect.check({row["controllerStrId"] for row in rows} == {estate.controller}, response, "this controller's only")
    identities = [row["idOnController"] for row in rows]
    expect.check(len(identities) == len(set(identities)), response, "each device once")


@pytest.mark.claim("slv.asset.device")
def test_device_is_what_the_list_has(api: Api, session: Session, estate: Estate) -> None:
    """Found by its two names."""
    response = api.call(session, "getDevice", estate.key)
    device = forms.one_device(response)
    for name in ("id", "name", "categoryStrId", "geoZoneId", "lat", "lng"):
        expect.check(device[name] == estate.lamp[name], response, f"{name} as in the list: {estate.lamp[name]!r}")


@pytest.mark.claim("slv.asset.zone-devices")
def test_devices_of_a_geozone_lie_in_it(api: Api, session: Session, estate: Estate) -> None:
    """Without recurse its own only; with it all below, whose paths begin with its own."""
    own = api.call(session, "getGeozoneDevices", {"geozoneId": estate.zone, "recurse": False})
    rows = forms.devices(own)
    expect.check({row["geoZoneId"] for row in rows} == {estate.zone}, own, "this geozone's only")
    expect.check(estate.lamp["id"] in {row["id"] for row in rows}, own, f"the device {estate.lamp['id']}")
    below = api.call(session, "getGeozoneDevices", {"geozoneId": estate.zone, "recurse": True})
    everything = forms.devices(below)
    expect.check({row["id"] for row in rows} <= {row["id"] for row in everything}, below, "its own among them")
    path = estate.lamp["geoZoneNamesPath"]
    expect.check(all(row["geoZoneNamesPath"].startswith(path) for row in everything), below, f"paths below {path}")


@pytest.mark.claim("slv.asset.recurse-default")
def test_geozone_is_not_recursed_unless_asked(api: Api, session: Session, estate: Estate) -> None:
    """The same as with recurse=false."""
    plain = api.call(session, "getGeozoneDevices", {"geozoneId": estate.zone})
    asked = api.call(session, "getGeozoneDevices", {"geozoneId": estate.zone, "recurse": False})
    expect.check(_ids(forms.devices(plain)) == _ids(forms.devices(asked)), plain, "the geozone's own devices only")


@pytest.mark.claim("slv.asset.categories")
def test_categories_may_be_repeated(api: Api, session: Session, estate: Estate) -> None:
    """Each narrows to itself; together they are one after the other."""
    found: dict[str, set[Any]] = {}
    for category in (LAMP, forms.CONTROLLER):
        params = {"geozoneId": estate.zone, "recurse": True, "categoryStrId": category}
        response = api.call(session, "getGeozoneDevices", params)
        rows = forms.devices(response)
        expect.check({row["categoryStrId"] for row in rows} <= {category}, response, f"the category {category} only")
        found[category] = _ids(rows)
    params = {"geozoneId": estate.zone, "recurse": True, "categoryStrId": [*found]}
    both = api.call(session, "getGeozoneDevices", params, verb="POST")
    expect.check(_ids(forms.devices(both)) == set().union(*found.values()), both, "the devices of both categories")


@pytest.mark.claim("slv.asset.bounds")
def test_devices_in_bounds_lie_in_them(api: Api, session: Session, estate: Estate) -> None:
    """The one that the rectangle was drawn around is there."""
    bounds = estate.bounds()
    response = api.call(session, "getDevicesInBounds", bounds)
    rows = forms.devices(response)
    edges = {name: float(str(edge)) for name, edge in bounds.items()}
    inside = all(
        edges["latMin"] <= row["lat"] <= edges["latMax"] and edges["lngMin"] <= row["lng"] <= edges["lngMax"]
        for row in rows
    )
    expect.check(inside, response, "devices within the bounds")
    expect.check(estate.lamp["id"] in _ids(rows), response, f"the device {estate.lamp['id']}")


@pytest.mark.claim("slv.asset.bounds-most")
def test_devices_in_bounds_may_be_limited(api: Api, session: Session, estate: Estate) -> None:
    """By maxDevices."""
    response = api.call(session, "getDevicesInBounds", {**estate.bounds(0.05), "maxDevices": 2})
    expect.check(1 <= len(forms.devices(response)) <= 2, response, "two devices at most")


@pytest.mark.claim("slv.asset.search")
@pytest.mark.parametrize("operator", ["eq", "eq-i"])
def test_search_finds_a_device_by_name(api: Api, session: Session, estate: Estate, operator: str) -> None:
    """In any letters with eq-i."""
    name = str(estate.lamp["name"])
    asked = name.swapcase() if operator == "eq-i" else name
    response = api.call(session, "searchDevicesExt", estate.search(operator, asked))
    rows = forms.found_devices(response)
    expect.check(rows, response, "the device")
    expect.check({row["name"] for row in rows} == {name}, response, f"the devices called {name}")


@pytest.mark.claim("slv.asset.search-none")
def test_search_for_nothing_is_an_empty_success(api: Api, session: Session, estate: Estate) -> None:
    """No error: there is simply nothing."""
    response = api.call(session, "searchDevicesExt", estate.search("eq", "vendorlab-no-such-device"))
    expect.check(forms.succeeded(response) == [], response, "an empty list as value")


@pytest.mark.claim("slv.asset.search-most")
def test_search_may_be_limited(api: Api, session: Session, estate: Estate) -> None:
    """By maxResults."""
    params = estate.search("eq", LAMP) | {"attributeName": "categoryStrId", "maxResults": 1}
    response = api.call(session, "searchDevicesExt", params)
    expect.check(len(forms.found_devices(response)) == 1, response, "one device")


# --- geozones --------------------------------------------------------------------------------------------------------


@pytest.mark.claim("slv.zone.profil-root", "slv.zone.root")
def test_profile_knows_the_root(api: Api, session: Session, estate: Estate) -> None:
    """The key geoZoneRootId, the root itself, and the list agree."""
    response = api.call(session, "getGeoZoneRoot")
    root = forms.one_zone(response)
    expect.check(root["id"] == estate.root, response, f"the geozone {estate.root}")
    listed = api.call(session, "getAllGeozones")
    expect.check(estate.root in _ids(forms.zones(listed)), listed, "the root in the list of all")


@pytest.mark.claim("slv.zone.all")
def test_geozones_are_a_tree(api: Api, session: Session, estate: Estate) -> None:
    """Each under one that is there, up to the root."""
    response = api.call(session, "getAllGeozones")
    parents = {row["id"]: row.get("parentId") for row in forms.zones(response)}
    for zone in parents:
        at, steps = zone, 0
        while at != estate.root:
            at, steps = parents.get(at), steps + 1
            expect.check(at is not None and steps <= len(parents), response, f"geozone {zone} to be below the root")


@pytest.mark.claim("slv.zone.children")
def test_children_are_those_one_below(api: Api, session: Session, estate: Estate) -> None:
    """The list of all says the same."""
    response = api.call(session, "getGeozoneChildrenGeozones", {"geozoneId": estate.root})
    everything = forms.zones(api.call(session, "getAllGeozones"))
    expected = {row["id"] for row in everything if row.get("parentId") == estate.root}
    expect.check(_ids(forms.zones(response)) == expected, response, f"the geozones {sorted(expected)}")


@pytest.mark.claim("slv.zone.search")
def test_geozone_is_found_by_name_or_part_of_it(api: Api, session: Session, estate: Estate) -> None:
    """The part with partialMatch only."""
    zones = forms.zones(api.call(session, "getAllGeozones"))
    name = next(row["name"] for row in zones if row["id"] == estate.zone)
    whole = api.call(session, "searchGeozones", {"name": name})
    found = forms.zones(whole)
    expect.check(estate.zone in _ids(found), whole, f"the geozone {estate.zone}")
    part = api.call(session, "searchGeozones", {"name": name[:-1], "partialMatch": True})
    expect.check(estate.zone in _ids(forms.zones(part)), part, f"the geozone {estate.zone}")
    exact = api.call(session, "searchGeozones", {"name": name[:-1], "partialMatch": False})
    expect.check(estate.zone not in _ids(forms.zones(exact)), exact, f"not the geozone {estate.zone}")


def _ids(rows: list[dict[str, Any]]) -> set[Any]:
    return {row["id"] for row in rows}
