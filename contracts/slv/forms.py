"""What this suite expects of answers, and what it reads of them. Whatever else comes is the target's fault."""

from __future__ import annotations

import re
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from vendorlab.contracts.core import expect

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from xml.etree.ElementTree import Element

    import httpx

    from vendorlab.contracts.slv.methods import Method

CONTROLLER = "controllerdevice"
"""The idOnController and the category of every controller."""
TIME = "%Y-%m-%d %H:%M:%S"
DAY_FIRST = "%d/%m/%Y %H:%M:%S"
XML = ("text/xml", "application/xml")
REALM = 'Basic realm="Authentication required"'

_NONE = type(None)
_NUMBER = (int, float)
_DEVICE: Mapping[str, type | tuple[type, ...]] = {
    "id": int,
    "type": (str, _NONE),
    "name": str,
    "controllerStrId": str,
    "idOnController": str,
    "categoryStrId": str,
    "geoZoneId": int,
    "geoZoneNamesPath": str,
    "lat": _NUMBER,
    "lng": _NUMBER,
}
_LOGGED: Mapping[str, type | tuple[type, ...]] = {
    "deviceId": int,
    "controllerStrId": str,
    "idOnController": str,
    "name": str,
    "eventTime": str,
    "updateTime": str,
    "status": str,
}
_TRACE = re.compile(r"Traceback \(most recent call last\)|\bat [\w.$]+\([\w.]+\.java:\d+\)|Caused by: ")
_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", re.ASCII)


# --- both serialisations ---------------------------------------------------------------------------------------------


def json_value(response: httpx.Response) -> Any:
    """Expect 200 and JSON, and return it."""
    __tracebackhide__ = True
    expect.status(response, 200)
    return expect.json_body(response)


def xml_root(response: httpx.Response, name: str | None = None) -> Element:
    """Expect 200 and XML, said to be so, and return its root; of a certain name, if one is given."""
    __tracebackhide__ = True
    expect.status(response, 200)
    expect.check(expect.media_type(response) in XML, response, " or ".join(XML))
    try:
        root: Element = fromstring(response.content)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise AssertionError(f"{response.request.url.path} was not answered in XML: {error}") from None
    expect.check(name in {None, root.tag}, response, f"the root {name}")
    return root


def json_of(response: httpx.Response) -> dict[str, Any]:
    """Expect 200 and a JSON object."""
    __tracebackhide__ = True
    return expect.json_object(response)


def rows(response: httpx.Response) -> list[dict[str, Any]]:
    """Expect 200 and a JSON array of objects."""
    __tracebackhide__ = True
    return expect.json_objects(response)


# --- results ---------------------------------------------------------------------------------------------------------


def is_zero(code: object) -> bool:
    """Whether an errorCode says that all is well; it comes as a number or as text."""
    return str(code) == "0" and not isinstance(code, bool)


def check_result(response: httpx.Response, body: Mapping[str, Any]) -> None:
    """Expect the members of an SLVResult to agree with each other."""
    __tracebackhide__ = True
    expect.fields(response, body, {"errorCode": (int, str), "status": str, "statusOk": bool, "statusError": bool})
    good = is_zero(body["errorCode"])
    expected = ("OK", True, False) if good else ("ERROR", False, True)
    said = (body["status"], body["statusOk"], body["statusError"])
    expect.check(said == expected, response, f"status, statusOk and statusError to be {expected}")


def succeeded(response: httpx.Response) -> Any:
    """Expect an SLVResult of a success and return its value."""
    __tracebackhide__ = True
    body = json_of(response)
    check_result(response, body)
    expect.check(is_zero(body["errorCode"]), response, "errorCode 0")
    expect.check("value" in body, response, "a value")
    return body["value"]


def failed(response: httpx.Response) -> dict[str, Any]:
    """Expect an SLVResult of a failure, with 200, and return it."""
    __tracebackhide__ = True
    body = json_of(response)
    expect.fields(response, body, {"errorCode": (int, str), "status": str})
    expect.check(not is_zero(body["errorCode"]), response, "an errorCode other than 0")
    expect.check(body["status"] == "ERROR", response, "the status ERROR")
    no_trace(response)
    return body


def no_trace(response: httpx.Response) -> None:
    """Expect that nothing of the server's inside is shown."""
    __tracebackhide__ = True
    expect.check(not _TRACE.search(response.text), response, "no stack trace")


def no_batch(response: httpx.Response) -> None:
    """Expect a batch that was not begun, or is not there: the status ERROR, and nothing that runs."""
    __tracebackhide__ = True
    body = json_of(response)
    expect.fields(response, body, {"status": str})
    expect.check(body["status"] == "ERROR", response, "the status ERROR")
    expect.check(not body.get("batchRunning"), response, "nothing that runs")
    expect.check("errorCode" not in body or not is_zero(body["errorCode"]), response, "no errorCode 0")
    no_trace(response)


def refused(response: httpx.Response, method: Method, *statuses: int) -> None:
    """Expect a refusal in a method's own way: told in the answer if it can be, else by a status and a text."""
    __tracebackhide__ = True
    if method.answer.has_error_member:
        (no_batch if method.answer.schema == "Batch" else failed)(response)
        return
    expect.status(response, *(statuses or (400, 404, 500)))
    expect.check(expect.media_type(response).startswith("text/"), response, "a text")
    no_trace(response)


def refused_or_empty(response: httpx.Response) -> None:
    """Expect a refusal by status and text, or an empty list: where either would do."""
    __tracebackhide__ = True
    if response.status_code == 200:
        expect.check(json_value(response) == [], response, "an empty list or a refusal")
        return
    expect.status(response, 400, 404, 500)
    no_trace(response)


def acknowledged(response: httpx.Response) -> None:
    """Expect the word OK alone."""
    __tracebackhide__ = True
    expect.check(json_value(response) == "OK", response, 'the string "OK"')


def batch(response: httpx.Response) -> dict[str, Any]:
    """Expect a batch."""
    __tracebackhide__ = True
    body = json_of(response)
    expect.fields(response, body, {"batchId": (str, int), "batchRunning": bool, "status": str})
    return body


# --- things ----------------------------------------------------------------------------------------------------------


def device(response: httpx.Response, row: Mapping[str, Any]) -> None:
    """Expect a device."""
    __tracebackhide__ = True
    expect.fields(response, row, _DEVICE)
    expect.check(-90 <= row["lat"] <= 90 and -180 <= row["lng"] <= 180, response, "a place on Earth")
    properties: Any = row.get("properties")
    expect.check(isinstance(properties, list | None), response, "properties to be a list or null")
    for each in cast("list[Any]", properties or []):
        expect.check(
            isinstance(each, dict) and {"key", "value"} <= each.keys(), response, "properties of key and value"
        )


def devices(response: httpx.Response) -> list[dict[str, Any]]:
    """Expect a list of devices."""
    __tracebackhide__ = True
    found = rows(response)
    for row in found:
        device(response, row)
    return found


def found_devices(response: httpx.Response) -> list[dict[str, Any]]:
    """Expect a result whose value is a list of devices."""
    __tracebackhide__ = True
    value = succeeded(response)
    expect.check(isinstance(value, list), response, "a list as value")
    for row in cast("Sequence[Any]", value):
        expect.check(isinstance(row, dict), response, "objects in the list")
        device(response, row)
    return cast("list[dict[str, Any]]", value)


def one_device(response: httpx.Response) -> dict[str, Any]:
    """Expect one device, bare."""
    __tracebackhide__ = True
    body = json_of(response)
    device(response, body)
    return body


def zone(response: httpx.Response, row: Mapping[str, Any]) -> None:
    """Expect a geozone."""
    __tracebackhide__ = True
    expect.fields(response, row, {"id": int, "name": str})
    for name in ("latMin", "latMax", "lngMin", "lngMax", "parentId"):
        expect.check(isinstance(row.get(name), (*_NUMBER, _NONE)), response, f"{name} to be a number or null")


def zones(response: httpx.Response) -> list[dict[str, Any]]:
    """Expect a list of geozones."""
    __tracebackhide__ = True
    found = rows(response)
    for row in found:
        zone(response, row)
    return found


def one_zone(response: httpx.Response) -> dict[str, Any]:
    """Expect one geozone, bare."""
    __tracebackhide__ = True
    body = json_of(response)
    zone(response, body)
    return body


def logged(response: httpx.Response) -> list[dict[str, Any]]:
    """Expect a list of log values."""
    __tracebackhide__ = True
    found = rows(response)
    for row in found:
        expect.fields(response, row, _LOGGED)
        expect.check("value" in row, response, "a value")
        expect.check(row["status"] in {"OK", "ERROR"}, response, "the status OK or ERROR")
        for name in ("eventTime", "updateTime"):
            moment(response, row[name])
    return found


def moment(response: httpx.Response, text: str) -> datetime:
    """Expect a time as the server writes it, without a zone, and return it."""
    __tracebackhide__ = True
    expect.check(_TIME.fullmatch(text), response, f"a time yyyy-MM-dd HH:mm:ss, not {text!r}")
    try:
        return datetime.strptime(text, TIME)  # noqa: DTZ007 - the server's zone is not told
    except ValueError:
        raise AssertionError(f"{text!r} is no time") from None


def key_values(response: httpx.Response) -> dict[str, Any]:
    """Expect a list of keys and values and return it as a dictionary."""
    __tracebackhide__ = True
    found = rows(response)
    for row in found:
        expect.fields(response, row, {"key": str})
        expect.check("value" in row, response, "a value for each key")
    return {row["key"]: row["value"] for row in found}


def named(response: httpx.Response, listed: Any) -> dict[str, Any]:
    """Expect a list of things with id and name, as schedules have, and return their names by id as text."""
    __tracebackhide__ = True
    expect.check(isinstance(listed, list), response, "a list as value")
    for row in cast("list[Any]", listed):
        expect.check(isinstance(row, dict), response, "objects in the list")
        expect.fields(response, row, {"id": (int, str), "name": str})
    return {str(row["id"]): row["name"] for row in cast("list[dict[str, Any]]", listed)}


# --- refusals at the door --------------------------------------------------------------------------------------------


def login_page(response: httpx.Response) -> None:
    """Expect the page to log in at: with 200, in HTML, whatever was asked for."""
    __tracebackhide__ = True
    expect.status(response, 200)
    expect.check(expect.media_type(response) == "text/html", response, "text/html")
    expect.check("j_security_check" in response.text, response, "a form that leads to j_security_check")


def csrf_required(response: httpx.Response) -> None:
    """Expect the refusal of a call without the token of its session."""
    __tracebackhide__ = True
    expect.status(response, 403)
    required = str(response.headers.get("X-CSRF-Token", "")).lower() == "required"
    expect.check(required, response, "the header X-CSRF-Token: Required")


def forbidden(response: httpx.Response) -> None:
    """Expect the refusal of somebody who is known and may not: by status, or told in the answer."""
    __tracebackhide__ = True
    if response.status_code == 200:
        failed(response)
        return
    expect.status(response, 403)
    no_trace(response)
