"""A token's hour, as it goes by."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.core import expect
from vendorlab.contracts.itron.platform.api import LIFETIME, STATIC, Api, devices, observations
from vendorlab.contracts.itron.platform.forms import claims_of, device_list, unauthorized
from vendorlab.contracts.itron.platform.readings import follow, numbers, page

if TYPE_CHECKING:
    from vendorlab.contracts.core.control import Clock
    from vendorlab.contracts.itron.platform.readings import Times
    from vendorlab.contracts.itron.platform.workshop import Workshop

pytestmark = [pytest.mark.vendorlab("itron-platform"), pytest.mark.needs("clock")]

_COUNT = 9


@pytest.mark.claim("itron-platform.live.hour", "itron-platform.live.expired")
def test_token_lives_for_an_hour_and_is_then_refused(api: Api, clock: Clock) -> None:
    """Good a second before its exp, refused a second after it; a new one is good."""
    with clock.frozen():
        token = api.token()
        clock.advance(LIFETIME - 1)
        expect.status(api.get(STATIC, token), 200)
        clock.advance(2)
        unauthorized(api.get(STATIC, token))
        unauthorized(api.get(devices(api.solution), token))
        expect.status(api.get(STATIC, api.token()), 200)


@pytest.mark.claim("itron-platform.live.any-number")
def test_token_is_good_for_any_number_of_calls(api: Api, clock: Clock) -> None:
    """And none of them makes it live longer."""
    with clock.frozen():
        token = api.token()
        for _ in range(6):
            for _ in range(10):
                expect.status(api.get(STATIC, token), 200)
            clock.advance(LIFETIME / 6)
        clock.advance(1)
        unauthorized(api.get(STATIC, token))


@pytest.mark.claim("itron-platform.live.side-by-side")
def test_new_token_ends_no_old_one(api: Api, clock: Clock) -> None:
    """Each has its own hour."""
    with clock.frozen():
        first = api.token()
        clock.advance(LIFETIME / 2)
        second = api.token()
        clock.advance(LIFETIME / 2 - 1)
        expect.status(api.get(STATIC, first), 200)
        clock.advance(2)
        unauthorized(api.get(STATIC, first))
        expect.status(api.get(STATIC, second), 200)
        assert claims_of(second).get("jti") != claims_of(first).get("jti")


@pytest.mark.claim("itron-platform.live.data-stay")
@pytest.mark.needs("write")
def test_data_outlive_the_token_they_came_with(
    api: Api, workshop: Workshop, device: str, times: Times, clock: Clock
) -> None:
    """They belong to the tenant."""
    workshop.post(device, times.reading(0, 1))
    clock.advance(LIFETIME + 1)
    token = api.token()
    listed = api.get(devices(workshop.solution), token)
    expect.check([row["id"] for row in device_list(listed)] == [device], listed, "the device")
    found = page(api.get(observations(workshop.solution, device), token))
    found.check(found.numbers == [1], "the reading")


@pytest.mark.claim("itron-platform.live.walk")
@pytest.mark.needs("write")
def test_walk_goes_on_where_the_hour_ended(
    api: Api, workshop: Workshop, device: str, times: Times, clock: Clock
) -> None:
    """401 to the old token, and the very same page to a new one; no reading is lost."""
    workshop.post(device, *(times.reading(each, each) for each in range(_COUNT)))
    token = api.token()
    pages = [page(api.get(observations(workshop.solution, device), token, **times.window(0, 60), limit="2"))]
    with clock.frozen():
        while pages[-1].following is not None and len(pages) <= _COUNT:
            clock.advance(LIFETIME + 1)
            unauthorized(api.get(pages[-1].next_page, token))
            token = api.token()
            pages.append(follow(api, pages[-1], token))
    pages[0].check(numbers(pages) == [*reversed(range(_COUNT))], f"all {_COUNT} readings")
