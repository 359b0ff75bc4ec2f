"""Between the vendor's names and ours: every field name of an answer stands here, and nowhere else in this client.

Wrong types are not let through: each reader raises `UnexpectedResponse` with the name of the member.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from .models import BatchResult, Controller, Device, GeoZone, LogValue, Named, Report, User, ValueDescriptor
from .reading import plain

if TYPE_CHECKING:
    from datetime import datetime

    from ..core.reading import Node

EVENT_TIME: Final = "eventTime"
UPDATE_TIME: Final = "updateTime"

DEVICE: Final = (
    "id",
    "name",
    "controllerStrId",
    "idOnController",
    "categoryStrId",
    "type",
    "nodeTypeStrId",
    "technologyStrId",
    "modelName",
    "address",
    "functionId",
    "geoZoneId",
    "geoZoneNamesPath",
    "lat",
    "lng",
    "properties",
)
LOG_VALUE: Final = (
    "deviceId",
    "controllerStrId",
    "idOnController",
    "name",
    "value",
    EVENT_TIME,
    UPDATE_TIME,
    "status",
    "meaningLabel",
    "info",
    "eventTimeAgeInSeconds",
    "errorMessage",
)


def read_device(node: Node) -> Device:
    """Read one device."""
    return Device(
        id=node.member("id").integer(),
        name=text_in(node, "name") or "",
        controller_str_id=node.member("controllerStrId").text(),
        id_on_controller=node.member("idOnController").text(),
        category_str_id=text_in(node, "categoryStrId") or "",
        type=text_in(node, "type"),
        node_type_str_id=text_in(node, "nodeTypeStrId"),
        technology_str_id=text_in(node, "technologyStrId"),
        model_name=text_in(node, "modelName"),
        address=text_in(node, "address"),
        function_id=text_in(node, "functionId"),
        geozone_id=_integer(node, "geoZoneId"),
        geozone_names_path=text_in(node, "geoZoneNamesPath"),
        lat=_number(node, "lat"),
        lng=_number(node, "lng"),
        properties=read_pairs(node.present("properties")),
        extra=_extra(node, *DEVICE),
    )


def read_devices(node: Node) -> list[Device]:
    """Read a list of devices."""
    return [read_device(item) for item in node.items()]


def read_pairs(node: Node | None) -> dict[str, str | None]:
    """Read a list of keys and values."""
    return {} if node is None else {item.member("key").text(): text_in(item, "value") for item in node.items()}


def read_geozone(node: Node) -> GeoZone:
    """Read one geozone."""
    return GeoZone(
        id=node.member("id").integer(),
        name=node.member("name").text(),
        parent_id=_integer(node, "parentId"),
        lat_min=_number(node, "latMin"),
        lat_max=_number(node, "latMax"),
        lng_min=_number(node, "lngMin"),
        lng_max=_number(node, "lngMax"),
        extra=_extra(node, "id", "name", "parentId", "latMin", "latMax", "lngMin", "lngMax"),
    )


def read_geozones(node: Node) -> list[GeoZone]:
    """Read a list of geozones."""
    return [read_geozone(item) for item in node.items()]


def read_controllers(node: Node) -> list[Controller]:
    """Read a list of controllers."""
    return [_controller(item) for item in node.items()]


def _controller(node: Node) -> Controller:
    """XML items name themselves; JSON items hold the controller's device, which does."""
    device = node.present("controllerDevice")
    str_id = node.present("strId") or (None if device is None else device.present("controllerStrId"))
    return Controller(
        str_id=node.member("strId").text() if str_id is None else str_id.text(),
        name=text_in(node, "name") or (None if device is None else text_in(device, "name")),
        id=None if device is None else _integer(device, "id"),
        geozone_id=None if device is None else _integer(device, "geoZoneId"),
        extra=_extra(node, "strId", "name"),
    )


def read_descriptors(node: Node) -> list[ValueDescriptor]:
    """Read a list of descriptors."""
    return [
        ValueDescriptor(
            name=item.member("name").text(),
            label=text_in(item, "label"),
            type=text_in(item, "type"),
            unit=text_in(item, "unit"),
            category=text_in(item, "category"),
            extra=_extra(item, "name", "label", "type", "unit", "category"),
        )
        for item in node.items()
    ]


def read_batch(node: Node) -> BatchResult:
    """Read how far a batch is."""
    return BatchResult(
        batch_id=node.member("batchId").text(),
        running=node.member("batchRunning").boolean(),
        status=text_in(node, "status"),
        message=text_in(node, "message"),
        extra=_extra(node, "batchId", "batchRunning", "status", "message"),
    )


def read_user(node: Node) -> User:
    """Read one account."""
    return User(node.member("login").text(), text_in(node, "profilName"), _extra(node, "login", "profilName"))


def read_named(node: Node) -> Named:
    """Read what has a number and a name."""
    return Named(node.member("id").text(), text_in(node, "name"), _extra(node, "id", "name"))


def read_list_of_named(node: Node) -> list[Named]:
    """Read a list of what has a number and a name."""
    return [read_named(item) for item in node.items()]


def read_report(node: Node) -> Report:
    """Read a table; it stands below `properties`."""
    node = node.present("properties") or node
    rows, bottom = node.present("rows"), node.present("bottomRow")
    return Report(
        title=text_in(node, "title"),
        column_names=_texts_in(node, "columnNames"),
        column_labels=_texts_in(node, "columnLabels"),
        rows=() if rows is None else tuple(plain(item) for item in rows.items()),
        bottom_row=None if bottom is None else plain(bottom),
        extra=_extra(node, "title", "columnNames", "columnLabels", "rows", "bottomRow"),
    )


def series_of(node: Node) -> tuple[str, str]:
    """Return what tells the series of a log from each other: the device and the name of the value."""
    return node.member("deviceId").text(), node.member("name").text()


def read_log_value(node: Node, event_time: datetime, update_time: datetime | None) -> LogValue:
    """Read a value of the log, whose labels have been given their moments."""
    info, age = node.present("info"), node.present("eventTimeAgeInSeconds")
    return LogValue(
        device_id=node.member("deviceId").integer(),
        name=node.member("name").text(),
        value=text_in(node, "value"),
        event_time=event_time,
        update_time=update_time,
        controller_str_id=text_in(node, "controllerStrId"),
        id_on_controller=text_in(node, "idOnController"),
        status=text_in(node, "status"),
        meaning_label=text_in(node, "meaningLabel"),
        error_message=text_in(node, "errorMessage"),
        info=None if info is None else plain(info),
        age_s=None if age is None else float(age.number()),
        extra=_extra(node, *LOG_VALUE),
    )


def text_in(node: Node, name: str) -> str | None:
    """Return the text of a member, or None if it is absent or null."""
    found = node.present(name)
    return None if found is None else found.text()


def _texts_in(node: Node, name: str) -> tuple[str, ...]:
    found = node.present(name)
    return () if found is None else tuple(item.text() for item in found.items())


def _integer(node: Node, name: str) -> int | None:
    found = node.present(name)
    return None if found is None else found.integer()


def _number(node: Node, name: str) -> float | None:
    found = node.present(name)
    return None if found is None else float(found.number())


def _extra(node: Node, *known: str) -> dict[str, Any]:
    return {name: plain(node.member(name)) for name in node.object() if name not in known}
