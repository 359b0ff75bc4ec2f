"""The vendor's methods as calls: two styles of URL, two spellings, and parameters of every kind.

Both styles have the same methods:

- path: `/reports/api/asset/getGeozoneDevices?geozoneId=4`
- servlet: `/reports/api/servlet/SLVAssetAPI?methodName=getGeoZoneDevices&geoZoneId=4`

Parameters go into the query of a GET, or into the form of a POST: those that write do so, and those that are long.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import isfinite
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias
from urllib.parse import urlencode

from ..core.errors import UsageError
from ..core.steps import Call
from .models import Device
from .zones import label

if TYPE_CHECKING:
    from datetime import tzinfo

    from .models import DeviceRef

Style: TypeAlias = Literal["path", "servlet"]
Serialisation: TypeAlias = Literal["json", "xml"]

Value: TypeAlias = "str | float | bool | datetime"
Arguments: TypeAlias = "Mapping[str, Value | Sequence[Value] | None]"
"""Parameters of a method by name; a list is repeated, and None left out."""

API: Final = "/reports/api"

SERVLETS: Final = {
    "alarmmanagement": "SLVAlarmManagementAPI",
    "asset": "SLVAssetAPI",
    "assetmanagement": "SLVAssetManagementAPI",
    "batch": "SLVBatchAPI",
    "config": "SLVConfigAPI",
    "controller": "SLVControllerAPI",
    "controllermanagement": "SLVControllerManagementAPI",
    "dimming": "SLVDimmingAPI",
    "dimmingscheduler": "SLVDimmingSchedulerAPI",
    "logging": "SLVLoggingAPI",
    "loggingmanagement": "SLVLoggingManagementAPI",
    "monitoringmanagement": "SLVMonitoringManagementAPI",
    "reporting": "SLVReportingAPI",
    "userprofile": "SLVUserProfileAPI",
}
"""The services by their names in a path. Of some, the other name was seen; the rest follow from those."""

NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9]*")

LONG_QUERY: Final = 2_000
"""Characters; what is longer goes by POST, as servers and what lies before them refuse long URLs."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How methods are called.

    Attributes:
        style: Which kind of URL.
        ser: Which form of answers is asked for.
        zone: In which times are written.
    """

    style: Style
    ser: Serialisation
    zone: tzinfo

    def call(
        self,
        service: str,
        method: str,
        arguments: Arguments | None = None,
        *,
        writes: bool = False,
        csv: str | None = None,
    ) -> Call:
        """Return the call of a method.

        Args:
            service: As in a path, such as "asset".
            method: As in a path, such as "getGeozoneDevices".
            arguments: By their names in a path.
            writes: Whether it changes anything; such a call is sent once.
            csv: A file to send as the body.

        Raises:
            UsageError: A name that is none, or an argument that cannot be written.
        """
        if not NAME.fullmatch(service) or not NAME.fullmatch(method):
            raise UsageError(f"not a method: {service}/{method}")
        given = self._written(arguments or {})
        query: dict[str, str | list[str]] = {"ser": self.ser}
        path = f"{API}/{service}/{method}"
        if self.style == "servlet":
            path = f"{API}/servlet/{SERVLETS.get(service) or f'SLV{service.capitalize()}API'}"
            query["methodName"] = _in_servlet(method)
        if csv is not None:
            headers = {"Content-Type": "text/csv; charset=utf-8"}
            return Call("POST", path, params=query | given, text=csv, headers=headers, once=writes)
        if writes or len(urlencode(given, doseq=True)) > LONG_QUERY:
            return Call("POST", path, params=query, form=given, once=writes)
        return Call("GET", path, params=query | given)

    def _written(self, arguments: Arguments) -> dict[str, str | list[str]]:
        written: dict[str, str | list[str]] = {}
        for name, value in arguments.items():
            if value is None:
                continue
            name = _in_servlet(name) if self.style == "servlet" else name  # noqa: PLW2901
            if isinstance(value, Sequence) and not isinstance(value, str):
                written[name] = [self.text(item, name) for item in value]
            else:
                written[name] = self.text(value, name)
        return written

    def text(self, value: Any, place: str) -> str:
        """Write a value as a parameter.

        Raises:
            UsageError: It is none that could be written.
        """
        match value:
            case bool():
                return "true" if value else "false"
            case str():
                return value
            case int():
                return str(value)
            case float() if isfinite(value):
                return repr(value)
            case datetime() if value.utcoffset() is None:
                raise UsageError(f"{place}: a time needs a zone")
            case datetime():
                return label(value, self.zone)
            case _:
                raise UsageError(f"{place}: cannot be written: {value!r}")


def _in_servlet(name: str) -> str:
    """Spell a name as servlets do."""
    return name.replace("Geozone", "GeoZone").replace("geozone", "geoZone")


def identity(device: DeviceRef, **further: Value | Sequence[Value] | None) -> Arguments:
    """Return the parameters that say which device is meant, and further ones.

    Raises:
        UsageError: Part of its key is missing.
    """
    controller, name = device.key if isinstance(device, Device) else device
    if not controller or not name:
        raise UsageError("a device is known by its controller and its name there")
    return {"controllerStrId": controller, "idOnController": name, **further}
