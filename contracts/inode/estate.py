"""Reading links and devices, and what must be right about them whenever they are asked for."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

import pytest

from vendorlab.contracts.core import expect
from vendorlab.contracts.inode.api import DEVICES, LINKS

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

    from vendorlab.contracts.inode.api import Api

SENSOR, CROWDSOURCED = "sensor", "crowdsourced"
DISABLED = "disabled"
STATUSES = {DISABLED, "scheduled", "collecting", "collected", "not_collected"}
MEASURED = ("last_travel_time", "last_speed", "last_count", "last_updated")
TELEMETRY = ("input_voltage", "current_consumption", "ambient_temperature", "cpu_temperature")

_NUMBER = (int, float)
_NONE = type(None)
Types = dict[str, type | tuple[type, ...]]
LINK: Types = {
    "id": int,
    "name": str,
    "enabled": bool,
    "status": (str, _NONE),
    "data_sources": list,
    "default_data_source": str,
    "origin_device": (int, _NONE),
    "destination_device": (int, _NONE),
    "distance": _NUMBER,
    "free_flow_speed": _NUMBER,
    "grid": (dict, _NONE),
    "time_zone": str,
    "last_travel_time": (int, _NONE),
    "last_speed": (*_NUMBER, _NONE),
    "last_count": (int, _NONE),
    "last_updated": (str, _NONE),
}
DEVICE: Types = {
    "id": int,
    "name": str,
    "online": bool,
    "live": bool,
    "vpn_ip": (str, _NONE),
    **dict.fromkeys(TELEMETRY, (*_NUMBER, _NONE)),
    "grid": (dict, _NONE),
    "note": str,
    "city": str,
    "country": str,
    "time_zone": str,
    "latitude": (*_NUMBER, _NONE),
    "longitude": (*_NUMBER, _NONE),
    "last_seen": (str, _NONE),
}
_KINDS = {LINKS: ("links", LINK), DEVICES: ("devices", DEVICE)}
_MOST_PAGES = 200
_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{6})?Z", re.ASCII)
_HALF_SECOND, _HALF_SPEED, _HALF_DISTANCE = 0.5, 0.051, 0.005
"""What rounding may hide of a travel time (s), a speed (km/h; and a little for binary fractions), a distance (km)."""


@dataclass(frozen=True, slots=True)
class Listing:
    """A list of links or of devices.

    Attributes:
        response: The answer it came in, the last one if there were pages.
        rows: Its objects.
    """

    response: httpx.Response
    rows: list[dict[str, Any]]

    def check(self, holds: object, expected: str) -> None:
        """Fail unless something holds."""
        __tracebackhide__ = True
        expect.check(holds, self.response, expected)

    def by_id(self) -> Mapping[int, dict[str, Any]]:
        """Return the objects by their ids."""
        return {row["id"]: row for row in self.rows}


def read(api: Api, path: str, authorization: str) -> Listing:
    """Expect a list of objects: a bare array, or pages of one, which are all read.

    The vendor's sample asks once and expects everything; should there be pages, they do not make a target wrong.
    """
    __tracebackhide__ = True
    rows: list[dict[str, Any]] = []
    asked: list[dict[str, str]] = [{}]
    while len(asked) <= _MOST_PAGES:
        response = api.ask(path, authorization, asked[-1])
        page, following = _page(response)
        rows += page
        if following is None:
            return Listing(response, rows)
        # Behind a proxy the address may say http:// for https://; only what it asks for counts.
        query = dict(parse_qsl(following.partition("?")[2]))
        expect.check(query not in asked, response, "a next page that was not read before")
        asked.append(query)
    raise AssertionError(f"{path} has more than {_MOST_PAGES} pages")


def _page(response: httpx.Response) -> tuple[list[dict[str, Any]], str | None]:
    __tracebackhide__ = True
    expect.status(response, 200)
    if not isinstance(expect.json_body(response), dict):
        return expect.json_objects(response), None
    page = expect.json_object(response)
    expect.fields(response, page, {"results": list, "next": (str, _NONE)})
    expect.check(all(isinstance(row, dict) for row in page["results"]), response, "a page of objects")
    return page["results"], page["next"]


def listed(api: Api, path: str, authorization: str) -> Listing:
    """Expect a list of well-formed links or devices; skips the test if there is none."""
    __tracebackhide__ = True
    name, types = _KINDS[path]
    listing = read(api, path, authorization)
    for row in listing.rows:
        expect.fields(listing.response, row, types)
        if row["grid"] is not None:
            expect.fields(listing.response, row["grid"], {"id": int, "name": str})
    if not listing.rows:
        pytest.skip(f"the account has no {name}")
    return listing


def is_disabled(link: Mapping[str, Any]) -> bool:
    """Whether a link is switched off; the status says so only where there is one."""
    return not link["enabled"] or link["status"] == DISABLED


def moment(listing: Listing, text: str) -> datetime:
    """Expect a time in UTC, as the framework writes it, and return it."""
    __tracebackhide__ = True
    listing.check(_UTC.fullmatch(text), f"a time in UTC with a Z, not {text!r}")
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise AssertionError(f"{text!r} is no time") from None


def check_zone(listing: Listing, name: str) -> None:
    """Expect the name of a time zone that exists."""
    __tracebackhide__ = True
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # OSError for names that are folders or far too long
        listing.check(False, f"an IANA time zone, not {name!r}")


def check_speeds(listing: Listing) -> None:
    """Expect the speed of every link that was measured to be its distance by its travel time."""
    __tracebackhide__ = True
    for link in listing.rows:
        distance, seconds, speed = link["distance"], link["last_travel_time"], link["last_speed"]
        if seconds is None or speed is None:
            continue
        listing.check(seconds > 0, f"link {link['id']} not to be travelled in {seconds} s")
        slowest = 3_600 * (distance - _HALF_DISTANCE) / (seconds + _HALF_SECOND) - _HALF_SPEED
        fastest = 3_600 * (distance + _HALF_DISTANCE) / (seconds - _HALF_SECOND) + _HALF_SPEED
        listing.check(
            slowest <= speed <= fastest,
            f"link {link['id']}: {distance} km in {seconds} s to be {3_600 * distance / seconds:.1f} km/h, not {speed}",
        )


def check_measured(listing: Listing) -> None:
    """Expect what was not measured to be null: travel time and speed together, and never a zero."""
    __tracebackhide__ = True
    for link in listing.rows:
        seconds, speed, number, updated = (
            link[name] for name in ("last_travel_time", "last_speed", "last_count", "last_updated")
        )
        listing.check((seconds is None) == (speed is None), f"link {link['id']}: travel time and speed, or neither")
        listing.check(seconds is None or seconds > 0, f"link {link['id']}: a travel time above 0")
        listing.check(number is None or number >= 0, f"link {link['id']}: no negative count")
        listing.check(updated is not None or seconds is None, f"link {link['id']}: a time of the measurement")
