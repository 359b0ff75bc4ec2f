"""What may happen to mesh devices, and how it is brought about.

The vendor's own remark is that devices' addresses change as the mesh heals; that devices start anew, sleep, and are
slow to reach is what everything else there is built for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from msgspec import UNSET, Meta, UnsetType

from ..core.happenings import Event, EventError
from .mesh.conditions import Share  # noqa: TC001  msgspec reads it
from .mesh.mesh import Unknown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .mesh.mesh import Mesh

Seconds = Annotated[float, Meta(gt=0, le=86_400 * 366)]


class Reboot(Event, frozen=True, kw_only=True, tag="reboot"):
    """A device starts anew: configuration, observers and counter are lost."""

    device: str


class AddressChange(Event, frozen=True, kw_only=True, tag="address-change"):
    """A device has another address in the mesh: who observes it hears no more, and nobody is told."""

    device: str


class Sleep(Event, frozen=True, kw_only=True, tag="sleep"):
    """A device sleeps for so many seconds of the world's clock."""

    device: str
    seconds: Seconds


class Push(Event, frozen=True, kw_only=True, tag="push"):
    """A sensor has something to say now; it is named by its key, such as temp, echo, ncmth1 or lnic."""

    device: str
    sensor: str


class Weather(Event, frozen=True, kw_only=True, tag="weather"):
    """The way to a device, or without one to all, is another from now on: slow, lossy, repeating."""

    device: str | UnsetType = UNSET
    latency: Annotated[float, Meta(ge=0, le=300)] | UnsetType = UNSET
    loss_in: Share | UnsetType = UNSET
    loss_out: Share | UnsetType = UNSET
    duplicate: Share | UnsetType = UNSET
    reorder: Share | UnsetType = UNSET


class Happenings:
    """The events of the mesh."""

    kinds: ClassVar[Sequence[type[Event]]] = (Reboot, AddressChange, Sleep, Push, Weather)

    def __init__(self, mesh: Mesh) -> None:
        self._mesh = mesh

    def happen(self, event: Event) -> None:
        """Let one happen now.

        Raises:
            EventError: there is no such device, or no such sensor on it.
        """
        try:
            self._happen(event)
        except Unknown as error:
            raise EventError(str(error)) from error

    def _happen(self, event: Event) -> None:
        mesh = self._mesh
        match event:
            case Reboot(device=mac):
                mesh.reboot(mac)
            case AddressChange(device=mac):
                mesh.change_address(mac)
            case Sleep(device=mac, seconds=seconds):
                mesh.sleep(mac, seconds)
            case Push(device=mac, sensor=sensor):
                mesh.push(mac, sensor)
            case Weather(device=mac) as weather:
                names = ("latency", "loss_in", "loss_out", "duplicate", "reorder")
                given = {name: value for name in names if (value := getattr(weather, name)) is not UNSET}
                mesh.set_conditions(None if mac is UNSET else mac, **given)
            case _:
                raise AssertionError(event)
