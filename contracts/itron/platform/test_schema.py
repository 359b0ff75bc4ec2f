"""Questions nobody thought of: requests generated from ``openapi.yaml``, the same ones every time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.core import exploring
from vendorlab.contracts.core.openapi import Operation, Spec

if TYPE_CHECKING:
    from vendorlab.contracts.itron.platform.api import Api
    from vendorlab.contracts.itron.platform.workshop import Workshop

pytestmark = [pytest.mark.vendorlab("itron-platform"), pytest.mark.needs("write", "clock", "exhaust")]

_SPEC = Spec.load("itron-platform")


@pytest.mark.claim("itron-platform.schema.holds")
@pytest.mark.parametrize(("operation", "mode"), exploring.cases(_SPEC), ids=lambda value: getattr(value, "id", value))
def test_generated_requests_get_documented_answers(
    api: Api, workshop: Workshop, device: str, token: str, operation: Operation, mode: str
) -> None:
    """Sensible requests, of a solution and a device of the suite's own, and senseless ones; all devices go after."""
    existing: dict[str, str] = {}
    if "{solution}" in operation.path and (mode == exploring.POSITIVE or operation.method != "GET"):
        existing["solution"] = workshop.solution
    if "/devices/{id}" in operation.path and mode == exploring.POSITIVE:
        existing["id"] = device
    headers = {} if operation.path.endswith("/tokens") else {"Authorization": token}
    try:
        exploring.explore(api.http, _SPEC, operation, mode, headers=headers, existing=existing)
    finally:
        workshop.sweep()
