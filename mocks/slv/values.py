"""The names of values: what a device may be asked for, and what each is. The names are public, the rest is inferred."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from .models import CONTROLLER, METER, STREETLIGHT


class Kind(Enum):
    """Where a value comes from.

    Attributes:
        PROPERTY: somebody says so; it holds until somebody says otherwise.
        METERED: measured at every report.
        STEP: known at every change: what the light was told, and what it does.
        FAILURE: known when it begins and ends.
    """

    PROPERTY = "property"
    METERED = "metered"
    STEP = "step"
    FAILURE = "failure"


@dataclass(frozen=True, slots=True)
class ValueName:
    """One name.

    Attributes:
        type: ``string``, ``float`` or ``boolean``.
        unit: as people write it; empty for none.
        categories: which devices have it.
        choices: label and value of each, where only these make sense.
    """

    name: str
    kind: Kind
    type: str
    label: str
    unit: str = ""
    categories: tuple[str, ...] = (STREETLIGHT,)
    choices: tuple[tuple[str, str], ...] = ()


_EVERY = (STREETLIGHT, CONTROLLER, METER)
_P, _M, _S, _F = Kind.PROPERTY, Kind.METERED, Kind.STEP, Kind.FAILURE

INSTALL_STATUSES = tuple((text, text) for text in ("-", "To be installed", "Installed", "To be verified", "Removed"))
LAMP_MODELS = (("Cobra head LED", "lanternport.led.cobra"), ("Post top LED", "lanternport.led.posttop"))
TECHNOLOGIES = (("Mesh gateway 4", "mesh.gateway.4"), ("Power line segment 2", "powerline.segment.2"))

VALUES: dict[str, ValueName] = {
    one.name: one
    for one in (
        ValueName("LampLevel", _S, "float", "Lamp level", "%"),
        ValueName("LampCommandLevel", _S, "float", "Lamp level command", "%"),
        ValueName("LampSwitch", _S, "boolean", "Lamp switch"),
        ValueName("LampCommandSwitch", _S, "boolean", "Lamp switch command"),
        ValueName("MeteredPower", _M, "float", "Metered power", "W"),
        ValueName("LampCurrent", _M, "float", "Lamp current", "A"),
        ValueName("LampVoltage", _M, "float", "Lamp voltage", "V"),
        ValueName("Current", _M, "float", "Mains current", "A"),
        ValueName("MainVoltage", _M, "float", "Mains voltage", "V"),
        ValueName("PowerFactor", _M, "float", "Power factor"),
        ValueName("Energy", _M, "float", "Energy", "kWh"),
        ValueName("LampEnergy", _M, "float", "Lamp energy", "kWh"),
        ValueName("Temperature", _M, "float", "Temperature", "°C"),
        ValueName("RunningHoursLamp", _M, "float", "Lamp burning hours", "h"),
        ValueName("SwitchOnCounter", _M, "float", "Lamp switch-on count"),
        ValueName("LuxLevel", _M, "float", "Light level", "lx"),
        ValueName("TotalKWHPositive", _M, "float", "Sum of active energy", "kWh", (METER,)),
        ValueName("LampFailure", _F, "boolean", "Lamp failure"),
        ValueName("BallastFailure", _F, "boolean", "Ballast failure"),
        ValueName("RelayFailure", _F, "boolean", "Relay failure"),
        ValueName("DefaultLostNode", _F, "boolean", "Node lost"),
        ValueName("MacAddress", _P, "string", "MAC address"),
        ValueName("TalqAddress", _P, "string", "TALQ address", categories=_EVERY),
        ValueName("installStatus", _P, "string", "Install status", categories=_EVERY, choices=INSTALL_STATUSES),
        ValueName("comment", _P, "string", "Comment", categories=_EVERY),
        ValueName("lat", _P, "float", "Latitude", categories=_EVERY),
        ValueName("lng", _P, "float", "Longitude", categories=_EVERY),
        ValueName("address", _P, "string", "Address", categories=_EVERY),
        ValueName("dimmingGroupName", _P, "string", "Dimming group"),
        ValueName("power", _P, "float", "Lamp wattage", "W"),
        ValueName("brandId", _P, "string", "Lamp type"),
        ValueName("model", _P, "string", "Equipment type", categories=_EVERY),
        ValueName("modelFunctionId", _P, "string", "Equipment type", categories=_EVERY, choices=LAMP_MODELS),
        ValueName("userName", _P, "string", "Name", categories=_EVERY),
        ValueName("controller.firmwareVersion", _P, "string", "Control technology", "", (CONTROLLER,), TECHNOLOGIES),
        ValueName("controller.host", _P, "string", "Gateway host name", categories=(CONTROLLER,)),
    )
}
"""Every name that is known; another one is refused."""

FAILURES = tuple(name for name, one in VALUES.items() if one.kind is Kind.FAILURE)

TRUE, FALSE = "true", "false"
