"""Questions nobody thought of: requests generated from ``openapi.yaml``, the same ones every time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.core import exploring
from vendorlab.contracts.core.django.api import authorization
from vendorlab.contracts.core.openapi import Operation, Spec
from vendorlab.contracts.inode.api import bearer
from vendorlab.contracts.inode.estate import read

if TYPE_CHECKING:
    from vendorlab.contracts.inode.api import Api

pytestmark = [pytest.mark.vendorlab("inode"), pytest.mark.needs("clock", "exhaust", "spend")]

_SPEC = Spec.load("inode")


@pytest.mark.claim("inode.schema.holds")
@pytest.mark.parametrize(("operation", "mode"), exploring.cases(_SPEC), ids=lambda value: getattr(value, "id", value))
def test_generated_requests_get_documented_answers(api: Api, token: str, operation: Operation, mode: str) -> None:
    """Sensible requests, of real objects where ids are asked for, and senseless ones."""
    existing: dict[str, str] = {}
    if "{id}" in operation.path and mode == exploring.POSITIVE:
        listing = read(api, operation.path.removesuffix("{id}/"), bearer(token))
        if listing.rows:
            existing["id"] = str(listing.rows[0].get("id"))
    sent = token if operation.path.startswith("/api/v1/") else None
    exploring.explore(api.http, _SPEC, operation, mode, headers=authorization(sent), existing=existing)
