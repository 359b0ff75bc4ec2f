"""Events: listed, told back, and refused where they make no sense."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from vendorlab.contracts.control.api import VENDOR, World, problem
from vendorlab.contracts.core import expect

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [pytest.mark.vendorlab("control"), pytest.mark.needs("write")]

LIGHTS = "slv"
LINKS = "inode"
"""The one to whose devices nothing happens."""
FAILURE = {"kind": "failure", "controller": "LP-001", "device": "L00001"}


@pytest.fixture
def city(make_world: Callable[..., World]) -> World:
    """A world with street lights in it."""
    return make_world(vendors=[VENDOR, LINKS, LIGHTS])


@pytest.mark.claim("control.events.kinds")
def test_events_are_listed_with_their_fields(city: World) -> None:
    """Of a vendor that has some; another has none."""
    response = city.get("/events", vendor=LIGHTS)
    rows = expect.json_objects(response)
    members = {"vendor": str, "kind": str, "summary": str, "fields": dict, "required": list}
    for row in rows:
        expect.fields(response, row, members)
        expect.check(
            row["vendor"] == LIGHTS and set(row["required"]) <= row["fields"].keys(), response, "its own fields"
        )
    expect.check("failure" in {row["kind"] for row in rows}, response, "a failure among them")
    every = city.get("/events")
    listed = expect.json_objects(every)
    expect.check([row for row in listed if row["vendor"] == LIGHTS] == rows, every, "the same among all")
    expect.check(LINKS not in {row["vendor"] for row in listed}, every, f"none of {LINKS}")
    assert expect.json_objects(city.get("/events", vendor=LINKS)) == []


@pytest.mark.claim("control.events.happen")
@pytest.mark.parametrize("hours", [2, "2"], ids=["number", "text"])
def test_event_is_told_back_with_all_its_fields(city: World, hours: Any) -> None:
    """Numbers may be given as texts."""
    response = city.ask("POST", "/events", {"vendor": LIGHTS, "event": {**FAILURE, "hours": hours}})
    body = expect.json_object(response)
    expect.fields(response, body, {"vendor": str, "event": dict})
    expect.check(body["event"] == {**FAILURE, "failure": "LampFailure", "hours": 2}, response, "all fields")


@pytest.mark.claim("control.events.refused")
@pytest.mark.parametrize(
    ("vendor", "event", "named"),
    [
        (LIGHTS, {**FAILURE, "kind": "failures"}, "failure"),
        (LIGHTS, {}, "failure"),
        (LIGHTS, {**FAILURE, "minutes": 5}, "minutes"),
        (LIGHTS, {**FAILURE, "hours": -1}, "hours"),
        (LIGHTS, {**FAILURE, "device": "L99999"}, "L99999"),
        (LIGHTS, {"kind": "failure", "device": "L00001"}, "controller"),
        (LINKS, FAILURE, LINKS),
        ("nobody", FAILURE, "nobody"),
    ],
)  # fmt: skip
def test_event_that_makes_no_sense_is_refused(city: World, vendor: str, event: dict[str, Any], named: str) -> None:
    """Nothing happens then."""
    response = city.ask("POST", "/events", {"vendor": vendor, "event": event})
    expect.check(named in problem(response, 400), response, f"{named!r} in the detail")
