"""What a widely copied description of this API has wrong. Its forms are not served; the right ones are elsewhere here.

Each row of it is a claim, so that nobody drifts there: that description is the first one that a search finds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.core import expect
from vendorlab.contracts.itron.platform.api import NOBODY, Api, devices, observations
from vendorlab.contracts.itron.platform.forms import CREATED, NOWHERE, device_list, refused
from vendorlab.contracts.itron.platform.readings import page
from vendorlab.contracts.itron.platform.workshop import new_solution

if TYPE_CHECKING:
    from vendorlab.contracts.itron.platform.readings import Times
    from vendorlab.contracts.itron.platform.workshop import Workshop

pytestmark = pytest.mark.vendorlab("itron-platform")

_HEADER = "X-Starfish-Solution"


@pytest.mark.claim("itron-platform.drift.solution-in-path")
@pytest.mark.parametrize("path", ["/api/devices", "/api/observations", f"/api/devices/{NOBODY}/observations"])
def test_nothing_is_served_outside_a_solution(api: Api, token: str, path: str) -> None:
    """A header does not name one."""
    refused(api.ask("GET", path, token, headers={_HEADER: api.solution}), *NOWHERE)


@pytest.mark.claim("itron-platform.drift.solution-in-path")
@pytest.mark.needs("write")
def test_header_does_not_outrank_the_path(api: Api, workshop: Workshop, device: str, token: str) -> None:
    """Nobody looks at it."""
    response = api.ask("GET", devices(workshop.solution), token, headers={_HEADER: new_solution()})
    expect.check([row["id"] for row in device_list(response)] == [device], response, "the path's solution")
    refused(api.ask("GET", "/api/devices", token, headers={_HEADER: workshop.solution}), *NOWHERE)


@pytest.mark.claim("itron-platform.drift.query")
@pytest.mark.needs("write")
def test_observations_are_asked_for_by_get_alone(
    api: Api, workshop: Workshop, device: str, times: Times, token: str
) -> None:
    """There is no POST of a query."""
    body = {"from": times.at(0), "to": times.at(60)}
    for path in (
        f"{observations(workshop.solution, device)}/query",
        f"{observations(workshop.solution)}/query",
        observations(workshop.solution),
        "/api/observations/query",
    ):
        refused(api.ask("POST", path, token, body), *NOWHERE)
    page(api.get(observations(workshop.solution, device), token, **times.window(0, 60)))


@pytest.mark.claim("itron-platform.drift.template-paths")
@pytest.mark.parametrize(
    "path", ["/api/device-templates", "/api/device-templates/static", "/api/solutions/{}/device-templates"]
)
def test_paths_of_templates_have_no_dash(api: Api, token: str, path: str) -> None:
    """Neither the solution's nor the system's."""
    refused(api.get(path.format(api.solution), token), *NOWHERE)


@pytest.mark.claim("itron-platform.drift.page-header")
@pytest.mark.needs("write")
def test_answer_holds_observations_and_no_next_page(
    api: Api, workshop: Workshop, device: str, times: Times, token: str
) -> None:
    """Data and next_page in one object are what the SDK hands on; on the wire there is a header."""
    workshop.post(device, *(times.reading(each, each) for each in range(3)))
    response = api.get(observations(workshop.solution, device), token, limit="2")
    found = page(response)
    found.check(response.json().keys() == {"observations"}, "observations alone")
    found.check(found.following, "a next_page header")


@pytest.mark.claim("itron-platform.drift.device-members")
@pytest.mark.needs("write")
def test_device_has_no_name_template_tags_or_metadata(api: Api, workshop: Workshop, device: str, token: str) -> None:
    """Unless its program said so."""
    response = api.get(devices(workshop.solution), token)
    members = {name for row in device_list(response) for name in row}
    expect.check(members.isdisjoint({"name", "templateId", "tags", "metadata"}), response, "none of these")


@pytest.mark.claim("itron-platform.drift.observation-envelope")
@pytest.mark.needs("write")
def test_bare_observation_is_a_bad_request(api: Api, workshop: Workshop, device: str, times: Times, token: str) -> None:
    """Observations come in an array, under their name."""
    path = observations(workshop.solution, device)
    for body in (times.reading(0, 1), [times.reading(0, 1)], {"observation": times.reading(0, 1)}):
        refused(api.ask("POST", path, token, body), 400)
    found = page(api.get(path, token))
    found.check(found.rows == [], "nothing")


@pytest.mark.claim("itron-platform.drift.default-solution")
def test_no_solution_is_taken_where_none_is_named(api: Api, token: str) -> None:
    """And sandbox, where a program's devices are unless it says otherwise, is one like any other."""
    response = api.get(devices("sandbox"), token)
    if response.status_code == 404:
        refused(response, 404)
    else:
        device_list(response)
    for path in ("/api/solutions//devices", "/api/solutions/devices"):
        refused(api.get(path, token), *NOWHERE)


@pytest.mark.claim("itron-platform.drift.default-solution")
@pytest.mark.needs("write")
def test_device_is_created_nowhere_without_a_solution(api: Api, token: str) -> None:
    """No default is filled in."""
    response = api.ask("POST", "/api/devices", token, {"deviceType": "vendorlab", "domainInfo": {}})
    expect.check(response.status_code not in CREATED, response, "a refusal")
    refused(response, *NOWHERE)
