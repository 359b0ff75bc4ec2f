"""Asking for aggregates, and reading the answers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, cast
from zoneinfo import ZoneInfo

import pytest

from vendorlab.contracts.core import expect

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

    from vendorlab.contracts.scanalytics.api import Api

CHICAGO = "America/Chicago"
TUTORIAL = ("2018-03-01T12:45:00", "2018-03-08T16:45:00")
_LABEL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:Z|[+-]\d\d:\d\d)", re.ASCII)


@dataclass(frozen=True, slots=True)
class Bucket:
    """One bucket of an answer.

    Attributes:
        label: Its start as the target wrote it.
        start: The same as an aware time.
        value: What was measured.
    """

    label: str
    start: datetime
    value: float | None


@dataclass(frozen=True, slots=True)
class Place:
    """An array at which people were counted.

    Attributes:
        key: Its key.
        monday: The first day of a week with visits, as midnight in Chicago.
    """

    key: str
    monday: datetime

    def window(self, begin: float, end: float) -> tuple[str, str]:
        """Return a window of that week, given in hours since its Monday began."""
        return stamp(self.monday + timedelta(hours=begin)), stamp(self.monday + timedelta(hours=end))


def stamp(moment: datetime) -> str:
    """Return a time with its offset, as it goes into a query."""
    return moment.isoformat(timespec="seconds")


def ask(
    api: Api,
    token: str,
    key: str,
    bucket: str,
    window: tuple[str, str],
    *,
    zone: str | None = CHICAGO,
    metric: str = "visits",
    version: str = "v1",
) -> httpx.Response:
    """Ask for an aggregate."""
    params = {"start": window[0], "end": window[1], **({"timezone": zone} if zone else {})}
    return api.get(f"/{version}/aggregate/{key}/{metric}/{bucket}", token, params)


def read(response: httpx.Response, metric: str = "visits") -> list[Bucket]:
    """Expect a well-formed answer and return its buckets."""
    __tracebackhide__ = True
    rows = expect.json_objects(response)
    number = (int, float, type(None)) if metric == "dwell" else int
    buckets: list[Bucket] = []
    for row in rows:
        expect.fields(response, row, {"start": str, metric: number})
        value: float | None = row[metric]
        expect.check(value is None or value >= 0, response, f"no negative {metric}")
        expect.check(_LABEL.fullmatch(row["start"]), response, f"an ISO 8601 time with offset, not {row['start']!r}")
        try:
            start = datetime.fromisoformat(row["start"])
        except ValueError:
            raise AssertionError(f"{row['start']!r} is no time") from None
        buckets.append(Bucket(row["start"], start, value))
    return buckets


def visits(
    api: Api, token: str, key: str, bucket: str, window: tuple[str, str], *, zone: str | None = CHICAGO
) -> list[Bucket]:
    """Ask for visits, expect a well-formed answer and return its buckets."""
    __tracebackhide__ = True
    return read(ask(api, token, key, bucket, window, zone=zone))


def total(buckets: list[Bucket]) -> float:
    """Return the sum of some buckets."""
    return sum(bucket.value or 0 for bucket in buckets)


def merged(*answers: list[Bucket]) -> Mapping[str, float]:
    """Return the sums by label of several answers, the labels in the order in which they came."""
    sums: dict[str, float] = {}
    for bucket in (bucket for answer in answers for bucket in answer):
        sums[bucket.label] = sums.get(bucket.label, 0) + (bucket.value or 0)
    return sums


def find_arrays(api: Api, token: str) -> list[str]:
    """Return the keys of the arrays to ask about: the one given by environment, else all that are listed.

    Skips the test if there is none.
    """
    if given := api.given("array_key"):
        return [given]
    response = api.get("/v1/deployment/list", token)
    rows = expect.json_objects(response)
    expect.check(all(isinstance(row.get("arrays"), list) for row in rows), response, "arrays in every deployment")
    arrays: list[Any] = [array for row in rows for array in row["arrays"]]
    keys = [cast("dict[str, Any]", array).get("key") if isinstance(array, dict) else None for array in arrays]
    found = [key for key in keys if isinstance(key, str)]
    expect.check(len(found) == len(arrays), response, "arrays with keys")
    if not found:
        pytest.skip("the user has no array")
    return found


def find_busy_place(api: Api, token: str, keys: list[str], now: datetime) -> Place:
    """Look for a week with visits: the tutorial's first, then the last whole ones; skips the test if there is none."""
    zone = ZoneInfo(CHICAGO)
    today = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    this_week = today - timedelta(days=today.weekday())
    for monday in (datetime(2018, 2, 26, tzinfo=zone), this_week - timedelta(days=7), this_week - timedelta(days=14)):
        for key in keys:
            place = Place(key, monday)
            if total(visits(api, token, key, "1d", place.window(0, 168))) > 0:
                return place
    pytest.skip("no array of the user's has visits in the weeks looked at")
