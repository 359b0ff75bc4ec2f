"""Sending a token, and what happens without a good one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.core import expect
from vendorlab.contracts.scanalytics.api import BOGUS, LIFETIME, NO_CREDENTIALS, Api, Grant, authorization

if TYPE_CHECKING:
    import httpx

    from vendorlab.contracts.core.control import Clock

pytestmark = pytest.mark.vendorlab("scanalytics")

WHOAMI = "/v1/whoami"


def _refused(response: httpx.Response) -> None:
    """The one refusal there is, with some challenge."""
    __tracebackhide__ = True
    expect.detail(response, 401, NO_CREDENTIALS)
    expect.check(response.headers.get("WWW-Authenticate"), response, "a WWW-Authenticate header")


@pytest.mark.claim("scanalytics.bearer.header")
def test_token_in_the_header_is_accepted(api: Api, token: str) -> None:
    """The way the tutorial names."""
    expect.status(api.get(WHOAMI, token), 200)


@pytest.mark.claim("scanalytics.bearer.missing", "scanalytics.bearer.challenge")
@pytest.mark.parametrize("header", [None, "Bearer"], ids=["nothing", "the word alone"])
def test_request_without_a_token_is_refused(api: Api, header: str | None) -> None:
    """401, never 403."""
    _refused(api.http.get(WHOAMI, headers={"Authorization": header} if header else {}))


@pytest.mark.claim("scanalytics.bearer.unknown", "scanalytics.bearer.same-body", "scanalytics.bearer.challenge")
def test_unknown_token_is_refused_like_a_missing_one(api: Api) -> None:
    """The body does not tell them apart."""
    response = api.get(WHOAMI, BOGUS)
    _refused(response)
    assert response.content == api.get(WHOAMI, None).content


@pytest.mark.claim("scanalytics.bearer.lifetime", "scanalytics.bearer.same-body", "scanalytics.bearer.challenge")
@pytest.mark.needs("clock", "spend")
def test_token_lives_for_a_day_and_is_then_refused_like_a_missing_one(api: Api, clock: Clock) -> None:
    """Good a second before its end, refused a second after it."""
    with clock.frozen():
        token = api.login().access
        clock.advance(LIFETIME - 1)
        assert api.is_good(token), "the token died before its day was over"
        clock.advance(2)
        response = api.get(WHOAMI, token)
        _refused(response)
        assert response.content == api.get(WHOAMI, None).content


@pytest.mark.claim("scanalytics.bearer.scheme-case")
@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "bEaReR"])
def test_scheme_may_be_written_in_any_case(api: Api, token: str, scheme: str) -> None:
    """HTTP says so, and the libraries heed it."""
    expect.status(api.http.get(WHOAMI, headers={"Authorization": f"{scheme} {token}"}), 200)


@pytest.mark.claim("scanalytics.bearer.malformed")
@pytest.mark.parametrize("form", ["Bearer {} more", "Token {}", "Basic {}", "{}"])
def test_good_token_in_a_wrong_header_is_refused(api: Api, token: str, form: str) -> None:
    """Another word, another scheme, no scheme."""
    _refused(api.http.get(WHOAMI, headers={"Authorization": form.format(token)}))


@pytest.mark.claim("scanalytics.bearer.query")
def test_token_in_the_query_is_accepted(api: Api, token: str) -> None:
    """It works, though it ends in logs."""
    expect.status(api.http.get(WHOAMI, params={"access_token": token}), 200)


@pytest.mark.claim("scanalytics.bearer.form")
def test_token_in_a_form_body_is_accepted(api: Api, token: str) -> None:
    """Even of a GET."""
    expect.status(api.http.request("GET", WHOAMI, data={"access_token": token}), 200)


@pytest.mark.claim("scanalytics.bearer.json")
def test_token_in_a_json_body_is_not_looked_at(api: Api, token: str) -> None:
    """Only forms are."""
    _refused(api.http.request("GET", WHOAMI, json={"access_token": token}))


@pytest.mark.claim("scanalytics.bearer.other-parameters")
@pytest.mark.parametrize("name", ["token", "bearer_token"])
def test_token_in_another_parameter_is_not_looked_at(api: Api, token: str, name: str) -> None:
    """The name is access_token."""
    _refused(api.http.get(WHOAMI, params={name: token}))


@pytest.mark.claim("scanalytics.bearer.twice")
def test_token_in_header_and_query_is_accepted(api: Api, token: str) -> None:
    """RFC 6750 would have it refused."""
    expect.status(api.get(WHOAMI, token, {"access_token": token}), 200)


@pytest.mark.claim("scanalytics.bearer.header-wins")
def test_header_outranks_the_query(api: Api, token: str) -> None:
    """A bad header is not saved by a good query, nor a good header spoilt by a bad query."""
    _refused(api.get(WHOAMI, BOGUS, {"access_token": token}))
    expect.status(api.get(WHOAMI, token, {"access_token": BOGUS}), 200)


@pytest.mark.claim("scanalytics.error.method-after-login")
@pytest.mark.needs("write")
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_unsupported_method_without_a_token_is_refused_for_the_token(api: Api, method: str) -> None:
    """401 comes before 405."""
    _refused(api.http.request(method, WHOAMI))


@pytest.mark.claim("scanalytics.error.options-after-login")
def test_options_without_a_token_is_refused(api: Api) -> None:
    """Browsers' preflights fail here."""
    _refused(api.http.options(WHOAMI))


@pytest.mark.claim("scanalytics.aggregate.login")
def test_aggregate_without_a_token_is_refused_before_its_parameters_are_read(api: Api, grant: Grant) -> None:
    """No window, no real array, a bad bucket: the token is missing first."""
    assert grant.access
    _refused(api.http.get("/v1/aggregate/00000/visits/1h"))
    _refused(api.http.get("/v1/aggregate/00000/visits/1h", headers=authorization(BOGUS)))
