"""Refreshing: a new pair for an old refresh token, once, and how the vendor's sample uses it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.core import expect
from vendorlab.contracts.core.django.api import granted, refused
from vendorlab.contracts.core.django.rules.refresh import ConfidentialRefreshRules, RefreshRules
from vendorlab.contracts.inode.api import DEVICES, LINKS

if TYPE_CHECKING:
    from vendorlab.contracts.core.control import Clock
    from vendorlab.contracts.core.django.api import Grant
    from vendorlab.contracts.inode.api import Api

pytestmark = [pytest.mark.vendorlab("inode"), pytest.mark.needs("spend")]


class TestRefresh(RefreshRules):
    """With the application's secret, which goes into every refresh here."""


class TestConfidentialRefresh(ConfidentialRefreshRules):
    """And what becomes of one without it."""


@pytest.mark.claim("inode.refresh.on-401", "inode.bearer.expired")
@pytest.mark.needs("clock")
def test_expired_token_is_answered_with_401_and_a_refresh_lets_the_loop_go_on(
    api: Api, clock: Clock, grant: Grant
) -> None:
    """The vendor's loop: links, devices; after a 401 refresh and go on."""
    with clock.frozen():
        for path in (LINKS, DEVICES):
            expect.status(api.get(path, grant.access), 200)
        clock.advance(api.LIFETIME + 1)
        refused(api.get(LINKS, grant.access))
        renewed = granted(api.refresh(grant.refresh))
        for path in (LINKS, DEVICES):
            expect.status(api.get(path, renewed.access), 200)
