"""Logged values and their descriptors, read."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest

from vendorlab.contracts.core import expect
from vendorlab.contracts.slv import forms
from vendorlab.contracts.slv.api import PATH, SERVLET
from vendorlab.contracts.slv.estate import CARD, LAMP, VALUE_NAMES, last_values, zone_values

if TYPE_CHECKING:
    from collections.abc import Sequence

    import httpx

    from vendorlab.contracts.slv.api import Api, Session
    from vendorlab.contracts.slv.estate import Estate

pytestmark = [pytest.mark.vendorlab("slv"), pytest.mark.usefixtures("still")]

_METERED = ("MeteredPower", "Energy", "MainVoltage")


def _key(row: dict[str, Any]) -> tuple[Any, ...]:
    return row["deviceId"], row["name"], row["eventTime"], row["value"]


def _keys(response: httpx.Response) -> set[tuple[Any, ...]]:
    __tracebackhide__ = True
    return {_key(row) for row in forms.logged(response)}


# --- windows ---------------------------------------------------------------------------------------------------------


@pytest.mark.claim("slv.log.window", "slv.log.form")
def test_window_holds_what_was_logged_in_it(api: Api, session: Session, estate: Estate) -> None:
    """Values of that device and that name, at times within, the one that was asked around among them."""
    params = estate.window()
    response = api.call(session, "getDevicesLogValues", params)
    rows = forms.logged(response)
    expect.check(rows, response, "the value that was logged")
    start, end = (forms.moment(response, str(params[name])) for name in ("from", "to"))
    for row in rows:
        told = (row["deviceId"], row["controllerStrId"], row["idOnController"], row["name"])
        asked = (estate.lamp["id"], *estate.key.values(), params["name"])
        expect.check(told == asked, response, f"values of {asked}")
        at = forms.moment(response, row["eventTime"])
        expect.check(start <= at <= end, response, f"times from {start} to {end}, not {at}")
    times = {row["eventTime"] for row in rows}
    expect.check(estate.logged["eventTime"] in times, response, f"the value of {estate.logged['eventTime']}")


@pytest.mark.claim("slv.log.window")
def test_window_includes_both_its_ends(api: Api, session: Session, estate: Estate) -> None:
    """One that begins and ends where the value was logged holds it."""
    at = estate.logged["eventTime"]
    response = api.call(session, "getDevicesLogValues", {**estate.window(), "from": at, "to": at})
    rows = forms.logged(response)
    expect.check([row["eventTime"] for row in rows] == [at], response, f"the value of {at}")


@pytest.mark.claim("slv.log.members")
def test_log_value_has_all_its_members(api: Api, session: Session, estate: Estate) -> None:
    """Those without anything to say are null."""
    response = api.call(session, "getDevicesLogValues", estate.window())
    for row in forms.logged(response):
        for name in ("meaningLabel", "info", "eventTimeAgeInSeconds", "errorMessage"):
            expect.check(name in row, response, f"a member {name}")
        expect.check(isinstance(row["eventTimeAgeInSeconds"], int | None), response, "an age in seconds, or null")
        good = row["status"] == "OK"
        expect.check(good or row["errorMessage"], response, "an errorMessage where the status is ERROR")


@pytest.mark.claim("slv.log.dates")
@pytest.mark.parametrize("style", [PATH, SERVLET])
def test_both_forms_of_dates_are_one_window(api: Api, session: Session, estate: Estate, style: str) -> None:
    """Year first with hyphens, and day first with slashes."""
    params = estate.window()
    first = api.call(session, "getDevicesLogValues", params, style=style)
    other = dict(params)
    for name in ("from", "to"):
        other[name] = forms.moment(first, str(params[name])).strftime(forms.DAY_FIRST)
    second = api.call(session, "getDevicesLogValues", other, style=style)
    expect.check(_keys(second) == _keys(first), second, f"what {params['from']} to {params['to']} gives")


@pytest.mark.claim("slv.log.repeated")
@pytest.mark.parametrize("verb", ["GET", "POST"])
def test_names_may_be_repeated(api: Api, session: Session, estate: Estate, verb: str) -> None:
    """Several names are one list, with what each alone gives."""
    params = estate.window()
    names = list(dict.fromkeys([str(params["name"]), *_METERED]))
    alone = [_keys(api.call(session, "getDevicesLogValues", {**params, "name": name})) for name in names]
    together = api.call(session, "getDevicesLogValues", {**params, "name": names}, verb=verb)
    expect.check(_keys(together) == set().union(*alone), together, "what each name alone gives")


@pytest.mark.claim("slv.log.repeated-devices")
def test_devices_may_be_repeated(api: Api, session: Session, estate: Estate) -> None:
    """As many as one asks for, in one list."""
    params = estate.window()
    rows = forms.devices(api.call(session, "getGeozoneDevices", {"geozoneId": estate.zone}))
    lamps = [row["id"] for row in rows if row["categoryStrId"] == LAMP][:3]
    alone = [_keys(api.call(session, "getDevicesLogValues", {**params, "deviceId": lamp})) for lamp in lamps]
    together = api.call(session, "getDevicesLogValues", {**params, "deviceId": lamps}, verb="POST")
    expect.check(_keys(together) == set().union(*alone), together, "what each device alone gives")


@pytest.mark.claim("slv.log.no-loss")
def test_window_cut_in_two_holds_the_same(api: Api, session: Session, estate: Estate) -> None:
    """Nothing is lost where two windows meet; what stands right there may be in both."""
    params = estate.window()
    whole = api.call(session, "getDevicesLogValues", params)
    start, end = (forms.moment(whole, str(params[name])) for name in ("from", "to"))
    middle = (start + (end - start) / 2).replace(microsecond=0)
    halves = [
        _keys(api.call(session, "getDevicesLogValues", params | _between(*edges)))
        for edges in ((start, middle), (middle, end))
    ]
    expect.check(halves[0] | halves[1] == _keys(whole), whole, "what its two halves hold")


@pytest.mark.claim("slv.log.nothing-yet")
def test_window_long_ago_is_empty(api: Api, session: Session, estate: Estate) -> None:
    """No error."""
    params = estate.window() | {"from": "1999-01-01 00:00:00", "to": "1999-01-02 00:00:00"}
    response = api.call(session, "getDevicesLogValues", params)
    expect.check(forms.json_value(response) == [], response, "an empty list")


def _between(start: datetime, end: datetime) -> dict[str, str]:
    return {"from": start.strftime(forms.TIME), "to": end.strftime(forms.TIME)}


# --- last values -----------------------------------------------------------------------------------------------------


@pytest.mark.claim("slv.log.last")
def test_last_values_are_the_logs_last(api: Api, session: Session, estate: Estate) -> None:
    """Nothing was logged after it."""
    name = str(estate.logged["name"])
    response = api.call(session, "getDeviceLastValues", last_values(estate.lamp, (name,)))
    rows = forms.rows(response)
    expect.check([row.get("name") for row in rows] == [name], response, f"{name} alone")
    at = forms.moment(response, str(rows[0].get("eventTime")))
    window = _between(at + timedelta(seconds=1), at + timedelta(days=1))
    later = api.call(session, "getDevicesLogValues", {"deviceId": estate.lamp["id"], "name": name, **window})
    expect.check(forms.logged(later) == [], later, f"nothing after {at}")


@pytest.mark.claim("slv.log.last-rows")
def test_last_values_of_a_geozone_are_rows(api: Api, session: Session, estate: Estate) -> None:
    """One list of lists, or of objects; as many as there are devices at most."""
    response = api.call(session, "getGeoZoneDevicesLastValuesAsArray", zone_values(estate.zone, VALUE_NAMES[:2]))
    found = forms.json_value(response)
    expect.check(isinstance(found, list) and found != [], response, "a list of rows")
    listed = cast("Sequence[Any]", found)
    expect.check(all(isinstance(row, list | dict) for row in listed), response, "lists or objects as rows")


# --- descriptors -----------------------------------------------------------------------------------------------------


@pytest.mark.claim("slv.log.descriptors")
def test_descriptors_name_the_values_of_a_device(api: Api, session: Session, estate: Estate) -> None:
    """With what a label and a unit are made of; what the log knows is among them."""
    for more in ({}, {"configFilePath": CARD}):
        response = api.call(session, "getDeviceValueDescriptors", estate.key | more)
        rows = forms.rows(response)
        for row in rows:
            expect.fields(response, row, {"name": str, "labelKey": (str, type(None))})
            expect.check(isinstance(row.get("dataFormat"), dict | None), response, "a dataFormat, or null")
        if not more:
            names = {row["name"] for row in rows}
            expect.check(estate.logged["name"] in names, response, f"a descriptor of {estate.logged['name']}")


@pytest.mark.claim("slv.log.virtual-descriptors")
def test_descriptors_of_a_category_list_its_choices(api: Api, session: Session) -> None:
    """Where a value is one of several, dataFormat numbers them: item[0].label, item[0].value."""
    params = {"propertyName": "categoryStrId", "propertyValue": LAMP, "configFilePath": CARD}
    response = api.call(session, "getVirtualDeviceValueDescriptors", params)
    formats: list[dict[str, Any]] = [row.get("dataFormat") or {} for row in forms.rows(response)]
    choices = [each for each in formats if "item[0].value" in each]
    expect.check(choices, response, "a descriptor with numbered choices")
    for each in choices:
        labels = {name.rpartition(".")[0] for name in each if name.startswith("item[") and name.endswith(".label")}
        values = {name.rpartition(".")[0] for name in each if name.startswith("item[") and name.endswith(".value")}
        expect.check(labels == values, response, "a label for each value")


# --- metering --------------------------------------------------------------------------------------------------------


@pytest.mark.claim("slv.dimming.metering")
def test_metering_values_are_told_as_they_are_shown(api: Api, session: Session, estate: Estate) -> None:
    """A list or an object that is not empty."""
    response = api.call(session, "getDeviceFormattedMeteringValues", estate.key)
    value = forms.json_value(response)
    expect.check(isinstance(value, list | dict) and value not in ([], {}), response, "values")
