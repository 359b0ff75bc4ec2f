"""Giving a token up."""

from __future__ import annotations

import pytest

from vendorlab.contracts.core.django.rules.revoke import RevokeRules

pytestmark = pytest.mark.vendorlab("scanalytics")


class TestRevoke(RevokeRules):
    """Through the public application."""
