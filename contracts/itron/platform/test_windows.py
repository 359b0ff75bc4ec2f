"""Observations out: windows, tags and order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from vendorlab.contracts.core import expect
from vendorlab.contracts.itron.platform.api import Api, observations
from vendorlab.contracts.itron.platform.forms import refused
from vendorlab.contracts.itron.platform.readings import numbers, page, walk

if TYPE_CHECKING:
    from vendorlab.contracts.itron.platform.readings import Times
    from vendorlab.contracts.itron.platform.workshop import Workshop

pytestmark = pytest.mark.vendorlab("itron-platform")

_DAY = 86_400


@pytest.fixture
def path(workshop: Workshop, device: str) -> str:
    """Where the observations of a device of the suite's own are."""
    return observations(workshop.solution, device)


# --- windows that make no sense --------------------------------------------------------------------------------------


@pytest.mark.claim("itron-platform.window.both", "itron-platform.error.message")
@pytest.mark.parametrize("name", ["from", "to"])
def test_half_a_window_is_a_bad_request(api: Api, readable: str, times: Times, token: str, name: str) -> None:
    """Both ends or neither."""
    refused(api.get(readable, token, **{name: times.at(0)}), 400)


@pytest.mark.claim("itron-platform.window.order")
@pytest.mark.parametrize("length", [0, -1, -_DAY])
def test_window_that_does_not_end_after_it_begins_is_a_bad_request(
    api: Api, readable: str, times: Times, token: str, length: int
) -> None:
    """Upside down, or of no length."""
    refused(api.get(readable, token, **times.window(0, length)), 400)


@pytest.mark.claim("itron-platform.window.unparsable")
@pytest.mark.parametrize("text", ["", "yesterday", "2024-13-01T00:00:00Z", "2024-02-30T00:00:00.000Z", "12:00", "[]"])
@pytest.mark.parametrize("name", ["from", "to"])
def test_end_that_is_no_time_is_a_bad_request(
    api: Api, readable: str, times: Times, token: str, name: str, text: str
) -> None:
    """Either end."""
    ends = {"from": times.at(0), "to": times.at(60), name: text}
    refused(api.get(readable, token, **ends), 400)


# --- what is in a window ---------------------------------------------------------------------------------------------


@pytest.mark.claim("itron-platform.window.half-open")
@pytest.mark.needs("write")
@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [(0, 20, [1, 0]), (1, 21, [2, 1]), (10, 11, [1]), (20, 60, [2]), (-60, 0, []), (-60, 1, [0]), (21, 60, [])],
)
def test_window_holds_its_beginning_and_not_its_end(
    api: Api, workshop: Workshop, device: str, times: Times, token: str, *, start: int, end: int, expected: list[int]
) -> None:
    """Readings at or after from, and strictly before to."""
    workshop.post(device, *(times.reading(10 * each, each) for each in range(3)))
    found = page(api.get(observations(workshop.solution, device), token, **times.window(start, end)))
    found.check(found.numbers == expected, f"the readings {expected}")


@pytest.mark.claim("itron-platform.window.seconds", "itron-platform.window.floor")
@pytest.mark.needs("write")
@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [(0.9, 1.1, [2, 1]), (0.3, 1.999, [2, 1]), (0, 2, [4, 3, 2, 1]), (1.999, 3, [5, 4, 3]), (-0.001, 0.999, [0])],
)
def test_milliseconds_of_a_window_are_ignored(
    api: Api,
    workshop: Workshop,
    device: str,
    times: Times,
    token: str,
    *,
    start: float,
    end: float,
    expected: list[int],
) -> None:
    """Both ends count from the beginning of their second; readings keep their milliseconds."""
    seconds = (-0.25, 0.25, 0.75, 1, 1.5, 2)
    workshop.post(device, *(times.reading(second, number) for number, second in enumerate(seconds)))
    found = page(api.get(observations(workshop.solution, device), token, **times.window(start, end)))
    found.check(found.numbers == expected, f"the readings {expected}")


@pytest.mark.claim("itron-platform.window.instants")
@pytest.mark.needs("write")
def test_moments_are_compared_whatever_their_form(
    api: Api, workshop: Workshop, device: str, times: Times, token: str
) -> None:
    """With offsets, and without milliseconds, in readings and in windows."""
    plain = times.at(3_600)[:19]
    workshop.post(device, {"timestamp": f"{plain}+01:00", "n": 0}, {"timestamp": f"{times.at(1)[:19]}Z", "n": 1})
    path = observations(workshop.solution, device)
    for window in (
        {"from_": f"{times.at(0)[:19]}Z", "to": f"{times.at(2)[:19]}Z"},
        {"from_": f"{plain}+01:00", "to": f"{times.at(3_602)[:19]}+01:00"},
        {"from_": f"{times.at(-18_000)[:19]}-05:00", "to": times.at(2)},
    ):
        found = page(api.get(path, token, **window))
        found.check(found.numbers == [1, 0], "both readings")


@pytest.mark.claim("itron-platform.window.nothing")
@pytest.mark.needs("write")
def test_nothing_in_the_window_is_an_empty_array(
    api: Api, workshop: Workshop, device: str, path: str, times: Times, token: str
) -> None:
    """Of a device with readings, and of one without."""
    for _ in range(2):
        found = page(api.get(path, token, **times.window(-60, 0)))
        found.check((found.rows, found.following) == ([], None), "an empty array, and no next page")
        workshop.post(device, times.reading(0, 1))


@pytest.mark.claim("itron-platform.window.newest-first")
@pytest.mark.needs("write")
def test_newest_reading_comes_first(
    api: Api, workshop: Workshop, device: str, path: str, times: Times, token: str
) -> None:
    """In whatever order they arrived, to the millisecond, with a window and without."""
    seconds = {0: 5.001, 1: 0, 2: 60, 3: 5.002, 4: 5}
    for number, second in seconds.items():
        workshop.post(device, times.reading(second, number))
    for window in ({}, times.window(-1, 61)):
        found = page(api.get(path, token, **window))
        found.check(found.numbers == [2, 3, 0, 4, 1], "the newest first")


@pytest.mark.claim("itron-platform.window.none", "itron-platform.window.form")
@pytest.mark.needs("write")
def test_device_without_a_window_tells_its_latest_observations(
    api: Api, workshop: Workshop, device: str, path: str, times: Times, token: str
) -> None:
    """All that fit: a program draws a curve of one such answer."""
    workshop.post(device, *(times.reading(60 * each, each) for each in range(50)))
    found = walk(api, page(api.get(path, token)), token)
    found[0].check(numbers(found) == [*reversed(range(50))], "all fifty")
    found[0].check(len(found) == 1, "one page")


@pytest.mark.claim("itron-platform.window.own")
@pytest.mark.needs("write")
def test_device_tells_its_own_readings_only(
    api: Api, workshop: Workshop, device: str, path: str, times: Times, token: str
) -> None:
    """Not those of its neighbour."""
    workshop.post(device, times.reading(0, 1))
    workshop.post(workshop.device(), times.reading(0, 2), times.reading(1, 3))
    found = page(api.get(path, token, **times.window(0, 60)))
    found.check(found.numbers == [1], "its own reading")


# --- tags ------------------------------------------------------------------------------------------------------------


def _tag(workshop: Workshop, device: str, times: Times) -> None:
    tags: list[Any] = [None, ["lab"], ["lab", "hall"], ["hall"], "lab", [], ["LAB"], ["laboratory"]]
    rows = [
        times.reading(number, number, **({} if value is None else {"tags": value})) for number, value in enumerate(tags)
    ]
    workshop.post(device, *rows)


@pytest.mark.claim("itron-platform.tags.window", "itron-platform.tags.form")
@pytest.mark.needs("write")
@pytest.mark.parametrize(("tag", "expected"), [("lab", [4, 2, 1]), ("hall", [3, 2]), ("nothing", [])])
def test_tag_chooses_among_the_readings_in_a_window(
    api: Api, workshop: Workshop, device: str, path: str, times: Times, token: str, *, tag: str, expected: list[int]
) -> None:
    """An array of strings, or a single one; the whole word counts."""
    _tag(workshop, device, times)
    found = page(api.get(path, token, **times.window(0, 60), tags=tag))
    found.check(found.numbers == expected, f"the readings {expected}")


@pytest.mark.claim("itron-platform.tags.no-window")
@pytest.mark.needs("write")
def test_tag_is_ignored_without_a_window(
    api: Api, workshop: Workshop, device: str, path: str, times: Times, token: str
) -> None:
    """As if it had not been said."""
    _tag(workshop, device, times)
    found = page(api.get(path, token, tags="lab"))
    found.check(found.numbers == [*reversed(range(8))], "all readings")


@pytest.mark.claim("itron-platform.tags.pages")
@pytest.mark.needs("write")
def test_tag_goes_on_to_the_next_pages(
    api: Api, workshop: Workshop, device: str, path: str, times: Times, token: str
) -> None:
    """The URL of a page holds all that was asked."""
    _tag(workshop, device, times)
    found = walk(api, page(api.get(path, token, **times.window(0, 60), tags="lab", limit="1")), token)
    found[0].check(numbers(found) == [4, 2, 1], "the readings 4, 2 and 1")
    for each in found:
        expect.check(len(each.rows) <= 1, each.response, "at most one reading")
