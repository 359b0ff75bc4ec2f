"""Commands by hand: a light hears of one some seconds later, and keeps to it until it is let go or its time is up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import InvalidParameter
from .lamps import delay
from .models import STREETLIGHT

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .lamps import Lights
    from .models import Device
    from .tables import Tables


class Lighting:
    """Who commands which light.

    Args:
        tables: where commands are.
        lights: who keeps to them.
        minutes: for which a command holds.
        keep: commands that are remembered.
    """

    def __init__(self, tables: Tables, lights: Lights, minutes: int, keep: int) -> None:
        self._tables = tables
        self._lights = lights
        self._seconds = minutes * 60
        self._keep = keep

    def set_levels(self, devices: Sequence[Device], levels: Sequence[int], now: int) -> None:
        """Command lights to levels, in percent."""
        for level in levels:
            if not 0 <= level <= 100:
                raise InvalidParameter(f"A dimming level lies between 0 and 100, not at {level}")
        self._check(devices)
        for device, level in zip(devices, levels, strict=True):
            begins = now + delay(device.id)
            self._lights.command(device, begins, begins + self._seconds, level)
        self._tables.keep_newest("slv_commands", self._keep)

    def let_go(self, devices: Sequence[Device], now: int) -> None:
        """Let lights follow their calendar again."""
        self._check(devices)
        for device in devices:
            begins = now + delay(device.id)
            self._lights.command(device, begins, begins, None)
        self._tables.keep_newest("slv_commands", self._keep)

    def _check(self, devices: Sequence[Device]) -> None:
        for device in devices:
            if device.category != STREETLIGHT:
                raise InvalidParameter(f"Device '{device.controller}/{device.on_controller}' is not a light")
