"""What can be called: one row a method, as it is spelt in path style. ``openapi.yaml`` is generated from this table.

Parameters are written ``name:type``, a string if no type is said; ``!`` means that the method makes no sense without
it, ``*`` that it may be repeated. Where the sources differ in a parameter's name, the row has both and callers send
both: a server ignores what it does not know.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

BASE = "/reports"
API = f"{BASE}/api"
SERVICES: Mapping[str, str] = MappingProxyType(
    {
        name.lower(): f"SLV{name}API"
        for name in (
            "AlarmManagement", "Asset", "AssetManagement", "Batch", "Config", "Controller", "ControllerManagement",
            "Dimming", "DimmingScheduler", "Logging", "LoggingManagement", "MonitoringManagement", "Reporting",
            "UserProfile",
        )
    }
)  # fmt: skip
"""Each service with the name of its servlet."""
_PARAMETER = re.compile(r"([\w.]+)(?::(\w+))?([!*]*)", re.ASCII)
_EQUAL, _REFUSED = "slv.style.equal", "slv.refusal.everywhere"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a method gives.

    Attributes:
        schema: Its name in ``shapes.yaml``.
        root: The XML root; None where nobody tells.
    """

    schema: str
    root: str | None = None

    @property
    def has_error_member(self) -> bool:
        """Whether a refusal can be told inside the answer."""
        return self.schema in {"Result", "Batch"}


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter.

    Attributes:
        name: As in path style.
        kind: Its JSON type.
        required: Whether the method makes no sense without it.
        many: Whether it may be repeated.
    """

    name: str
    kind: str
    required: bool
    many: bool


@dataclass(frozen=True, slots=True)
class Method:
    """A method of a service.

    Attributes:
        service: The service, as in path style.
        name: The name in path style.
        answer: What it gives.
        parameters: What it takes.
        claim: The claim whose tests call it for what it does.
        writes: Whether it changes anything.
    """

    service: str
    name: str
    answer: Answer
    parameters: tuple[Parameter, ...]
    claim: str
    writes: bool

    @property
    def path(self) -> str:
        """Where it is in path style."""
        return f"{API}/{self.service}/{self.name}"

    @property
    def servlet(self) -> str:
        """Where it is in servlet style, with ``servlet_name`` as methodName."""
        return servlet(self.service)

    @property
    def servlet_name(self) -> str:
        """Its name in servlet style."""
        return as_in_servlets(self.name)

    @property
    def claims(self) -> tuple[str, ...]:
        """The claims whose tests call it."""
        return (self.claim, _REFUSED if self.writes else _EQUAL)


def servlet(service: str) -> str:
    """Return the path of a service's servlet."""
    return f"{API}/servlet/{SERVICES[service]}"


def as_in_servlets(name: str) -> str:
    """Return the spelling that a name has in servlet style: GeoZone for Geozone."""
    return name.replace("Geozone", "GeoZone").replace("geozone", "geoZone")


def parse_parameters(text: str) -> tuple[Parameter, ...]:
    """Read the parameters of a row."""
    found: list[Parameter] = []
    for word in text.split():
        match = _PARAMETER.fullmatch(word)
        if match is None:
            raise ValueError(f"not a parameter: {word!r}")
        name, kind, signs = match.groups()
        found.append(Parameter(name, kind or "string", required="!" in signs, many="*" in signs))
    return tuple(found)


ALARM = Answer("AlarmDefinition", "SLVAlarmDefinition")
ALARMS = Answer("AlarmDefinitions", "SLVAlarmDefinition-array")
BATCH = Answer("Batch", "SLVBatchResult")
CONTROLLERS = Answer("Controllers", "SLVController-array")
DESCRIPTORS = Answer("Descriptors")
DEVICE = Answer("Device", "SLVDevice")
DEVICES = Answer("Devices", "SLVDevice-array")
KEY_VALUES = Answer("KeyValues")
LAST_VALUES = Answer("LastValues")
LOG_VALUES = Answer("LogValues")
OK = Answer("Ok", "string")
PROFIL = Answer("Profil", "SLVProfil")
REPORT = Answer("Report")
RESULT = Answer("Result", "com.dotv.streetlightserver.api.data.SLVResult")
ROWS = Answer("Rows")
STRING = Answer("Text", "string")
USER = Answer("User", "SLVUser")
USERS = Answer("Users", "SLVUser-array")
VALUES = Answer("Values")
ZONE = Answer("GeoZone", "SLVGeoZone")
ZONES = Answer("GeoZones", "SLVGeoZone-array")

_DEVICE = "controllerStrId! idOnController!"
_ZONE = "geozoneId:integer! recurse:boolean"
_ATTRIBUTE = "attributeName*! attributeOperator*! attributeValue*!"
_DAYS = "fromMonth:integer! fromDayInMonth:integer! toMonth:integer! toDayInMonth:integer!"
_BOUNDS = "latMin:number! latMax:number! lngMin:number! lngMax:number!"
_Row = tuple[str, Answer, str, str]
_READ: tuple[_Row, ...] = (
    ("userprofile/getCurrentUser", USER, "", "slv.user.current"),
    ("userprofile/getAllUsers", USERS, "", "slv.user.all"),
    ("asset/getAllControllers", CONTROLLERS, "", "slv.asset.controllers"),
    ("asset/getControllerDevices", DEVICES, "controllerStrId!", "slv.asset.controller-devices"),
    ("asset/getGeozoneDevices", DEVICES, f"{_ZONE} categoryStrId*", "slv.asset.zone-devices"),
    ("asset/getDevicesInBounds", DEVICES, f"{_BOUNDS} maxDevices:integer", "slv.asset.bounds"),
    ("asset/getDevice", DEVICE, _DEVICE, "slv.asset.device"),
    (
        "asset/searchDevicesExt",
        RESULT,
        f"{_ZONE} maxResults:integer returnedInfo {_ATTRIBUTE}",
        "slv.asset.search",
    ),
    ("asset/getAllGeozones", ZONES, "", "slv.zone.all"),
    ("asset/searchGeozones", ZONES, "name! partialMatch:boolean", "slv.zone.search"),
    ("asset/getGeozoneChildrenGeozones", ZONES, "geozoneId:integer!", "slv.zone.children"),
    ("asset/getGeoZoneRoot", ZONE, "", "slv.zone.root"),
    ("asset/getProfilProperties", KEY_VALUES, "", "slv.zone.profil-root"),
    ("logging/getDevicesLogValues", LOG_VALUES, "deviceId:integer*! name*! from! to!", "slv.log.window"),
    (
        "logging/getDeviceLastValues",
        LAST_VALUES,
        "param0:integer! deviceId:integer! controllerStrId idOnController valueName* valueNames*",
        "slv.log.last",
    ),
    (
        "logging/getGeoZoneDevicesLastValuesAsArray",
        ROWS,
        "geoZoneId:integer! geozoneId:integer! valueNames*!",
        "slv.log.last-rows",
    ),
    ("logging/getDeviceValueDescriptors", DESCRIPTORS, f"{_DEVICE} configFilePath", "slv.log.descriptors"),
    (
        "logging/getVirtualDeviceValueDescriptors",
        DESCRIPTORS,
        "propertyName! propertyValue! configFilePath",
        "slv.log.virtual-descriptors",
    ),
    ("batch/getBatchResult", BATCH, "batchId! batch", "slv.batch.done"),
    ("dimming/getDeviceFormattedMeteringValues", VALUES, _DEVICE, "slv.dimming.metering"),
    ("dimmingscheduler/getSchedules", RESULT, "category", "slv.schedule.list"),
    ("dimmingscheduler/getSchedulers", RESULT, "category", "slv.scheduler.list"),
    ("controller/getSystemTimeStringInLocalTime", STRING, "controllerStrId!", "slv.asset.controller-time"),
    ("alarmmanagement/getAllAlarmDefinitions", ALARMS, "propertyDescriptors:boolean", "slv.alarm.list"),
    ("reporting/getReport", REPORT, "name! geozoneId:integer geoZoneId:integer from to", "slv.report.form"),
    ("config/getServerProperties", KEY_VALUES, "name*", "slv.config.version"),
)
_WRITE: tuple[_Row, ...] = (
    (
        "userprofile/createUser",
        USER,
        "profilName! login! password! firstName lastName email phone",
        "slv.user.create",
    ),
    ("userprofile/createProfil", PROFIL, "profilName! geoZoneId:integer!", "slv.user.create-profil"),
    (
        "userprofile/updateProfilProperties",
        OK,
        "profilName! property.locale property.skin",
        "slv.user.update-profil",
    ),
    ("userprofile/changePassword", OK, "previousPassword! newPassword!", "slv.user.password"),
    ("userprofile/deleteUser", RESULT, "login!", "slv.user.delete"),
    ("userprofile/deleteProfil", RESULT, "profilName!", "slv.user.delete-profil"),
    (
        "assetmanagement/createCategoryDevice",
        DEVICE,
        f"userName! categoryStrId! {_DEVICE} geoZoneId:integer! nodeTypeStrId lat:number! lng:number!",
        "slv.make.device",
    ),
    ("assetmanagement/deleteDevice", OK, _DEVICE, "slv.make.delete-device"),
    ("assetmanagement/createGeozone", ZONE, f"name! parentId:integer! {_BOUNDS}", "slv.make.zone"),
    ("assetmanagement/deleteGeozone", OK, "geozoneId:integer! pullUpContent:boolean", "slv.make.delete-zone"),
    (
        "loggingmanagement/setDeviceValues",
        RESULT,
        f"{_DEVICE} valueName*! value*! doLog:boolean eventTime* comment",
        "slv.set.logged",
    ),
    (
        "loggingmanagement/setDevicesValues",
        RESULT,
        "controllerStrId*! idOnController*! valueName*! value*! doLog:boolean eventTime*",
        "slv.set.several-devices",
    ),
    ("loggingmanagement/importDevicesFromCsvFileAsync", BATCH, "csvFile", "slv.batch.import"),
    ("controllermanagement/commissionControllerAsync", BATCH, "controllerStrId! flags:integer", "slv.batch.commission"),
    (
        "controllermanagement/commissionControllerDevicesListAsync",
        BATCH,
        "controllerStrId! idOnController*!",
        "slv.batch.commission-list",
    ),
    (
        "monitoringmanagement/replaceOLCs",
        RESULT,
        "controllerStrId*! idOnController*! newNetworkId*!",
        "slv.set.replace-olc",
    ),
    ("dimming/switchOn", RESULT, _DEVICE, "slv.dimming.on"),
    ("dimming/switchOff", RESULT, _DEVICE, "slv.dimming.off"),
    ("dimming/setDimmingLevels", RESULT, f"{_DEVICE} dimmingLevel:number!", "slv.dimming.level"),
    ("dimming/exitManualModes", RESULT, _DEVICE, "slv.dimming.exit"),
    (
        "dimmingscheduler/createSchedule",
        RESULT,
        "name! category! timeline! color description template",
        "slv.schedule.create",
    ),
    (
        "dimmingscheduler/addSunEventDayTimeScheduleEvent",
        RESULT,
        "scheduleId:integer! level:integer! startSunEvent! startOffsetInSeconds:integer!",
        "slv.schedule.events",
    ),
    (
        "dimmingscheduler/addAbsoluteDayTimeScheduleEvent",
        RESULT,
        "scheduleId:integer! level:integer! startHour:integer! startMinute:integer! startSecond:integer!",
        "slv.schedule.events",
    ),
    ("dimmingscheduler/deleteSchedule", RESULT, "scheduleId:integer!", "slv.schedule.delete"),
    ("dimmingscheduler/createScheduler", RESULT, "name! category! description", "slv.scheduler.create"),
    (
        "dimmingscheduler/addEveryYearSchedulerItemAt",
        RESULT,
        f"scheduleId:integer! schedulerId:integer! {_DAYS}",
        "slv.scheduler.item",
    ),
    ("dimmingscheduler/deleteScheduler", RESULT, "schedulerId:integer!", "slv.scheduler.delete"),
    (
        "dimmingscheduler/commissionControllersSchedulers",
        BATCH,
        "schedulerId:integer! controllerStrId*!",
        "slv.scheduler.commission",
    ),
    (
        "alarmmanagement/createSingleActionAlarmDefinition",
        ALARM,
        "alarmDefinitionName! triggerConditionImplClassName! alarmStateChangeActionImplClassName!",
        "slv.alarm.create",
    ),
    (
        "alarmmanagement/updateAlarmDefinition",
        ALARM,
        "alarmDefinitionId! alarmName propertyName* propertyValue*",
        "slv.alarm.update",
    ),
    ("alarmmanagement/deleteAlarmDefinition", RESULT, "alarmDefinitionId!", "slv.alarm.delete"),
)


def _method(row: _Row, *, writes: bool) -> Method:
    place, answer, parameters, claim = row
    service, _, name = place.partition("/")
    return Method(service, name, answer, parse_parameters(parameters), claim, writes)


READS = tuple(_method(row, writes=False) for row in _READ)
WRITES = tuple(_method(row, writes=True) for row in _WRITE)
METHODS = (*READS, *WRITES)
BY_NAME: Mapping[str, Method] = MappingProxyType({each.name: each for each in METHODS})
"""Each method by its name in path style: no two services have one of the same name."""
