"""Headers and errors that all resources share."""

from __future__ import annotations

import json

import pytest

from vendorlab.contracts.core import expect
from vendorlab.contracts.scanalytics.api import NO_PERMISSION, Api, authorization

pytestmark = pytest.mark.vendorlab("scanalytics")

WHOAMI = "/v1/whoami"
_METADATA = {"name", "description", "renders", "parses"}


@pytest.mark.claim("scanalytics.error.vary")
@pytest.mark.parametrize(
    ("path", "anonymous", "status"),
    [(WHOAMI, False, 200), (WHOAMI, True, 401), ("/v1/array/00000", False, 404)],
    ids=["answer", "no token", "no such array"],
)
def test_every_answer_varies_by_accept_and_names_its_methods(
    api: Api, token: str, path: str, anonymous: bool, status: int
) -> None:
    """Errors included."""
    response = api.get(path, None if anonymous else token)
    expect.status(response, status)
    expect.check("accept" in expect.header_words(response, "Vary"), response, "Vary: Accept")
    expect.check("GET" in expect.allows(response), response, "GET among the allowed methods")


@pytest.mark.claim("scanalytics.error.compact")
def test_json_is_compact(api: Api, token: str) -> None:
    """No blanks, no charset, nothing escaped that need not be."""
    for path in (WHOAMI, "/v1/deployment/list"):
        response = api.get(path, token)
        compact = json.dumps(expect.json_body(response), separators=(",", ":"), ensure_ascii=False)
        expect.check(response.text == compact, response, "compact JSON")
        expect.check(response.headers["Content-Type"] == "application/json", response, "no charset")


@pytest.mark.claim("scanalytics.error.indent")
def test_json_is_indented_on_request(api: Api, token: str) -> None:
    """For people who read it raw."""
    response = api.get(WHOAMI, token, Accept="application/json; indent=4")
    body = expect.json_object(response)
    expect.check(response.text == json.dumps(body, indent=4, ensure_ascii=False), response, "an indent of four")


@pytest.mark.claim("scanalytics.error.modify")
@pytest.mark.needs("write")
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_modifying_request_with_a_read_token_is_refused(api: Api, token: str, method: str) -> None:
    """For want of permission, or of the method."""
    response = api.http.request(method, WHOAMI, headers=authorization(token))
    expect.status(response, 403, 405)
    expect.detail(response, response.status_code, NO_PERMISSION, f'Method "{method}" not allowed.')


@pytest.mark.claim("scanalytics.error.method")
@pytest.mark.needs("write", "spend")
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_method_that_a_resource_lacks_is_not_allowed(api: Api, method: str) -> None:
    """Not even with a token that may write."""
    token = api.login(scope="read write").access
    response = api.http.request(method, WHOAMI, headers=authorization(token))
    expect.detail(response, 405, f'Method "{method}" not allowed.')
    expect.check("GET" in expect.allows(response), response, "GET among the allowed methods")
    expect.check(method not in expect.allows(response), response, f"{method} not among the allowed methods")


@pytest.mark.claim("scanalytics.error.options")
def test_options_describes_the_resource(api: Api, token: str) -> None:
    """The framework's own description."""
    response = api.http.options(WHOAMI, headers=authorization(token))
    body = expect.json_object(response)
    expect.check(body.keys() >= _METADATA, response, f"the fields {sorted(_METADATA)}")


@pytest.mark.claim("scanalytics.error.slash", "scanalytics.version.no-slash")
@pytest.mark.parametrize("path", ["/v1/whoami/", "/v2/whoami/", "/v1/deployment/list/"])
def test_slash_at_the_end_of_a_resource_is_not_found(api: Api, token: str, path: str) -> None:
    """Only the token endpoint has one."""
    expect.no_such_path(api.get(path, token))


@pytest.mark.claim("scanalytics.error.path")
@pytest.mark.parametrize("path", ["/v1/nothing", "/v1", "/v1/deployment/list/more"])
def test_unknown_path_is_not_found(api: Api, token: str, path: str) -> None:
    """With a token and without one, and never in JSON."""
    expect.no_such_path(api.get(path, token))
    expect.no_such_path(api.get(path, None))


@pytest.mark.claim("scanalytics.error.accept")
@pytest.mark.parametrize("anonymous", [False, True], ids=["with token", "without"])
def test_media_type_that_is_not_offered_is_not_acceptable(api: Api, token: str, anonymous: bool) -> None:
    """Negotiation comes before everything else."""
    response = api.get(WHOAMI, None if anonymous else token, Accept="application/xml")
    expect.detail(response, 406, "Could not satisfy the request Accept header.")


@pytest.mark.claim("scanalytics.error.format")
def test_unknown_format_is_not_found(api: Api, token: str) -> None:
    """In JSON, since a resource is there."""
    expect.detail(api.get(WHOAMI, token, {"format": "xml"}), 404, "Not found.")
