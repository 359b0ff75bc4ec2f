"""What a good token opens, and what it does not: other paths, other methods, other tenants."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.core import expect
from vendorlab.contracts.itron.platform.api import JSON, NOBODY, STATIC, Api, devices, observations, templates
from vendorlab.contracts.itron.platform.forms import CREATED, NOWHERE, device_list, refused, template_list
from vendorlab.contracts.itron.platform.readings import follow, page

if TYPE_CHECKING:
    from vendorlab.contracts.itron.platform.readings import Times
    from vendorlab.contracts.itron.platform.workshop import Workshop

pytestmark = pytest.mark.vendorlab("itron-platform")


@pytest.mark.claim("itron-platform.policy.outside", "itron-platform.error.message")
@pytest.mark.parametrize(
    "path", ["/api/solutions", "/api/tenants/systemTenant/devices", "/api/tenants/otherTenant/devicetemplates"]
)
def test_good_token_is_forbidden_what_its_policy_does_not_name(api: Api, token: str, path: str) -> None:
    """Solutions cannot be listed, and other tenants have nothing to show."""
    refused(api.get(path, token), *NOWHERE)


@pytest.mark.claim("itron-platform.policy.static")
@pytest.mark.needs("write")
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
def test_static_templates_are_not_to_be_changed(api: Api, token: str, method: str) -> None:
    """The policy names GET alone."""
    body = {"deviceTemplate": {"name": "vendorlab", "sensors": ["temperature"]}}
    refused(api.ask(method, STATIC, token, body), *NOWHERE)


@pytest.mark.claim("itron-platform.policy.unknown-path")
@pytest.mark.parametrize("path", ["/api/nothing", "/nothing", "/api/solutions/{}/nothing", "/api/solutions/{}"])
def test_unknown_path_is_not_served(api: Api, token: str, path: str) -> None:
    """403 as the gateway has it, or 404."""
    refused(api.get(path.format(api.solution), token), *NOWHERE)


@pytest.mark.claim("itron-platform.policy.unknown-method")
@pytest.mark.needs("write")
@pytest.mark.parametrize(
    ("method", "path"),
    [("PATCH", devices("{}")), ("DELETE", observations("{}")), ("PUT", observations("{}", NOBODY))],
)
def test_unknown_method_is_not_served(api: Api, token: str, method: str, path: str) -> None:
    """As an unknown path."""
    refused(api.ask(method, path.format(api.solution), token, {}), *NOWHERE)


@pytest.mark.claim("itron-platform.policy.double-slash")
def test_double_slash_is_answered_in_json(api: Api, token: str) -> None:
    """What the SDK sends where its base URL ends in a slash; never a redirect, which it would not follow."""
    base = str(api.http.base_url).rstrip("/")
    response = api.http.get(f"{base}/{STATIC}", headers={"Authorization": token})
    if response.status_code == 200:
        template_list(response, own=False)
    else:
        refused(response, *NOWHERE)


@pytest.mark.claim("itron-platform.tenant.apart")
@pytest.mark.needs("second-tenant", "write")
def test_another_tenant_sees_no_device_of_a_solution(api: Api, workshop: Workshop, device: str) -> None:
    """Not though it knows the solution's name and the device's id."""
    other = api.second_token()
    refused(api.get(devices(workshop.solution), other), 404)
    for method, path, body in [
        ("GET", devices(workshop.solution, device), None),
        ("PUT", devices(workshop.solution, device), {"deviceType": "theirs"}),
        ("DELETE", devices(workshop.solution, device), None),
    ]:
        refused(api.ask(method, path, other, body), 404)


@pytest.mark.claim("itron-platform.tenant.apart")
@pytest.mark.needs("second-tenant", "write")
def test_another_tenant_neither_reads_nor_writes_observations(
    api: Api, workshop: Workshop, device: str, times: Times, token: str
) -> None:
    """And what it tried left no trace."""
    workshop.post(device, times.reading(0, 1))
    other = api.second_token()
    path = observations(workshop.solution, device)
    refused(api.ask("POST", path, other, {"observations": [times.reading(1, 2)]}), 404)
    refused(api.get(path, other), 404)
    response = api.get(observations(workshop.solution), other)
    if response.status_code == 200:
        page(response).check(page(response).rows == [], "nothing of another tenant's")
    else:
        refused(response, 404)
    found = page(api.get(path, token))
    found.check(found.numbers == [1], "the owner's reading alone")


@pytest.mark.claim("itron-platform.tenant.same-name")
@pytest.mark.needs("second-tenant", "write")
def test_two_tenants_may_call_their_solutions_alike(api: Api, workshop: Workshop, device: str, token: str) -> None:
    """Each has its own."""
    other = api.second_token()
    path = devices(workshop.solution)
    response = api.ask("POST", f"{path}/", other, {"deviceType": "theirs", "domainInfo": {}})
    made = expect.json_object(response, *CREATED)
    try:
        for asker, expected in ((token, device), (other, made.get("id"))):
            answer = api.get(path, asker)
            ids = [row["id"] for row in device_list(answer)]
            expect.check(ids == [expected], answer, f"{expected} alone")
    finally:
        expect.status(api.ask("DELETE", devices(workshop.solution, str(made.get("id"))), other), 200)


@pytest.mark.claim("itron-platform.tenant.cursor")
@pytest.mark.needs("second-tenant", "write")
def test_next_page_is_worth_nothing_to_another_tenant(
    api: Api, workshop: Workshop, device: str, times: Times, token: str
) -> None:
    """A URL is not a key."""
    workshop.post(device, *(times.reading(each, each) for each in range(3)))
    first = page(api.get(observations(workshop.solution, device), token, limit="1"))
    follow(api, first, token)
    refused(api.get(first.next_page, api.second_token()), 400, 404)


@pytest.mark.claim("itron-platform.tenant.templates")
@pytest.mark.needs("second-tenant", "write")
def test_another_tenant_sees_no_template_of_a_solution(api: Api, workshop: Workshop, token: str) -> None:
    """Nor does it see that there is one."""
    body = {"deviceTemplate": {"name": "vendorlab", "sensors": ["temperature"]}}
    response = api.ask("POST", templates(workshop.solution), token, body, headers={"Content-Type": JSON})
    expect.status(response, *CREATED)
    seen = api.get(templates(workshop.solution), api.second_token())
    expect.check(template_list(seen) == [], seen, "no templates")
