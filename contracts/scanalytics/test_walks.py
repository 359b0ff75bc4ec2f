"""Chains of calls that nobody thought of: what an answer names is asked for, along the links of ``openapi.yaml``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.core import following
from vendorlab.contracts.core.django.api import authorization
from vendorlab.contracts.core.openapi import Spec
from vendorlab.contracts.scanalytics.aggregates import CHICAGO, TUTORIAL

if TYPE_CHECKING:
    from vendorlab.contracts.scanalytics.api import Api

pytestmark = pytest.mark.vendorlab("scanalytics")


@pytest.mark.claim("scanalytics.schema.links")
def test_what_an_answer_names_can_be_asked_for(api: Api, token: str) -> None:
    """Deployments, their arrays, devices, and a day's buckets of the tutorial's week."""
    window = {"start": TUTORIAL[0], "end": TUTORIAL[1], "timezone": CHICAGO, "metric": "visits", "bucket": "1d"}
    following.follow(api.http, Spec.load("scanalytics"), headers=authorization(token), given=window)
