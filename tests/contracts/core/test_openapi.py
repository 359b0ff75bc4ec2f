"""Operations of an API's description, and the requests that belong to them."""

from __future__ import annotations

import pytest

from vendorlab.contracts.core.errors import SpecError
from vendorlab.contracts.core.openapi import Spec

SPEC = Spec(
    {
        "paths": {
            "/{version}/door/{key}": {
                "parameters": [],
                "get": {"operationId": "getDoor", "x-claims": ["acme.door.opens"]},
                "delete": {"operationId": "deleteDoor"},
            },
            "/{version}/door/list": {"get": {"operationId": "listDoors"}},
            "/o/token/": {"post": {"operationId": "createToken"}},
            "/bells": {"x-also-below": "/houses/{house}", "get": {"operationId": "listBells"}},
        }
    }
)


def test_operations_are_read_in_order() -> None:
    assert [each.name for each in SPEC.operations] == [
        "GET /{version}/door/{key}",
        "DELETE /{version}/door/{key}",
        "GET /{version}/door/list",
        "POST /o/token/",
        "GET /bells",
    ]
    assert SPEC.operations[0].claims == ("acme.door.opens",)


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/v1/door/A7", "getDoor"),
        ("DELETE", "/v1/door/A7", "deleteDoor"),
        ("GET", "/v2/door/list", "listDoors"),
        ("POST", "/o/token/", "createToken"),
        ("GET", "/o/token/", None),
        ("POST", "/o/token", None),
        ("GET", "/v1/door/A7/lock", None),
        ("GET", "/v1/door/", None),
        ("GET", "/v1/doors/A7", None),
        ("GET", "/bells", "listBells"),
        ("GET", "/houses/7/bells", "listBells"),
        ("GET", "/houses/bells", None),
        ("GET", "/houses/7/v1/door/A7", None),
    ],
)
def test_request_belongs_to_the_operation_of_its_path(method: str, path: str, expected: str | None) -> None:
    found = SPEC.match(method, path)
    assert (found.id if found else None) == expected


def test_vendor_without_description_is_refused() -> None:
    with pytest.raises(SpecError, match="vendor 'acme' has no usable"):
        Spec.load("acme")
    assert Spec.find("acme") is None
