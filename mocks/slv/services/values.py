"""Values, and what takes its time.

``logging``, ``loggingmanagement``, ``batch``, ``controllermanagement`` and ``monitoringmanagement``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import wire
from ..assets import check_value_name
from ..calls import (
    CONTROLLER,
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
from ..errors import CommandFailed, InvalidParameter, MissingParameter
from ..models import STREETLIGHT
from ..serial import Array
from ..values import VALUES

if TYPE_CHECKING:
    from ..calls import Call
    from ..metering import Reading
    from ..models import Device
    from ..serial import Tree

_LOG, _LOGS = "SLVLogValue", "SLVLogValue-array"
_DESCRIPTOR = "SLVDeviceValueDescriptor"


def _log_values(call: Call) -> Tree:
    devices = [call.backend.assets.by_id(number) for number in dict.fromkeys(call["deviceId"])]
    names = list(dict.fromkeys(call["name"]))
    found = call.backend.logs.between(devices, names, call["from"], call["to"], call.now)
    return Array(_LOG, (wire.log_value(*one, call.now, call.zone) for one in found))


def _last_values(call: Call) -> Tree:
    assets = call.backend.assets
    if call["deviceId"] is None:
        device = assets.device(call["controllerStrId"] or "", call["idOnController"] or "")
    else:
        device = assets.by_id(call["deviceId"])
    found = [(name, call.backend.logs.last(device, name, call.now)) for name in _names(call, device)]
    return Array(
        _LOG, [wire.log_value(device, name, one, call.now, call.zone) for name, one in found if one is not None]
    )


def _names(call: Call, device: Device) -> list[str]:
    names = list(dict.fromkeys(call["valueNames"]))
    for name in names:
        check_value_name(name)
    return names or call.backend.logs.names_of(device)


def _geozone_last_values(call: Call) -> Tree:
    """Rows: id, controller, id there, and the values in the order in which they were asked for."""
    names: list[str] = call["valueNames"]
    for name in names:
        check_value_name(name)
    rows = Array("string-array")
    for device in call.backend.assets.in_geozone(call["geozoneId"], recurse=call["recurse"]):
        found: list[Reading | None] = [call.backend.logs.last(device, name, call.now) for name in names]
        values = (None if one is None else one.value for one in found)
        rows.append(Array("string", (str(device.id), device.controller, device.on_controller, *values)))
    return rows


def _descriptors(call: Call) -> Tree:
    device = call.backend.assets.device(call["controllerStrId"], call["idOnController"])
    return _described(call, device.category)


def _virtual_descriptors(call: Call) -> Tree:
    if call["propertyName"] != "categoryStrId":
        raise InvalidParameter("Parameter 'propertyName' is not categoryStrId")
    return _described(call, call["propertyValue"])


def _metering_descriptors(call: Call) -> Tree:
    found = (one for one in VALUES.values() if one.unit)
    return Array(_DESCRIPTOR, (wire.descriptor(one, units=call.version.units) for one in found))


def _described(call: Call, category: str) -> Tree:
    found = (one for one in VALUES.values() if category in one.categories)
    return Array(_DESCRIPTOR, (wire.descriptor(one, units=call.version.units) for one in found))


# --- management ------------------------------------------------------------------------------------------------------


def _set(call: Call, devices: list[Device]) -> Tree:
    """Set values pair by pair: all of them on one device; on several devices one each, or one on all."""
    names, values = call["valueName"], call["value"]
    if len(names) != len(values):
        raise InvalidParameter(f"There are {len(names)} valueName and {len(values)} value")
    pairs = list(zip(names, values, strict=True))
    if len(devices) == 1 or len(pairs) == 1:
        wanted = [(device, pairs) for device in devices]
    elif len(devices) == len(pairs):
        wanted = [(device, [pair]) for device, pair in zip(devices, pairs, strict=True)]
    else:
        raise InvalidParameter(f"There are {len(devices)} devices and {len(names)} valueName")
    at = call.now if call["eventTime"] is None else call["eventTime"]
    for device, some in wanted:
        call.backend.logs.check(device, some, call["comment"])
    for device, some in wanted:
        call.backend.logs.set_values(device, some, at=at, now=call.now, log=call["doLog"], comment=call["comment"])
        for name, value in some:
            call.backend.alarms.value_set(device, name, value, at, call.now)
    return wire.result("OK")


def _set_device_values(call: Call) -> Tree:
    device = call.backend.assets.device(call["controllerStrId"], call["idOnController"])
    return _set(call, [device])


def _set_devices_values(call: Call) -> Tree:
    return _set(call, devices_of(call))


def devices_of(call: Call) -> list[Device]:
    """The devices that repeated keys name; one controller may stand for all of them."""
    controllers, numbers = call["controllerStrId"], call["idOnController"]
    if len(controllers) == 1:
        controllers = controllers * len(numbers)
    if len(controllers) != len(numbers):
        raise InvalidParameter(f"There are {len(controllers)} controllerStrId and {len(numbers)} idOnController")
    return [call.backend.assets.device(*key) for key in zip(controllers, numbers, strict=True)]


def _import(call: Call) -> Tree:
    file = call["csvFile"] if call["csvFile"] is not None else call.body
    if not file.strip():
        raise MissingParameter("csvFile")
    return wire.batch(call.backend.import_csv(file))


def _batch(call: Call) -> Tree:
    return wire.batch(call.backend.batches.get(call["batchId"]))


def _commission(call: Call) -> Tree:
    return wire.batch(call.backend.commission([call.backend.assets.controller(call["controllerStrId"])]))


def _commission_devices(call: Call) -> Tree:
    return wire.batch(call.backend.commission_devices(devices_of(call)))


def _replace(call: Call) -> Tree:
    """A new node in an old luminaire: it carries another address, and whatever was broken is mended."""
    devices, addresses = devices_of(call), [text.strip() for text in call["newNetworkId"]]
    if len(devices) != len(addresses):
        raise InvalidParameter(f"There are {len(devices)} devices and {len(addresses)} newNetworkId")
    for device, address in zip(devices, addresses, strict=True):
        _check_node(call, device, address)
    for device, address in zip(devices, addresses, strict=True):
        call.backend.logs.set_values(device, [("MacAddress", address)], at=call.now, now=call.now, log=True)
        call.backend.lights.repair(device, call.now)
    return wire.result("OK" if len(devices) == 1 else Array("string", ["OK"] * len(devices)))


def _check_node(call: Call, device: Device, address: str) -> None:
    assets = call.backend.assets
    if device.category != STREETLIGHT or not address or not address.isalnum() or len(address) > 64:
        words = f"'{address[:100]}' is not the network id of a light"
        raise CommandFailed(words, words)
    for other in assets.all():
        if other.id != device.id and (assets.property(other, "MacAddress") or "").lower() == address.lower():
            words = f"Network id '{address}' belongs to '{other.controller}/{other.on_controller}'"
            raise CommandFailed(words, words)


_COMMON = (
    several("valueName"),
    several("value"),
    flag("doLog"),
    optional("eventTime", Type.DATE),
    optional("comment"),
)
_KEYS = (several("controllerStrId"), several("idOnController"))

METHODS = (
    Method(
        service="logging",
        name="getDevicesLogValues",
        answer=_LOGS,
        handler=_log_values,
        parameters=(
            several("deviceId", Type.INT),
            several("name"),
            text("from", type=Type.DATE),
            text("to", type=Type.DATE),
        ),
    ),
    Method(
        service="logging",
        name="getDeviceLastValues",
        answer=_LOGS,
        handler=_last_values,
        parameters=(
            optional("controllerStrId"),
            optional("idOnController"),
            # A working client calls the device param0, and the names valueName.
            optional("deviceId", Type.INT, also=("param0",)),
            Parameter(name="valueNames", required=False, many=True, also=("valueName",)),
        ),
    ),
    Method(
        service="logging",
        name="getGeozoneDevicesLastValuesAsArray",
        answer="string-array-array",
        handler=_geozone_last_values,
        parameters=(GEOZONE_EITHER, RECURSE, several("valueNames")),
        also=("getGeoZoneDevicesLastValuesAsArray",),
    ),
    Method(
        service="logging",
        name="getDeviceValueDescriptors",
        answer=f"{_DESCRIPTOR}-array",
        handler=_descriptors,
        parameters=KEY,
    ),
    Method(
        service="logging",
        name="getVirtualDeviceValueDescriptors",
        answer=f"{_DESCRIPTOR}-array",
        handler=_virtual_descriptors,
        parameters=(text("propertyName"), text("propertyValue"), optional("configFilePath")),
    ),
    Method(
        service="logging",
        name="getDeviceMeteringValueDescriptors",
        answer=f"{_DESCRIPTOR}-array",
        handler=_metering_descriptors,
    ),
    Method(
        service="loggingmanagement",
        name="setDeviceValues",
        answer=wire.RESULT,
        handler=_set_device_values,
        parameters=(*KEY, *_COMMON),
        writes=True,
    ),
    Method(
        service="loggingmanagement",
        name="setDevicesValues",
        answer=wire.RESULT,
        handler=_set_devices_values,
        parameters=(*_KEYS, *_COMMON),
        writes=True,
    ),
    Method(
        service="loggingmanagement",
        name="importDevicesFromCsvFileAsync",
        answer=wire.BATCH,
        handler=_import,
        parameters=(optional("csvFile"),),
        writes=True,
    ),
    Method(
        service="batch",
        name="getBatchResult",
        answer=wire.BATCH,
        handler=_batch,
        parameters=(number("batchId", also=("batch",)),),
    ),
    Method(
        service="controllermanagement",
        name="commissionControllerAsync",
        answer=wire.BATCH,
        handler=_commission,
        parameters=(CONTROLLER, optional("flags", Type.INT, 7)),
        writes=True,
    ),
    Method(
        service="controllermanagement",
        name="commissionControllerDevicesListAsync",
        answer=wire.BATCH,
        handler=_commission_devices,
        parameters=(*_KEYS, optional("flags", Type.INT, 7)),
        writes=True,
    ),
    Method(
        service="monitoringmanagement",
        name="replaceOLCs",
        answer=wire.RESULT,
        handler=_replace,
        parameters=(*_KEYS, several("newNetworkId")),
        writes=True,
    ),
)
