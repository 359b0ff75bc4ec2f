"""Chains of calls that nobody thought of: what an answer names is asked for, along the links of ``openapi.yaml``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.core import following
from vendorlab.contracts.core.django.api import authorization
from vendorlab.contracts.core.openapi import Spec

if TYPE_CHECKING:
    from vendorlab.contracts.inode.api import Api

pytestmark = pytest.mark.vendorlab("inode")


@pytest.mark.claim("inode.schema.links")
def test_what_an_answer_names_can_be_asked_for(api: Api, token: str) -> None:
    """Links, devices, and the devices at a link's ends."""
    following.follow(api.http, Spec.load("inode"), headers=authorization(token), given={})
