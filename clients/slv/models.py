"""What Streetlight.Vision answers, as frozen dataclasses.

What is absent or null is None. Members that are not known are kept in `extra`, in which the two forms of answers may
differ (XML knows no types), so that it does not count when two of a kind are compared.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

CONTROLLER_DEVICE: Final = "controllerdevice"
"""What a controller, being a device too, is called on itself."""


class DeviceKey(NamedTuple):
    """What identifies a device; its number does so in the log only."""

    controller_str_id: str
    id_on_controller: str


@dataclass(frozen=True, slots=True)
class Device:
    """A device: a street light, a meter, a controller.

    Attributes:
        id: Its number, which the log goes by.
        name: For people.
        controller_str_id: The controller that it hangs from.
        id_on_controller: Its name there; "controllerdevice" for the controller itself.
        category_str_id: Such as "streetlight".
        type: Such as "device".
        node_type_str_id: Which kind of node, if known.
        technology_str_id: Which network, if known.
        model_name: If known.
        address: Street and number, if known.
        function_id: Which part of its node it is, if known.
        geozone_id: The geozone it lies in.
        geozone_names_path: That geozone's name below those of its parents, with slashes.
        lat: Degrees north; which datum is not said.
        lng: Degrees east.
        properties: By key, as text.
        extra: All other members.
    """

    id: int
    name: str
    controller_str_id: str
    id_on_controller: str
    category_str_id: str
    type: str | None = None
    node_type_str_id: str | None = None
    technology_str_id: str | None = None
    model_name: str | None = None
    address: str | None = None
    function_id: str | None = None
    geozone_id: int | None = None
    geozone_names_path: str | None = None
    lat: float | None = None
    lng: float | None = None
    properties: Mapping[str, str | None] = field(default_factory=dict[str, str | None], hash=False)
    extra: Mapping[str, Any] = field(default_factory=dict[str, Any], compare=False, repr=False)

    @property
    def key(self) -> DeviceKey:
        """What identifies it."""
        return DeviceKey(self.controller_str_id, self.id_on_controller)

    @property
    def is_controller(self) -> bool:
        """Whether it is a controller."""
        return self.id_on_controller == CONTROLLER_DEVICE


DeviceRef: TypeAlias = "Device | DeviceKey | tuple[str, str]"
"""A device, or its controller and its name there."""


@dataclass(frozen=True, slots=True)
class GeoZone:
    """An area that devices lie in, and other areas.

    Attributes:
        id: Its number.
        name: For people.
        parent_id: The area it lies in; None for the root.
        lat_min: Degrees; likewise the three others.
        extra: All other members.
    """

    id: int
    name: str
    parent_id: int | None = None
    lat_min: float | None = None
    lat_max: float | None = None
    lng_min: float | None = None
    lng_max: float | None = None
    extra: Mapping[str, Any] = field(default_factory=dict[str, Any], compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Controller:
    """What a group of devices hangs from. It is a device as well: `devices` of its geozone has it.

    Attributes:
        str_id: Its name for programs.
        name: For people, if it is told.
        id: Its number as a device, if it is told: XML has it not.
        geozone_id: The geozone it lies in, likewise.
        extra: All other members.
    """

    str_id: str
    name: str | None = None
    id: int | None = field(default=None, compare=False)
    geozone_id: int | None = field(default=None, compare=False)
    extra: Mapping[str, Any] = field(default_factory=dict[str, Any], compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class LogValue:
    """One value of one device at one moment.

    Attributes:
        device_id: The device's number.
        name: Which value, such as "Energy".
        value: As text; None where the reading failed. Its unit is told by `descriptors`.
        event_time: When it was so, with the offset that the server's zone had then.
        update_time: When the server learnt of it.
        controller_str_id: The device's controller.
        id_on_controller: The device's name there.
        status: "OK" or "ERROR".
        meaning_label: The value's name for people.
        error_message: Why there is none.
        info: Whatever else the server says.
        age_s: Seconds since `event_time` when the server answered.
        extra: All other members.
    """

    device_id: int
    name: str
    value: str | None
    event_time: datetime
    update_time: datetime | None = None
    controller_str_id: str | None = None
    id_on_controller: str | None = None
    status: str | None = None
    meaning_label: str | None = None
    error_message: str | None = None
    info: Any = field(default=None, compare=False)
    age_s: float | None = field(default=None, compare=False)
    extra: Mapping[str, Any] = field(default_factory=dict[str, Any], compare=False, repr=False)

    @property
    def number(self) -> float:
        """The value as a number.

        Raises:
            ValueError: It is none.
        """
        return float(self.value or "")

    @property
    def is_on(self) -> bool:
        """The value as a switch, or a failure: text and numbers are told apart.

        Raises:
            ValueError: It is neither.
        """
        text = (self.value or "").lower()
        return text == "true" if text in ("true", "false") else self.number != 0


@dataclass(frozen=True, slots=True)
class ValueDescriptor:
    """What a value is.

    Attributes:
        name: As in the log.
        label: For people.
        type: Such as "float".
        unit: As the vendor writes it, such as "kWh".
        category: Such as "standard".
        extra: All other members.
    """

    name: str
    label: str | None = None
    type: str | None = None
    unit: str | None = None
    category: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict[str, Any], compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class BatchResult:
    """How far a batch is.

    Attributes:
        batch_id: To ask for it again.
        running: Whether it goes on.
        status: "OK", "ERROR" or another word.
        message: For people.
        extra: All other members.
    """

    batch_id: str
    running: bool
    status: str | None = None
    message: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict[str, Any], compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class User:
    """An account.

    Attributes:
        login: Its name.
        profile: What it may do goes by this.
        extra: All other members.
    """

    login: str
    profile: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict[str, Any], compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Named:
    """A schedule, a scheduler or an alarm definition, of which no more is known than these.

    Attributes:
        id: Its number, or its name for programs.
        name: For people.
        extra: All other members.
    """

    id: str
    name: str | None = None
    extra: Mapping[str, Any] = field(default_factory=dict[str, Any], compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Report:
    """A table.

    Attributes:
        title: For people.
        column_names: For programs.
        column_labels: For people.
        rows: As the vendor writes them.
        bottom_row: Sums and the like.
        extra: All other members.
    """

    title: str | None
    column_names: tuple[str, ...] = ()
    column_labels: tuple[str, ...] = ()
    rows: tuple[Any, ...] = field(default=(), hash=False)
    bottom_row: Any = field(default=None, hash=False)
    extra: Mapping[str, Any] = field(default_factory=dict[str, Any], compare=False, repr=False)
