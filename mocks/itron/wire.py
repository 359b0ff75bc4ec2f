"""Between the platform's JSON and the models; every field name stands here, once.

Names are public unless they are marked inferred; which sensor values an observation of the bridge holds follows the
vendor's own bridge, and how they are spelled is inferred.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec

from ..core.clock import SECOND, to_datetime, to_micros
from . import strictjson
from .errors import BadRequest
from .models import Device, Observation, Sensor, Window
from .strictjson import is_array, is_object

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from .models import MeshDevice, Reading, Template

CLIENT_ID, CLIENT_SECRET, ACCESS_TOKEN = "clientId", "clientSecret", "accessToken"
DEVICES, ID, DEVICE_TYPE, DOMAIN_INFO = "devices", "id", "deviceType", "domainInfo"
PROVISIONING_INFO, SSNI_MAC = "provisioningInfo", "ssniMacAddress"
NIC_MAC = "nic_macID"
OBSERVATIONS, TIMESTAMP, TAGS, DEVICE_ID = "observations", "timestamp", "tags", "deviceId"
TEMPLATE, TEMPLATES, NAME, SENSORS = "deviceTemplate", "deviceTemplates", "name", "sensors"
FROM, TO, LIMIT, AFTER = "from", "to", "limit", "after"
NEXT_PAGE = "next_page"

MILLI, SENSOR_TAG = "MILLI", "SensorTag"

MOST_LIMIT = 1 << 40

_TIMESTAMP = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:Z|([+-])(\d\d)(?::?(\d\d))?)", re.ASCII
)
_LIMIT = re.compile(r"0*[1-9]\d{0,12}", re.ASCII)

Json = dict[str, Any]


# --- time ------------------------------------------------------------------------------------------------------------


def moment(text: str) -> int | None:
    """An ISO 8601 timestamp with its zone, in microseconds since 1970; None when it is none.

    Digits beyond microseconds are cut off. Offsets and missing fractions are taken (inferred: every sample has
    milliseconds and ``Z``); a time without a zone is not, since it would be a guess.
    """
    found = _TIMESTAMP.fullmatch(text)
    if found is None:
        return None
    *parts, fraction, sign, hours, minutes = found.groups()
    zone: timezone = UTC
    try:
        if sign is not None:
            if int(minutes or 0) > 59:
                return None
            offset = timedelta(hours=int(hours), minutes=int(minutes or 0))
            zone = timezone(-offset if sign == "-" else offset)
        whole = to_micros(datetime(*map(int, parts), tzinfo=zone))  # type: ignore[arg-type, misc]
    except ValueError:
        return None
    return whole + int((fraction or "0")[:6].ljust(6, "0"))


def timestamp(micros: int) -> str:
    """A moment as the platform's samples write it: UTC, milliseconds, ``Z``."""
    return to_datetime(micros).strftime("%Y-%m-%dT%H:%M:%S.") + f"{micros // 1_000 % 1_000:03d}Z"


# --- observations in -------------------------------------------------------------------------------------------------


def observations(body: bytes) -> list[Observation]:
    """The observations that a body brings; its other members are of no concern (public: some clients send such).

    Raises:
        BadRequest: one of them makes no sense; none is taken then.
    """
    found = strictjson.read(body).get(OBSERVATIONS)
    if not is_array(found):
        raise BadRequest(f"{OBSERVATIONS} must be an array.", cause="bad-observations")
    raws = strictjson.elements(strictjson.members(body)[OBSERVATIONS])
    return [_observation(value, raw) for value, raw in zip(found, raws, strict=True)]


def _observation(value: Any, raw: bytes) -> Observation:
    if not is_object(value):
        raise BadRequest("An observation must be an object.", cause="bad-observations")
    text = value.get(TIMESTAMP)
    at = moment(text) if isinstance(text, str) else None
    if at is None:
        raise BadRequest(f"{TIMESTAMP} must be an ISO 8601 date and time with a time zone.", cause="bad-timestamp")
    return Observation(at, raw, _tags(value.get(TAGS)), DEVICE_ID in value)


def _tags(value: Any) -> tuple[str, ...]:
    """The tags of an observation: an array of strings, or one string (inferred); anything else is free-form."""
    if isinstance(value, str):
        return (value,)
    if is_array(value):
        return tuple(tag for tag in value if isinstance(tag, str))
    return ()


def reading(one: Reading) -> Observation:
    """A mesh reading as the bridge posts it (inferred from the vendor's own bridge)."""
    at = one.second * SECOND
    fields = {TIMESTAMP: timestamp(at), **_VALUES[one.sensor](one.values), "macId": one.device.mac}
    return Observation(at, msgspec.json.encode(fields))


def sensor_tag(second: int, values: Json) -> Observation:
    """What a SensorTag's gateway posts."""
    return Observation(second * SECOND, msgspec.json.encode({TIMESTAMP: timestamp(second * SECOND), **values}))


def _temperature(values: Mapping[str, Any]) -> Json:
    return {
        "temperature": values["temperature"]
    }  # text, in whatever unit the board is set to, as the vendor's bridge has it


def _methane(values: Mapping[str, Any]) -> Json:
    return {
        "gasAlert": values["gas"],
        "hoursSincePowerUp": values["hours"],
        "deviceHealth": values["device"],
        "batteryHealth": values["battery"],
    }


def _tilt(values: Mapping[str, Any]) -> Json:
    axes = {name: dict(zip("xyz", values[name], strict=True)) for name in ("tilt", "shock")}
    return {"temperature": values["celsius"], "humidity": values["humidity"], **axes}


def _echo(values: Mapping[str, Any]) -> Json:
    return {"echo": values["text"]}


_VALUES = {
    Sensor.TEMPERATURE: _temperature,
    Sensor.METHANE: _methane,
    Sensor.TILT: _tilt,
    Sensor.ECHO: _echo,
}


# --- observations out ------------------------------------------------------------------------------------------------


def window(query: Mapping[str, str]) -> Window | None:
    """The window that is asked for, floored to whole seconds; None when there is none.

    Raises:
        BadRequest: only one end is given, one is no timestamp, or the end does not lie after the beginning.
    """
    if FROM not in query and TO not in query:
        return None
    if FROM not in query or TO not in query:
        raise BadRequest(f"{FROM} and {TO} need each other.", cause="bad-window")
    # A plus sign that a client forgot to encode arrives as a blank.
    ends = [moment(query[name].replace(" ", "+")) for name in (FROM, TO)]
    start, end = (None if one is None else one // SECOND * SECOND for one in ends)
    if start is None or end is None:
        raise BadRequest(f"{FROM} and {TO} must be ISO 8601 dates and times with a time zone.", cause="bad-window")
    if start >= end:
        raise BadRequest(f"{FROM} must be earlier than {TO}.", cause="bad-window")
    return Window(start, end, query.get(TAGS))


def limit(query: Mapping[str, str]) -> int | None:
    """How many observations are asked for at most; None when nothing is said.

    Raises:
        BadRequest: it is not a positive whole number.
    """
    text = query.get(LIMIT)
    if text is None:
        return None
    if not _LIMIT.fullmatch(text):
        raise BadRequest(f"{LIMIT} must be a positive integer.", cause="bad-limit")
    return int(text)


def attributed(raw: bytes, device_id: str, *, names_device: bool) -> bytes:
    """An observation with the device that it belongs to, as lists of a whole solution have it (inferred)."""
    if not names_device:
        return b'{"%s":"%s",%s' % (DEVICE_ID.encode(), device_id.encode(), raw[1:].lstrip())
    return strictjson.write({DEVICE_ID: _text(device_id), **_without(strictjson.members(raw), DEVICE_ID)})


def page(items: Sequence[bytes]) -> bytes:
    """Observations as an answer."""
    return listing(OBSERVATIONS, items)


def next_page(base: str, path: str, query: Iterable[tuple[str, str]], after: str) -> str:
    """The whole address of the next page: what was asked, from where on."""
    pairs = [*((name, value) for name, value in query if name != AFTER), (AFTER, after)]
    return f"{base}{quote(path)}?" + "&".join(
        f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs
    )


# --- devices ---------------------------------------------------------------------------------------------------------


def device(body: bytes, device_id: str) -> Device:
    """The device that a body describes; members that nobody knows are kept.

    Raises:
        BadRequest: it has no type, or its information is no object.
    """
    fields = strictjson.read(body)
    kind, info = fields.get(DEVICE_TYPE), fields.get(DOMAIN_INFO, {})
    if not isinstance(kind, str) or not kind:
        raise BadRequest(f"{DEVICE_TYPE} must be a string that is not empty.", cause="bad-device")
    if not is_object(info) or not is_object(fields.get(PROVISIONING_INFO, {})):
        raise BadRequest(f"{DOMAIN_INFO} and {PROVISIONING_INFO} must be objects.", cause="bad-device")
    raw = {DOMAIN_INFO: b"{}", **_without(strictjson.members(body), ID)}
    first = {ID: _text(device_id), DEVICE_TYPE: raw.pop(DEVICE_TYPE), DOMAIN_INFO: raw.pop(DOMAIN_INFO)}
    mac = info.get(NIC_MAC)
    return Device(device_id, kind, mac.lower() if isinstance(mac, str) else None, strictjson.write(first | raw))


def mesh_device(one: MeshDevice, device_id: str) -> Device:
    """The device that stands for a mesh device on the platform."""
    whole = {
        ID: device_id,
        DEVICE_TYPE: MILLI,
        DOMAIN_INFO: {NIC_MAC: one.mac},
        PROVISIONING_INFO: {SSNI_MAC: one.mac},
    }
    return Device(device_id, MILLI, one.mac, msgspec.json.encode(whole))


def gateway_device(info: Mapping[str, str], device_id: str) -> Device:
    """A device behind a Bluetooth gateway."""
    return simulated_device(SENSOR_TAG, info, device_id)


def simulated_device(kind: str, info: Mapping[str, Any], device_id: str) -> Device:
    """A device of a type, whatever is known of it."""
    return Device(device_id, kind, None, msgspec.json.encode({ID: device_id, DEVICE_TYPE: kind, DOMAIN_INFO: info}))


def listing(name: str, items: Iterable[bytes]) -> bytes:
    """The envelope of every list."""
    return b'{"%s":[%s]}' % (name.encode(), b",".join(items))


# --- templates -------------------------------------------------------------------------------------------------------


def template_fields(body: bytes) -> tuple[str, tuple[str, ...]]:
    """Name and sensors of the template that a body describes.

    Raises:
        BadRequest: it is not as it should be.
    """
    fields = strictjson.read(body).get(TEMPLATE)
    if not is_object(fields):
        raise BadRequest(f"{TEMPLATE} must be an object.", cause="bad-template")
    name, sensors = fields.get(NAME), fields.get(SENSORS)
    if not isinstance(name, str) or not name:
        raise BadRequest(f"{NAME} must be a string that is not empty.", cause="bad-template")
    if not is_array(sensors) or not all(isinstance(one, str) and one for one in sensors):
        raise BadRequest(f"{SENSORS} must be an array of strings.", cause="bad-template")
    return name, tuple(sensors)


def template(one: Template) -> Json:
    """A template as lists have it."""
    return {ID: one.id, NAME: one.name, SENSORS: list(one.sensors)}


def static_template(name: str, sensors: Sequence[str]) -> Json:
    """A template of the system tenant: no id is shown (public)."""
    return {NAME: name, SENSORS: list(sensors)}


# --- tokens ----------------------------------------------------------------------------------------------------------


def credentials(body: bytes) -> tuple[str, str]:
    """Client id and secret from the body of a token call.

    Raises:
        BadRequest: one is missing, empty or no string.
    """
    fields = strictjson.read(body)
    client_id, client_secret = fields.get(CLIENT_ID), fields.get(CLIENT_SECRET)
    if not isinstance(client_id, str) or not isinstance(client_secret, str) or not client_id or not client_secret:
        raise BadRequest(f"{CLIENT_ID} and {CLIENT_SECRET} must be strings.", cause="bad-credentials-form")
    return client_id, client_secret


def _text(text: str) -> bytes:
    return msgspec.json.encode(text)


def _without(members: Mapping[str, bytes], name: str) -> dict[str, bytes]:
    return {key: value for key, value in members.items() if key != name}
