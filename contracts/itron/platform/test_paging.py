"""Pages: their size, the way from one to the next, and that no reading is lost or told twice on it."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from vendorlab.contracts.itron.platform import raw
from vendorlab.contracts.itron.platform.api import Api, observations
from vendorlab.contracts.itron.platform.forms import refused
from vendorlab.contracts.itron.platform.readings import PAGE_BYTES, cursor, follow, numbers, origin, page, walk

if TYPE_CHECKING:
    from vendorlab.contracts.itron.platform.readings import Page, Times
    from vendorlab.contracts.itron.platform.workshop import Workshop

pytestmark = pytest.mark.vendorlab("itron-platform")

_COUNT = 7
_ALL = [*reversed(range(_COUNT))]


@pytest.fixture
def path(workshop: Workshop, device: str, times: Times) -> str:
    """Where the seven readings of a device of the suite's own are."""
    workshop.post(device, *(times.reading(each, each) for each in range(_COUNT)))
    return observations(workshop.solution, device)


@pytest.fixture
def first(api: Api, path: str, times: Times, token: str) -> Page:
    """The first page of the readings in a window, two to a page."""
    return page(api.get(path, token, **times.window(0, 60), limit="2"))


# --- size ------------------------------------------------------------------------------------------------------------


@pytest.mark.claim("itron-platform.page.limit-wrong")
@pytest.mark.parametrize("limit", ["0", "-1", "1.5", "many", "0x10"])
def test_limit_that_is_no_positive_number_is_a_bad_request(api: Api, readable: str, token: str, limit: str) -> None:
    """Nor is it taken for none."""
    refused(api.get(readable, token, limit=limit), 400)


@pytest.mark.claim("itron-platform.page.limit", "itron-platform.page.walk", "itron-platform.page.last")
@pytest.mark.needs("write")
@pytest.mark.parametrize("limit", [1, 2, 3, _COUNT - 1, _COUNT, _COUNT + 1, 1_000_000])
@pytest.mark.parametrize("windowed", [True, False], ids=["window", "no window"])
def test_walk_by_next_page_tells_every_reading_once(
    api: Api, path: str, times: Times, token: str, limit: int, windowed: bool
) -> None:
    """Newest first over all pages; the last one, which may be empty, has no header."""
    window = times.window(0, 60) if windowed else {}
    pages = walk(api, page(api.get(path, token, **window, limit=str(limit))), token)
    for each in pages:
        each.check(len(each.rows) <= limit, f"at most {limit} readings")
    pages[0].check(numbers(pages) == _ALL, f"the readings {_ALL} over {len(pages)} pages")
    pages[0].check(pages[0].rows, "readings on the first page")


@pytest.mark.claim("itron-platform.page.megabyte")
@pytest.mark.needs("write", "exhaust")
def test_page_without_a_limit_holds_a_megabyte(
    api: Api, workshop: Workshop, device: str, times: Times, token: str
) -> None:
    """At most, of the array as it is written; all the rest is on the next pages."""
    count, size = 24, 100_000
    for begin in range(0, count, 8):
        workshop.post(device, *(times.reading(each, each, text="x" * size) for each in range(begin, begin + 8)))
    pages = walk(api, page(api.get(observations(workshop.solution, device), token)), token)
    for each in pages:
        length = len(raw.members(each.response.text)["observations"].encode())
        each.check(length <= PAGE_BYTES, f"at most {PAGE_BYTES} bytes, not {length}")
    pages[0].check(numbers(pages) == [*reversed(range(count))], f"{count} readings over {len(pages)} pages")
    pages[0].check(len(pages[0].rows) > 1, "a page that is not nearly empty")


# --- the way on ------------------------------------------------------------------------------------------------------


@pytest.mark.claim("itron-platform.page.header", "itron-platform.page.url", "itron-platform.drift.page-url")
@pytest.mark.needs("write")
def test_next_page_is_a_whole_url_in_a_header(api: Api, first: Page, token: str) -> None:
    """The SDK fetches it as it is."""
    asked = urlsplit(str(first.response.request.url))
    found = urlsplit(first.next_page)
    first.check(found.path == asked.path, f"a URL of {asked.path}")
    second = follow(api, first, token)
    second.check(second.numbers == [4, 3], "the readings 4 and 3")


@pytest.mark.claim("itron-platform.page.host", "itron-platform.drift.host")
@pytest.mark.needs("write")
def test_next_page_is_at_the_host_that_was_asked(first: Page) -> None:
    """With its scheme and port, and nowhere else."""
    assert origin(first.next_page) == origin(str(first.response.request.url))


@pytest.mark.claim("itron-platform.page.host")
@pytest.mark.needs("write", "clock")
@pytest.mark.parametrize("host", ["platform.example.com", "platform.example.com:8443"])
def test_next_page_is_at_the_name_that_the_client_used(api: Api, path: str, token: str, host: str) -> None:
    """A fake is reached by more than one name: in a container, through a tunnel."""
    response = api.http.get(path, params={"limit": "2"}, headers={"Authorization": token, "Host": host})
    found = page(response)
    found.check(origin(found.following or "")[1] == host, f"a next_page at {host}, not {found.following!r}")


@pytest.mark.claim("itron-platform.page.query", "itron-platform.page.limit-repeated")
@pytest.mark.needs("write")
def test_next_page_repeats_what_was_asked(first: Page) -> None:
    """And adds the cursor."""
    asked = parse_qs(urlsplit(str(first.response.request.url)).query)
    found = parse_qs(urlsplit(first.next_page).query)
    first.check(found.keys() == {*asked, "after"}, f"the parameters {sorted(asked)} and after")
    for name, values in asked.items():
        first.check(found[name] == values, f"{name} to be {values[0]!r}")


@pytest.mark.claim("itron-platform.page.cursor")
@pytest.mark.needs("write")
def test_cursor_starts_a_page_by_hand_too(api: Api, first: Page, path: str, times: Times, token: str) -> None:
    """Out of the URL, into a query of one's own."""
    second = page(api.get(path, token, **times.window(0, 60), limit="3", after=cursor(first)))
    second.check(second.numbers == [4, 3, 2], "the three readings that come next")


@pytest.mark.claim("itron-platform.page.again")
@pytest.mark.needs("write")
def test_page_may_be_fetched_again(api: Api, first: Page, token: str) -> None:
    """After an answer that was lost."""
    once, again = follow(api, first, token), follow(api, first, token)
    again.check(again.rows == once.rows, "the same page")


@pytest.mark.claim("itron-platform.page.any-token")
@pytest.mark.needs("write")
def test_walk_goes_on_with_another_token(api: Api, first: Page) -> None:
    """A new one for each page."""
    pages = [first]
    while pages[-1].following is not None and len(pages) <= _COUNT:
        pages.append(follow(api, pages[-1], api.token()))
    pages[0].check(numbers(pages) == _ALL, f"the readings {_ALL}")


@pytest.mark.claim("itron-platform.page.stable")
@pytest.mark.needs("write")
def test_readings_that_arrive_meanwhile_disturb_no_walk(
    api: Api, workshop: Workshop, device: str, first: Page, times: Times, token: str
) -> None:
    """Newer than all, older than all, and between: what was there is told once."""
    before = set(_ALL)
    pages = [first]
    for number, second in enumerate((30, 0.5, 31, 3.5), start=100):
        workshop.post(device, times.reading(second, number))
        pages[-1].check(pages[-1].following, "a next page")
        pages.append(follow(api, pages[-1], token))
        if pages[-1].following is None:
            break
    else:
        pages = [*pages[:-1], *walk(api, pages[-1], token)]
    told = [number for number in numbers(pages) if number in before]
    pages[0].check(told == _ALL, f"the readings {_ALL}, each once")


# --- cursors that are none -------------------------------------------------------------------------------------------


@pytest.mark.claim("itron-platform.page.cursor-unknown")
@pytest.mark.parametrize("text", ["junk", "0", "eyJ0IjoxfQ==", "e30=", "../..", "\x00", "é", "x" * 2_000])
def test_cursor_that_nobody_gave_is_a_bad_request(api: Api, readable: str, token: str, text: str) -> None:
    """It is opaque: none can be made up."""
    refused(api.get(readable, token, after=text), 400)


@pytest.mark.claim("itron-platform.page.cursor-unknown")
@pytest.mark.needs("write")
def test_damaged_cursor_is_a_bad_request(api: Api, first: Page, path: str, times: Times, token: str) -> None:
    """Cut, or grown."""
    good = cursor(first)
    for text in (good[: len(good) // 2], good + good):
        refused(api.get(path, token, **times.window(0, 60), limit="2", after=text), 400)


@pytest.mark.claim("itron-platform.page.cursor-foreign")
@pytest.mark.needs("write")
def test_cursor_of_another_device_is_a_bad_request(
    api: Api, workshop: Workshop, first: Page, times: Times, token: str
) -> None:
    """It belongs to the walk it was given on."""
    other = workshop.device()
    workshop.post(other, *(times.reading(each, each) for each in range(_COUNT)))
    path = observations(workshop.solution, other)
    refused(api.get(path, token, **times.window(0, 60), limit="2", after=cursor(first)), 400)
