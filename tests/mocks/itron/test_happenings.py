"""Events of the mesh, as a story or the control API makes them happen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from vendorlab.mocks.core.coap.codes import Code
from vendorlab.mocks.core.coap.options import Option
from vendorlab.mocks.core.happenings import EventError, describe

if TYPE_CHECKING:
    from tests.mocks.itron.coap_support import Desk


def happen(desk: Desk, kind: str, **fields: Any) -> None:
    desk.world.happen("itron", {"kind": kind, **fields})


@pytest.mark.parametrize("kind", ["reboot", "address-change"])
def test_device_that_starts_anew_or_moves_loses_its_observer(desk: Desk, kind: str) -> None:
    desk.observe()
    happen(desk, kind, device=desk.mac().upper())
    assert desk.advance(600) == []
    assert desk.observe().options.uint(Option.OBSERVE) == (3 if kind == "reboot" else 4)


def test_device_sleeps(desk: Desk) -> None:
    happen(desk, "sleep", device=desk.mac(), seconds="120")
    assert desk.mesh.sleeps(desk.mesh.node(desk.mac()))


def test_sensor_is_pushed(desk: Desk) -> None:
    desk.observe()
    happen(desk, "push", device=desk.mac(), sensor="temp")
    assert [message.code for message in desk.take()] == [Code.CONTENT]


def test_weather_changes_for_one_or_for_all(desk: Desk) -> None:
    happen(desk, "weather", device=desk.mac(), latency=2)
    happen(desk, "weather", loss_in=0.5)
    one, other = (desk.mesh.conditions(desk.mesh.node(desk.mac(number))) for number in (0, 2))
    assert (one.latency, one.loss_in, other.latency, other.loss_in) == (2, 0, 0, 0.5)


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("reboot", {"device": "0013500500000000"}),
        ("push", {"sensor": "nonsense"}),
        ("weather", {"loss_in": 3}),
        ("sleep", {"seconds": -1}),
    ],
)
def test_event_that_cannot_happen_is_refused(desk: Desk, kind: str, fields: dict[str, Any]) -> None:
    with pytest.raises(EventError):
        happen(desk, kind, **{"device": desk.mac(), **fields})


def test_every_kind_describes_itself(desk: Desk) -> None:
    told = [describe(kind) for kind in desk.vendor.happenings.kinds]
    assert all(one["summary"] for one in told)
    assert {one["kind"] for one in told} == {"reboot", "address-change", "sleep", "push", "weather"}
