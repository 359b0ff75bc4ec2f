"""Commands to lights of the suite's own, and to lights of a target whose clock can be turned."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from vendorlab.contracts.core import expect
from vendorlab.contracts.slv import forms
from vendorlab.contracts.slv.api import PATH, SERVLET
from vendorlab.contracts.slv.estate import key_of, last_values

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vendorlab.contracts.core.control import Clock
    from vendorlab.contracts.slv.api import Api, Session
    from vendorlab.contracts.slv.estate import Estate
    from vendorlab.contracts.slv.workshop import Workshop

pytestmark = [pytest.mark.vendorlab("slv"), pytest.mark.needs("write")]

_COMMANDS: tuple[tuple[str, dict[str, object]], ...] = (
    ("switchOn", {}),
    ("switchOff", {}),
    ("setDimmingLevels", {"dimmingLevel": 40}),
    ("exitManualModes", {}),
)
_DELAY = 15 * 60
"""Seconds within which a command reaches any light of a simulated city."""


@pytest.mark.claim("slv.dimming.on", "slv.dimming.off", "slv.dimming.level", "slv.dimming.exit")
@pytest.mark.parametrize("verb", ["GET", "POST"])
@pytest.mark.parametrize("style", [PATH, SERVLET])
def test_commands_are_taken(api: Api, workshop: Workshop, style: str, verb: str) -> None:
    """Each with an SLVResult."""
    lamp = workshop.make_device()
    key = key_of(lamp)
    for name, more in _COMMANDS:
        forms.succeeded(api.call(workshop.session, name, key | more, style=style, verb=verb))


@pytest.mark.claim("slv.dimming.bad-level")
@pytest.mark.parametrize("level", ["-1", "101", "bright", "", "NaN", "1e9"])
def test_level_that_is_none_is_refused(workshop: Workshop, level: str) -> None:
    """From 0 to 100, a number."""
    lamp = workshop.make_device()
    key = key_of(lamp)
    forms.failed(workshop.call("setDimmingLevels", **key, dimmingLevel=level))


@pytest.fixture
def commanded(api: Api, estate: Estate, session: Session) -> Iterator[dict[str, object]]:
    """A light of the city that may be commanded, and is let go after; only where the clock can be turned."""
    yield estate.key
    forms.succeeded(api.call(api.sign_in(), "exitManualModes", estate.key))


def _level(api: Api, estate: Estate, name: str) -> float:
    __tracebackhide__ = True
    response = api.call(api.sign_in(), "getDeviceLastValues", last_values(estate.lamp, (name,)))
    rows: list[dict[str, Any]] = [row for row in forms.rows(response) if row.get("name") == name]
    expect.check(len(rows) == 1, response, f"a value of {name}")
    try:
        return float(rows[0].get("value") or 0)
    except (TypeError, ValueError):
        raise AssertionError(f"{name} is {rows[0].get('value')!r}, no number") from None


@pytest.mark.claim("slv.dimming.takes-effect")
@pytest.mark.needs("clock")
def test_light_takes_the_level_that_it_was_told(
    api: Api, estate: Estate, commanded: dict[str, object], clock: Clock
) -> None:
    """After a while on the way; whatever its calendar says."""
    for level in (40, 75):
        told = commanded | {"dimmingLevel": level}
        forms.succeeded(api.call(api.sign_in(), "setDimmingLevels", told))
        clock.advance(_DELAY)
        assert _level(api, estate, "LampCommandLevel") == level
        assert _level(api, estate, "LampLevel") == pytest.approx(level, abs=5)


@pytest.mark.claim("slv.dimming.switches")
@pytest.mark.needs("clock")
def test_light_is_switched_on_and_off(api: Api, estate: Estate, commanded: dict[str, object], clock: Clock) -> None:
    """Full, and dark."""
    for name, level in (("switchOn", 100), ("switchOff", 0)):
        forms.succeeded(api.call(api.sign_in(), name, commanded))
        clock.advance(_DELAY)
        assert _level(api, estate, "LampLevel") == pytest.approx(level, abs=5)


@pytest.mark.claim("slv.dimming.logged")
@pytest.mark.needs("clock")
def test_commanded_level_is_logged(api: Api, estate: Estate, commanded: dict[str, object], clock: Clock) -> None:
    """With the value that it had."""
    forms.succeeded(api.call(api.sign_in(), "setDimmingLevels", commanded | {"dimmingLevel": 33}))
    clock.advance(_DELAY)
    session = api.sign_in()
    last = api.call(session, "getDeviceLastValues", last_values(estate.lamp, ("LampCommandLevel",)))
    time = str(forms.rows(last)[0].get("eventTime"))
    forms.moment(last, time)
    window = {"deviceId": estate.lamp["id"], "name": "LampCommandLevel", "from": time, "to": time}
    response = api.call(session, "getDevicesLogValues", window)
    values = [float(str(row["value"])) for row in forms.logged(response)]
    expect.check(33.0 in values, response, "the level 33 in the log")
