"""A fake Streetlight.Vision for the client's tests, written from what is published of it and not from `mocks`."""

from __future__ import annotations

import itertools
import json
import threading
from base64 import b64decode
from collections import deque
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs
from xml.sax.saxutils import escape
from zoneinfo import ZoneInfo

import httpx
from tests.clients.django_fake import FakeClock, Fault

from vendorlab.clients.core.reading import is_list, is_object

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ORIGIN = "http://vendor.test"
USERNAME, PASSWORD = "ada", "corréct: horse"
ZONE = ZoneInfo("America/New_York")
WALL = datetime(2026, 11, 21, 12, tzinfo=UTC)
ENERGY = "Energy"

LOGIN_PAGE = (
    '<!DOCTYPE html>\n<html><form action="j_security_check"><input type="password" name="j_password"></form></html>'
)
OTHER_PAGE = "<html><body>Back soon.</body></html>"

LAMP: dict[str, Any] = {
    "id": 7,
    "type": "device",
    "name": "Main St 7",
    "controllerStrId": "C1",
    "idOnController": "L7",
    "categoryStrId": "streetlight",
    "nodeTypeStrId": None,
    "technologyStrId": "talq",
    "modelName": "Node <1> & co",
    "address": "",
    "functionId": None,
    "geoZoneId": 4,
    "geoZoneNamesPath": "GeoZones/North",
    "lat": 40.75,
    "lng": -73.5,
    "properties": [{"key": "power", "value": 100.5}, {"key": "MacAddress", "value": "00135005000000a1"}],
    "inHouse": "kept",
}
CONTROLLER: dict[str, Any] = LAMP | {
    "id": 1,
    "name": "Cabinet",
    "idOnController": "controllerdevice",
    "categoryStrId": "controllerdevice",
    "properties": None,
}
GEOZONE: dict[str, Any] = {
    "id": 4, "name": "North", "parentId": 1, "latMin": 40.0, "latMax": 41.0, "lngMin": -74.0, "lngMax": -73.0,
}  # fmt: skip
RESULT_ROOT = "com.dotv.streetlightserver.api.data.SLVResult"


@dataclass
class Answer:
    """What a method answers: a value, the name of its XML root, and that of the items of its lists."""

    value: Any
    root: str
    item: str = "string"


def result(value: Any, item: str = "string", code: int | str = 0, **members: Any) -> Answer:
    is_good = str(code) == "0"
    body = {
        "errorCode": code,
        "errorCodeLabel": None,
        "message": None,
        "status": "OK" if is_good else "ERROR",
        "statusOk": is_good,
        "statusError": not is_good,
        "value": value,
    }
    return Answer(body | members, RESULT_ROOT, item)


def xml(value: Any, name: str, item: str = "string") -> str:
    """Write a value as the vendor does: members by name, items by class, null not at all."""
    if value is None:
        return ""
    if is_object(value):
        inner = "".join(xml(v, n, "SLVKeyValuePair" if n == "properties" else item) for n, v in value.items())
    elif is_list(value):
        inner = "".join(xml(each, item, item) for each in value)
    else:
        inner = json.dumps(value) if isinstance(value, bool) else escape(str(value))
    return f"<{name}>{inner}</{name}>"


@dataclass
class FakeVendor:
    """The server; `requests` is what it was asked, in order.

    Attributes:
        version: "7.7" knows Basic only, "7.12" wants a CSRF token.
        takes_basic: Whether Basic is let in at all, or answered with the login page.
        forced: The form that every answer has, whatever was asked for.
        log: Moments and values of device 7.
    """

    version: str = "7.12"
    takes_basic: bool = True
    forced: str | None = None
    inclusive: bool = True
    newest_first: bool = False
    clock: Callable[[], float] = field(default_factory=FakeClock)
    requests: list[httpx.Request] = field(default_factory=list[httpx.Request])
    faults: deque[Fault | None] = field(default_factory=deque[Fault | None])
    sessions: dict[str, str | None] = field(default_factory=dict[str, str | None])
    anonymous: set[str] = field(default_factory=set[str])
    secrets: set[str] = field(default_factory=set[str])
    log: dict[datetime, float] = field(default_factory=dict[datetime, float])
    answers: dict[str, Answer | httpx.Response] = field(default_factory=dict[str, Answer | httpx.Response])
    batch_looks: int = 2
    windows: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._serial = itertools.count(1)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        request.read()
        with self._lock:
            self.requests.append(request)
            fault = self.faults.popleft() if self.faults else None
            return fault(request, self._route) if fault else self._route(request)

    # What tests look at and do

    def paths(self) -> list[str]:
        return [request.url.path.removeprefix("/reports").removeprefix("/api") for request in self.requests]

    def calls(self) -> list[httpx.Request]:
        """What was asked beside getting in."""
        ways_in = ("/auth.json", "/j_security_check")
        return [
            request
            for request in self.requests
            if not request.url.path.endswith(ways_in) and request.headers.get("X-CSRF-Token") != "Fetch"
        ]

    def logins(self) -> int:
        """How often somebody asked to be let in."""
        return sum(request.headers.get("X-CSRF-Token") == "Fetch" for request in self.requests)

    def end_sessions(self) -> None:
        self.sessions.clear()

    def change_tokens(self) -> None:
        """The sessions live on, with other tokens."""
        for session in self.sessions:
            self.sessions[session] = self._secret("token")

    # What it does

    def _secret(self, kind: str) -> str:
        secret = f"{kind}-{next(self._serial):08d}"
        self.secrets.add(secret)
        return secret

    def _route(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path == "/reports/auth.json":
            session = self._secret("session")
            self.anonymous.add(session)
            return httpx.Response(
                200, json={"status": "guest"}, headers={"Set-Cookie": f"JSESSIONID={session}; Path=/reports"}
            )
        if path == "/reports/j_security_check":
            return self._form_login(request)
        if (refused := self._keep_out(request)) is not None:
            return refused
        return self._api(request)

    def _form_login(self, request: httpx.Request) -> httpx.Response:
        form = {name: values[0] for name, values in parse_qs(request.content.decode()).items()}
        session = _cookie(request)
        if session not in self.anonymous:
            return httpx.Response(408, html="<html>The time allowed for the login process has been exceeded</html>")
        if (form.get("j_username"), form.get("j_password")) != (USERNAME, PASSWORD):
            return httpx.Response(302, headers={"Location": "/reports/login?error"})
        self.anonymous.discard(session)
        fresh = self._secret("session")
        self.sessions[fresh] = None
        return httpx.Response(302, headers={"Location": "/reports/", "Set-Cookie": f"JSESSIONID={fresh}; HttpOnly"})

    def _keep_out(self, request: httpx.Request) -> httpx.Response | None:
        session, basic = _cookie(request), _basic(request)
        is_fetch = request.headers.get("X-CSRF-Token") == "Fetch"
        if basic is not None and self.takes_basic:
            if basic != f"{USERNAME}:{PASSWORD}":
                return httpx.Response(401, headers={"WWW-Authenticate": 'Basic realm="Authentication required"'})
            if self.version == "7.7":
                return None
            if not is_fetch:
                return httpx.Response(403, headers={"X-CSRF-Token": "Required"}, text="")
            session = self._secret("session")
            self.sessions[session] = None
            return self._fetched(request, session, is_new=True)
        if session not in self.sessions:
            return httpx.Response(200, html=LOGIN_PAGE)
        if self.version == "7.7":
            return None
        if is_fetch:
            return self._fetched(request, session, is_new=False)
        if request.headers.get("X-CSRF-Token") != self.sessions[session]:
            return httpx.Response(403, headers={"X-CSRF-Token": "Required"}, text="")
        return None

    def _fetched(self, request: httpx.Request, session: str, *, is_new: bool) -> httpx.Response:
        self.sessions[session] = token = self._secret("token")
        response = self._api(request)
        response.headers["X-CSRF-Token"] = token
        if is_new:
            response.headers["Set-Cookie"] = f"JSESSIONID={session}; Path=/reports; HttpOnly"
        return response

    def _api(self, request: httpx.Request) -> httpx.Response:
        given = parse_qs(request.url.query.decode(), keep_blank_values=True)
        if request.headers.get("Content-Type") == "application/x-www-form-urlencoded":
            given |= parse_qs(request.content.decode(), keep_blank_values=True)
        service, _, method = request.url.path.removeprefix("/reports/api/").partition("/")
        if service == "servlet":
            service, method = method, given["methodName"][0]
        answer = self.answers.get(method) or self._method(method, given)
        if isinstance(answer, httpx.Response):
            return answer
        form = self.forced or given.get("ser", ["xml"])[0]
        if form == "json":
            return httpx.Response(200, json=answer.value)
        text = f'<?xml version="1.0" encoding="UTF-8"?>\n{xml(answer.value, answer.root, answer.item)}'
        return httpx.Response(200, content=text.encode(), headers={"Content-Type": "text/xml;charset=UTF-8"})

    def _method(self, name: str, given: Mapping[str, list[str]]) -> Answer | httpx.Response:  # noqa: PLR0912 - a table
        match name.replace("GeoZone", "Geozone"):
            case "getCurrentUser":
                return Answer({"login": USERNAME, "profilName": "operators", "email": "ada@example.com"}, "SLVUser")
            case "getAllGeozones" | "searchGeozones" | "getGeozoneChildrenGeozones":
                root = {"id": 1, "name": "GeoZones", "parentId": None}
                return Answer([root, GEOZONE], "SLVGeoZone-array", "SLVGeoZone")
            case "getGeozoneRoot" | "createGeozone":
                return Answer(GEOZONE, "SLVGeoZone")
            case "getAllControllers":
                device = {"controllerStrId": "C1", "id": 1, "geoZoneId": 4}
                is_xml = (self.forced or given["ser"][0]) == "xml"
                item = {"strId": "C1", "name": "Cabinet"} | ({} if is_xml else {"controllerDevice": device})
                return Answer([item], "SLVController-array", "SLVController")
            case "getGeozoneDevices" | "getControllerDevices" | "getDevicesInBounds":
                return Answer([LAMP, CONTROLLER], "SLVDevice-array", "SLVDevice")
            case "searchDevicesExt":
                return result([LAMP], "SLVDevice")
            case "getDevice" | "createCategoryDevice":
                if given["idOnController"] == ["nobody"]:
                    return httpx.Response(500, text="Unknown device C1/nobody\n  at com.dotv")
                return Answer(LAMP, "SLVDevice")
            case "deleteDevice" | "deleteGeozone":
                return Answer("OK", "string")
            case "getDevicesLogValues":
                return self._log(given)
            case "getBatchResult":
                self.batch_looks -= 1
                return self._batch(given["batchId"][0], is_running=self.batch_looks > 0)
            case "importDevicesFromCsvFileAsync" | "commissionControllersSchedulers":
                return self._batch("b1", is_running=True)
            case _ if name.startswith("commission"):
                return self._batch("b1", is_running=True)
            case "createSchedule" | "createScheduler":
                return result(17)
            case "getSchedules" | "getSchedulers":
                return result(
                    [{"id": 17, "name": "Dusk to dawn", "category": "x"}], "com.slv.service.core.data.dto.SLVSchedule"
                )
            case _ if name.startswith(("set", "switch", "exit", "add", "delete", "replace")):
                return result("OK")
            case _:
                return httpx.Response(404, text="")

    def _batch(self, key: str, *, is_running: bool) -> Answer:
        return Answer(
            {"batchId": key, "batchRunning": is_running, "status": "OK", "batchProgressValue": -1}, "SLVBatchResult"
        )

    def _log(self, given: Mapping[str, list[str]]) -> Answer:
        first, last = given["from"][0], given["to"][0]
        self.windows.append((first, last))
        start, end = (moment_of(text) for text in (first, last))
        rows = [
            log_row(moment, value)
            for moment, value in sorted(self.log.items(), reverse=self.newest_first)
            if start < moment < end or (self.inclusive and moment in (start, end))
        ]
        is_asked_for = "7" in given["deviceId"] and ENERGY in given["name"]
        return Answer(rows if is_asked_for else [], "SLVDeviceValue-array", "SLVDeviceValue")


def moment_of(label: str) -> datetime:
    """Read a label as the server does; one that means two moments is a mistake of the client's."""
    wall = datetime.strptime(label, "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007
    moments = {wall.replace(tzinfo=ZONE, fold=fold).astimezone(UTC) for fold in (0, 1)}
    assert len(moments) == 1, f"{label} means two moments, or none"
    return moments.pop()


def log_row(moment: datetime, value: float) -> dict[str, Any]:
    label = moment.astimezone(ZONE).strftime("%Y-%m-%d %H:%M:%S")
    return {
        "deviceId": 7,
        "controllerStrId": "C1",
        "idOnController": "L7",
        "name": ENERGY,
        "value": str(value),
        "eventTime": label,
        "updateTime": label,
        "status": "OK",
        "meaningLabel": "Energy",
        "info": None,
        "eventTimeAgeInSeconds": 12,
        "errorMessage": None,
        "quality": "good",
    }


def hours_of(start: datetime, hours: int) -> dict[datetime, float]:
    """A log with one value an hour, from a moment on."""
    return {start.astimezone(UTC) + timedelta(hours=hour): float(hour) for hour in range(hours)}


def _cookie(request: httpx.Request) -> str:
    header = str(request.headers.get("Cookie", ""))
    found = [part.removeprefix("JSESSIONID=") for part in header.split("; ") if part.startswith("JSESSIONID=")]
    return found[0] if found else ""


def _basic(request: httpx.Request) -> str | None:
    scheme, _, text = request.headers.get("Authorization", "").partition(" ")
    return b64decode(text).decode() if scheme == "Basic" else None


def form_of(request: httpx.Request) -> dict[str, list[str]]:
    """The parameters in a request's form."""
    return parse_qs(request.content.decode(), keep_blank_values=True)


def query_of(request: httpx.Request) -> dict[str, list[str]]:
    """The parameters in a request's query."""
    return parse_qs(request.url.query.decode(), keep_blank_values=True)


def body(value: Any, status: int = 200, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): text for name, text in headers.items()}
    return httpx.Response(status, content=json.dumps(value), headers={"Content-Type": "application/json"} | named)
