"""``asset`` and ``assetmanagement``: what stands where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import wire
from ..assets import Bounds
from ..calls import (
    CONTROLLER,
    GEOZONE,
    GEOZONE_EITHER,
    KEY,
    RECURSE,
    Method,
    Parameter,
    Type,
    flag,
    number,
    optional,
    several,
    text,
)
from ..errors import InvalidParameter
from ..importing import new_device
from ..models import CONTROLLER as CONTROLLER_CATEGORY
from ..models import METER, ROOT, STREETLIGHT
from ..serial import Array
from ..values import VALUES

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..calls import Call
    from ..models import Device
    from ..serial import Tree

_DEGREES = tuple(Parameter(name=name, type=Type.FLOAT) for name in ("latMin", "latMax", "lngMin", "lngMax"))

_MEMBERS: dict[str, Callable[[Device], object]] = {
    "name": lambda one: one.name,
    "idOnController": lambda one: one.on_controller,
    "controllerStrId": lambda one: one.controller,
    "categoryStrId": lambda one: one.category,
    "nodeTypeStrId": lambda one: one.node_type,
    "technologyStrId": lambda one: one.technology,
    "modelName": lambda one: one.model,
    "address": lambda one: one.address,
    "id": lambda one: one.id,
}
"""What devices may be searched by, besides properties."""

_CATEGORY = {"devicesList": (), "lightDevicesList": STREETLIGHT}


def _bounds(call: Call) -> Bounds:
    found = Bounds(call["latMin"], call["latMax"], call["lngMin"], call["lngMax"])
    if max(map(abs, found[:2])) > 90 or max(map(abs, found[2:])) > 180:
        raise InvalidParameter("The bounds are not on the earth")
    return found


def _controllers(call: Call) -> Tree:
    return Array("SLVController", map(wire.controller, call.backend.assets.controllers()))


def _controller_devices(call: Call) -> Tree:
    assets = call.backend.assets
    assets.controller(call["controllerStrId"])
    return wire.devices(assets.on_controller(call["controllerStrId"]), assets)


def _geozone_devices(call: Call) -> Tree:
    assets = call.backend.assets
    found = assets.in_geozone(call["geozoneId"], recurse=call["recurse"], category=call["categoryStrId"])
    return wire.devices(found, assets)


def _in_bounds(call: Call) -> Tree:
    most = call["maxDevices"]
    if most is not None and most < 0:
        raise InvalidParameter("Parameter 'maxDevices' is negative")
    return wire.devices(call.backend.assets.in_bounds(_bounds(call), most), call.backend.assets)


def _device(call: Call) -> Tree:
    assets = call.backend.assets
    found = assets.device(call["controllerStrId"], call["idOnController"])
    return wire.device(found, assets.path(found.geozone), assets.properties(found))


def _search(call: Call) -> Tree:
    assets, name, operator = call.backend.assets, call["attributeName"], call["attributeOperator"]
    if name is not None and name not in _MEMBERS and name not in VALUES:
        raise InvalidParameter(f"Devices cannot be searched by '{name[:100]}'")
    if operator not in ("eq", "eq-i"):
        raise InvalidParameter(f"Unknown operator '{operator[:100]}'; there are: eq, eq-i")
    if call["returnedInfo"] not in _CATEGORY:
        raise InvalidParameter(f"Parameter 'returnedInfo' is one of {', '.join(_CATEGORY)}")
    if call["maxResults"] is not None and call["maxResults"] < 0:
        raise InvalidParameter("Parameter 'maxResults' is negative")
    wanted: str = call["attributeValue"] or ""
    fold = operator == "eq-i"
    found: list[Device] = []
    for one in assets.in_geozone(call["geozoneId"], recurse=call["recurse"], category=_CATEGORY[call["returnedInfo"]]):
        if call["maxResults"] is not None and len(found) >= call["maxResults"]:
            break
        if name is not None:
            value = _MEMBERS[name](one) if name in _MEMBERS else assets.property(one, name)
            shown = "" if value is None else str(value)
            if value is None or (shown.casefold() != wanted.casefold() if fold else shown != wanted):
                continue
        found.append(one)
    return wire.result(wire.devices(found, assets))


def _geozones(call: Call) -> Tree:
    return wire.geozones(call.backend.assets.geozones.values())


def _search_geozones(call: Call) -> Tree:
    wanted, partial = call["name"], call["partialMatch"]
    zones = call.backend.assets.geozones.values()
    return wire.geozones(zone for zone in zones if (wanted in zone.name if partial else wanted == zone.name))


def _children(call: Call) -> Tree:
    return wire.geozones(call.backend.assets.children(call["geozoneId"]))


def _root(call: Call) -> Tree:
    return wire.geozone(call.backend.assets.geozone(ROOT))


def _profile_properties(call: Call) -> Tree:
    return wire.pairs(call.backend.people.profile(call.user.profile).properties)


# --- management ------------------------------------------------------------------------------------------------------


def _create_device(call: Call) -> Tree:
    names = ("userName", "categoryStrId", "controllerStrId", "idOnController", "nodeTypeStrId")
    given = {name: call[name] for name in names if call[name] is not None}
    if given["categoryStrId"] not in (STREETLIGHT, CONTROLLER_CATEGORY, METER):
        raise InvalidParameter(f"Unknown category '{given['categoryStrId'][:100]}'")
    given |= {"geoZoneId": str(call.backend.assets.geozone(call["geozoneId"]).id)}
    given |= {"lat": repr(call["lat"]), "lng": repr(call["lng"])}
    made = call.backend.assets.create_device(new_device(given, call.now))
    return wire.device(made, call.backend.assets.path(made.geozone), made.properties)


def _delete_device(call: Call) -> Tree:
    assets = call.backend.assets
    assets.delete_device(assets.device(call["controllerStrId"], call["idOnController"]))
    call.backend.lights.forget()
    return "OK"


def _create_geozone(call: Call) -> Tree:
    return wire.geozone(call.backend.assets.create_geozone(call["name"], call["parentId"], _bounds(call)))


def _delete_geozone(call: Call) -> Tree:
    call.backend.assets.delete_geozone(call["geozoneId"], pull_up=call["pullUpContent"])
    call.backend.lights.forget()
    return "OK"


_DEVICES, _ZONES = "SLVDevice-array", "SLVGeoZone-array"

METHODS = (
    Method(service="asset", name="getAllControllers", answer="SLVController-array", handler=_controllers),
    Method(
        service="asset",
        name="getControllerDevices",
        answer=_DEVICES,
        handler=_controller_devices,
        parameters=(CONTROLLER,),
    ),
    Method(
        service="asset",
        name="getGeozoneDevices",
        answer=_DEVICES,
        handler=_geozone_devices,
        parameters=(GEOZONE, RECURSE, several("categoryStrId", required=False)),
    ),
    Method(
        service="asset",
        name="getDevicesInBounds",
        answer=_DEVICES,
        handler=_in_bounds,
        parameters=(*_DEGREES, optional("maxDevices", Type.INT)),
    ),
    Method(service="asset", name="getDevice", answer="SLVDevice", handler=_device, parameters=KEY),
    Method(
        service="asset",
        name="searchDevicesExt",
        answer=wire.RESULT,
        handler=_search,
        parameters=(
            GEOZONE,
            RECURSE,
            optional("maxResults", Type.INT),
            optional("returnedInfo", default="devicesList"),
            optional("attributeName"),
            optional("attributeOperator", default="eq"),
            optional("attributeValue"),
        ),
    ),
    Method(service="asset", name="getAllGeozones", answer=_ZONES, handler=_geozones, also=("getAllGeoZones",)),
    Method(
        service="asset",
        name="searchGeozones",
        answer=_ZONES,
        handler=_search_geozones,
        parameters=(text("name"), flag("partialMatch")),
    ),
    Method(
        service="asset",
        name="getGeozoneChildrenGeozones",
        answer=_ZONES,
        handler=_children,
        parameters=(GEOZONE,),
    ),
    Method(service="asset", name="getGeozoneRoot", answer="SLVGeoZone", handler=_root, also=("getGeoZoneRoot",)),
    Method(service="asset", name="getProfilProperties", answer=f"{wire.PAIR}-array", handler=_profile_properties),
    Method(
        service="assetmanagement",
        name="createCategoryDevice",
        answer="SLVDevice",
        handler=_create_device,
        parameters=(
            text("userName"),
            text("categoryStrId"),
            *KEY,
            GEOZONE_EITHER,
            optional("nodeTypeStrId"),
            Parameter(name="lat", type=Type.FLOAT),
            Parameter(name="lng", type=Type.FLOAT),
        ),
        writes=True,
    ),
    Method(
        service="assetmanagement",
        name="deleteDevice",
        answer="string",
        handler=_delete_device,
        parameters=KEY,
        writes=True,
    ),
    Method(
        service="assetmanagement",
        name="createGeozone",
        answer="SLVGeoZone",
        handler=_create_geozone,
        parameters=(text("name"), number("parentId"), *_DEGREES),
        writes=True,
    ),
    Method(
        service="assetmanagement",
        name="deleteGeozone",
        answer="string",
        handler=_delete_geozone,
        parameters=(GEOZONE, flag("pullUpContent")),
        writes=True,
    ),
)
