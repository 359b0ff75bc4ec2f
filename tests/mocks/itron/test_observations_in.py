"""Observations on their way in: what is taken, what is refused, and what becomes of those that come twice."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.mocks.itron.support import DAY, Caller, at, solution
from tests.mocks.support import make_world

from vendorlab.mocks.itron.strictjson import MOST_NESTED

if TYPE_CHECKING:
    from tests.mocks.itron.conftest import MakeCaller

    from vendorlab.mocks.itron.models import Arrival

TIMESTAMP = b'"timestamp":"2024-05-01T00:00:00.000Z"'


def body(*observations: bytes) -> bytes:
    return b'{"observations":[%s]}' % b",".join(observations)


def test_post_is_a_201_with_an_empty_object(caller: Caller) -> None:
    answer = caller.post(caller.make_device(), at(0, temperature=21.8), at(1, temperature="22.1"))
    assert (answer.status_code, answer.json()) == (201, {})


def test_members_beside_the_observations_do_not_matter(caller: Caller) -> None:
    device = caller.make_device()
    other = {"deviceId": "00135005000000a1", "macId": "00135005000000a1", "observations": [at(0)]}
    assert caller.post(device, content=json.dumps(other)).status_code == 201
    assert caller.of_device(device) == [at(0)]


FREE_FORM = [
    b'{%s,"n":1.0}',
    b'{%s,"n":1}',
    b'{%s,"n":123456789012345678901234567890}',
    b'{%s,"n":1e400,"m":-0.0,"o":1E-7}',
    b'{%s,"n":0.1000000000000000055511151231257827}',
    b'{"z":1,%s,"a":2}',
    b'{ "a" : [ 1 ,2 ] ,\n\t%s }',
    b'{%s,"text":"\\u00e9\\ud83d\\ude00\\/"}',
    '{%s,"text":"é😀"}'.encode(),
    b'{%s,"text":"22.1","on":true,"off":null}',
    b'{%s,"accelerometer":{"x":0.01,"y":-0.99,"z":0.04},"levels":{"1":2,"4":3}}',
    b'{%s,"key with spaces":1,"":2}',
    b'{%s,"tags":"lab"}',
    b'{%s,"tags":5}',
    b'{%s,"deviceId":"mine"}',
]


@pytest.mark.parametrize("form", FREE_FORM)
def test_observation_comes_back_byte_for_byte(served: Caller, form: bytes) -> None:
    raw, device = form % TIMESTAMP, served.make_device()
    path = solution("lab", "devices", device, "observations")
    assert served.post(device, content=body(raw)).status_code == 201
    assert served.get(path).content == body(raw)


TEXT = st.text(st.characters(exclude_categories=["Cs"]))
BLANK = st.sampled_from(["", " ", "\n", "\t "])
NUMBER = st.from_regex(r"-?(0|[1-9][0-9]{0,40})(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,4})?", fullmatch=True)


def spelt(text: str, *, ascii_only: bool) -> str:
    return json.dumps(text, ensure_ascii=ascii_only)


def array(items: list[str], gap: str) -> str:
    return f"[{gap}{f'{gap},'.join(items)}{gap}]"


def obj(names: list[str], value: str, gap: str) -> str:
    return "{" + ",".join(f"{gap}{json.dumps(name)}{gap}:{value}" for name in names) + "}"


def containers(inside: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    arrays = st.builds(array, st.lists(inside, max_size=4), BLANK)
    return arrays | st.builds(obj, st.lists(TEXT, max_size=4, unique=True), inside, BLANK)


PLAIN = NUMBER | st.builds(spelt, TEXT, ascii_only=st.booleans()) | st.sampled_from(["true", "false", "null"])
JSON_TEXTS = st.recursive(PLAIN, containers, max_leaves=12).map(str.encode)
"""JSON values as texts, spelt in different ways."""


@pytest.fixture(scope="module")
def shared() -> Caller:
    """A world for all examples of a property."""
    return Caller(make_world("itron", settings={"mesh_devices": 0}))


@given(values=st.lists(JSON_TEXTS, min_size=1, max_size=5), gap=st.sampled_from([b"", b" ", b"\r\n"]))
def test_any_json_value_comes_back_byte_for_byte(shared: Caller, values: list[bytes], gap: bytes) -> None:
    device = shared.make_device()
    raws = [
        b'{"timestamp":"2024-05-01T00:00:%02dZ",%s"v"%s:%s}' % (number, gap, gap, value)
        for number, value in enumerate(values)
    ]
    posted = shared.post(device, content=body(*(gap + raw + gap for raw in raws)))
    assert posted.status_code == 201, posted.text
    answer = shared.get(solution("lab", "devices", device, "observations"))
    assert answer.content == body(*reversed(raws))


BROKEN = [
    b"",
    b" ",
    b"x",
    b"{",
    b"[]",
    b"null",
    b"{}",
    b'{"observations":{}}',
    b'{"observations":null}',
    b'{"observations":"x"}',
    body(b"1"),
    body(b"[]"),
    body(b"null"),
    body(b"{}"),
    body(b'{"timestamp":null}'),
    body(b'{"timestamp":1714521600000}'),
    body(b'{"timestamp":"yesterday"}'),
    body(b'{"timestamp":"2024-05-01"}'),
    body(b'{"timestamp":"2024-05-01T00:00:00"}'),
    body(b'{"timestamp":"2024-02-30T00:00:00Z"}'),
    body(b'{"timestamp":"2024-05-01T24:00:00Z"}'),
    body(b'{%s,"n":NaN}' % TIMESTAMP),
    body(b'{%s,"n":Infinity}' % TIMESTAMP),
    body(b'{%s,"n":-Infinity}' % TIMESTAMP),
    body(b'{%s,"n":01}' % TIMESTAMP),
    body(b'{%s,"n":1.}' % TIMESTAMP),
    body(b'{%s,"n":"\\ud800"}' % TIMESTAMP),
    body(b'{%s,"n":"\\udc00\\ud800"}' % TIMESTAMP),
    body(b'{%s,"n":"\xff"}' % TIMESTAMP),
    body(b'{%s,"n":"\xed\xa0\x80"}' % TIMESTAMP),
    body(b'{%s,"n":"\x00"}' % TIMESTAMP),
    body(b'{%s,"n":1,"n":1}' % TIMESTAMP),
    body(b'{%s,"n":{"a":1,"\\u0061":1}}' % TIMESTAMP),
    body(b"{%s,%s}" % (TIMESTAMP, TIMESTAMP)),
    body(b"{%s}" % TIMESTAMP) + b"x",
    body(b"{%s}," % TIMESTAMP),
    b"\xef\xbb\xbf" + body(b"{%s}" % TIMESTAMP),
    body(b"{%s}" % TIMESTAMP).decode().encode("utf-16"),
    b'{"observations":[],"observations":[]}',
    body(b'{%s,"n":%s}' % (TIMESTAMP, b"[" * 100_000 + b"]" * 100_000)),
    b"[" * 1_000_000,
    b'{"a":' * 1_000_000,
]


@pytest.mark.parametrize("content", BROKEN, ids=range(len(BROKEN)))
def test_body_that_makes_no_sense_is_a_400_and_nothing_of_it_is_kept(caller: Caller, content: bytes) -> None:
    device = caller.make_device()
    answer = caller.post(device, content=content)
    assert (answer.status_code, list(answer.json())) == (400, ["message"])
    assert caller.of_device(device) == []


def test_one_bad_observation_takes_all_of_its_post_with_it(caller: Caller) -> None:
    device = caller.make_device()
    assert caller.post(device, at(0), {"timestamp": "x"}).status_code == 400
    assert caller.of_device(device) == []


def test_nesting_has_a_bound(caller: Caller) -> None:
    device = caller.make_device()

    def nested(deep: int) -> bytes:  # the body, the list and the observation are three already
        return body(b'{%s,"n":%s}' % (TIMESTAMP, b"[" * (deep - 3) + b"]" * (deep - 3)))

    assert caller.post(device, content=nested(MOST_NESTED)).status_code == 201
    assert caller.post(device, content=nested(MOST_NESTED + 1)).status_code == 400


def test_many_shallow_values_are_not_deep(caller: Caller) -> None:
    assert caller.post(caller.make_device(), *(at(n, v=[[n]]) for n in range(200))).status_code == 201


def test_post_without_observations_is_fine(caller: Caller) -> None:
    assert caller.post(caller.make_device()).status_code == 201


def test_unknown_device_is_a_404_before_the_body_is_read(caller: Caller) -> None:
    answer = caller.post("5d0f6c3e-2b7a-4a41-9f58-0c1d2e3f4a5b", content=b"{")
    assert (answer.status_code, list(answer.json())) == (404, ["message"])


def test_later_observation_takes_the_place_of_one_with_its_timestamp(caller: Caller) -> None:
    device, other = caller.make_device(), caller.make_device()
    caller.post(device, at(0, n=1), at(1, n=1), at(1, n=2))
    same = {"timestamp": "2024-05-01T02:00:00+02:00", "n": 3}
    caller.post(device, same)
    caller.post(other, at(0, n=4))
    assert caller.of_device(device) == [at(1, n=2), same]


def test_both_stay_by_a_switch_the_later_first(caller_of: MakeCaller) -> None:
    caller = caller_of(keep_duplicates=True)
    device = caller.make_device()
    caller.post(device, at(0, n=1), at(0, n=2))
    caller.post(device, at(0, n=3), at(1, n=4))
    assert caller.of_device(device) == [at(1, n=4), at(0, n=3), at(0, n=2), at(0, n=1)]
    walked = list(caller.pages(solution("lab", "devices", device, "observations"), limit=1))
    assert [page[0]["n"] for page in walked] == [4, 3, 2, 1]


def test_future_and_far_past_are_taken(caller: Caller) -> None:
    device = caller.make_device()
    times = ["9999-12-31T23:59:59.999Z", "1969-12-31T23:59:59.999999Z", "0001-01-01T00:00:00Z"]
    caller.post(device, *({"timestamp": time} for time in times))
    assert [one["timestamp"] for one in caller.of_device(device)] == times


def test_oldest_go_when_a_device_has_too_many(caller_of: MakeCaller) -> None:
    caller = caller_of(observations_per_device=3)
    device, other = caller.make_device(), caller.make_device()
    caller.post(other, at(0))
    for second in (5, 1, 4, 2, 3):
        caller.post(device, at(second))
    assert caller.of_device(device) == [at(5), at(4), at(3)]
    assert caller.of_device(other) == [at(0)]
    caller.post(device, *(at(second) for second in range(10, 20)))
    assert caller.of_device(device) == [at(19), at(18), at(17)]


def test_first_to_come_go_when_all_is_too_much(caller_of: MakeCaller) -> None:
    caller = caller_of(megabytes=2, mesh_devices=0)
    devices = [caller.make_device() for _ in range(4)]
    for device in devices:
        caller.post(device, *(at(n, text="x" * 1_000) for n in range(1_000)))
    (size,) = caller.world.store.connection.execute("SELECT sum(length(raw)) FROM itron_observations").fetchone()
    assert 500_000 < size < 2 << 20
    counts = [sum(map(len, caller.pages(solution("lab", "devices", device, "observations")))) for device in devices]
    assert (counts[0], counts[-1]) == (0, 1_000)


def test_observers_see_what_was_stored(caller: Caller) -> None:
    seen: list[Arrival] = []
    caller.backend.observers.append(seen.append)
    device = caller.make_device()
    caller.post(device, at(0, n=1.0), at(1))
    caller.post(device, {"timestamp": "x"})
    (arrival,) = seen
    assert (arrival.place.solution, arrival.device_id) == ("lab", device)
    assert [json.loads(one.raw) for one in arrival.observations] == [at(0, n=1.0), at(1)]


def test_bulk_of_ten_thousand_is_taken_at_once(caller: Caller) -> None:
    device = caller.make_device()
    many: list[Any] = [at(n, temperature=20 + n % 7) for n in range(10_000)]
    assert caller.post(device, *many).status_code == 201
    walked = [one for page in caller.pages(solution("lab", "devices", device, "observations"), **DAY) for one in page]
    assert walked == many[::-1]
