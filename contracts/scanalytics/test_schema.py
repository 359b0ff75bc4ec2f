"""Questions nobody thought of: requests generated from ``openapi.yaml`` by Schemathesis, the same ones every time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.core import expect, exploring
from vendorlab.contracts.core.django.api import authorization
from vendorlab.contracts.core.openapi import Operation, Spec

if TYPE_CHECKING:
    from vendorlab.contracts.core.control import Clock
    from vendorlab.contracts.scanalytics.api import Api

pytestmark = [pytest.mark.vendorlab("scanalytics"), pytest.mark.needs("clock", "exhaust", "spend")]

_SPEC = Spec.load("scanalytics")


@pytest.mark.claim("scanalytics.schema.holds")
@pytest.mark.parametrize(("operation", "mode"), exploring.cases(_SPEC), ids=lambda value: getattr(value, "id", value))
def test_generated_requests_get_documented_answers(
    api: Api, token: str, allowance: Clock, operation: Operation, mode: str
) -> None:
    """Sensible requests, of real objects where keys are asked for, and senseless ones."""
    existing = _existing(api, token, operation) if mode == exploring.POSITIVE else {}
    resource = operation.path.startswith("/{version}/")
    sent = authorization(token if resource else None)
    exploring.explore(api.http, _SPEC, operation, mode, headers=sent, existing=existing)


def _existing(api: Api, token: str, operation: Operation) -> dict[str, str]:
    """Return path parameters that name something that exists, as far as the operation has such."""
    kinds = {"{arrayKey}": "array", "{key}": operation.path.split("/")[2]}
    for parameter, kind in kinds.items():
        if parameter in operation.path:
            rows = expect.json_objects(api.get(f"/v1/{kind}/list", token))
            return {parameter.strip("{}"): str(rows[0].get("key"))} if rows else {}
    return {}
