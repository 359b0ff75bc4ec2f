"""The description that the control API gives of itself: valid, complete, and the one that its contract has."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from openapi_spec_validator import validate

from vendorlab.contracts.control.description import operations, spread
from vendorlab.contracts.core.openapi import Spec
from vendorlab.mocks.core.control.openapi import describe, statuses
from vendorlab.mocks.core.control.operations import OPERATIONS, Operation

if TYPE_CHECKING:
    from tests.mocks.core.control.desk import Desk

DESCRIPTION = describe("1.2.3")


def test_description_is_valid_and_names_the_version(desk: Desk) -> None:
    assert desk.read("/openapi.json") == DESCRIPTION
    assert (DESCRIPTION["openapi"], DESCRIPTION["info"]["version"]) == ("3.1.0", "1.2.3")
    validate(DESCRIPTION)


def test_description_is_the_contracts() -> None:
    """The suite compares them on any target; here a difference shows without starting one."""
    assert operations(DESCRIPTION) == operations(spread(Spec.load("control").document))


def test_every_route_is_described_and_nothing_else(desk: Desk) -> None:
    routes = {re.sub("<([^>]+)>", r"{\1}", route.path) for route in desk.control.site.routes}
    assert routes == DESCRIPTION["paths"].keys()


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_operation_is_described_with_all_that_goes_in_and_out(operation: Operation) -> None:
    path = re.sub("<([^>]+)>", r"{\1}", operation.path)
    for place in (path, *([f"/worlds/{{world}}{path}"] if operation.scoped else [])):
        found: dict[str, Any] = DESCRIPTION["paths"][place][operation.method.lower()]
        parameters = {(each["in"], each["name"]) for each in found.get("parameters", [])}
        fields = operation.query.__struct_fields__ if operation.query else ()
        assert parameters == {("query", name) for name in fields} | {
            ("path", name) for name in re.findall("{(.*?)}", place)
        }
        assert ("requestBody" in found) == (operation.body is not None)
        refusals = {str(status) for status in statuses(operation, named_world=place != path)}
        assert found["responses"].keys() == {str(operation.status), *refusals}
        assert ("security" in found) == operation.public


def test_names_are_used_once() -> None:
    names = [details["operationId"] for item in DESCRIPTION["paths"].values() for details in item.values()]
    assert len(names) == len(set(names))
    assert not [name for name in DESCRIPTION["components"]["schemas"] if "." in name], "two types of one name"
