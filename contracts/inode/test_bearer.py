"""Sending an access token, and what happens without a good one."""

from __future__ import annotations

import pytest

from vendorlab.contracts.core.django.rules.bearer import BearerRules

pytestmark = pytest.mark.vendorlab("inode")


class TestBearer(BearerRules):
    """Beside API keys, whose scheme may well give every challenge its name."""
