"""The requests of SLV's suite, and its reading of answers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vendorlab.contracts.core.access import Access
from vendorlab.contracts.core.target import Target
from vendorlab.contracts.slv import forms
from vendorlab.contracts.slv.api import CSRF, NOBODY, SERVLET, Api, Session, spread
from vendorlab.contracts.slv.methods import BY_NAME
from vendorlab.contracts.slv.workshop import Workshop

if TYPE_CHECKING:
    from collections.abc import Callable

CREDENTIALS = {"username": "ada", "password": "hunter2"}
OK: dict[str, Any] = {"errorCode": 0, "errorCodeLabel": None, "message": None, "status": "OK", "statusOk": True,
                      "statusError": False, "value": "OK"}  # fmt: skip
ERROR: dict[str, Any] = {**OK, "errorCode": 4, "message": "no such device", "status": "ERROR", "statusOk": False,
                         "statusError": True, "value": None}  # fmt: skip
VERSION = [{"key": "version", "value": "7.7.1"}, {"key": "build", "value": "1"}]
LAMP: dict[str, Any] = {"id": 7, "type": "device", "name": "Lamp 7", "controllerStrId": "C1", "idOnController": "L7",
                        "categoryStrId": "streetlight", "geoZoneId": 2, "geoZoneNamesPath": "GeoZones/Old Town",
                        "lat": 40.7, "lng": -74.0, "properties": None}  # fmt: skip
LOGGED: dict[str, Any] = {"deviceId": 7, "controllerStrId": "C1", "idOnController": "L7", "name": "Energy",
                          "value": "1", "eventTime": "2026-11-20 12:00:00", "updateTime": "2026-11-20 12:00:01",
                          "status": "OK"}  # fmt: skip


class Line:
    """Answers one after the other, the last one for ever, and remembers what was asked."""

    def __init__(self, *answers: httpx.Response) -> None:
        self.sent: list[httpx.Request] = []
        self._answers = [*answers]

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]

    def access(self, budget: int | None = None) -> Access:
        return Access(Target("slv", "http://127.0.0.1:7074", CREDENTIALS), budget=budget,
                      transport=httpx.MockTransport(self))  # fmt: skip

    def api(self) -> Api:
        return Api(self.access())


def answer(body: Any, status: int = 200, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, json=body, headers=named, request=httpx.Request("GET", "http://t/x"))


def page(text: str, status: int = 200, kind: str = "text/html") -> httpx.Response:
    request = httpx.Request("GET", "http://t/x")
    return httpx.Response(status, text=text, headers={"Content-Type": kind}, request=request)


# --- requests --------------------------------------------------------------------------------------------------------


def test_call_is_written_in_either_style_with_its_spelling() -> None:
    line = Line(answer([]))
    params = {"geozoneId": 2, "recurse": True, "categoryStrId": ["streetlight", "switch"]}
    line.api().call(NOBODY, "getGeozoneDevices", params)
    line.api().call(NOBODY, "getGeozoneDevices", params, style=SERVLET, verb="POST", ser=None)
    path, servlet = line.sent
    assert (path.method, path.url.path) == ("GET", "/reports/api/asset/getGeozoneDevices")
    assert path.url.params.multi_items() == [
        ("geozoneId", "2"), ("recurse", "true"), ("categoryStrId", "streetlight"), ("categoryStrId", "switch"),
        ("ser", "json"),
    ]  # fmt: skip
    assert (servlet.method, servlet.url.path) == ("POST", "/reports/api/servlet/SLVAssetAPI")
    assert parse_qsl(servlet.content.decode()) == [
        ("methodName", "getGeoZoneDevices"), ("geoZoneId", "2"), ("recurse", "true"), ("categoryStrId", "streetlight"),
        ("categoryStrId", "switch"),
    ]  # fmt: skip


@given(st.dictionaries(st.text(min_size=1), st.text() | st.integers() | st.booleans() | st.lists(st.text())))
def test_parameters_of_any_kind_are_pairs_of_text(params: dict[str, Any]) -> None:
    pairs = spread(params)
    lists: list[list[str]] = [value for value in params.values() if isinstance(value, list)]
    assert len(pairs) == len(params) - len(lists) + sum(map(len, lists))
    assert all(isinstance(name, str) and isinstance(value, str) for name, value in pairs)


def test_token_and_cookies_are_kept_and_basic_is_not_repeated() -> None:
    fetched = answer({"login": "ada"}, X_CSRF_Token="t0ken-t0ken", Set_Cookie="JSESSIONID=s3ssion; Path=/; HttpOnly")
    line = Line(fetched, answer([]))
    api = line.api()
    session = api.sign_in()
    api.call(session, "getAllGeozones")
    assert dict(session.headers) == {CSRF: "t0ken-t0ken", "Cookie": "JSESSIONID=s3ssion"}
    first, second = line.sent
    assert first.headers["Authorization"].startswith("Basic ")
    assert first.headers[CSRF] == "Fetch"
    assert "Authorization" not in second.headers
    assert (second.headers[CSRF], second.headers["Cookie"]) == ("t0ken-t0ken", "JSESSIONID=s3ssion")


def test_secrets_that_pass_by_are_masked() -> None:
    access = Line(answer({"login": "ada"}, X_CSRF_Token="t0ken-t0ken", Set_Cookie="JSESSIONID=s3ssion")).access()
    session = Api(access).sign_in()
    text = f"{session.headers} Basic YWRhOmh1bnRlcjI= hunter2"
    assert all(secret not in access.secrets.mask(text) for secret in ("t0ken", "s3ssion", "YWRh", "hunter2"))
    assert "t0ken" not in repr(session)


def test_older_server_is_shown_basic_with_each_call() -> None:
    session = Line(answer({"login": "ada"}), answer(VERSION)).api().sign_in()
    assert [*session.headers] == ["Authorization"]


@pytest.mark.parametrize("version", ["7.8", "7.12.4", "10.0"])
def test_later_server_without_a_token_is_wrong(version: str) -> None:
    line = Line(answer({"login": "ada"}), answer([{"key": "version", "value": version}]))
    with pytest.raises(AssertionError, match="X-CSRF-Token"):
        line.api().sign_in()


@pytest.mark.parametrize("version", ["", "seven", "7", None, "\u0667.\u0668"])
def test_version_that_is_none_is_the_targets_fault(version: str | None) -> None:
    with pytest.raises(AssertionError, match=r"a version like 7\.12"):
        Line(answer([{"key": "version", "value": version}])).api().version(NOBODY)


def test_token_without_a_session_is_the_targets_fault() -> None:
    with pytest.raises(AssertionError, match="JSESSIONID"):
        Line(answer({"login": "ada"}, X_CSRF_Token="t0ken-t0ken")).api().sign_in()


def test_form_login_goes_on_with_the_cookie_that_it_was_given_last() -> None:
    line = Line(
        answer({}, Set_Cookie="JSESSIONID=before"), answer({}, status=302, Set_Cookie="JSESSIONID=after"), answer({})
    )
    response, session = line.api().form_login("ada", "hunter2")
    assert response.status_code == 302
    assert session.cookie == "JSESSIONID=after"
    assert line.sent[1].headers["Cookie"] == "JSESSIONID=before"
    assert parse_qsl(line.sent[1].content.decode()) == [("j_username", "ada"), ("j_password", "hunter2")]


# --- answers ---------------------------------------------------------------------------------------------------------


def test_result_is_read_with_its_code_as_number_or_text() -> None:
    assert forms.succeeded(answer(OK)) == "OK"
    assert forms.succeeded(answer({**OK, "errorCode": "0"})) == "OK"
    assert forms.failed(answer(ERROR))["message"] == "no such device"


@pytest.mark.parametrize(
    "body",
    [ERROR, {**OK, "statusOk": False}, {**OK, "status": "ERROR"}, {**OK, "errorCode": None}, {**OK, "errorCode": False},
     {"errorCode": 0}, [], "OK", {name: value for name, value in OK.items() if name != "value"}],
    ids=str,
)  # fmt: skip
def test_result_that_is_no_success_is_the_targets_fault(body: Any) -> None:
    with pytest.raises(AssertionError, match="expected"):
        forms.succeeded(answer(body))


@pytest.mark.parametrize("body", [OK, {**ERROR, "errorCode": "0"}, {**ERROR, "status": "OK"}, {}, None], ids=str)
def test_result_that_is_no_failure_is_the_targets_fault(body: Any) -> None:
    with pytest.raises(AssertionError, match="expected"):
        forms.failed(answer(body))


def test_refusal_is_told_where_the_method_can_tell_it() -> None:
    forms.refused(answer(ERROR), BY_NAME["switchOn"])
    forms.refused(page("no such device", 500, "text/plain"), BY_NAME["getDevice"], 500)
    for response, name in (
        (page("no such device", 500, "text/plain"), "switchOn"),
        (answer(ERROR), "getDevice"),
        (answer({"error": 1}, status=500), "getDevice"),
        (page("Traceback (most recent call last):", 500), "getDevice"),
        (page("at com.dotv.Api.get(Api.java:12)", 500), "getDevice"),
    ):
        with pytest.raises(AssertionError, match="expected"):
            forms.refused(response, BY_NAME[name], 500)


def test_login_page_is_html_that_leads_to_the_login() -> None:
    forms.login_page(page('<form action="j_security_check">'))
    for other in (page("<html>", 200), page("j_security_check", 200, "text/plain"), page("j_security_check", 401)):
        with pytest.raises(AssertionError, match="expected"):
            forms.login_page(other)


@pytest.mark.parametrize(
    ("response", "right"),
    [(answer({}, 403, X_CSRF_Token="Required"), True), (answer({}, 403), False), (answer({}, 200), False),
     (answer({}, 401, X_CSRF_Token="Required"), False)],
)  # fmt: skip
def test_missing_token_is_told_by_status_and_header(response: httpx.Response, right: bool) -> None:
    if right:
        forms.csrf_required(response)
        return
    with pytest.raises(AssertionError, match="expected"):
        forms.csrf_required(response)


def test_xml_is_read_under_either_media_type_and_never_expanded() -> None:
    for kind in forms.XML:
        assert forms.xml_root(page("<string>OK</string>", 200, f"{kind};charset=UTF-8"), "string").text == "OK"
    bomb = '<!DOCTYPE x [<!ENTITY a "lol"><!ENTITY b "&a;&a;">]><string>&b;</string>'
    for text, kind in ((bomb, "text/xml"), ("<string>", "text/xml"), ("<string/>", "text/html"), ("<a/>", "text/xml")):
        with pytest.raises(AssertionError):
            forms.xml_root(page(text, 200, kind), "string")


@given(st.binary())
def test_any_bytes_are_xml_or_the_targets_fault(content: bytes) -> None:
    request = httpx.Request("GET", "http://t/x")
    response = httpx.Response(200, content=content, headers={"Content-Type": "text/xml"}, request=request)
    try:
        forms.xml_root(response)
    except AssertionError:
        return


@pytest.mark.parametrize(
    "change",
    [{"id": "7"}, {"name": None}, {"lat": 91}, {"lng": True}, {"properties": {}}, {"properties": [{"key": "a"}]}],
    ids=str,
)
def test_device_that_is_not_well_formed_is_the_targets_fault(change: dict[str, Any]) -> None:
    assert forms.devices(answer([LAMP])) == [LAMP]
    with pytest.raises(AssertionError, match="expected"):
        forms.devices(answer([{**LAMP, **change}]))


@pytest.mark.parametrize(
    "change",
    [{"eventTime": "20/11/2026 12:00:00"}, {"eventTime": "2026-02-30 12:00:00"}, {"eventTime": None}, {"status": "?"},
     {"deviceId": "7"}],
    ids=str,
)  # fmt: skip
def test_log_value_that_is_not_well_formed_is_the_targets_fault(change: dict[str, Any]) -> None:
    assert forms.logged(answer([LOGGED])) == [LOGGED]
    with pytest.raises(AssertionError):
        forms.logged(answer([{**LOGGED, **change}]))


@given(st.text())
def test_any_text_is_a_time_or_the_targets_fault(text: str) -> None:
    try:
        forms.moment(answer([]), text)
    except AssertionError:
        return


def test_keys_and_values_are_a_dictionary() -> None:
    assert forms.key_values(answer(VERSION)) == {"version": "7.7.1", "build": "1"}
    for body in ({"version": "7.7"}, [{"key": 1, "value": 1}], [{"key": "a"}], [1]):
        with pytest.raises(AssertionError, match="expected"):
            forms.key_values(answer(body))


# --- what a test makes goes with it ----------------------------------------------------------------------------------


def made(request: httpx.Request) -> httpx.Response:
    """Make whatever is asked for."""
    name = request.url.path.rpartition("/")[2]
    params = dict(request.url.params)
    if name == "createGeozone":
        return answer({"id": 5, "name": params["name"], "parentId": 1})
    if name == "createCategoryDevice":
        return answer(LAMP | {name: params[name] for name in ("controllerStrId", "idOnController")})
    return answer("OK")


def workshop(handler: Callable[[httpx.Request], httpx.Response], budget: int | None = None) -> Workshop:
    target = Target("slv", "http://127.0.0.1:7074", CREDENTIALS)
    access = Access(target, budget=budget, transport=httpx.MockTransport(handler))
    return Workshop(Api(access), access, lambda: Session({}), 1)


def test_workshop_takes_away_what_it_made_the_last_first_though_the_budget_is_spent() -> None:
    asked: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path.rpartition("/")[2])
        return made(request)

    subject = workshop(handler, budget=3)
    subject.make_device()
    subject.close()
    subject.close()
    assert asked == ["createGeozone", "createCategoryDevice", "createCategoryDevice", "deleteDevice", "deleteDevice",
                     "deleteGeozone"]  # fmt: skip


def test_what_is_gone_already_does_not_trouble_the_workshop() -> None:
    subject = workshop(lambda request: made(request) if "create" in request.url.path else page("gone", 500))
    subject.make_device()
    subject.close()


def test_what_cannot_be_taken_away_is_told() -> None:
    subject = workshop(lambda request: made(request) if "create" in request.url.path else page("<html>", 200))
    subject.make_device()
    with pytest.raises(AssertionError, match="deleteDevice to be understood"):
        subject.close()


def test_ids_of_schedules_are_the_value_of_the_result() -> None:
    subject = workshop(lambda _: answer({**OK, "value": 12}))
    assert subject.make_schedule() == "12"
    wrong = workshop(lambda _: answer({**OK, "value": {"id": 12}}))
    with pytest.raises(AssertionError, match="the id"):
        wrong.make_scheduler()
