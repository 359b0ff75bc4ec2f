"""Aggregates: questions that make no sense."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.core import expect
from vendorlab.contracts.scanalytics.aggregates import TUTORIAL, ask

if TYPE_CHECKING:
    from vendorlab.contracts.scanalytics.api import Api

pytestmark = pytest.mark.vendorlab("scanalytics")

_REQUIRED = "This field is required."
_FORMAT = (
    "Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z]."
)
_WINDOW = {"start": TUTORIAL[0], "end": TUTORIAL[1], "timezone": "America/Chicago"}


def _path(array_key: str) -> str:
    return f"/v1/aggregate/{array_key}/visits/1h"


@pytest.mark.claim("scanalytics.aggregate.required")
@pytest.mark.parametrize("missing", [["start"], ["end"], ["start", "end"]], ids=" and ".join)
def test_missing_bounds_are_named(api: Api, token: str, array_key: str, missing: list[str]) -> None:
    """All of them at once."""
    params = {name: value for name, value in _WINDOW.items() if name not in missing}
    response = api.get(_path(array_key), token, params)
    expect.field_errors(response, {name: [_REQUIRED] for name in missing})


@pytest.mark.claim("scanalytics.aggregate.bad-time")
@pytest.mark.parametrize("name", ["start", "end"])
@pytest.mark.parametrize("value", ["yesterday", "1519929900", "2018-03-01T25:00:00"])
def test_time_that_is_none_is_refused(api: Api, token: str, array_key: str, name: str, value: str) -> None:
    """Words, seconds since 1970, and an hour that no day has."""
    response = api.get(_path(array_key), token, {**_WINDOW, name: value})
    expect.field_errors(response, {name: [_FORMAT]})


@pytest.mark.claim("scanalytics.aggregate.plus")
def test_unescaped_plus_spoils_the_time(api: Api, token: str, array_key: str) -> None:
    """It arrives as a blank; escaped it is fine."""
    path = f"{_path(array_key)}?end=2018-03-08T16:45:00Z&start=2018-03-01T12:45:00"
    expect.field_errors(api.get(f"{path}+05:00", token), {"start": [_FORMAT]})
    expect.status(api.get(f"{path}%2B05:00", token), 200)


@pytest.mark.claim("scanalytics.aggregate.bad-timezone")
@pytest.mark.parametrize("zone", ["Mars/Base", "chicago time"])
def test_unknown_timezone_is_no_choice(api: Api, token: str, array_key: str, zone: str) -> None:
    """The text quotes it."""
    response = api.get(_path(array_key), token, {**_WINDOW, "timezone": zone})
    expect.field_errors(response, {"timezone": [f'"{zone}" is not a valid choice.']})


@pytest.mark.claim("scanalytics.aggregate.backwards")
def test_window_that_ends_before_it_starts_is_refused(api: Api, token: str, array_key: str) -> None:
    """Both times are fine by themselves."""
    expect.detail(ask(api, token, array_key, "1h", (TUTORIAL[1], TUTORIAL[0])), 400)


@pytest.mark.claim("scanalytics.aggregate.empty-window")
def test_window_without_length_is_refused_or_empty(api: Api, token: str, array_key: str) -> None:
    """Either is right; a bucket is not."""
    response = ask(api, token, array_key, "1h", (TUTORIAL[0], TUTORIAL[0]))
    if response.status_code == 400:
        expect.detail(response, 400)
    else:
        expect.check(expect.json_objects(response) == [], response, "an empty array or 400")


@pytest.mark.claim("scanalytics.aggregate.bad-bucket")
@pytest.mark.parametrize("bucket", ["h", "0h", "1x", "1.5h", "-1h", "1"])
def test_bucket_that_is_none_is_refused(api: Api, token: str, array_key: str, bucket: str) -> None:
    """By the view, or by a path that does not exist."""
    response = ask(api, token, array_key, bucket, TUTORIAL)
    expect.status(response, 400, 404)
    if response.status_code == 400:
        expect.detail(response, 400, "Invalid bucket.")


@pytest.mark.claim("scanalytics.aggregate.unknown-array")
def test_aggregate_of_an_unknown_array_is_not_found(api: Api, token: str) -> None:
    """In JSON, as the array itself."""
    expect.not_found(ask(api, token, "00000", "1h", TUTORIAL))


@pytest.mark.claim("scanalytics.aggregate.unknown-metric")
def test_unknown_metric_is_not_found(api: Api, token: str, array_key: str) -> None:
    """As a path, or as an object."""
    expect.status(ask(api, token, array_key, "1h", TUTORIAL, metric="moods"), 404)
