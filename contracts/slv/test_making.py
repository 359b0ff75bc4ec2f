"""Making and unmaking geozones, devices, profiles and users."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import pytest

from vendorlab.contracts.core import expect
from vendorlab.contracts.slv import forms
from vendorlab.contracts.slv.api import PATH, SERVLET
from vendorlab.contracts.slv.estate import LAMP, key_of
from vendorlab.contracts.slv.methods import BY_NAME
from vendorlab.contracts.slv.workshop import LAT, LNG, new_name

if TYPE_CHECKING:
    from vendorlab.contracts.core.access import Access
    from vendorlab.contracts.slv.api import Api
    from vendorlab.contracts.slv.estate import Estate
    from vendorlab.contracts.slv.workshop import Workshop

pytestmark = [pytest.mark.vendorlab("slv"), pytest.mark.needs("write")]


# --- geozones and devices --------------------------------------------------------------------------------------------


@pytest.mark.claim("slv.make.zone")
def test_geozone_is_made_under_its_parent(workshop: Workshop, estate: Estate) -> None:
    """And is found there, by name and in the list."""
    name = new_name()
    made = workshop.make_zone(name)
    assert (made["name"], made["parentId"]) == (name, estate.root)
    found = workshop.call("searchGeozones", name=name)
    expect.check([row["id"] for row in forms.zones(found)] == [made["id"]], found, f"the geozone {made['id']}")
    children = workshop.call("getGeozoneChildrenGeozones", geozoneId=estate.root)
    expect.check(made["id"] in {row["id"] for row in forms.zones(children)}, children, "it among its parent's children")
    below = workshop.make_zone(new_name(), parent=made["id"])
    children = workshop.call("getGeozoneChildrenGeozones", geozoneId=made["id"])
    expect.check([row["id"] for row in forms.zones(children)] == [below["id"]], children, "the geozone made below it")


@pytest.mark.claim("slv.make.device")
@pytest.mark.parametrize("style", [PATH, SERVLET])
def test_device_is_made_as_it_was_told(api: Api, workshop: Workshop, style: str) -> None:
    """And is found by its names, in its geozone, on its controller."""
    identity = new_name()
    params = workshop.device_form(identity, workshop.controller, LAMP, workshop.zone)
    response = api.call(workshop.session, "createCategoryDevice", params, style=style, verb="POST")
    made = forms.one_device(response)
    workshop.owe("deleteDevice", controllerStrId=workshop.controller, idOnController=identity)
    told = {"name": params["userName"], "categoryStrId": LAMP, "controllerStrId": workshop.controller,
            "idOnController": identity, "geoZoneId": workshop.zone, "lat": LAT, "lng": LNG}  # fmt: skip
    expect.check(made | told == made, response, f"what was told: {told}")
    key = {"controllerStrId": workshop.controller, "idOnController": identity}
    found = forms.one_device(workshop.call("getDevice", **key))
    assert found | told == found
    assert found["id"] == made["id"]
    for method, where in (("getGeozoneDevices", {"geozoneId": workshop.zone}), ("getControllerDevices", key)):
        listed = workshop.call(method, **where)
        expect.check(made["id"] in {row["id"] for row in forms.devices(listed)}, listed, f"the device {made['id']}")


@pytest.mark.claim("slv.asset.zone-devices", "slv.asset.recurse-default")
@pytest.mark.parametrize("style", [PATH, SERVLET])
def test_device_of_a_geozone_below_is_found_by_recursion_only(api: Api, workshop: Workshop, style: str) -> None:
    """Two steps down, whose path says so."""
    middle = workshop.make_zone(new_name(), parent=workshop.zone)
    deep = workshop.make_zone(new_name(), parent=middle["id"])
    device = workshop.make_device(zone=deep["id"])
    for params, there in (({}, False), ({"recurse": False}, False), ({"recurse": True}, True)):
        asked: dict[str, object] = {"geozoneId": workshop.zone, "categoryStrId": LAMP, **params}
        response = api.call(workshop.session, "getGeozoneDevices", asked, style=style)
        found = forms.devices(response)
        expect.check([row["id"] for row in found] == [device["id"]] * there, response, f"{int(there)} device")
        path = f"/{middle['name']}/{deep['name']}"
        expect.check(all(row["geoZoneNamesPath"].endswith(path) for row in found), response, f"a path to {path}")


@pytest.mark.claim("slv.make.twice")
def test_device_is_not_made_twice(workshop: Workshop) -> None:
    """Its two names are its identity."""
    identity = new_name()
    workshop.make_device(identity)
    params = workshop.device_form(identity, workshop.controller, LAMP, workshop.zone)
    forms.refused(workshop.call("createCategoryDevice", **params), BY_NAME["createCategoryDevice"], 400, 409, 500)


@pytest.mark.claim("slv.make.delete-device")
@pytest.mark.parametrize("style", [PATH, SERVLET])
def test_deleted_device_is_gone(api: Api, workshop: Workshop, style: str) -> None:
    """OK the first time, an error the second."""
    device = workshop.make_device()
    key = key_of(device)
    forms.acknowledged(api.call(workshop.session, "deleteDevice", key, style=style))
    forms.refused(api.call(workshop.session, "deleteDevice", key, style=style), BY_NAME["deleteDevice"])
    forms.refused(workshop.call("getDevice", **key), BY_NAME["getDevice"])


@pytest.mark.claim("slv.make.delete-zone")
@pytest.mark.parametrize("style", [PATH, SERVLET])
def test_deleted_geozone_is_gone_with_what_is_in_it(api: Api, workshop: Workshop, style: str) -> None:
    """With pullUpContent=false."""
    name = new_name()
    zone = workshop.make_zone(name)
    device = workshop.make_device(zone=zone["id"])
    params = {"geozoneId": zone["id"], "pullUpContent": False}
    forms.acknowledged(api.call(workshop.session, "deleteGeozone", params, style=style))
    found = workshop.call("searchGeozones", name=name)
    expect.check(forms.zones(found) == [], found, "no geozone of that name")
    key = key_of(device)
    forms.refused(workshop.call("getDevice", **key), BY_NAME["getDevice"])


# --- profiles and users ----------------------------------------------------------------------------------------------


@pytest.fixture
def profil(workshop: Workshop, estate: Estate) -> str:
    """A profile of the suite's own."""
    name = new_name()
    response = workshop.call("createProfil", profilName=name, geoZoneId=estate.root)
    made = forms.json_of(response)
    workshop.owe("deleteProfil", profilName=name)
    expect.check(made.get("name") == name, response, f"the name {name}")
    return name


@pytest.fixture
def password(access: Access) -> str:
    """A password that is complex enough anywhere."""
    made = f"Vl-{secrets.token_hex(6)}-9"
    access.secrets.add(made)
    return made


@pytest.fixture
def user(workshop: Workshop, profil: str, password: str) -> dict[str, Any]:
    """A user of the suite's own; fictitious."""
    login = new_name()
    response = workshop.call(
        "createUser",
        profilName=profil,
        login=login,
        password=password,
        firstName="Ada",
        lastName="Example",
        email=f"{login}@example.com",
    )
    made = forms.json_of(response)
    workshop.owe("deleteUser", login=login)
    expect.check((made.get("login"), made.get("profilName")) == (login, profil), response, f"the user {login}")
    return made


@pytest.mark.claim("slv.user.create-profil", "slv.user.update-profil")
def test_profile_is_made_and_changed(workshop: Workshop, profil: str) -> None:
    """Its properties have names that begin with property."""
    response = workshop.call("updateProfilProperties", profilName=profil, **{"property.locale": "en_US"})
    forms.acknowledged(response)


@pytest.mark.claim("slv.user.create")
def test_user_who_was_made_is_listed(workshop: Workshop, user: dict[str, Any]) -> None:
    """With the profile, and without the password."""
    response = workshop.call("getAllUsers")
    found = [each for each in forms.rows(response) if each.get("login") == user["login"]]
    expect.check(len(found) == 1, response, f"the user {user['login']}, once")
    expect.check(found[0].get("profilName") == user["profilName"], response, f"the profile {user['profilName']}")
    expect.check(not found[0].get("password"), response, "no password")


@pytest.mark.claim("slv.user.delete", "slv.user.delete-profil")
def test_deleted_user_is_gone(workshop: Workshop, user: dict[str, Any], profil: str) -> None:
    """And then the profile may go too."""
    forms.succeeded(workshop.call("deleteUser", login=user["login"]))
    response = workshop.call("getAllUsers")
    expect.check(user["login"] not in {each.get("login") for each in forms.rows(response)}, response, "the user gone")
    forms.failed(workshop.call("deleteUser", login=user["login"]))
    forms.succeeded(workshop.call("deleteProfil", profilName=profil))
    forms.failed(workshop.call("deleteProfil", profilName=profil))


@pytest.mark.claim("slv.user.password")
@pytest.mark.needs("spend")
def test_user_changes_the_password(api: Api, access: Access, user: dict[str, Any], password: str) -> None:
    """Only who knows the old one; it is good no longer."""
    session = api.sign_in(user["login"], password)
    new = f"{password}-new"
    access.secrets.add(new)
    wrong = {"previousPassword": new, "newPassword": f"{new}er"}
    forms.refused(api.call(session, "changePassword", wrong, verb="POST"), BY_NAME["changePassword"], 400, 403, 500)
    right = {"previousPassword": password, "newPassword": new}
    forms.acknowledged(api.call(session, "changePassword", right, verb="POST"))
    expect.status(api.fetch(api.basic(user["login"], password)), 401)
    api.sign_in(user["login"], new)
