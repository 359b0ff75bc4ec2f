"""Chains of calls that nobody thought of: what an answer names is asked for, along the links of ``openapi.yaml``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.core import exploring, following
from vendorlab.contracts.core.openapi import Operation, Spec
from vendorlab.contracts.slv.estate import VALUE_NAMES
from vendorlab.contracts.slv.methods import READS

if TYPE_CHECKING:
    from vendorlab.contracts.slv.api import Api, Session

pytestmark = pytest.mark.vendorlab("slv")

_CHECKS = [each for each in exploring.CHECKS if each != "not_a_server_error"]
"""As in ``test_schema``: 500 is how an unknown device is told."""

_PATHS = {each.path for each in READS}


def reads(operation: Operation) -> bool:
    """Whether an operation only reads: here GET makes and ends things, too."""
    return following.reads(operation) and operation.path in _PATHS


@pytest.mark.claim("slv.schema.links")
def test_what_an_answer_names_can_be_asked_for(api: Api, session: Session) -> None:
    """Geozones, their devices, controllers, and what devices last said."""
    given = {"ser": "json", "valueName": [*VALUE_NAMES], "valueNames": [*VALUE_NAMES]}
    following.follow(api.http, Spec.load("slv"), headers=session.headers, given=given, checks=_CHECKS, may_ask=reads)
