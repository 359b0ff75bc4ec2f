"""Observations on their way out: windows, order, limits, pages, cursors, tags, and the newest of each device."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.mocks.itron.support import DAY, Caller, at, solution

from vendorlab.mocks.itron.errors import BadCursor
from vendorlab.mocks.itron.models import Cursor
from vendorlab.mocks.itron.observations import pack, unpack

if TYPE_CHECKING:
    from tests.mocks.itron.conftest import MakeCaller

LAB = solution("lab", "observations")
START = "2024-05-01T00:00:00Z"


def path_of(device: str) -> str:
    return solution("lab", "devices", device, "observations")


def test_newest_come_first(caller: Caller) -> None:
    device = caller.make_device()
    caller.post(device, at(2), at(0), at(3))
    caller.post(device, at(1))
    assert caller.of_device(device) == [at(3), at(2), at(1), at(0)]


def test_window_takes_its_beginning_and_not_its_end(caller: Caller) -> None:
    device = caller.make_device()
    caller.post(device, at(9.999), at(10), at(10.5), at(19.999), at(20))
    window = {"from": "2024-05-01T00:00:10Z", "to": "2024-05-01T00:00:20Z"}
    assert caller.of_device(device, **window) == [at(19.999), at(10.5), at(10)]


def test_milliseconds_of_a_window_are_cut_off(caller: Caller) -> None:
    device = caller.make_device()
    caller.post(device, at(10), at(10.4), at(19.999), at(20), at(20.2))
    window = {"from": "2024-05-01T00:00:10.999Z", "to": "2024-05-01T00:00:20.999Z"}
    assert caller.of_device(device, **window) == [at(19.999), at(10.4), at(10)]
    same_second = {"from": "2024-05-01T00:00:10.1Z", "to": "2024-05-01T00:00:10.9Z"}
    assert caller.get(path_of(device), params=same_second).status_code == 400


def test_window_may_be_told_in_any_zone(caller: Caller) -> None:
    device = caller.make_device()
    caller.post(device, at(10))
    for start, end in (
        ("2024-05-01T02:00:10+02:00", "2024-05-01T02:00:11+0200"),
        ("2024-04-30T19:00:10-05", "2024-05-01T00:00:11Z"),
    ):
        assert caller.of_device(device, **{"from": start, "to": end}) == [at(10)]
        raw = caller.get(f"{path_of(device)}?from={start}&to={end}")  # a plus sign that nobody encoded
        assert raw.json() == {"observations": [at(10)]}


@pytest.mark.parametrize(
    "query",
    [
        {"from": START},
        {"to": START},
        {"from": START, "to": START},
        {"from": "2024-05-01T00:00:01Z", "to": START},
        {"from": "", "to": ""},
        {"from": "yesterday", "to": "today"},
        {"from": "1714521600", "to": "1714521601"},
        {"from": "2024-05-01", "to": "2024-05-02"},
        {"from": "2024-05-01T00:00:00", "to": "2024-05-02T00:00:00"},
        {"limit": "0"},
        {"limit": "-1"},
        {"limit": "1.5"},
        {"limit": "x"},
        {"limit": ""},
        {"limit": "+1"},
        {"limit": "\u0661"},
        {"limit": "9" * 20},
        {"after": ""},
        {"after": "x"},
        {"after": "\u00e9"},
        {"after": "A" * 44},
    ],
)
def test_question_that_makes_no_sense_is_a_400(caller: Caller, query: dict[str, str]) -> None:
    for path in (path_of(caller.make_device()), LAB):
        answer = caller.get(path, params=query)
        assert (answer.status_code, list(answer.json())) == (400, ["message"])


def test_nothing_in_the_window_is_an_empty_list(caller: Caller) -> None:
    device = caller.make_device()
    for path in (path_of(device), LAB, solution("nowhere", "observations")):
        for query in ({}, DAY):
            answer = caller.get(path, params=query)
            assert (answer.status_code, answer.json()) == (200, {"observations": []})
            assert "next_page" not in answer.headers


def test_limit_is_kept_and_the_rest_is_on_the_next_pages(caller: Caller) -> None:
    device = caller.make_device()
    caller.post(device, *(at(n) for n in range(7)))
    pages = list(caller.pages(path_of(device), **DAY, limit=3))
    assert [len(page) for page in pages] == [3, 3, 1]
    assert [one for page in pages for one in page] == [at(n) for n in reversed(range(7))]
    assert "next_page" not in caller.page(path_of(device), limit=7).headers


def test_page_holds_what_fits_into_its_bytes(caller_of: MakeCaller) -> None:
    caller = caller_of(page_bytes=1_000)
    device = caller.make_device()
    caller.post(device, *(at(n, text="x" * (n * 37 % 200)) for n in range(50)))
    answer, walked = caller.page(path_of(device)), 0
    while True:
        array = answer.content.removeprefix(b'{"observations":').removesuffix(b"}")
        assert len(array) <= 1_000
        walked += len(answer.json()["observations"])
        if "next_page" not in answer.headers:
            break
        following = caller.get(answer.headers["next_page"])
        first = following.content.removeprefix(b'{"observations":[').split(b"},{")[0].removesuffix(b"}]}") + b"}"
        assert len(array) + 1 + len(first) > 1_000, "one more would have fitted"
        answer = following
    assert walked == 50


def test_observation_larger_than_a_page_is_a_page_of_its_own(caller_of: MakeCaller) -> None:
    caller = caller_of(page_bytes=100)
    device = caller.make_device()
    caller.post(device, at(0), at(1, text="x" * 1_000), at(2))
    assert [len(page) for page in caller.pages(path_of(device))] == [1, 1, 1]


def test_page_is_a_mebibyte_by_default(caller: Caller) -> None:
    device = caller.make_device()
    caller.post(device, *(at(n, text="x" * 900) for n in range(1_200)))
    answer = caller.page(path_of(device))
    size = len(answer.content.removeprefix(b'{"observations":').removesuffix(b"}"))
    assert 1_048_576 - 1_000 < size <= 1_048_576
    assert "next_page" in answer.headers


def test_next_page_is_a_whole_address_with_the_question_and_a_cursor(served: Caller) -> None:
    device = served.make_device()
    served.post(device, *(at(n, tags=["a&b"]) for n in range(3)))
    query = {**DAY, "tags": "a&b", "limit": "1", "other": "x y"}
    first = served.get(path_of(device), params=query, headers={"Host": "proxy.example:8080"})
    address = urlsplit(first.headers["next_page"])
    assert (address.scheme, address.netloc, address.path) == ("http", "proxy.example:8080", path_of(device))
    pairs = parse_qsl(address.query, keep_blank_values=True)
    assert [name for name, _ in pairs] == ["from", "to", "tags", "limit", "other", "after"]
    assert dict(pairs) == query | {"after": pairs[-1][1]}
    assert "from=2024-05-01T00%3A00%3A00Z" in address.query
    again = served.get(f"{address.path}?{address.query}")
    later = dict(parse_qsl(urlsplit(again.headers["next_page"]).query))
    assert later["after"] != pairs[-1][1]
    assert again.json() == {"observations": [at(1, tags=["a&b"])]}


def test_next_page_has_the_public_base_if_there_is_one(caller_of: MakeCaller) -> None:
    caller = caller_of(public_base="https://api.example.com/")
    device = caller.make_device()
    caller.post(device, at(0), at(1))
    assert (
        caller.page(path_of(device), limit=1)
        .headers["next_page"]
        .startswith(f"https://api.example.com{path_of(device)}?limit=1&after=")
    )


def test_next_page_leads_to_another_name_where_that_is_wanted(caller_of: MakeCaller) -> None:
    caller = caller_of(next_page_elsewhere=True)
    device = caller.make_device()
    caller.post(device, at(0), at(1))
    for host, other in (("vendor.test:81", "localhost:81"), ("localhost", "127.0.0.1"), ("a b/<c>", "localhost")):
        answer = caller.get(f"{path_of(device)}?limit=1", headers={"Host": host})
        assert urlsplit(answer.headers["next_page"]).netloc == other


def test_host_that_is_none_does_not_get_into_next_page(caller: Caller) -> None:
    device = caller.make_device()
    caller.post(device, at(0), at(1))
    answer = caller.get(f"{path_of(device)}?limit=1", headers={"Host": "a b/<c>"})
    assert answer.headers["next_page"].startswith(f"http://localhost{path_of(device)}?")


def test_walk_survives_a_new_token_and_what_arrives_meanwhile(caller: Caller) -> None:
    device = caller.make_device()
    caller.post(device, *(at(n, v=0) for n in range(0, 20, 2)))
    seen: list[Any] = []
    for number, page in enumerate(caller.pages(path_of(device), **DAY, limit=3)):
        seen += page
        caller.post(device, at(100 + number), at(4, v=0))  # newer ones, and one again that is yet to come
        caller.world.clock.advance(3_601)
        caller._tokens.clear()
    assert seen == [at(n, v=0) for n in reversed(range(0, 20, 2))]


def test_cursor_of_another_list_is_a_400(caller: Caller) -> None:
    device, other = caller.make_device(), caller.make_device()
    for one in (device, other):
        caller.post(one, at(0), at(1))
    sandbox = solution("sandbox", "observations")
    lists: list[tuple[str, dict[str, str]]] = [
        (path_of(device), {}),
        (path_of(other), {}),
        (LAB, {}),
        (LAB, DAY),
        (sandbox, {}),
    ]
    cursors: list[str] = []
    for path, query in lists:
        address = urlsplit(caller.page(path, **query, limit=1).headers["next_page"])
        cursors.append(dict(parse_qsl(address.query))["after"])
    for number, (path, query) in enumerate(lists):
        statuses = [caller.get(path, params=query | {"after": cursor}).status_code for cursor in cursors]
        assert statuses == [200 if place == number else 400 for place in range(len(lists))]
    theirs = caller.get(sandbox, params={"after": cursors[-1]}, which="second_")
    assert (theirs.status_code, caller.last.cause) == (400, "bad-cursor")


KEY = b"k" * 32
_NUMBERS = st.integers(-(1 << 63), (1 << 63) - 1)


@given(st.builds(Cursor, _NUMBERS, _NUMBERS, _NUMBERS), st.text())
def test_cursor_comes_back_as_it_went(cursor: Cursor, owner: str) -> None:
    owner = owner.encode("utf-8", "replace").decode()
    text = pack(cursor, KEY, owner)
    assert unpack(text, KEY, owner) == cursor
    assert quote(text, safe="") == text


@given(st.builds(Cursor, _NUMBERS, _NUMBERS, _NUMBERS), st.data())
def test_changed_cursor_is_refused(cursor: Cursor, data: st.DataObject) -> None:
    text = pack(cursor, KEY, "o")
    place = data.draw(st.integers(0, len(text) - 1))
    letter = data.draw(st.characters(codec="utf-8").filter(lambda one: one != text[place]))
    for changed in (text[:place] + letter + text[place + 1 :], text[:place], text + letter):
        with pytest.raises(BadCursor):
            unpack(changed, KEY, "o")
    for key, owner in ((b"x" * 32, "o"), (KEY, "p")):
        with pytest.raises(BadCursor):
            unpack(text, key, owner)


@given(st.text())
def test_text_that_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(BadCursor):
        unpack(text, KEY, "o")


def test_tags_choose_in_a_window_and_are_ignored_without_one(caller: Caller) -> None:
    device = caller.make_device()
    posted = [at(0, tags=["lab"]), at(1, tags=["lab", "roof"]), at(2, tags="roof"), at(3), at(4, tags=["la", "b"])]
    caller.post(device, *posted)
    for tag, expected in (("lab", [1, 0]), ("roof", [2, 1]), ("la", [4]), ("Lab", []), ("lab,roof", []), ("l%", [])):
        assert caller.of_device(device, **DAY, tags=tag) == [posted[n] for n in expected]
        found = caller.page(LAB, **DAY, tags=tag).json()["observations"]
        assert [one["timestamp"] for one in found] == [posted[n]["timestamp"] for n in expected]
        assert len(caller.of_device(device, tags=tag)) == 5
    assert len(list(caller.pages(path_of(device), **DAY, tags="lab", limit=1))) == 2


@pytest.mark.parametrize("tag", ["a b", "é", "%20", '"', "", "\u0000", "a+b"])
def test_tag_may_be_any_text(caller: Caller, tag: str) -> None:
    device = caller.make_device()
    caller.post(device, at(0, tags=[tag]), at(1, tags=["other"]))
    assert caller.of_device(device, **DAY, tags=tag) == [at(0, tags=[tag])]


def test_solution_without_a_window_has_the_newest_of_each_device(caller: Caller) -> None:
    devices = [caller.make_device() for _ in range(3)]
    caller.make_device()
    for number, device in enumerate(devices):
        caller.post(device, at(number), at(10 - number), at(5, n=number))
    expected = [{**at(10 - number), "deviceId": device} for number, device in enumerate(devices)]
    assert caller.page(LAB).json() == {"observations": expected}
    pages = list(caller.pages(LAB, limit=1))
    assert [one for page in pages for one in page] == expected


def test_device_that_reports_while_the_newest_are_walked_is_not_lost(caller: Caller) -> None:
    devices = [caller.make_device() for _ in range(4)]
    for number, device in enumerate(devices):
        caller.post(device, at(number))
    seen: list[Any] = []
    for page in caller.pages(LAB, limit=1):
        seen += [one["deviceId"] for one in page]
        for device in devices:
            caller.post(device, at(100 + len(seen)))
    assert seen == devices[::-1]


def test_solution_in_a_window_has_all_devices_newest_first_with_equal_ones_later_first(caller: Caller) -> None:
    first, second = caller.make_device(), caller.make_device()
    caller.post(first, at(0), at(1))
    caller.post(second, at(0), at(2))
    found = caller.page(LAB, **DAY).json()["observations"]
    pairs = [(one.pop("deviceId"), one) for one in found]
    assert pairs == [(second, at(2)), (first, at(1)), (second, at(0)), (first, at(0))]
    walked = [one["deviceId"] for page in caller.pages(LAB, **DAY, limit=1) for one in page]
    assert walked == [second, first, second, first]


def test_device_id_of_a_list_is_the_platforms_and_stands_there_once(caller: Caller) -> None:
    device = caller.make_device()
    raw = b'{"timestamp":"2024-05-01T00:00:00Z", "deviceId":"00135005000000a1","n": 1.0}'
    caller.post(device, content=b'{"observations":[%s]}' % raw)
    assert caller.get(path_of(device)).content == b'{"observations":[%s]}' % raw
    whole = caller.get(LAB).content
    assert whole.count(b"deviceId") == 1
    assert json.loads(whole)["observations"][0]["deviceId"] == device
    assert b'"n":1.0' in whole


def test_other_tenants_observations_are_not_in_a_list(caller: Caller) -> None:
    device = caller.make_device()
    caller.post(device, at(0))
    caller.call("POST", solution("lab", "devices"), json={"deviceType": "T"}, which="second_")
    for query in ({}, DAY):
        assert caller.get(LAB, params=query, which="second_").json() == {"observations": []}


def test_thirty_thousand_observations_are_walked_whole_once(caller: Caller) -> None:
    device = caller.make_device()
    for first in range(0, 30_000, 10_000):
        caller.post(device, *(at(n) for n in range(first, first + 10_000)))
    pages = list(caller.pages(path_of(device)))
    seen = [one["timestamp"] for page in pages for one in page]
    assert (len(seen), len(set(seen)), seen == sorted(seen, reverse=True)) == (30_000, 30_000, True)
