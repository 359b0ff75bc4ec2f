"""What the Data Platform answers, as frozen dataclasses, and what it is sent.

Every field name stands here and nowhere else in this client. Unknown members are let through, wrong types are not:
each reader raises `UnexpectedResponse` with the name of the member.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from ..core.errors import UsageError
from ..core.reading import Node, is_list, is_object

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

TIMESTAMP: Final = "timestamp"
DEVICE_ID: Final = "deviceId"
TAGS: Final = "tags"

MICROSECOND: Final = timedelta(microseconds=1)
EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Device:
    """A device of a solution.

    Attributes:
        id: Made by the platform.
        device_type: Such as "MILLI" for the vendor's own network cards.
        domain_info: Whatever its owner keeps about it.
        provisioning_info: What the network knows of it, if anything.
    """

    id: str
    device_type: str
    domain_info: Mapping[str, Any] = field(default_factory=dict[str, Any], hash=False)
    provisioning_info: Mapping[str, Any] | None = field(default=None, hash=False)

    @property
    def mac(self) -> str | None:
        """The address of its card in the mesh, 16 hex digits in lower case; None if it has none."""
        address = self.domain_info.get("nic_macID")
        return address if isinstance(address, str) else None


@dataclass(frozen=True, slots=True)
class Template:
    """Which sensors a kind of device has.

    Attributes:
        id: None for the system's own templates, which cannot be changed.
        name: For people.
        sensors: Their names.
    """

    id: str | None
    name: str
    sensors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Observation:
    """What a device observed at one moment.

    Attributes:
        device_id: Whose; None where the platform's answer does not say.
        timestamp: When, with the offset it was posted with; UTC if it had none.
        values: All other members, by name. A number is an `int`, a `float` that prints as it was written, or else a
            `Decimal`.
        raw: The observation as it stood in the answer.
    """

    device_id: str | None
    timestamp: datetime
    values: Mapping[str, Any] = field(hash=False)
    raw: str = field(repr=False, compare=False)

    def __getitem__(self, name: str) -> Any:
        """Return a value by name."""
        return self.values[name]

    @property
    def tags(self) -> tuple[str, ...]:
        """Its tags; where they stand is inferred."""
        tags = self.values.get(TAGS)
        found: list[Any] = tags if is_list(tags) else [tags]
        return tuple(tag for tag in found if isinstance(tag, str))


NewObservation: TypeAlias = "Mapping[str, Any] | Observation"
"""An observation to post: `timestamp` (a datetime with a zone, or an ISO 8601 text) and any other members."""


def read_device(node: Node, sent_type: str | None = None) -> Device:
    """Read one device; of one just made, the platform may tell no more than its id."""
    node = _unwrapped(node, "devices", "device")
    kind = node.present("deviceType")
    if kind is None and sent_type is None:
        kind = node.member("deviceType")
    domain, provisioning = node.present("domainInfo"), node.present("provisioningInfo")
    return Device(
        id=node.member("id").text(),
        device_type=sent_type or "" if kind is None else kind.text(),
        domain_info={} if domain is None else domain.object(),
        provisioning_info=None if provisioning is None else provisioning.object(),
    )


def read_devices(node: Node) -> list[Device]:
    """Read a list of devices."""
    return [read_device(item) for item in node.member("devices").items()]


def read_template(node: Node) -> Template:
    """Read one template: under a plural name, as the vendor's manual has it, or bare, as its tests do."""
    node = _unwrapped(node, "deviceTemplates", "deviceTemplate")
    key = node.present("id")
    return Template(
        id=None if key is None else key.text(),
        name=node.member("name").text(),
        sensors=tuple(item.text() for item in node.member("sensors").items()),
    )


def read_templates(node: Node) -> list[Template]:
    """Read a list of templates."""
    return [read_template(item) for item in node.member("deviceTemplates").items()]


def _unwrapped(node: Node, *names: str) -> Node:
    for name in names:
        if (inner := node.maybe(name)) is not None and is_object(inner.value):
            return inner
    return node


def read_observation(node: Node, raw: str, device_id: str | None) -> Observation:
    """Read one observation.

    Args:
        node: Its place in an answer.
        raw: Its text there.
        device_id: Whose observations were asked for; None for a solution's, of which each says whose it is.
    """
    values = dict(node.object())
    moment = _moment(node.member(TIMESTAMP))
    del values[TIMESTAMP]
    if device_id is None and isinstance(values.get(DEVICE_ID), str):
        device_id = values.pop(DEVICE_ID)
    return Observation(device_id, moment, values, raw)


def _moment(node: Node) -> datetime:
    """Read a time as it was posted; the vendor's are all UTC, so one without an offset is too."""
    try:
        moment = datetime.fromisoformat(node.text())
        moment = moment if moment.utcoffset() is not None else moment.replace(tzinfo=UTC)
        moment.astimezone(UTC)  # overflows for some hours of the years 1 and 9999
    except (ValueError, OverflowError):
        raise node.unexpected("expected an ISO 8601 time") from None
    return moment


def device_document(
    device_type: str, domain_info: Mapping[str, Any] | None, provisioning_info: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Return a device as the platform wants it."""
    if not device_type:
        raise UsageError("a device has a type")
    document: dict[str, Any] = {"deviceType": device_type, "domainInfo": dict(domain_info or {})}
    return document if provisioning_info is None else document | {"provisioningInfo": dict(provisioning_info)}


def template_document(name: str, sensors: Iterable[str]) -> dict[str, Any]:
    """Return a template as the platform wants it."""
    if isinstance(sensors, str):
        raise UsageError("sensors are a list of names")
    return {"deviceTemplate": {"name": name, "sensors": list(sensors)}}


def observation_document(observation: NewObservation, place: str) -> dict[str, Any]:
    """Return an observation as the platform wants it.

    Raises:
        UsageError: It has no timestamp, or one that is no moment.
    """
    if isinstance(observation, Observation):
        return {TIMESTAMP: timestamp_text(observation.timestamp, place), **observation.values}
    if not isinstance(observation, Mapping):  # pyright: ignore[reportUnnecessaryIsInstance] - it comes from outside
        raise UsageError(f"{place}: an observation is a mapping, not {type(observation).__name__}")
    if TIMESTAMP not in observation:
        raise UsageError(f"{place}: an observation has a timestamp")
    return {**observation, TIMESTAMP: timestamp_text(observation[TIMESTAMP], f"{place}.{TIMESTAMP}")}


def timestamp_text(moment: object, place: str) -> str:
    """Return a time as the vendor writes it, or a text as it is.

    Raises:
        UsageError: A datetime without a zone; a text that is no time.
    """
    if isinstance(moment, datetime):
        moment = in_utc(moment, place)
        spec = "microseconds" if moment.microsecond % 1_000 else "milliseconds"
        return moment.isoformat(timespec=spec).replace("+00:00", "Z")
    if isinstance(moment, str):
        try:
            datetime.fromisoformat(moment)
        except ValueError:
            raise UsageError(f"{place}: not an ISO 8601 time: {moment!r}") from None
        return moment
    raise UsageError(f"{place}: a timestamp is a datetime or a text, not {type(moment).__name__}")


def in_utc(moment: datetime, place: str) -> datetime:
    """Return a moment in UTC.

    Raises:
        UsageError: It has no zone, so that nobody knows which moment it is.
    """
    if moment.utcoffset() is None:
        raise UsageError(f"{place}: a time needs a zone")
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise UsageError(f"{place}: a time beyond the calendar") from None


def microseconds(moment: datetime) -> int:
    """Return a moment as microseconds since 1970."""
    return (moment - EPOCH) // MICROSECOND


def window_query(start: datetime, end: datetime) -> dict[str, str]:
    """Return a window as the platform wants it: it goes by whole seconds, so these enclose what is asked for."""
    whole = start.replace(microsecond=0), end.replace(microsecond=0) + timedelta(seconds=1 if end.microsecond else 0)
    return dict(zip(("from", "to"), (moment.isoformat().replace("+00:00", "Z") for moment in whole), strict=True))


def newest_of_each(observations: Sequence[Observation]) -> list[Observation]:
    """Keep the newest observation of each device, and all that do not say whose they are."""
    newest: dict[object, Observation] = {}
    for observation in observations:
        key: object = observation.device_id or id(observation)
        if key not in newest or newest[key].timestamp < observation.timestamp:
            newest[key] = observation
    return list(newest.values())
