"""Observations in: what may be posted, and that it comes back as it was."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from vendorlab.contracts.core import expect
from vendorlab.contracts.itron.platform import raw
from vendorlab.contracts.itron.platform.api import NOBODY, Api, observations
from vendorlab.contracts.itron.platform.forms import refused
from vendorlab.contracts.itron.platform.readings import page

if TYPE_CHECKING:
    import httpx

    from vendorlab.contracts.itron.platform.readings import Times
    from vendorlab.contracts.itron.platform.workshop import Workshop

pytestmark = [pytest.mark.vendorlab("itron-platform"), pytest.mark.needs("write")]

_NESTED = '{"a":' * 20 + "1" + "}" * 20
_VALUES = {
    "number": "21.8",
    "number as text": '"21.8"',
    "axes": '{"x":0.01,"y":-0.99,"z":0.04}',
    "numbered": '{"1":10,"2":20,"3":30,"4":40}',
    "array": "[1,[2,[3]],{}]",
    "boolean": "true",
    "null": "null",
    "empty": '""',
    "text": '"\\u00e9t\\u00e9 \U0001f321"',
    "nested": _NESTED,
}
_EXACT = {
    "whole": "1",
    "with a nought": "1.0",
    "with noughts": "1.10000",
    "big": "123456789012345678901234567890",
    "long": "9" * 400,
    "exact": "0.1000000000000000055511151231257827",
    "minus nought": "-0.0",
    "exponent": "1E+2",
    "small": "5e-324",
    "escaped": '"\\u00e9\\/\\t\\ud83c\\udf21"',
    "unescaped": '"é/\U0001f321"',
    "order": '{"z":1,"a":2,"m":{"b":1,"a":2}}',
    "line separator": '"\u2028"',
}


def _post(api: Api, path: str, token: str, text: str) -> httpx.Response:
    return api.send("POST", path, token, text.encode())


@pytest.fixture
def path(workshop: Workshop, device: str) -> str:
    """Where observations of a device of the suite's own go in and come out."""
    return observations(workshop.solution, device)


@pytest.mark.claim("itron-platform.in.status", "itron-platform.in.answer")
def test_observation_is_taken_with_201_and_json(api: Api, path: str, times: Times, token: str) -> None:
    """Each known client counts any other status as a failure; the SDK parses the body."""
    response = api.ask("POST", path, token, {"observations": [times.reading(0, 1)]})
    expect.json_object(response, 201)


@pytest.mark.claim("itron-platform.in.free-form")
@pytest.mark.parametrize("value", _VALUES.values(), ids=_VALUES.keys())
def test_value_of_any_form_comes_back(api: Api, path: str, times: Times, token: str, value: str) -> None:
    """There is no schema: spelling and form are the program's own."""
    text = f'{{"timestamp":"{times.at(0)}","Some Sensor":{value}}}'
    expect.status(_post(api, path, token, f'{{"observations":[{text}]}}'), 201)
    found = page(api.get(path, token))
    found.check(found.rows == [json.loads(text, parse_float=Decimal)], f"the observation {text}")


@pytest.mark.claim("itron-platform.in.bytes")
@pytest.mark.parametrize("value", [*_VALUES.values(), *_EXACT.values()], ids=[*_VALUES.keys(), *_EXACT.keys()])
def test_observation_comes_back_as_it_was_written(api: Api, path: str, times: Times, token: str, value: str) -> None:
    """All digits, all escapes, all members in their order; only blanks between the words do not count."""
    text = f'{{"b": {value},  "timestamp" :"{times.at(0)}","a":{value}}}'
    expect.status(_post(api, path, token, f'{{"observations":[ {text} ]}}'), 201)
    found = page(api.get(path, token))
    found.check(found.texts == [raw.compact(text)], f"the observation {text} to the letter")


@pytest.mark.claim("itron-platform.in.timestamp")
@pytest.mark.parametrize("form", ["{}.250Z", "{}Z", "{}.25Z", "{}+00:00", "{}.250-05:00", "{}.123456Z"])
def test_timestamp_comes_back_as_it_was_posted(api: Api, path: str, times: Times, token: str, form: str) -> None:
    """With or without a fraction, in UTC or not."""
    stamp = form.format(times.at(0)[:19])
    expect.status(api.ask("POST", path, token, {"observations": [{"timestamp": stamp, "n": 1}]}), 201)
    found = page(api.get(path, token))
    found.check([row["timestamp"] for row in found.rows] == [stamp], f"the timestamp {stamp}")


@pytest.mark.claim("itron-platform.in.other-members")
def test_members_beside_the_observations_are_ignored(
    api: Api, workshop: Workshop, path: str, times: Times, token: str
) -> None:
    """The path says which device; the vendor's bridge sends a MAC address as deviceId."""
    other = workshop.device()
    body = {"observations": [times.reading(0, 1)], "deviceId": other, "macId": "00135005ffffff01"}
    expect.status(api.ask("POST", path, token, body), 201)
    found = page(api.get(path, token))
    found.check(found.rows == [times.reading(0, 1)], "the observation, and nothing that stood beside it")
    rest = page(api.get(observations(workshop.solution, other), token))
    rest.check(rest.rows == [], "nothing on the other device")


@pytest.mark.claim("itron-platform.in.many")
def test_one_call_carries_many_observations(api: Api, path: str, times: Times, token: str) -> None:
    """In any order."""
    body = {"observations": [times.reading(each, each) for each in (3, 1, 4, 0, 2)]}
    expect.status(api.ask("POST", path, token, body), 201)
    found = page(api.get(path, token))
    found.check(found.numbers == [4, 3, 2, 1, 0], "all five, the newest first")


@pytest.mark.claim("itron-platform.in.again")
def test_same_observation_may_be_posted_again(api: Api, path: str, times: Times, token: str) -> None:
    """After an answer that was lost; whether there are two of it then, nobody says."""
    for _ in range(2):
        expect.status(api.ask("POST", path, token, {"observations": [times.reading(0, 1)]}), 201)
    found = page(api.get(path, token))
    found.check(set(found.numbers) == {1}, "the observation")


@pytest.mark.claim("itron-platform.in.future")
@pytest.mark.parametrize("days", [-3_650, 365])
def test_any_time_is_taken(api: Api, path: str, times: Times, token: str, days: int) -> None:
    """Long past and to come: sensors' clocks drift."""
    reading = times.reading(days * 86_400, 1)
    expect.status(api.ask("POST", path, token, {"observations": [reading]}), 201)
    window = times.window(days * 86_400, days * 86_400 + 1)
    found = page(api.get(path, token, **window))
    found.check(found.rows == [reading], "the observation in its window")


@pytest.mark.claim("itron-platform.in.unknown-device")
@pytest.mark.parametrize("name", [NOBODY, "junk"])
def test_observation_of_an_unknown_device_is_not_found(
    api: Api, workshop: Workshop, device: str, times: Times, token: str, name: str
) -> None:
    """Though the solution is there; and it makes no device."""
    body = {"observations": [times.reading(0, 1)]}
    refused(api.ask("POST", observations(workshop.solution, name), token, body), 404)
    refused(api.get(observations(workshop.solution, name), token), 404)


@pytest.mark.claim("itron-platform.in.bad-timestamp")
@pytest.mark.parametrize(
    "stamp", [None, "", "yesterday", "2024-02-30T12:00:00Z", "2024-05-01T25:00:00.000Z", True, {}, []], ids=repr
)
def test_observation_without_a_good_timestamp_is_a_bad_request(api: Api, path: str, token: str, stamp: Any) -> None:
    """All samples have one."""
    refused(api.ask("POST", path, token, {"observations": [{"timestamp": stamp, "n": 1}]}), 400)


@pytest.mark.claim("itron-platform.in.bad-timestamp")
def test_observation_that_lacks_its_timestamp_is_a_bad_request(api: Api, path: str, token: str) -> None:
    """The server does not make one up."""
    refused(api.ask("POST", path, token, {"observations": [{"n": 1}]}), 400)


@pytest.mark.claim("itron-platform.in.all-or-nothing")
def test_post_with_one_bad_observation_stores_none(api: Api, path: str, times: Times, token: str) -> None:
    """What is refused can be mended and posted again, whole."""
    body = {"observations": [times.reading(0, 1), {"n": 2}, times.reading(2, 3)]}
    refused(api.ask("POST", path, token, body), 400)
    found = page(api.get(path, token))
    found.check(found.rows == [], "nothing")
