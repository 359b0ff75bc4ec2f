"""Headers and errors that all resources share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.core import expect
from vendorlab.contracts.core.django.api import authorization
from vendorlab.contracts.core.django.rules.errors import ErrorRules

if TYPE_CHECKING:
    from vendorlab.contracts.scanalytics.api import Api

pytestmark = pytest.mark.vendorlab("scanalytics")


class TestError(ErrorRules):
    """What the framework does with any resource."""


@pytest.mark.claim("scanalytics.error.method")
@pytest.mark.needs("write", "spend")
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_method_that_a_resource_lacks_is_not_allowed(api: Api, method: str) -> None:
    """Not even with a token that may write."""
    token = api.login(scope="read write").access
    response = api.http.request(method, api.resource, headers=authorization(token))
    expect.detail(response, 405, f'Method "{method}" not allowed.')
    expect.check("GET" in expect.allows(response), response, "GET among the allowed methods")
    expect.check(method not in expect.allows(response), response, f"{method} not among the allowed methods")


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
