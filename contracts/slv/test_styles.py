"""Two styles of URL, two verbs, two serialisations: one answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from vendorlab.contracts.core import expect
from vendorlab.contracts.slv import forms
from vendorlab.contracts.slv.api import JSON, PATH, SERVLET, XML, Api, Session
from vendorlab.contracts.slv.methods import API, BY_NAME, METHODS, READS, SERVICES, Method, servlet
from vendorlab.contracts.slv.same import VOLATILE, differences

if TYPE_CHECKING:
    from collections.abc import Sequence

    import httpx

    from vendorlab.contracts.slv.estate import Estate

pytestmark = [pytest.mark.vendorlab("slv"), pytest.mark.usefixtures("still")]

_TRIES = 3
_STATIC = ("getAllGeozones", "getControllerDevices", "searchDevicesExt", "getServerProperties")


def _plain(value: Any) -> Any:
    """Return a JSON value without what differs from one moment to the next."""
    if isinstance(value, dict):
        members = cast("dict[str, Any]", value)
        return {name: _plain(each) for name, each in members.items() if name not in VOLATILE}
    if isinstance(value, list):
        return [_plain(each) for each in cast("Sequence[Any]", value)]
    return value


def _said(response: httpx.Response) -> Any:
    if response.status_code == 200:
        return _plain(expect.json_body(response))
    return expect.media_type(response), response.text


def _ask(api: Api, session: Session, estate: Estate, method: Method, **how: Any) -> httpx.Response:
    return api.call(session, method, estate.sample(method.name), **how)


@pytest.mark.claim("slv.style.equal")
@pytest.mark.parametrize("method", READS, ids=lambda m: m.name)
def test_styles_and_verbs_give_one_answer(api: Api, session: Session, estate: Estate, method: Method) -> None:
    """Path and servlet, GET and POST; asked again where something moved in between."""
    for tries in range(1, _TRIES + 1):
        first, *others = (
            _ask(api, session, estate, method, style=style, verb=verb)
            for style in (PATH, SERVLET)
            for verb in ("GET", "POST")
        )
        expect.status(first, 200)
        odd = [each for each in others if (each.status_code, _said(each)) != (200, _said(first))]
        if not odd:
            break
        what = f"what {first.request.url.path} answers to GET: {first.text[:300]!r}"
        expect.check(tries < _TRIES, odd[0], what)


@pytest.mark.claim("slv.ser.equal")
@pytest.mark.parametrize("style", [PATH, SERVLET])
@pytest.mark.parametrize("method", READS, ids=lambda m: m.name)
def test_xml_says_what_json_says(api: Api, session: Session, estate: Estate, method: Method, style: str) -> None:
    """Member by member; asked again where JSON itself differed before and after."""
    for tries in range(1, _TRIES + 1):
        before = _ask(api, session, estate, method, style=style, ser=JSON)
        xml = _ask(api, session, estate, method, style=style, ser=XML)
        after = _ask(api, session, estate, method, style=style, ser=JSON)
        value, root = forms.json_value(before), forms.xml_root(xml)
        found = differences(value, root)
        settled = _said(before) == _said(after)
        expect.check(not found or (not settled and tries < _TRIES), xml, "what JSON says: " + "; ".join(found[:5]))
        if not found:
            break


@pytest.mark.claim("slv.ser.root")
@pytest.mark.parametrize("method", [each for each in READS if each.answer.root], ids=lambda m: m.name)
def test_xml_root_is_the_class(api: Api, session: Session, estate: Estate, method: Method) -> None:
    """And the items of an array are named by it, too."""
    response = _ask(api, session, estate, method, ser=XML)
    root = forms.xml_root(response, method.answer.root)
    name, dash, _ = str(method.answer.root).partition("-array")
    if dash:
        expect.check({child.tag for child in root} <= {name}, response, f"elements {name}")


@pytest.mark.claim("slv.ser.empty")
def test_empty_list_is_the_root_alone(api: Api, session: Session) -> None:
    """And an empty array in JSON."""
    nothing = {"name": "vendorlab-no-such-geozone"}
    root = forms.xml_root(api.call(session, "searchGeozones", nothing, ser=XML), "SLVGeoZone-array")
    response = api.call(session, "searchGeozones", nothing)
    expect.check(forms.json_value(response) == [] and len(root) == 0, response, "an empty list in both")


@pytest.mark.claim("slv.ser.default")
@pytest.mark.parametrize("style", [PATH, SERVLET])
@pytest.mark.parametrize("verb", ["GET", "POST"])
@pytest.mark.parametrize("name", _STATIC)
def test_answer_is_xml_unless_json_is_asked_for(
    api: Api, session: Session, estate: Estate, name: str, style: str, verb: str
) -> None:
    """Without ser it is what it is with ser=xml."""
    method = BY_NAME[name]
    plain = _ask(api, session, estate, method, style=style, verb=verb, ser=None)
    forms.xml_root(plain, method.answer.root)
    asked = _ask(api, session, estate, method, style=style, verb=verb, ser=XML)
    expect.check(plain.content == asked.content, plain, "what is answered to ser=xml")


@pytest.mark.claim("slv.ser.media-type")
def test_answer_says_what_it_is(api: Api, session: Session) -> None:
    """By its media type, in UTF-8 where it says an encoding."""
    for ser in (JSON, XML):
        response = api.call(session, "getAllGeozones", ser=ser)
        kinds = ("application/json",) if ser == JSON else forms.XML
        expect.check(expect.media_type(response) in kinds, response, " or ".join(kinds))
        expect.check((response.charset_encoding or "utf-8").lower() == "utf-8", response, "UTF-8")


@pytest.mark.claim("slv.style.method-in-form")
def test_method_may_be_named_in_the_form(api: Api, session: Session) -> None:
    """A servlet takes methodName in the body of a POST, as an old client sends it."""
    pairs = [("methodName", "getAllControllers"), ("ser", "json")]
    forms.rows(api.ask(session, servlet("asset"), pairs, verb="POST"))


@pytest.mark.claim("slv.style.query-and-form")
@pytest.mark.parametrize("style", [PATH, SERVLET])
def test_query_and_form_count_together(api: Api, session: Session, estate: Estate, style: str) -> None:
    """The method and the serialisation in the query, the rest in the form."""
    method = BY_NAME["getGeozoneDevices"]
    spelt = "geoZoneId" if style == SERVLET else "geozoneId"
    response = api.http.post(
        method.servlet if style == SERVLET else method.path,
        params=[*api.named(method, style), ("ser", "json")],
        data={spelt: str(estate.zone)},
        headers=dict(session.headers),
    )
    zones = {row["geoZoneId"] for row in forms.devices(response)}
    expect.check(zones == {estate.zone}, response, "the devices of that geozone")


@pytest.mark.claim("slv.style.unknown-parameter")
def test_unknown_parameters_are_ignored(api: Api, session: Session, estate: Estate) -> None:
    """Among them a known one in other letters, as a client once sent it."""
    bounds = estate.bounds()
    plain = api.call(session, "getDevicesInBounds", bounds)
    more = api.call(session, "getDevicesInBounds", {**bounds, "lngmax": "0", "time": "1540309949856"})
    forms.devices(plain)
    expect.check(_said(more) == _said(plain), more, "the same without the parameters")


@pytest.mark.claim("slv.style.description")
@pytest.mark.parametrize("service", SERVICES)
def test_service_describes_its_methods(api: Api, session: Session, service: str) -> None:
    """In JSON, and by the names that are called."""
    response = api.ask(session, f"{API}/{service}/desc", [("ser", "json")])
    forms.json_value(response)
    wanted = [each.name for each in METHODS if each.service == service and not each.writes]
    lower = response.text.lower()
    expect.check(all(name.lower() in lower for name in wanted), response, ", ".join(wanted))
