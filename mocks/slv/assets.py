"""What stands where: geozones, controllers, devices. The seed's, and what people made of it.

Everything is found through indexes in memory; what people changed is in the tables, from which the indexes are made
anew whenever those were changed from outside.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from .errors import Conflict, InvalidParameter, LimitExceeded, Refusal, Unknown
from .models import CONTROLLER, CONTROLLER_DEVICE, STREETLIGHT, Device, Geozone
from .seed import FIRST_CREATED, devices, geozones
from .tables import Shelf
from .values import VALUES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from ..core.ids import Ids
    from .settings import Settings
    from .tables import Tables

MOST_CREATED, MOST_GEOZONES = 50_000, 5_000
"""What people may create; the vendor's own bounds are not known."""

LONGEST = 1_000
"""Characters of a name or property."""

_GONE_DEVICE, _GONE_GEOZONE = "gone device", "gone geozone"

_PLACE = {"lat": 90, "lng": 180}
"""Degrees to either side that a place may have."""

_SHOWN = {
    "userName": "name",
    "address": "address",
    "model": "model",
    "modelFunctionId": "function",
    **{name: name for name in _PLACE},
}
"""Properties that are members of the device as well."""

DEFAULT_WATTS = 70
"""Of a lamp that somebody creates without saying what it draws."""

Key = tuple[str, str]


class Bounds(NamedTuple):
    """A piece of the map, in degrees."""

    lat_min: float
    lat_max: float
    lng_min: float
    lng_max: float


class Assets:
    """All geozones and devices of a world."""

    def __init__(self, tables: Tables, ids: Ids, settings: Settings) -> None:
        self._tables = tables
        self._ids = ids
        self._settings = settings
        self._new_devices = Shelf(tables, "device", Device, MOST_CREATED, FIRST_CREATED)
        self._new_geozones = Shelf(tables, "geozone", Geozone, MOST_GEOZONES, 1_001)
        self.take_seed()

    def take_seed(self) -> None:
        """Be the estate of the seed as it is now."""
        settings = self._settings
        stream = self._ids.stream("slv/estate")
        self._seed_devices = devices(self._ids.seed, stream, settings.luminaires, settings.geozones)
        self._seed_geozones = geozones(settings.geozones)
        self.forget()

    def forget(self) -> None:
        """Make the indexes anew from seed and tables."""
        gone = {
            kind: {number for (number,) in self._tables.rows("SELECT id FROM slv_documents WHERE kind = ?", kind)}
            for kind in (_GONE_DEVICE, _GONE_GEOZONE)
        }
        zones = [*self._seed_geozones, *self._new_geozones.all()]
        self.geozones: dict[int, Geozone] = {zone.id: zone for zone in zones}
        for number in gone[_GONE_GEOZONE]:
            self.geozones.pop(number, None)
        self._overrides: dict[int, dict[str, str]] = {}
        for number, name, value in self._tables.rows("SELECT device, name, value FROM slv_properties"):
            self._overrides.setdefault(number, {})[name] = value
        self._by_id: dict[int, Device] = {}
        self._by_key: dict[Key, Device] = {}
        self._by_zone: dict[int, dict[int, Device]] = {}
        self._by_controller: dict[str, dict[int, Device]] = {}
        known = {device.id: device for device in (*self._seed_devices, *self._new_devices.all())}
        for device in known.values():
            if device.id not in gone[_GONE_DEVICE]:
                self._index(self._shown(device))

    # --- geozones ------------------------------------------------------------------------------------------------

    def geozone(self, number: int) -> Geozone:
        """A geozone by its id."""
        found = self.geozones.get(number)
        if found is None:
            raise Unknown("geozone", number)
        return found

    def children(self, number: int) -> list[Geozone]:
        """The geozones right below one."""
        self.geozone(number)
        return [zone for zone in self.geozones.values() if zone.parent == number]

    def within(self, number: int, *, recurse: bool) -> list[int]:
        """The ids of a geozone and, if wanted, of all below it."""
        found = [self.geozone(number).id]
        if recurse:
            below: dict[int | None, list[int]] = {}
            for zone in self.geozones.values():
                below.setdefault(zone.parent, []).append(zone.id)
            for one in found:  # grows as it goes
                found += below.get(one, ())
        return found

    def path(self, number: int) -> str:
        """The names from the root down to a geozone."""
        names: list[str] = []
        zone = self.geozones.get(number)
        while zone is not None:
            names.append(zone.name)
            zone = self.geozones.get(zone.parent) if zone.parent is not None else None
        return "/".join(reversed(names))

    def create_geozone(self, name: str, parent: int, bounds: Bounds) -> Geozone:
        """Add a geozone."""
        _check_text("name", name)
        self.geozone(parent)
        if bounds.lat_min > bounds.lat_max or bounds.lng_min > bounds.lng_max:
            raise InvalidParameter("The bounds are the wrong way round")
        zone = Geozone(id=self._new_geozones.new_id(), name=name, parent=parent, **bounds._asdict())
        self._new_geozones.put(zone)
        self.geozones[zone.id] = zone
        return zone

    def delete_geozone(self, number: int, *, pull_up: bool) -> None:
        """Take a geozone away, with all in it or after its content went to the geozone above."""
        zone = self.geozone(number)
        if zone.parent is None:
            raise InvalidParameter("The root geozone cannot be deleted")
        if pull_up:
            for child in self.children(number):
                moved = msgspec.structs.replace(child, parent=zone.parent)
                self._new_geozones.put(moved)
                self.geozones[child.id] = moved
            for device in list(self._by_zone.get(number, {}).values()):
                self._move(device, zone.parent)
            numbers = [number]
        else:
            numbers = self.within(number, recurse=True)
            doomed = [device for one in numbers for device in self._by_zone.get(one, {}).values()]
            controllers = {device.controller for device in doomed if device.category == CONTROLLER}
            inside = {device.id for device in doomed}
            for controller in controllers:
                if any(device.id not in inside for device in self.on_controller(controller)):
                    raise Conflict(f"Controller '{controller}' still has devices in other geozones")
            for device in doomed:
                self._remove(device)
        for one in numbers:
            self._new_geozones.delete(one)
            self._tables.write("INSERT OR REPLACE INTO slv_documents VALUES (?, ?, '')", _GONE_GEOZONE, one)
            del self.geozones[one]

    # --- devices -------------------------------------------------------------------------------------------------

    def __len__(self) -> int:
        return len(self._by_id)

    def all(self) -> Iterable[Device]:
        """Every device."""
        return self._by_id.values()

    def by_id(self, number: int) -> Device:
        """A device by its numeric id, which only the logs know it by."""
        found = self._by_id.get(number)
        if found is None:
            raise Unknown("device", number)
        return found

    def find_id(self, number: int) -> Device | None:
        """The same, or None."""
        return self._by_id.get(number)

    def device(self, controller: str, on_controller: str) -> Device:
        """A device by its controller and its id there."""
        found = self._by_key.get((controller, on_controller))
        if found is None:
            self.controller(controller)
            raise Unknown("device", f"{controller}/{on_controller}")
        return found

    def find(self, controller: str, on_controller: str) -> Device | None:
        """The same, or None."""
        return self._by_key.get((controller, on_controller))

    def controller(self, name: str) -> Device:
        """A controller's own device."""
        found = self._by_key.get((name, CONTROLLER_DEVICE))
        if found is None:
            raise Unknown("controller", name)
        return found

    def controllers(self) -> list[Device]:
        """Every controller's own device."""
        return [device for device in self._by_id.values() if device.category == CONTROLLER]

    def on_controller(self, name: str) -> list[Device]:
        """Every device of a controller, itself included."""
        return list(self._by_controller.get(name, {}).values())

    def lamps(self, controller: str) -> list[Device]:
        """The luminaires of a controller."""
        return [device for device in self.on_controller(controller) if device.category == STREETLIGHT]

    def in_geozone(self, number: int, *, recurse: bool, category: str | Collection[str] = ()) -> Iterator[Device]:
        """The devices in a geozone, of one category or of several; none named is all."""
        wanted = (category,) if isinstance(category, str) else category
        for zone in self.within(number, recurse=recurse):
            for device in self._by_zone.get(zone, {}).values():
                if not wanted or device.category in wanted:
                    yield device

    def in_bounds(self, bounds: Bounds, most: int | None) -> list[Device]:
        """The devices on a piece of the map."""
        found: list[Device] = []
        for device in self._by_id.values():
            if most is not None and len(found) >= most:
                break
            inside = bounds.lat_min <= device.lat <= bounds.lat_max and bounds.lng_min <= device.lng <= bounds.lng_max
            if inside:
                found.append(device)
        return found

    def create_device(self, device: Device) -> Device:
        """Add a device; its id is given here. One that is a controller is the first on itself."""
        for name, text in (("userName", device.name), ("idOnController", device.on_controller)):
            _check_text(name, text)
        _check_text("controllerStrId", device.controller)
        self.geozone(device.geozone)
        if device.category == CONTROLLER:
            if device.on_controller != CONTROLLER_DEVICE:
                raise InvalidParameter(f"A controller is called '{CONTROLLER_DEVICE}' on itself")
        else:
            self.controller(device.controller)
        if device.key in self._by_key:
            raise Conflict(f"Device '{device.controller}/{device.on_controller}' exists already")
        made = msgspec.structs.replace(device, id=self._new_devices.new_id())
        self._new_devices.put(made)
        self._index(made)
        return made

    def delete_device(self, device: Device) -> None:
        """Take a device away; a controller only when nothing else is on it."""
        if device.category == CONTROLLER and len(self.on_controller(device.controller)) > 1:
            raise Conflict(f"Controller '{device.controller}' still has devices")
        self._remove(device)

    # --- properties ----------------------------------------------------------------------------------------------

    def property(self, device: Device, name: str) -> str | None:
        """What is known of a device under a name of a property."""
        override = self._overrides.get(device.id)
        if override is not None and name in override:
            return override[name]
        if name in _SHOWN:
            found = getattr(device, _SHOWN[name])
            return None if found is None else str(found)
        return device.properties.get(name)

    def properties(self, device: Device) -> dict[str, str]:
        """All that is known of a device as properties."""
        return {**device.properties, **self._overrides.get(device.id, {})}

    def set_property(self, device: Device, name: str, value: str) -> None:
        """Say something else of a device."""
        check_property(name, value)
        self._tables.write("INSERT OR REPLACE INTO slv_properties VALUES (?, ?, ?)", device.id, name, value)
        self._overrides.setdefault(device.id, {})[name] = value
        if name in _SHOWN:
            self._index(self._shown(self._by_id[device.id]))

    # --- inside --------------------------------------------------------------------------------------------------

    def _shown(self, device: Device) -> Device:
        override = self._overrides.get(device.id)
        if not override:
            return device
        changes: dict[str, str | float] = {
            _SHOWN[name]: float(value) if name in _PLACE else value
            for name, value in override.items()
            if name in _SHOWN
        }
        return msgspec.structs.replace(device, **changes)

    def _index(self, device: Device) -> None:
        self._by_id[device.id] = self._by_key[device.key] = device
        self._by_zone.setdefault(device.geozone, {})[device.id] = device
        self._by_controller.setdefault(device.controller, {})[device.id] = device

    def _move(self, device: Device, geozone: int) -> None:
        del self._by_zone[device.geozone][device.id]
        moved = msgspec.structs.replace(device, geozone=geozone)
        self._new_devices.put(moved)
        self._index(moved)

    def _remove(self, device: Device) -> None:
        del self._by_id[device.id], self._by_key[device.key]
        del self._by_zone[device.geozone][device.id], self._by_controller[device.controller][device.id]
        self._overrides.pop(device.id, None)
        self._new_devices.delete(device.id)
        self._tables.write("INSERT OR REPLACE INTO slv_documents VALUES (?, ?, '')", _GONE_DEVICE, device.id)
        for table in ("slv_properties", "slv_values", "slv_commands", "slv_failures", "slv_repairs"):
            self._tables.write(f"DELETE FROM {table} WHERE device = ?", device.id)  # noqa: S608  our own names


def check_value_name(name: str) -> None:
    """Refuse a name that no value has."""
    if name not in VALUES:
        raise Unknown("value name", name)


def check_property(name: str, value: str) -> None:
    """Refuse what cannot be said of a device."""
    known = VALUES[name]
    if len(value) > LONGEST:
        raise LimitExceeded(f"A value of '{name}' has up to {LONGEST} characters")
    problem: Refusal | None = None
    if known.type == "boolean" and value not in ("true", "false"):
        problem = InvalidParameter(f"Value of '{name}' is neither true nor false")
    elif known.type == "float" and not _is_number(value):
        problem = InvalidParameter(f"Value of '{name}' is not a number")
    elif name in _PLACE and abs(float(value)) > _PLACE[name]:
        problem = InvalidParameter(f"Value of '{name}' lies between -{_PLACE[name]} and {_PLACE[name]}")
    if problem is not None:
        raise problem


def _is_number(text: str) -> bool:
    try:
        number = float(text)
    except ValueError:
        return False
    return number == number and abs(number) < 1e15  # noqa: PLR0124  NaN is not itself


def _check_text(name: str, text: str) -> None:
    if not text.strip():
        raise InvalidParameter(f"Parameter '{name}' is empty")
    if len(text) > LONGEST:
        raise LimitExceeded(f"Parameter '{name}' has up to {LONGEST} characters")
