"""The observations of all devices of a solution."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.itron.platform import raw
from vendorlab.contracts.itron.platform.api import Api, observations
from vendorlab.contracts.itron.platform.forms import refused
from vendorlab.contracts.itron.platform.readings import numbers, page, walk
from vendorlab.contracts.itron.platform.workshop import new_solution

if TYPE_CHECKING:
    from vendorlab.contracts.itron.platform.readings import Page, Times
    from vendorlab.contracts.itron.platform.workshop import Workshop

pytestmark = pytest.mark.vendorlab("itron-platform")


@pytest.fixture
def pair(workshop: Workshop, times: Times) -> tuple[str, str]:
    """Two devices with three readings each, by turns."""
    found = workshop.device(), workshop.device()
    for offset, device in enumerate(found):
        workshop.post(device, *(times.reading(2 * each + offset, 2 * each + offset) for each in range(3)))
    return found


def _owners(pages: list[Page]) -> list[tuple[object, object]]:
    return [(row.get("n"), row.get("deviceId")) for each in pages for row in each.rows]


@pytest.mark.claim("itron-platform.solution.read", "itron-platform.drift.page-header")
def test_solution_tells_observations_or_that_there_are_none(api: Api, token: str) -> None:
    """An object with an array, and nothing of what the SDK makes of it."""
    response = api.get(observations(api.solution), token)
    if response.status_code == 404:
        refused(response, 404)
        pytest.skip(f"the solution {api.solution} has nothing to tell")
    found = page(response)
    found.check({"data", "next_page"}.isdisjoint(response.json()), "neither data nor next_page in the body")


@pytest.mark.claim("itron-platform.solution.none")
def test_solution_without_devices_has_no_observations(api: Api, times: Times, token: str) -> None:
    """An empty array, or that it is not there."""
    for window in ({}, times.window(0, 60)):
        response = api.get(observations(new_solution()), token, **window)
        if response.status_code == 404:
            refused(response, 404)
        else:
            found = page(response)
            found.check((found.rows, found.following) == ([], None), "an empty array, and no next page")


@pytest.mark.claim("itron-platform.solution.latest", "itron-platform.solution.device-id")
@pytest.mark.needs("write")
def test_solution_without_a_window_tells_each_devices_latest_reading(
    api: Api, workshop: Workshop, pair: tuple[str, str], token: str
) -> None:
    """And whose it is; a device without readings is left out."""
    workshop.device()
    found = walk(api, page(api.get(observations(workshop.solution), token)), token)
    found[0].check(sorted(_owners(found), key=str) == [(4, pair[0]), (5, pair[1])], f"the last readings of {pair}")


@pytest.mark.claim("itron-platform.solution.window", "itron-platform.solution.device-id")
@pytest.mark.needs("write")
def test_solution_with_a_window_tells_all_readings_of_all_devices(
    api: Api, workshop: Workshop, pair: tuple[str, str], times: Times, token: str
) -> None:
    """Newest first over all of them, half-open as elsewhere."""
    found = walk(api, page(api.get(observations(workshop.solution), token, **times.window(1, 5))), token)
    expected = [(4, pair[0]), (3, pair[1]), (2, pair[0]), (1, pair[1])]
    found[0].check(_owners(found) == expected, f"the readings {expected}")


@pytest.mark.claim("itron-platform.solution.pages")
@pytest.mark.needs("write")
@pytest.mark.parametrize("limit", [1, 2, 4, 6])
def test_pages_of_a_solution_hold_every_reading_once(
    api: Api, workshop: Workshop, pair: tuple[str, str], times: Times, token: str, limit: int
) -> None:
    """However many to a page."""
    path = observations(workshop.solution)
    found = walk(api, page(api.get(path, token, **times.window(0, 60), limit=str(limit))), token)
    found[0].check(numbers(found) == [5, 4, 3, 2, 1, 0], "the six readings")
    latest = walk(api, page(api.get(path, token, limit=str(limit))), token)
    latest[0].check(sorted(_owners(latest), key=str) == [(4, pair[0]), (5, pair[1])], "the two latest readings")


@pytest.mark.claim("itron-platform.solution.same-moment")
@pytest.mark.needs("write")
@pytest.mark.parametrize("limit", [1, 2, 3])
def test_readings_of_one_moment_are_all_told(
    api: Api, workshop: Workshop, times: Times, token: str, limit: int
) -> None:
    """A page may end between them."""
    made = [workshop.device() for _ in range(4)]
    for number, device in enumerate(made):
        workshop.post(device, times.reading(0, number))
    path = observations(workshop.solution)
    found = walk(api, page(api.get(path, token, **times.window(0, 1), limit=str(limit))), token)
    expected = list(enumerate(made))
    found[0].check(sorted(_owners(found), key=str) == expected, f"the readings {expected}")


@pytest.mark.claim("itron-platform.solution.tags")
@pytest.mark.needs("write")
def test_tag_chooses_among_all_devices(api: Api, workshop: Workshop, times: Times, token: str) -> None:
    """In a window; without one it is ignored."""
    for number, tags in enumerate([["lab"], ["hall"], ["lab"]]):
        workshop.post(workshop.device(), times.reading(number, number, tags=tags))
    path = observations(workshop.solution)
    chosen = page(api.get(path, token, **times.window(0, 60), tags="lab"))
    chosen.check(chosen.numbers == [2, 0], "the readings 2 and 0")
    latest = page(api.get(path, token, tags="lab"))
    latest.check(sorted(latest.numbers, key=str) == [0, 1, 2], "all three")


@pytest.mark.claim("itron-platform.solution.bytes")
@pytest.mark.needs("write")
@pytest.mark.parametrize("value", ["1.0", "123456789012345678901234567890", '"\\u00e9"', '{"z":1,"a":2}'])
def test_values_come_back_as_they_were_written_here_too(
    api: Api, workshop: Workshop, device: str, times: Times, token: str, value: str
) -> None:
    """Beside the deviceId that was added."""
    text = f'{{"observations":[{{"timestamp":"{times.at(0)}","n":{value}}}]}}'
    response = api.send("POST", observations(workshop.solution, device), token, text.encode())
    assert response.status_code == 201, f"the observation was answered with {response.status_code}"
    for window in ({}, times.window(0, 1)):
        found = page(api.get(observations(workshop.solution), token, **window))
        values = [raw.members(each).get("n") for each in found.texts]
        found.check(values == [value], f"the value {value} to the letter")
