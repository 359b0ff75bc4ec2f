"""What cannot be done, and how each answer says so; never with the server's inside."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.core import expect
from vendorlab.contracts.slv import forms
from vendorlab.contracts.slv.api import JSON, PATH, SERVLET, XML, Api, Session
from vendorlab.contracts.slv.methods import API, BY_NAME, METHODS, SERVICES, WRITES, Method, servlet

if TYPE_CHECKING:
    from vendorlab.contracts.slv.estate import Estate

pytestmark = pytest.mark.vendorlab("slv")

_NOBODY = "vendorlabnosuch"
_NO_ID = 2147483646
_KEY: dict[str, object] = {"controllerStrId": _NOBODY, "idOnController": _NOBODY}
_ITEM: dict[str, object] = {"fromMonth": 1, "fromDayInMonth": 1, "toMonth": 12, "toDayInMonth": 31}
_SUNSET = {"level": 40, "startSunEvent": "SUNSET", "startOffsetInSeconds": 0}
_NIGHT = {"level": 40, "startHour": 0, "startMinute": 0, "startSecond": 0}
_BOUNDS = {"latMin": 0, "latMax": 1, "lngMin": 0, "lngMax": 1}
IN_VAIN: dict[str, dict[str, object]] = {
    "createUser": {"profilName": _NOBODY, "login": _NOBODY, "password": "Vl-0123456789-x"},
    "createProfil": {"profilName": _NOBODY, "geoZoneId": _NO_ID},
    "updateProfilProperties": {"profilName": _NOBODY, "property.locale": "en_US"},
    "changePassword": {"previousPassword": _NOBODY, "newPassword": "Vl-0123456789-x"},
    "deleteUser": {"login": _NOBODY},
    "deleteProfil": {"profilName": _NOBODY},
    "createCategoryDevice": {
        **_KEY, "userName": _NOBODY, "categoryStrId": "streetlight", "geoZoneId": _NO_ID, "lat": 0, "lng": 0,
    },
    "deleteDevice": _KEY,
    "createGeozone": {"name": _NOBODY, "parentId": _NO_ID, **_BOUNDS},
    "deleteGeozone": {"geozoneId": _NO_ID, "pullUpContent": False},
    "setDeviceValues": {**_KEY, "valueName": "power", "value": "90", "doLog": True},
    "setDevicesValues": {**_KEY, "valueName": "power", "value": "90", "doLog": True},
    "commissionControllerAsync": {"controllerStrId": _NOBODY, "flags": 7},
    "commissionControllerDevicesListAsync": _KEY,
    "replaceOLCs": {**_KEY, "newNetworkId": "0013500500abcdef"},
    "switchOn": _KEY,
    "switchOff": _KEY,
    "setDimmingLevels": {**_KEY, "dimmingLevel": 40},
    "exitManualModes": _KEY,
    "createSchedule": {"name": _NOBODY, "category": "STREETLIGHT_DIMMING", "timeline": _NOBODY},
    "addSunEventDayTimeScheduleEvent": {"scheduleId": _NO_ID, **_SUNSET},
    "addAbsoluteDayTimeScheduleEvent": {"scheduleId": _NO_ID, **_NIGHT},
    "deleteSchedule": {"scheduleId": _NO_ID},
    "createScheduler": {"name": _NOBODY, "category": _NOBODY},
    "addEveryYearSchedulerItemAt": {"scheduleId": _NO_ID, "schedulerId": _NO_ID, **_ITEM},
    "deleteScheduler": {"schedulerId": _NO_ID},
    "commissionControllersSchedulers": {"schedulerId": _NO_ID, "controllerStrId": _NOBODY},
    "updateAlarmDefinition": {"alarmDefinitionId": _NO_ID, "alarmName": _NOBODY},
    "deleteAlarmDefinition": {"alarmDefinitionId": _NO_ID},
}  # fmt: skip
"""For each method that writes, parameters with which there is nothing that it could do."""
_VAIN_READS: dict[str, dict[str, object]] = {
    "getDevice": _KEY,
    "getDeviceValueDescriptors": _KEY,
    "getDeviceFormattedMeteringValues": _KEY,
    "getSystemTimeStringInLocalTime": {"controllerStrId": _NOBODY},
    "getControllerDevices": {"controllerStrId": _NOBODY},
    "getGeozoneDevices": {"geozoneId": _NO_ID},
    "getGeozoneChildrenGeozones": {"geozoneId": _NO_ID},
}
_LISTS = {"getControllerDevices", "getGeozoneDevices", "getGeozoneChildrenGeozones"}
_NEEDY = [each for each in METHODS if any(parameter.required for parameter in each.parameters)]
_HOSTILE = ("' OR '1'='1", "<!DOCTYPE x>", "&lol9;", "../../etc/passwd", "\x00", "%s%n", "x" * 5_000)
_UNWILLING = {"getBatchResult", "getGeoZoneDevicesLastValuesAsArray"}
"""Methods whose parameter has two names: which of them is missing cannot be told."""


def _marked(method: Method) -> object:
    return pytest.param(method, id=method.name, marks=pytest.mark.needs("write") if method.writes else [])


# --- unknown things --------------------------------------------------------------------------------------------------


@pytest.mark.claim("slv.refusal.everywhere")
@pytest.mark.needs("write")
@pytest.mark.parametrize("verb", ["GET", "POST"])
@pytest.mark.parametrize("style", [PATH, SERVLET])
@pytest.mark.parametrize("method", WRITES, ids=lambda m: m.name)
def test_write_to_nothing_is_refused(api: Api, session: Session, method: Method, style: str, verb: str) -> None:
    """In either style and by either verb, in the method's own way."""
    response = api.call(session, method, IN_VAIN.get(method.name), style=style, verb=verb)
    forms.refused(response, method, 400, 403, 404, 500)


@pytest.mark.claim("slv.refusal.result")
@pytest.mark.needs("write")
@pytest.mark.parametrize("name", ["setDeviceValues", "switchOn", "setDimmingLevels", "replaceOLCs", "deleteSchedule"])
def test_refusal_in_a_result_has_all_its_members(api: Api, session: Session, name: str) -> None:
    """200, an errorCode other than 0, and status, statusOk and statusError that agree with it."""
    response = api.call(session, name, IN_VAIN[name])
    body = forms.failed(response)
    forms.check_result(response, body)
    told = body.get("message") or body.get("errorCodeLabel")
    expect.check(isinstance(told, str) and told, response, "a message or an errorCodeLabel")


@pytest.mark.claim("slv.refusal.result-xml")
@pytest.mark.needs("write")
@pytest.mark.parametrize("style", [PATH, SERVLET])
def test_refusal_in_xml_says_the_same(api: Api, session: Session, style: str) -> None:
    """Under the same root as a success."""
    response = api.call(session, "switchOn", IN_VAIN["switchOn"], style=style, ser=XML)
    root = forms.xml_root(response, "com.dotv.streetlightserver.api.data.SLVResult")
    expect.check(root.findtext("errorCode") not in {None, "", "0"}, response, "an errorCode other than 0")
    expect.check(root.findtext("status") == "ERROR", response, "the status ERROR")
    expect.check(root.findtext("statusOk") == "false", response, "statusOk false")


@pytest.mark.claim("slv.refusal.bare")
@pytest.mark.parametrize("style", [PATH, SERVLET])
@pytest.mark.parametrize("name", ["getDevice", "getDeviceValueDescriptors", "getSystemTimeStringInLocalTime"])
def test_unknown_device_where_no_error_member_is_gets_a_500(api: Api, session: Session, name: str, style: str) -> None:
    """A text, since a bare object has nowhere to tell it."""
    forms.refused(api.call(session, name, _VAIN_READS[name], style=style), BY_NAME[name], 500)


@pytest.mark.claim("slv.refusal.lists")
@pytest.mark.parametrize("style", [PATH, SERVLET])
@pytest.mark.parametrize("name", sorted(_LISTS))
def test_list_below_nothing_is_empty_or_refused(api: Api, session: Session, name: str, style: str) -> None:
    """Nobody tells which; but nothing of anything else."""
    forms.refused_or_empty(api.call(session, name, _VAIN_READS[name], style=style))


@pytest.mark.claim("slv.refusal.value-name")
def test_unknown_value_name_has_nothing_logged(api: Api, session: Session, estate: Estate) -> None:
    """An empty list, or a refusal."""
    params = estate.window() | {"name": "VendorlabNoSuchValue"}
    forms.refused_or_empty(api.call(session, "getDevicesLogValues", params))


# --- bad parameters --------------------------------------------------------------------------------------------------


@pytest.mark.claim("slv.refusal.missing")
@pytest.mark.parametrize("style", [PATH, SERVLET])
@pytest.mark.parametrize("method", [_marked(each) for each in _NEEDY if each.name not in _UNWILLING])
def test_call_without_what_it_needs_is_refused(api: Api, session: Session, method: Method, style: str) -> None:
    """No parameters at all."""
    forms.refused(api.call(session, method, style=style), method, 400, 403, 500)


@pytest.mark.claim("slv.refusal.date")
@pytest.mark.parametrize("time", ["yesterday", "", "2026-02-30 00:00:00", "2026-13-01 00:00:00", "32/01/2026 00:00:00"])
@pytest.mark.parametrize("edge", ["from", "to"])
def test_window_without_times_is_refused(api: Api, session: Session, estate: Estate, edge: str, time: str) -> None:
    """Neither of the two forms, or a day that no month has."""
    response = api.call(session, "getDevicesLogValues", estate.window() | {edge: time})
    forms.refused(response, BY_NAME["getDevicesLogValues"], 400, 500)


@pytest.mark.claim("slv.refusal.number")
@pytest.mark.parametrize("text", ["x", "1.5", "0x10", "9" * 40, "", "1 2", "٣"])
def test_id_that_is_no_number_is_refused(api: Api, session: Session, text: str) -> None:
    """Not taken for another."""
    response = api.call(session, "getGeozoneDevices", {"geozoneId": text})
    forms.refused(response, BY_NAME["getGeozoneDevices"], 400, 500)


@pytest.mark.claim("slv.refusal.number")
@pytest.mark.parametrize("text", ["north", "", "NaN", "1,5", "--1"])
def test_bound_that_is_no_number_is_refused(api: Api, session: Session, estate: Estate, text: str) -> None:
    """Nor is it taken for none."""
    response = api.call(session, "getDevicesInBounds", estate.bounds() | {"latMin": text})
    forms.refused(response, BY_NAME["getDevicesInBounds"], 400, 500)


@pytest.mark.claim("slv.refusal.operator")
def test_unknown_operator_is_refused(api: Api, session: Session, estate: Estate) -> None:
    """In the result."""
    forms.failed(api.call(session, "searchDevicesExt", estate.search("vendorlab", "x")))


@pytest.mark.claim("slv.refusal.hostile")
@pytest.mark.parametrize("style", [PATH, SERVLET])
@pytest.mark.parametrize("text", _HOSTILE)
def test_hostile_text_finds_nothing(api: Api, session: Session, text: str, style: str) -> None:
    """It is a name like any other, that nothing has."""
    forms.refused_or_empty(api.call(session, "searchGeozones", {"name": text}, style=style))


@pytest.mark.claim("slv.refusal.bomb")
@pytest.mark.needs("write")
def test_xml_bomb_does_not_go_off(api: Api, session: Session) -> None:
    """Sent where a file is taken: an error, soon, and nothing expanded."""
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    bomb = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "lol">{levels}]><x>&l9;</x>'
    method = BY_NAME["importDevicesFromCsvFileAsync"]
    headers = {**session.headers, "Content-Type": "application/xml"}
    response = api.http.post(method.path, params={"ser": "json"}, content=bomb.encode(), headers=headers)
    expect.check(len(response.content) < 100_000, response, "nothing expanded")
    forms.no_trace(response)
    if response.status_code == 200:
        expect.fields(response, forms.json_of(response), {"status": str})
    else:
        expect.status(response, 400, 415, 500)


@pytest.mark.claim("slv.refusal.ser")
@pytest.mark.parametrize("ser", ["yaml", "", "JSONP"])
def test_serialisation_that_there_is_not_is_refused_or_xml(api: Api, session: Session, ser: str) -> None:
    """Never JSON."""
    response = api.ask(session, BY_NAME["getAllGeozones"].path, [("ser", ser)])
    if response.status_code == 200:
        forms.xml_root(response, "SLVGeoZone-array")
    else:
        expect.status(response, 400, 500)
        forms.no_trace(response)


# --- nowhere ---------------------------------------------------------------------------------------------------------


@pytest.mark.claim("slv.nowhere.method")
@pytest.mark.parametrize("verb", ["GET", "POST"])
@pytest.mark.parametrize("service", SERVICES)
def test_unknown_method_is_not_found(api: Api, session: Session, service: str, verb: str) -> None:
    """In either style: 404."""
    pairs = [("ser", JSON)]
    nowhere = api.ask(session, f"{API}/{service}/vendorlabNoSuchMethod", pairs, verb=verb)
    expect.status(nowhere, 404)
    named = api.ask(session, servlet(service), [("methodName", "vendorlabNoSuchMethod"), *pairs], verb=verb)
    expect.status(named, 404)
    for response in (nowhere, named):
        forms.no_trace(response)


@pytest.mark.claim("slv.nowhere.service")
@pytest.mark.parametrize("path", ["vendorlab/getDevice", "servlet/SLVVendorlabAPI", "servlet/asset"])
def test_unknown_service_is_not_found(api: Api, session: Session, path: str) -> None:
    """As an unknown method."""
    response = api.ask(session, f"{API}/{path}", [("methodName", "getDevice"), ("ser", JSON)])
    expect.status(response, 404)
    forms.no_trace(response)


@pytest.mark.claim("slv.nowhere.other-service")
@pytest.mark.parametrize("style", [PATH, SERVLET])
def test_method_of_another_service_is_not_found(api: Api, session: Session, style: str) -> None:
    """Each belongs to one."""
    path = f"{API}/dimming/getDevice" if style == PATH else servlet("dimming")
    pairs = [*api.named(BY_NAME["getDevice"], style), ("ser", JSON)]
    expect.status(api.ask(session, path, pairs), 404)


@pytest.mark.claim("slv.nowhere.no-method")
def test_servlet_without_a_method_is_refused(api: Api, session: Session) -> None:
    """There is nothing to do."""
    for verb in ("GET", "POST"):
        response = api.ask(session, servlet("asset"), [("ser", JSON)], verb=verb)
        expect.status(response, 400, 404, 500)
        forms.no_trace(response)


@pytest.mark.claim("slv.nowhere.case")
def test_names_of_methods_have_their_case(api: Api, session: Session) -> None:
    """Letters are not interchangeable."""
    expect.status(api.ask(session, f"{API}/asset/GETALLGEOZONES", [("ser", JSON)]), 404)
