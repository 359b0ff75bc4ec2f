"""What the token endpoint refuses, with which words, and in which order it looks."""

from __future__ import annotations

import pytest

from vendorlab.contracts.core.django.rules.refusals import RefusalRules

pytestmark = pytest.mark.vendorlab("inode")


class TestRefusal(RefusalRules):
    """What the library refuses anybody: JSON bodies, unknown scopes, paths without their slash."""
