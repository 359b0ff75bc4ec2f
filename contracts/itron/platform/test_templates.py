"""Device templates: the solution's own, and those of the system."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from vendorlab.contracts.core import expect
from vendorlab.contracts.itron.platform.api import NOBODY, STATIC, Api, templates
from vendorlab.contracts.itron.platform.forms import (
    CREATED,
    NOWHERE,
    check_template,
    check_uuid,
    refused,
    template_list,
    written_template,
)
from vendorlab.contracts.itron.platform.workshop import new_solution

if TYPE_CHECKING:
    import httpx

    from vendorlab.contracts.itron.platform.workshop import Workshop

pytestmark = pytest.mark.vendorlab("itron-platform")

_SENSORS = ["gps", "temperature", "a sensor"]


def _create(
    api: Api, workshop: Workshop, token: str, name: str = "Pole sensor", sensors: list[str] | None = None
) -> httpx.Response:
    body = {"deviceTemplate": {"name": name, "sensors": _SENSORS if sensors is None else sensors}}
    return api.ask("POST", templates(workshop.solution), token, body)


@pytest.mark.claim("itron-platform.template.list")
def test_templates_come_as_an_object_with_an_array(api: Api, token: str) -> None:
    """Under a name in the plural."""
    template_list(api.get(templates(api.solution), token))


@pytest.mark.claim("itron-platform.template.none")
def test_solution_without_templates_has_an_empty_list(api: Api, token: str) -> None:
    """Unlike its devices, which are not found."""
    response = api.get(templates(new_solution()), token)
    expect.check(template_list(response) == [], response, "an empty list")


@pytest.mark.claim("itron-platform.template.static", "itron-platform.drift.template-paths")
def test_static_templates_have_names_and_sensors(api: Api, token: str) -> None:
    """They belong to the system, not to a solution."""
    response = api.get(STATIC, token)
    rows = template_list(response, own=False)
    expect.check(rows, response, "some templates")


@pytest.mark.claim("itron-platform.template.create", "itron-platform.template.uuid")
@pytest.mark.needs("write")
def test_template_is_created(api: Api, workshop: Workshop, token: str) -> None:
    """And is in the list from then on."""
    response = _create(api, workshop, token)
    template = written_template(response, *CREATED)
    check_uuid(response, template["id"])
    expect.check((template["name"], template["sensors"]) == ("Pole sensor", _SENSORS), response, "what was sent")
    listed = api.get(templates(workshop.solution), token)
    found = [(row["id"], row["name"], row["sensors"]) for row in template_list(listed)]
    expect.check(found == [(template["id"], "Pole sensor", _SENSORS)], listed, "the template")


@pytest.mark.claim("itron-platform.template.envelope")
@pytest.mark.needs("write")
def test_answer_has_one_template_under_a_name_in_the_plural(api: Api, workshop: Workshop, token: str) -> None:
    """The request's name is in the singular; and here is an object where the list has an array."""
    created = _create(api, workshop, token)
    path = templates(workshop.solution, written_template(created, *CREATED)["id"])
    changed = api.ask("PUT", path, token, {"deviceTemplate": {"name": "changed", "sensors": []}})
    for response in (created, changed):
        body = expect.json_object(response, *CREATED)
        expect.check(body.keys() == {"deviceTemplates"}, response, "deviceTemplates alone")
        expect.fields(response, body, {"deviceTemplates": dict})


@pytest.mark.claim("itron-platform.template.change")
@pytest.mark.needs("write")
def test_template_is_changed_by_its_id_in_the_path(api: Api, workshop: Workshop, token: str) -> None:
    """It keeps the id, and its neighbour keeps everything."""
    made = [written_template(_create(api, workshop, token, name), *CREATED)["id"] for name in ("one", "two")]
    body = {"deviceTemplate": {"name": "changed", "sensors": ["humidity"]}}
    template = written_template(api.ask("PUT", templates(workshop.solution, made[0]), token, body), *CREATED)
    assert (template["id"], template["name"], template["sensors"]) == (made[0], "changed", ["humidity"])
    listed = api.get(templates(workshop.solution), token)
    found = {row["id"]: (row["name"], row["sensors"]) for row in template_list(listed)}
    expect.check(found == {made[0]: ("changed", ["humidity"]), made[1]: ("two", _SENSORS)}, listed, "both templates")


@pytest.mark.claim("itron-platform.drift.sensors")
@pytest.mark.needs("write")
@pytest.mark.parametrize("sensors", [["gps"], ["gps", "temperature", "humidity"], ["x y z", "\u00e9", "1"]], ids=str)
def test_sensors_are_strings_and_come_back_as_such(
    api: Api, workshop: Workshop, token: str, sensors: list[str]
) -> None:
    """Not objects with types and units: units are nowhere on the wire."""
    _create(api, workshop, token, sensors=sensors)
    response = api.get(templates(workshop.solution), token)
    rows = template_list(response)
    expect.check([row["sensors"] for row in rows] == [sensors], response, f"the sensors {sensors}")
    check_template(response, rows[0])


@pytest.mark.claim("itron-platform.template.unknown")
@pytest.mark.needs("write")
@pytest.mark.parametrize("name", [NOBODY, "junk"])
def test_unknown_template_is_not_found(api: Api, workshop: Workshop, token: str, name: str) -> None:
    """Though the solution has another."""
    _create(api, workshop, token)
    body = {"deviceTemplate": {"name": "changed", "sensors": _SENSORS}}
    refused(api.ask("PUT", templates(workshop.solution, name), token, body), 404)


@pytest.mark.claim("itron-platform.template.bad")
@pytest.mark.needs("write")
@pytest.mark.parametrize(
    "body", [{}, [], "x", {"deviceTemplate": []}, {"deviceTemplate": "x"}, {"name": "a", "sensors": []}], ids=str
)
def test_template_without_its_envelope_is_a_bad_request(api: Api, workshop: Workshop, token: str, body: Any) -> None:
    """To create and to change."""
    refused(api.ask("POST", templates(workshop.solution), token, body), 400)
    made = written_template(_create(api, workshop, token), *CREATED)
    refused(api.ask("PUT", templates(workshop.solution, made["id"]), token, body), 400)


@pytest.mark.claim("itron-platform.template.no-detail")
@pytest.mark.needs("write")
@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_template_is_neither_read_alone_nor_deleted(api: Api, workshop: Workshop, token: str, method: str) -> None:
    """No client of the vendor tries to."""
    made = written_template(_create(api, workshop, token), *CREATED)
    refused(api.ask(method, templates(workshop.solution, made["id"]), token), *NOWHERE)
    response = api.get(templates(workshop.solution), token)
    expect.check([row["id"] for row in template_list(response)] == [made["id"]], response, "the template")


@pytest.mark.claim("itron-platform.template.solution")
@pytest.mark.needs("write")
def test_template_is_in_its_own_solution_only(api: Api, workshop: Workshop, token: str) -> None:
    """Another solution of the tenant does not have it."""
    _create(api, workshop, token)
    response = api.get(templates(new_solution()), token)
    expect.check(template_list(response) == [], response, "no templates")
