"""The minute's limit in real time: for a target whose clock nobody can turn, and whose owner allows it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.core import expect
from vendorlab.contracts.scanalytics.api import MINUTE_LIMIT, Api
from vendorlab.contracts.scanalytics.test_throttle import WHOAMI, seconds_of

if TYPE_CHECKING:
    from vendorlab.contracts.core.access import Access

pytestmark = [pytest.mark.vendorlab("scanalytics"), pytest.mark.needs("exhaust", "wait")]


@pytest.mark.claim("scanalytics.throttle.minute", "scanalytics.throttle.form", "scanalytics.throttle.retry-after")
def test_minute_limit_holds_in_real_time_and_ends_when_said(api: Api, access: Access, token: str) -> None:
    """Refused at the latest with the 181st request; accepted after the wait and one second more."""
    began = time.monotonic()
    with access.exchange.unpaced():
        response = api.get(WHOAMI, token)
        for _ in range(MINUTE_LIMIT):
            expect.status(response, 200)
            response = api.get(WHOAMI, token)
            if response.status_code == 429:
                break
    if time.monotonic() - began >= 60:
        pytest.skip("the target is too slow for 181 requests in a minute")
    time.sleep(seconds_of(response) + 1)
    expect.status(api.get(WHOAMI, token), 200)
