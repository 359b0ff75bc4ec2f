"""Setting values of devices of the suite's own, and reading them back."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest

from vendorlab.contracts.core import expect
from vendorlab.contracts.slv import forms
from vendorlab.contracts.slv.api import PATH, SERVLET
from vendorlab.contracts.slv.estate import key_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vendorlab.contracts.slv.api import Api
    from vendorlab.contracts.slv.workshop import Workshop

pytestmark = [pytest.mark.vendorlab("slv"), pytest.mark.needs("write")]

_HOUR = timedelta(hours=1)


@pytest.fixture
def lamp(workshop: Workshop) -> dict[str, Any]:
    """A street light of the suite's own."""
    return workshop.make_device()


def _told(rows: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return sorted((row["name"], str(row["value"]), row["eventTime"]) for row in rows)


@pytest.mark.claim("slv.set.logged")
@pytest.mark.parametrize("style", [PATH, SERVLET])
@pytest.mark.parametrize("verb", ["GET", "POST"])
def test_value_that_was_set_is_in_the_log(
    api: Api, workshop: Workshop, lamp: dict[str, Any], style: str, verb: str
) -> None:
    """At its time, to the second, and nowhere else; by either verb."""
    key = key_of(lamp)
    at = workshop.noon.strftime(forms.TIME)
    params = {**key, "valueName": "power", "value": "90", "doLog": True, "eventTime": at}
    forms.succeeded(api.call(workshop.session, "setDeviceValues", params, style=style, verb=verb))
    rows = workshop.log(lamp, "power", workshop.noon - _HOUR, workshop.noon + _HOUR)
    assert _told(rows) == [("power", "90", at)]
    assert rows[0]["deviceId"] == lamp["id"]
    assert workshop.log(lamp, "power", workshop.noon + _HOUR, workshop.noon + 2 * _HOUR) == []


@pytest.mark.claim("slv.set.dates")
def test_time_may_be_told_in_either_form(workshop: Workshop, lamp: dict[str, Any]) -> None:
    """Both are the server's time; the day comes first where there are slashes."""
    at = workshop.noon
    workshop.set(lamp, at.strftime(forms.TIME), power="90")
    workshop.set(lamp, (at + _HOUR).strftime(forms.DAY_FIRST), power="91")
    rows = workshop.log(lamp, "power", at - _HOUR, at + 2 * _HOUR, forms.DAY_FIRST)
    assert _told(rows) == [
        ("power", "90", at.strftime(forms.TIME)),
        ("power", "91", (at + _HOUR).strftime(forms.TIME)),
    ]


@pytest.mark.claim("slv.set.repeated")
@pytest.mark.parametrize("verb", ["GET", "POST"])
def test_several_values_are_set_at_once(workshop: Workshop, api: Api, lamp: dict[str, Any], verb: str) -> None:
    """By repeated names and values, pair by pair; the answer's value has one word for each."""
    key = key_of(lamp)
    at = workshop.noon.strftime(forms.TIME)
    params = {**key, "valueName": ["power", "comment"], "value": ["90", "by a suite"], "doLog": True, "eventTime": at}
    response = api.call(workshop.session, "setDeviceValues", params, verb=verb)
    value = forms.succeeded(response)
    words = cast("Sequence[Any]", value) if isinstance(value, list) else ["", ""]
    expect.check(len(words) == 2, response, "one word for each value")
    rows = workshop.log(lamp, ["power", "comment"], workshop.noon - _HOUR, workshop.noon + _HOUR)
    assert _told(rows) == [("comment", "by a suite", at), ("power", "90", at)]


@pytest.mark.claim("slv.set.last")
def test_value_that_was_set_is_the_last(workshop: Workshop, lamp: dict[str, Any]) -> None:
    """It came last, and is the latest by its own time too."""
    workshop.set(lamp, workshop.noon, power="90")
    workshop.set(lamp, workshop.noon + _HOUR, power="91")
    assert str(workshop.last(lamp, "power")) == "91"


@pytest.mark.claim("slv.set.attribute")
def test_setting_an_attribute_changes_the_device(workshop: Workshop, lamp: dict[str, Any]) -> None:
    """Its place and its address are set like any value."""
    workshop.set(lamp, workshop.noon, lat="40.7139", lng="-74.0071", address="1 Example Street")
    key = key_of(lamp)
    response = workshop.call("getDevice", **key)
    device = forms.one_device(response)
    expect.check((device["lat"], device["lng"]) == (40.7139, -74.0071), response, "the new place")
    expect.check(device.get("address") == "1 Example Street", response, "the new address")


@pytest.mark.claim("slv.set.text")
@pytest.mark.parametrize("text", ['O\'Neil & <Söhne> "7"', "  ", "100%+1", "灯", "a=b;c,d"])
def test_text_comes_back_as_it_was(api: Api, workshop: Workshop, lamp: dict[str, Any], text: str) -> None:
    """In JSON and in XML, whatever is special in either."""
    workshop.set(lamp, workshop.noon, comment=text)
    edges = workshop.noon - _HOUR, workshop.noon + _HOUR
    assert [row["value"] for row in workshop.log(lamp, "comment", *edges)] == [text]
    window = {name: edge.strftime(forms.TIME) for name, edge in zip(("from", "to"), edges, strict=True)}
    params = {"deviceId": lamp["id"], "name": "comment", **window}
    response = api.call(workshop.session, "getDevicesLogValues", params, ser="xml")
    values = [element.text for element in forms.xml_root(response).iter("value")]
    expect.check(values == [text], response, f"the value {text!r}")


@pytest.mark.claim("slv.set.several-devices")
@pytest.mark.parametrize("style", [PATH, SERVLET])
def test_values_of_several_devices_are_set_at_once(api: Api, workshop: Workshop, style: str) -> None:
    """Device, name, value and time, one after the other."""
    lamps = [workshop.make_device(), workshop.make_device()]
    params = {
        "controllerStrId": [each["controllerStrId"] for each in lamps],
        "idOnController": [each["idOnController"] for each in lamps],
        "valueName": ["power", "power"],
        "value": ["90", "91"],
        "doLog": True,
        "eventTime": [workshop.noon.strftime(forms.TIME)] * 2,
    }
    forms.succeeded(api.call(workshop.session, "setDevicesValues", params, style=style, verb="POST"))
    rows = workshop.log(lamps, "power", workshop.noon - _HOUR, workshop.noon + _HOUR)
    assert {row["deviceId"]: str(row["value"]) for row in rows} == {lamps[0]["id"]: "90", lamps[1]["id"]: "91"}


@pytest.mark.claim("slv.set.unequal")
def test_names_without_values_are_refused(workshop: Workshop, lamp: dict[str, Any]) -> None:
    """Two names and one value: an error, and nothing is set."""
    at = workshop.noon.strftime(forms.TIME)
    forms.failed(workshop.set_raw(lamp, valueName=["power", "comment"], value=["90"], eventTime=at))
    assert workshop.log(lamp, ["power", "comment"], workshop.noon - _HOUR, workshop.noon + _HOUR) == []


@pytest.mark.claim("slv.set.bad-date")
@pytest.mark.parametrize("time", ["yesterday", "2026-02-30 12:00:00", "2026-01-01 25:00:00", "31/02/2026 12:00:00"])
def test_time_that_is_none_is_refused(workshop: Workshop, lamp: dict[str, Any], time: str) -> None:
    """An error in the answer, and nothing is set."""
    forms.failed(workshop.set_raw(lamp, valueName="power", value="90", eventTime=time))
    assert workshop.log(lamp, "power", workshop.noon - timedelta(days=300), workshop.noon + _HOUR) == []


@pytest.mark.claim("slv.set.replace-olc")
def test_replaced_node_has_another_address(workshop: Workshop, lamp: dict[str, Any]) -> None:
    """The device's MacAddress is the new one's."""
    key = key_of(lamp)
    forms.succeeded(workshop.call("replaceOLCs", **key, newNetworkId="0013500500abcdef"))
    assert str(workshop.last(lamp, "MacAddress")).lower() == "0013500500abcdef"


@pytest.mark.claim("slv.set.replace-failed")
def test_failed_replacement_says_why_in_its_value(workshop: Workshop, lamp: dict[str, Any]) -> None:
    """The status is ERROR, and value is a text: here of a node whose address is none."""
    response = workshop.call("replaceOLCs", **key_of(lamp), newNetworkId="?")
    body = forms.failed(response)
    expect.check(isinstance(body.get("value"), str | list) and body["value"], response, "a text as value")


@pytest.mark.claim("slv.set.replace-several")
def test_several_nodes_are_replaced_at_once(workshop: Workshop) -> None:
    """Device and address, one after the other; value has one word for each."""
    lamps = [workshop.make_device(), workshop.make_device()]
    response = workshop.call(
        "replaceOLCs",
        controllerStrId=[each["controllerStrId"] for each in lamps],
        idOnController=[each["idOnController"] for each in lamps],
        newNetworkId=["0013500500abcd01", "0013500500abcd02"],
    )
    expect.check(forms.succeeded(response) == ["OK", "OK"], response, 'the value ["OK", "OK"]')
    addresses = [str(workshop.last(each, "MacAddress")).lower() for each in lamps]
    assert addresses == ["0013500500abcd01", "0013500500abcd02"]
