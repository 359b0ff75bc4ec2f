"""The ways in: HTTP Basic, a CSRF token with a session, and the form that people see."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.core import expect
from vendorlab.contracts.slv import forms
from vendorlab.contracts.slv.api import AUTH, CHECK, CSRF, CSRF_SINCE, NOBODY, PATH, SERVLET, Api, Session, dotted
from vendorlab.contracts.slv.estate import CATEGORY, key_of
from vendorlab.contracts.slv.methods import API, BY_NAME, READS, SERVICES, Method

if TYPE_CHECKING:
    from vendorlab.contracts.slv.estate import Estate
    from vendorlab.contracts.slv.workshop import Workshop

pytestmark = pytest.mark.vendorlab("slv")

_WRONG = "vendorlab-wrong"
_ASSETS = [each for each in READS if each.service in {"asset", "logging"}]


# --- nobody ----------------------------------------------------------------------------------------------------------


@pytest.mark.claim("slv.login.page")
@pytest.mark.parametrize("style", [PATH, SERVLET])
@pytest.mark.parametrize("method", _ASSETS, ids=lambda m: m.name)
def test_call_of_nobody_gets_the_login_page(api: Api, method: Method, style: str) -> None:
    """With 200, in HTML, whatever serialisation was asked for."""
    forms.login_page(api.call(NOBODY, method, style=style))


@pytest.mark.claim("slv.login.page")
@pytest.mark.parametrize("service", SERVICES)
def test_description_is_not_for_nobody(api: Api, service: str) -> None:
    """A service's description is behind the login too."""
    forms.login_page(api.ask(NOBODY, f"{API}/{service}/desc", [("ser", "json")]))


@pytest.mark.claim("slv.login.page-write")
@pytest.mark.needs("write")
@pytest.mark.parametrize("verb", ["GET", "POST"])
def test_nobody_changes_nothing(api: Api, verb: str) -> None:
    """The same page, by either verb."""
    forms.login_page(api.call(NOBODY, "createGeozone", {"name": _WRONG, "parentId": 0}, verb=verb))


@pytest.mark.claim("slv.login.page")
def test_session_that_never_was_gets_the_login_page(api: Api) -> None:
    """A cookie of one's own making, with a token to it."""
    made_up = Session({"Cookie": "JSESSIONID=0123456789ABCDEF0123456789ABCDEF", CSRF: "0123456789"})
    forms.login_page(api.call(made_up, "getAllGeozones"))


# --- Basic -----------------------------------------------------------------------------------------------------------


@pytest.mark.claim("slv.user.current", "slv.login.basic")
def test_right_password_is_told_who_it_is(api: Api) -> None:
    """The user's own name comes back."""
    response = api.fetch(api.basic())
    user = forms.json_of(response)
    expect.fields(response, user, {"login": str})
    expect.check(user["login"] == api.credential("username"), response, "the login that was shown")


@pytest.mark.claim("slv.user.no-password")
def test_password_is_not_told(api: Api) -> None:
    """Neither of oneself nor of others."""
    response = api.fetch(api.basic())
    for each in (forms.json_of(response), *forms.rows(api.call(api.sign_in(), "getAllUsers"))):
        expect.check(not each.get("password"), response, "no password")


@pytest.mark.claim("slv.login.wrong-basic")
@pytest.mark.needs("spend")
@pytest.mark.parametrize("whose", ["own", "nobody's"])
def test_wrong_password_is_challenged(api: Api, whose: str) -> None:
    """Where one asks who one is: 401, and no word about whether the user exists."""
    response = api.fetch(api.basic(None if whose == "own" else _WRONG, _WRONG))
    expect.status(response, 401)
    said = response.headers.get("WWW-Authenticate", "")
    expect.check(said == forms.REALM, response, f"WWW-Authenticate: {forms.REALM}, not {said!r}")
    expect.check(CSRF not in response.headers, response, f"no {CSRF}")


@pytest.mark.claim("slv.login.wrong-basic-elsewhere")
@pytest.mark.needs("spend")
def test_wrong_password_gets_nothing_elsewhere(api: Api) -> None:
    """The challenge or the page; nothing of the city."""
    response = api.call(NOBODY, "getAllGeozones", headers=api.basic(None, _WRONG))
    if response.status_code != 401:
        forms.login_page(response)


@pytest.mark.claim("slv.login.broken-basic")
@pytest.mark.parametrize("value", ["Basic", "Basic !", "Basic QQ==", "Basic /w==", "Bearer x", "Digest username=x"])
def test_header_that_is_no_basic_gets_nothing(api: Api, value: str) -> None:
    """Half-finished, not base64, not UTF-8, of another scheme."""
    response = api.fetch({"Authorization": value})
    if response.status_code != 401:
        forms.login_page(response)
    expect.check(response.headers.get(CSRF, "Required").lower() == "required", response, "no token")


@pytest.mark.claim("slv.login.basic-each-call")
def test_older_server_takes_basic_with_each_call(api: Api) -> None:
    """Before 7.8: no token, no session. A later server is asked the same with its token."""
    session = api.sign_in()
    older = api.version(session) < CSRF_SINCE
    response = api.call(session, "getAllGeozones", headers=api.basic())
    forms.zones(response)
    expect.check(older == (not session.token), response, f"a token from {dotted(CSRF_SINCE)} on, and none before")


# --- CSRF ------------------------------------------------------------------------------------------------------------


@pytest.mark.claim("slv.csrf.fetch")
def test_token_is_fetched_with_a_session(api: Api) -> None:
    """The answer's header holds the token, its cookie the session."""
    session = api.csrf_session()
    assert session.token.isascii(), "the token does not fit into a header"
    assert session.token.lower() not in {"fetch", "required"}, f"{session.token!r} is no token"
    assert "JSESSIONID=" in session.cookie, "no cookie JSESSIONID"


@pytest.mark.claim("slv.csrf.no-basic-again")
@pytest.mark.parametrize("style", [PATH, SERVLET])
@pytest.mark.parametrize("verb", ["GET", "POST"])
def test_session_and_token_are_enough(api: Api, style: str, verb: str) -> None:
    """Basic need not be shown again."""
    forms.zones(api.call(api.csrf_session(), "getAllGeozones", style=style, verb=verb))


@pytest.mark.claim("slv.csrf.required")
@pytest.mark.parametrize("style", [PATH, SERVLET])
@pytest.mark.parametrize("verb", ["GET", "POST"])
def test_session_without_its_token_is_refused(api: Api, style: str, verb: str) -> None:
    """403, and the header says what is missing."""
    session = Session({"Cookie": api.csrf_session().cookie})
    forms.csrf_required(api.call(session, "getAllGeozones", style=style, verb=verb))


@pytest.mark.claim("slv.csrf.wrong")
@pytest.mark.parametrize("token", ["", "Required", "0", "x" * 5_000])
def test_session_with_another_token_is_refused(api: Api, token: str) -> None:
    """As without one."""
    session = Session({"Cookie": api.csrf_session().cookie, CSRF: token})
    forms.csrf_required(api.call(session, "getAllGeozones"))


@pytest.mark.claim("slv.csrf.of-another-session")
@pytest.mark.needs("spend")
def test_token_of_another_session_is_refused(api: Api) -> None:
    """A token belongs to the session that it was fetched with."""
    first, second = api.csrf_session(), api.csrf_session()
    if first.cookie == second.cookie:
        pytest.skip("both logins are one session")
    forms.csrf_required(api.call(Session({"Cookie": first.cookie, CSRF: second.token}), "getAllGeozones"))
    forms.zones(api.call(first, "getAllGeozones"))


@pytest.mark.claim("slv.csrf.no-session")
def test_token_without_its_session_is_nobody(api: Api) -> None:
    """The token alone lets nobody in."""
    forms.login_page(api.call(Session({CSRF: api.csrf_session().token}), "getAllGeozones"))


@pytest.mark.claim("slv.csrf.write")
@pytest.mark.needs("write")
@pytest.mark.parametrize("verb", ["GET", "POST"])
def test_write_without_the_token_is_refused(api: Api, verb: str) -> None:
    """This is what the token is for; and nothing is made."""
    session = api.csrf_session()
    name = f"{_WRONG}-{verb}"
    params = {"name": name, "parentId": 1, "latMin": 0, "latMax": 1, "lngMin": 0, "lngMax": 1}
    forms.csrf_required(api.call(Session({"Cookie": session.cookie}), "createGeozone", params, verb=verb))
    response = api.call(session, "searchGeozones", {"name": name})
    expect.check(forms.zones(response) == [], response, "no geozone of that name")


# --- the form --------------------------------------------------------------------------------------------------------


@pytest.mark.claim("slv.form.login")
@pytest.mark.needs("spend")
def test_form_login_lets_in(api: Api) -> None:
    """302 when right; auth.json then says so, and calls are answered."""
    response, session = api.form_login(api.credential("username"), api.credential("password"))
    expect.status(response, 302)
    state = api.ask(session, AUTH)
    expect.status(state, 200)
    expect.check("authenticated" in state.text, state, "the word authenticated")
    admitted = api.admitted(api.fetch(session.headers), session)
    forms.zones(api.call(admitted, "getAllGeozones"))


@pytest.mark.claim("slv.form.before")
def test_auth_says_nothing_of_the_kind_before(api: Api) -> None:
    """Clients look for the one word, so it must not be there before."""
    response = api.ask(NOBODY, AUTH)
    expect.status(response, 200)
    expect.check("JSESSIONID=" in api.cookies(response), response, "a cookie JSESSIONID")
    expect.check("authenticated" not in response.text, response, "not the word authenticated")


@pytest.mark.claim("slv.form.wrong")
@pytest.mark.needs("spend")
@pytest.mark.parametrize("wrong", ["password", "username", "nothing"])
def test_wrong_form_login_lets_nobody_in(api: Api, wrong: str) -> None:
    """No redirect, and the session is nobody's."""
    username = {"username": _WRONG, "nothing": ""}.get(wrong, api.credential("username"))
    password = {"password": _WRONG, "nothing": ""}.get(wrong, api.credential("password"))
    response, session = api.form_login(username, password)
    expect.check(response.status_code != 302, response, "anything but 302")
    expect.check(response.status_code < 500, response, "no breakdown")
    forms.login_page(api.call(session, "getAllGeozones"))


@pytest.mark.claim("slv.form.half")
def test_half_a_form_login_lets_nobody_in(api: Api) -> None:
    """The cookie of auth.json alone, and a form without its password."""
    cookie = api.cookies(api.ask(NOBODY, AUTH))
    forms.login_page(api.call(Session({"Cookie": cookie}), "getAllGeozones"))
    form = {"j_username": api.credential("username")}
    response = api.http.post(CHECK, data=form, headers={"Cookie": cookie})
    expect.check(response.status_code != 302 and response.status_code < 500, response, "neither a redirect nor a break")
    forms.login_page(api.call(Session({"Cookie": api.cookies(response) or cookie}), "getAllGeozones"))


@pytest.mark.claim("slv.form.csrf")
@pytest.mark.needs("spend")
def test_form_login_does_not_spare_the_token(api: Api) -> None:
    """Whatever way one came in, calls need the session's token."""
    api.csrf_session()
    _, session = api.form_login(api.credential("username"), api.credential("password"))
    forms.csrf_required(api.call(session, "getAllGeozones"))


# --- who may what ----------------------------------------------------------------------------------------------------


@pytest.mark.claim("slv.user.second-reads")
@pytest.mark.needs("second-user", "spend")
def test_user_without_write_permission_reads(api: Api, estate: Estate) -> None:
    """The same geozones and devices."""
    session = api.second()
    forms.zones(api.call(session, "getAllGeozones"))
    forms.devices(api.call(session, "getGeozoneDevices", estate.sample("getGeozoneDevices")))


@pytest.mark.claim("slv.user.second-writes-not")
@pytest.mark.needs("second-user", "spend", "write")
@pytest.mark.parametrize("style", [PATH, SERVLET])
@pytest.mark.parametrize("name", ["createGeozone", "setDeviceValues", "switchOn", "createSchedule", "deleteDevice"])
def test_user_without_write_permission_changes_nothing(api: Api, workshop: Workshop, name: str, style: str) -> None:
    """403, or an SLVResult that says so; tried on a light of the suite's own, which stays as it was."""
    lamp = workshop.make_device()
    key = key_of(lamp)
    edges: dict[str, object] = {"latMin": 0, "latMax": 1, "lngMin": 0, "lngMax": 1}
    params: dict[str, dict[str, object]] = {
        "createGeozone": {"name": _WRONG, "parentId": workshop.zone, **edges},
        "setDeviceValues": {**key, "valueName": "comment", "value": _WRONG, "doLog": True},
        "switchOn": key,
        "createSchedule": {"name": _WRONG, "category": CATEGORY, "timeline": "T_12_12"},
        "deleteDevice": key,
    }
    forms.forbidden(api.call(api.second(), BY_NAME[name], params[name], style=style))
    forms.one_device(workshop.call("getDevice", **key))
    assert workshop.last(lamp, "comment") != _WRONG
    found = workshop.call("searchGeozones", name=_WRONG)
    expect.check(forms.zones(found) == [], found, "no geozone of that name")
