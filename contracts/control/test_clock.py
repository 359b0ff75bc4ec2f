"""The clock: it is read, set, frozen, run and turned forward, exactly; and what came due on the way is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from vendorlab.contracts.control.api import START, VENDOR, World, moment, problem
from vendorlab.contracts.core import expect

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [pytest.mark.vendorlab("control"), pytest.mark.needs("write")]

_START = datetime(2026, 11, 21, 5, tzinfo=UTC)
_LIFETIME = 86_400


@pytest.mark.claim("control.clock.fields")
def test_clock_tells_time_rate_and_timers(world: World) -> None:
    """UTC, with six digits; a world's rate is 0 while it stands still."""
    clock = world.clock()
    assert (clock.now, clock.rate, clock.frozen) == (_START, 0, True)
    before = clock.timers
    world.login()
    assert world.clock().timers == before + 1, "the access token's expiry is no timer"


@pytest.mark.claim("control.clock.set")
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2018-03-01T12:45:00Z", datetime(2018, 3, 1, 12, 45, tzinfo=UTC)),
        ("2018-03-01T12:45:00-06:00", datetime(2018, 3, 1, 18, 45, tzinfo=UTC)),
        ("2030-01-01T00:00:00.000001", datetime(2030, 1, 1, 0, 0, 0, 1, tzinfo=UTC)),
        ("1970-01-01T00:00:00Z", datetime(1970, 1, 1, tzinfo=UTC)),
        ("9999-12-31T23:59:59Z", datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)),
    ],
)
def test_clock_goes_to_a_moment(world: World, text: str, expected: datetime) -> None:
    """Forward and backward, to the microsecond; without a zone it is UTC."""
    response = world.ask("PUT", "/clock", {"now": text})
    assert world.clock(response).now == expected
    assert world.clock().now == expected


@pytest.mark.claim("control.clock.freeze")
def test_clock_freezes_and_goes_on_at_its_rate(world: World) -> None:
    """Freezing does not forget how fast it ran."""
    assert world.clock(world.ask("PUT", "/clock", {"rate": 60})).rate == 60
    frozen = world.clock(world.ask("PUT", "/clock", {"frozen": True}))
    assert (frozen.rate, frozen.frozen) == (0, True)
    assert world.clock().now == frozen.now, "it ran on"
    resumed = world.clock(world.ask("PUT", "/clock", {"frozen": False}))
    assert (resumed.rate, resumed.frozen) == (60, False)


@pytest.mark.claim("control.clock.freeze")
def test_clock_frozen_at_a_moment_stands_exactly_there(world: World) -> None:
    """Both in one call, though it ran."""
    world.ask("PUT", "/clock", {"rate": 1_000_000})
    stood = world.clock(world.ask("PUT", "/clock", {"now": START, "frozen": True}))
    assert (stood.now, stood.frozen) == (_START, True)


@pytest.mark.claim("control.clock.rate")
def test_clock_runs_as_fast_as_it_is_told(world: World) -> None:
    """At 1,000,000 a second of the wall is more than eleven days, so two calls are hours apart."""
    world.ask("PUT", "/clock", {"rate": 1_000_000})
    first, second = world.clock(), world.clock()
    assert second.now > first.now + timedelta(seconds=1)
    assert world.clock(world.ask("PUT", "/clock", {"rate": 0})).frozen


@pytest.mark.claim("control.clock.whole")
@pytest.mark.parametrize("now", ["1969-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.5Z"])
def test_half_of_a_refused_change_is_not_done(world: World, now: str) -> None:
    """The years end at 1970 and 9999."""
    before = world.clock()
    problem(world.ask("PUT", "/clock", {"rate": 5, "frozen": False, "now": now}), 400)
    assert world.clock() == before


@pytest.mark.claim("control.clock.advance")
@pytest.mark.parametrize("seconds", [1, 0.25, 0.000001, 90_000, 1e9])
def test_clock_advances_by_exactly_as_much(world: World, seconds: float) -> None:
    """While it stands still, to the microsecond."""
    clock = world.clock(world.ask("POST", "/clock/advance", {"seconds": seconds}))
    assert clock.now - _START == timedelta(seconds=seconds)
    assert clock.frozen


@pytest.mark.claim("control.clock.fired")
def test_advance_tells_which_timers_fired(world: World) -> None:
    """In the order in which they were due, each with its moment."""
    world.login()
    world.ask("POST", "/clock/advance", {"seconds": 60})
    world.login()
    assert fired(world, _LIFETIME - 61) == []
    first = fired(world, 1)
    assert [due for due, _ in first] == [_START + timedelta(seconds=_LIFETIME)]
    assert [due for due, _ in fired(world, 3_600)] == [_START + timedelta(seconds=_LIFETIME + 60)]
    assert first[0][1].startswith(VENDOR), "a timer's name does not tell whose it is"


@pytest.mark.claim("control.clock.fired")
def test_clock_set_forward_fires_on_the_way(world: World) -> None:
    """As an advance does."""
    token = world.login()["access"]
    assert world.whoami(token) == 200
    world.ask("PUT", "/clock", {"now": "2026-11-23T00:00:00Z"})
    assert [each["state"] for each in world.tokens(kind="access")] == ["expired"]
    assert world.whoami(token) == 401


@pytest.mark.claim("control.clock.bounds")
def test_clock_does_not_leave_its_years(world: World) -> None:
    """And stays where it is."""
    before = world.clock()
    problem(world.ask("POST", "/clock/advance", {"seconds": 1e12}), 400)
    problem(world.ask("POST", "/clock/advance", {"seconds": 252_000_000_000}), 400)
    assert world.clock() == before


@pytest.mark.claim("control.worlds.apart")
def test_clocks_of_two_worlds_are_two(make_world: Callable[..., World]) -> None:
    """Turning one leaves the other alone."""
    one, other = make_world(), make_world()
    one.ask("POST", "/clock/advance", {"seconds": 5})
    assert (one.clock().now, other.clock().now) == (_START + timedelta(seconds=5), _START)


def fired(world: World, seconds: float) -> list[tuple[datetime, str]]:
    """Advance: return the timers that fired, each with its moment."""
    response = world.ask("POST", "/clock/advance", {"seconds": seconds})
    body = expect.json_object(response)
    expect.fields(response, body, {"fired": list, "more": int})
    rows: list[Any] = body["fired"]
    for row in rows:
        expect.check(isinstance(row, dict), response, "objects as timers")
        expect.fields(response, row, {"due": str, "name": str, "detail": dict})
    return [(moment(response, row["due"]), row["name"]) for row in rows]
