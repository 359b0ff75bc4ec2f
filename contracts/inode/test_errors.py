"""Headers, errors and paths that all resources share."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import pytest

from vendorlab.contracts.core import expect
from vendorlab.contracts.core.django.api import NOBODY, authorization
from vendorlab.contracts.core.django.rules.errors import ErrorRules
from vendorlab.contracts.inode.api import DEVICES, LINKS

if TYPE_CHECKING:
    import httpx

    from vendorlab.contracts.inode.api import Api

pytestmark = pytest.mark.vendorlab("inode")

SWAGGER, SCHEMA = "/api/swagger/", "/api/schema/"


class TestError(ErrorRules):
    """What the framework does with any resource."""


def _redirects(response: httpx.Response, path: str) -> None:
    """Expect the framework's redirect to a path, which keeps the query."""
    __tracebackhide__ = True
    expect.status(response, 301)
    path_and_query = str(response.headers.get("Location", "")).partition("#")[0].partition("?")
    expect.check(path_and_query[0].endswith(path), response, f"a Location that leads to {path}")
    expect.check(path_and_query[2] == response.request.url.query.decode(), response, "a Location with the same query")


@pytest.mark.claim("inode.error.json")
def test_errors_are_json_objects(api: Api) -> None:
    """The vendor's sample reads them as such, whatever the status."""
    expect.json_object(api.token({"grant_type": "password", "client_id": NOBODY}), 400, 401)
    for path in (LINKS, DEVICES):
        expect.json_object(api.get(path, None), 401)


@pytest.mark.claim("inode.path.slash")
@pytest.mark.parametrize("anonymous", [False, True], ids=["with token", "without"])
@pytest.mark.parametrize("path", [LINKS, DEVICES, f"{LINKS}1/", f"{DEVICES}1/"])
def test_path_without_its_slash_is_redirected(api: Api, token: str, path: str, anonymous: bool) -> None:
    """Before anybody asks for credentials, and with the query as it was."""
    sent = None if anonymous else token
    _redirects(api.get(path.rstrip("/"), sent), path)
    _redirects(api.get(path.rstrip("/"), sent, {"a": "1", "b": "2"}), path)


@pytest.mark.claim("inode.path.slash-method")
@pytest.mark.needs("write")
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_path_without_its_slash_is_redirected_whatever_the_method(api: Api, token: str, method: str) -> None:
    """A client that follows it turns POST into GET."""
    _redirects(api.http.request(method, LINKS.rstrip("/"), headers=authorization(token)), LINKS)


@pytest.mark.claim("inode.error.path")
@pytest.mark.parametrize("path", ["/api/v1/nothing/", "/api/v1/nothing", f"{LINKS}1/nothing/", "/api/v0/links/"])
def test_unknown_path_is_not_found(api: Api, token: str, path: str) -> None:
    """With a token and without one, and never in JSON."""
    expect.no_such_path(api.get(path, token))
    expect.no_such_path(api.get(path, None))


@pytest.mark.claim("inode.swagger.login")
@pytest.mark.parametrize("path", [SWAGGER, SCHEMA])
def test_reference_is_not_shown_to_the_logged_out(api: Api, path: str) -> None:
    """A login page that knows the way back, a refusal, or nothing at that path: which of them nobody outside knows."""
    response = api.http.get(path, headers={"Accept": "text/html"})
    expect.status(response, 302, 401, 403, 404)
    if response.status_code == 302:
        back = parse_qs(str(response.headers.get("Location", "")).partition("?")[2]).get("next", [""])[0]
        expect.check(back.endswith(path), response, f"a Location with ?next= that leads back to {path}")
