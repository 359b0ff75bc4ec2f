"""Chains of calls that nobody thought of: what an answer names is asked for, along the links of ``openapi.yaml``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.core import following
from vendorlab.contracts.core.openapi import Spec

if TYPE_CHECKING:
    from vendorlab.contracts.itron.platform.api import Api

pytestmark = pytest.mark.vendorlab("itron-platform")


@pytest.mark.claim("itron-platform.schema.links")
def test_what_an_answer_names_can_be_asked_for(api: Api, token: str) -> None:
    """The solution's devices and their observations, of its last minutes."""
    given = {"solution": api.solution}
    following.follow(api.http, Spec.load("itron-platform"), headers={"Authorization": token}, given=given)
