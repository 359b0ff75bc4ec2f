"""What methods make, so that it is noted by its name before it is made, and found again whatever ends the run."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

    from vendorlab.contracts.core.leftovers import Entry, Leftovers

MAKING: Mapping[str, tuple[str, tuple[str, ...]]] = MappingProxyType(
    {
        "createGeozone": ("geozone", ("name",)),
        "createCategoryDevice": ("device", ("controllerStrId", "idOnController")),
        "createSchedule": ("schedule", ("name",)),
        "createScheduler": ("scheduler", ("name",)),
        "createSingleActionAlarmDefinition": ("alarm", ("alarmDefinitionName",)),
        "updateAlarmDefinition": ("alarm", ("alarmName",)),
        "createProfil": ("profile", ("profilName",)),
        "createUser": ("user", ("login",)),
    }
)
"""What a method makes or names anew, and the parameters by which that is found again."""
_REFUSED = re.compile(rb'"?(?:status)"?\s*[:>]\s*"?ERROR')


class Making:
    """Notes what is made.

    Args:
        leftovers: Where.
    """

    def __init__(self, leftovers: Leftovers) -> None:
        self._leftovers = leftovers
        self._noted: list[Entry] = []

    def begin(self, method: str, params: Mapping[str, object]) -> Entry | None:
        """Note what a method is about to make; None if it makes nothing, or is not told the name."""
        kind, names = MAKING.get(method, ("", ()))
        if not names or any(name not in params for name in names):
            return None
        entry = self._leftovers.add(kind, **{name: str(params[name]) for name in names})
        self._noted.append(entry)
        return entry

    def end(self, entry: Entry | None, response: httpx.Response) -> None:
        """Cross off what was refused."""
        if entry is not None and (not response.is_success or _REFUSED.search(response.content)):
            self._noted.remove(entry)
            self._leftovers.done(entry)

    def gone(self) -> None:
        """Cross off all: it has been taken away."""
        self._leftovers.done(*self._noted)
        self._noted.clear()
