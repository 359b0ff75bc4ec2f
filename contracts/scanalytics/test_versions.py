"""Versions of the API, and the page where applications are registered."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from vendorlab.contracts.core import expect
from vendorlab.contracts.scanalytics.aggregates import TUTORIAL, ask

if TYPE_CHECKING:
    from vendorlab.contracts.scanalytics.api import Api

pytestmark = pytest.mark.vendorlab("scanalytics")

APPLICATIONS = "/o/applications"


@pytest.mark.claim("scanalytics.version.both")
@pytest.mark.parametrize("version", ["v1", "v2"])
def test_resources_are_served_below_both_versions(api: Api, token: str, version: str) -> None:
    """The current one and the old one."""
    for path in ("whoami", "deployment/list"):
        expect.status(api.get(f"/{version}/{path}", token), 200)


@pytest.mark.claim("scanalytics.version.same")
def test_both_versions_answer_alike(api: Api, token: str, array_key: str) -> None:
    """Field for field."""
    for path in ("whoami", "deployment/list"):
        first, second = (api.get(f"/{version}/{path}", token) for version in ("v1", "v2"))
        assert expect.json_body(first) == expect.json_body(second), path
    first, second = (ask(api, token, array_key, "1d", TUTORIAL, version=version) for version in ("v1", "v2"))
    assert expect.json_objects(first) == expect.json_objects(second)


@pytest.mark.claim("scanalytics.version.unknown")
@pytest.mark.parametrize("path", ["/v3/whoami", "/v0/whoami", "/whoami"])
def test_there_is_no_other_version(api: Api, token: str, path: str) -> None:
    """Nor a path without one."""
    expect.no_such_path(api.get(path, token))


@pytest.mark.claim("scanalytics.applications.redirect")
def test_applications_lead_to_the_path_with_a_slash(api: Api) -> None:
    """By the framework's redirect."""
    response = api.http.get(APPLICATIONS)
    expect.status(response, 301)
    location = urlsplit(str(response.headers.get("Location", ""))).path
    expect.check(location.endswith(f"{APPLICATIONS}/"), response, f"a Location that ends in {APPLICATIONS}/")


@pytest.mark.claim("scanalytics.applications.login")
def test_applications_need_a_login(api: Api) -> None:
    """The login page is told where to go back to."""
    response = api.http.get(f"{APPLICATIONS}/")
    expect.status(response, 302)
    query = parse_qs(urlsplit(str(response.headers.get("Location", ""))).query)
    expect.check(query.get("next", [""])[0].endswith(f"{APPLICATIONS}/"), response, "a Location with ?next=")
