"""Questions nobody thought of: requests generated from ``openapi.yaml``, the same ones every time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.core import exploring
from vendorlab.contracts.core.openapi import Operation, Spec
from vendorlab.contracts.slv.methods import READS

if TYPE_CHECKING:
    from vendorlab.contracts.slv.api import Api, Session

pytestmark = [pytest.mark.vendorlab("slv"), pytest.mark.needs("exhaust")]

_SPEC = Spec.load("slv")
_PATHS = {each.path for each in READS}
_OPERATIONS = [each for each in _SPEC.operations if each.path in _PATHS and each.method == "GET"]
"""What only reads, by GET: a generated write would leave who knows what behind."""
_EXAMPLES = 10
"""Of each operation in each mode: there are many, which are built alike, and share what reads their parameters."""
_CHECKS = [each for each in exploring.CHECKS if each != "not_a_server_error"]
"""A bare object has no error member, so 500 is how an unknown device is told; the description says where."""


@pytest.mark.claim("slv.schema.holds")
@pytest.mark.parametrize("mode", [exploring.POSITIVE, exploring.NEGATIVE])
@pytest.mark.parametrize("operation", _OPERATIONS, ids=lambda each: each.id)
def test_generated_requests_get_documented_answers(api: Api, session: Session, operation: Operation, mode: str) -> None:
    """Sensible requests, and senseless ones where anything is asked for."""
    exploring.explore(
        api.http, _SPEC, operation, mode, headers=session.headers, existing={}, checks=_CHECKS, examples=_EXAMPLES
    )
