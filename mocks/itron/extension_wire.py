"""Between the extension's JSON and its models; its field names stand here, once (inferred, all of them).

Unlike a device or an observation, nothing here is free-form: a member that nobody knows is most likely a mistake, and
refused.
"""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit

import msgspec

from ..core import traces
from . import matching, strictjson, wire
from .errors import BadRequest
from .extension_models import (
    LONGEST_INTERVAL,
    MOST_SIMULATED,
    MOST_STEPS,
    Attempt,
    Delivery,
    Event,
    Plan,
    Simulation,
    Subscription,
)
from .strictjson import is_object

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .models import Place

EVENT, EVENTS = "event", "events"
SENSOR, OPERATOR, VALUE = "sensor", "operator", "value"
SUBSCRIPTION, SUBSCRIPTIONS = "subscription", "subscriptions"
EVENT_ID, SUBSCRIPTION_ID, URL, HEADERS = "eventId", "subscriptionId", "url", "headers"
DELIVERIES, ATTEMPTS, STATE, AT, STATUS, ERROR = "deliveries", "attempts", "state", "at", "status", "error"
SOLUTION, OBSERVATION = "solution", "observation"
SIMULATION, SIMULATIONS = "simulation", "simulations"
TEMPLATE_ID, INTERVAL, STEPS, STEP, SEED, DEVICE_IDS = "templateId", "interval", "steps", "step", "seed", "deviceIds"

LONGEST_TEXT = 200
LONGEST_URL = 2_048
LONGEST_HEADER = 4_096
MOST_HEADERS = 20
LARGEST_SEED = (1 << 63) - 1

REMEDY = "start the fake with the setting webhooks_anywhere=true"

OWN_HEADERS = frozenset(
    {"host", "content-type", "content-length", "user-agent", "transfer-encoding", "connection", "expect", "upgrade"}
    | {traces.PARENT, traces.STATE}
)
"""What the fake says by itself, or what would change how a request is read."""

Json = dict[str, Any]

_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_PRINTABLE = re.compile(r"[\x20-\x7e\t]*")
_URL = re.compile(r"[\x21-\x7e]+")
_WHOLE = re.compile(rb"-?(0|[1-9]\d{0,18})")


# --- events ----------------------------------------------------------------------------------------------------------


def event(body: bytes, event_id: str) -> Event:
    """The rule that a body describes.

    Raises:
        BadRequest: it makes no sense; the message says what is to be changed.
    """
    fields, raw = _members(body, EVENT, "bad-event", {wire.NAME, SENSOR, OPERATOR, VALUE}, {wire.DEVICE_TYPE})
    name, sensor = _text(fields, wire.NAME, "bad-event"), _text(fields, SENSOR, "bad-event")
    kind = None if fields.get(wire.DEVICE_TYPE) is None else _text(fields, wire.DEVICE_TYPE, "bad-event")
    chosen = fields[OPERATOR]
    if not isinstance(chosen, str) or chosen not in matching.OPERATORS:
        raise BadRequest(f"{OPERATOR} must be one of {', '.join(matching.OPERATORS)}.", cause="bad-event")
    value = matching.scalar(raw[VALUE])
    if value is None or (isinstance(value, str) and len(value) > LONGEST_TEXT):
        raise BadRequest(f"{VALUE} must be a number, a string or a boolean.", cause="bad-event")
    if chosen in matching.ORDERS and matching.number(value) is None:
        raise BadRequest(f"{VALUE} must be a number, as {OPERATOR} is {chosen}.", cause="bad-event")
    return Event(event_id, name, kind, sensor, chosen, value, raw[VALUE].decode())


def event_json(one: Event) -> msgspec.Raw:
    """A rule as lists have it, its value as it was written."""
    kind = {} if one.device_type is None else {wire.DEVICE_TYPE: one.device_type}
    fields: Json = {wire.ID: one.id, wire.NAME: one.name, **kind, SENSOR: one.sensor, OPERATOR: one.operator}
    return msgspec.Raw(msgspec.json.encode(fields | {VALUE: msgspec.Raw(one.raw.encode())}))


# --- subscriptions ---------------------------------------------------------------------------------------------------


def subscription(body: bytes, subscription_id: str, client: str, *, anywhere: bool) -> Subscription:
    """The subscription that a body describes.

    Args:
        body: as it came.
        subscription_id: its id.
        client: who asks.
        anywhere: the receiver may lie beyond this machine.

    Raises:
        BadRequest: it makes no sense, or the receiver may not be called; the message says what is to be changed.
    """
    cause = "bad-subscription"
    fields, _ = _members(body, SUBSCRIPTION, cause, {EVENT_ID, URL}, {HEADERS})
    address = fields[URL]
    if not isinstance(address, str):
        raise BadRequest(f"{URL} must be a string.", cause="bad-url")
    _check_url(address, anywhere=anywhere)
    headers: Any = fields.get(HEADERS, {})
    if not is_object(headers) or len(headers) > MOST_HEADERS:
        raise BadRequest(f"{HEADERS} must be an object with at most {MOST_HEADERS} members.", cause="bad-headers")
    for name, value in headers.items():
        _check_header(name, value)
    return Subscription(subscription_id, _text(fields, EVENT_ID, cause), address, tuple(headers.items()), client)


def _check_url(address: str, *, anywhere: bool) -> None:
    place = _split(address) if len(address) <= LONGEST_URL and _URL.fullmatch(address) else None
    if place is None:
        raise BadRequest(f"{URL} must be an absolute http or https URL.", cause="bad-url")
    if "@" in place.netloc or place.fragment:
        raise BadRequest(f"{URL} must have no credentials (put them into {HEADERS}) and no fragment.", cause="bad-url")
    if not anywhere and not is_loopback(place.hostname or ""):
        raise BadRequest(
            f"{URL} must lie on this machine (127.0.0.1, [::1] or localhost). To allow any receiver, {REMEDY}.",
            cause="not-loopback",
        )


def _split(address: str) -> SplitResult | None:
    """The parts of an http or https URL; None when it is none."""
    try:
        place = urlsplit(address)
        sound = place.scheme in ("http", "https") and place.hostname and (place.port is None or place.port > 0)
    except ValueError:
        return None
    return place if sound else None


def is_loopback(host: str) -> bool:
    """Whether a host is this machine by its name; nothing is resolved, for a name can lead anywhere a moment later."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _check_header(name: str, value: Any) -> None:
    if not _TOKEN.fullmatch(name) or name.lower() in OWN_HEADERS:
        raise BadRequest(f"{name[:100]!r} cannot be used as a header.", cause="bad-headers")
    if not isinstance(value, str) or len(value) > LONGEST_HEADER or not _PRINTABLE.fullmatch(value):
        raise BadRequest(f"The header {name} must be a string of printable ASCII characters.", cause="bad-headers")


def subscription_json(one: Subscription) -> Json:
    """A subscription as lists have it, its headers included: they are the caller's own."""
    return {wire.ID: one.id, EVENT_ID: one.event_id, URL: one.url, HEADERS: dict(one.headers)}


# --- deliveries ------------------------------------------------------------------------------------------------------


def notice(
    delivery_id: str, one: Subscription, place: Place, device_id: str, timestamp: bytes, observation: bytes
) -> bytes:
    """What a subscriber is sent.

    Args:
        delivery_id: the same over all attempts.
        one: whose subscription.
        place: the solution.
        device_id: the device.
        timestamp: of the observation, as JSON.
        observation: byte for byte as it was posted.
    """
    ids = {wire.ID: delivery_id, EVENT_ID: one.event_id, SUBSCRIPTION_ID: one.id, SOLUTION: place.solution}
    fields = {name: msgspec.json.encode(value) for name, value in (ids | {wire.DEVICE_ID: device_id}).items()}
    return strictjson.write(fields | {wire.TIMESTAMP: timestamp, OBSERVATION: observation})


def delivery_json(one: Delivery) -> Json:
    """A delivery as the history has it; an attempt that is under way is not told yet."""
    return {
        wire.ID: one.id,
        EVENT_ID: one.event_id,
        SUBSCRIPTION_ID: one.subscription_id,
        wire.DEVICE_ID: one.device_id,
        wire.TIMESTAMP: one.timestamp,
        ATTEMPTS: [_attempt(attempt) for attempt in one.attempts if attempt.status is not None or attempt.error],
        STATE: one.state.value,
    }


def _attempt(one: Attempt) -> Json:
    outcome: Json = {ERROR: one.error} if one.status is None else {STATUS: one.status}
    return {AT: wire.timestamp(one.at)} | outcome


# --- simulations -----------------------------------------------------------------------------------------------------


def plan(body: bytes) -> Plan:
    """The simulation that a body asks for.

    Raises:
        BadRequest: it makes no sense; the message says what is to be changed.
    """
    cause = "bad-simulation"
    fields, raw = _members(body, SIMULATION, cause, {TEMPLATE_ID}, {wire.DEVICES, INTERVAL, STEPS, SEED})
    return Plan(
        _text(fields, TEMPLATE_ID, cause),
        _whole(raw, wire.DEVICES, 1, MOST_SIMULATED) or 3,
        _whole(raw, INTERVAL, 1, LONGEST_INTERVAL) or 60,
        _whole(raw, STEPS, 1, MOST_STEPS),
        _whole(raw, SEED, -LARGEST_SEED, LARGEST_SEED),
    )


def simulation_json(one: Simulation) -> Json:
    """A simulation as lists have it."""
    return {
        wire.ID: one.id,
        TEMPLATE_ID: one.template_id,
        wire.DEVICES: len(one.devices),
        INTERVAL: one.interval,
        **({} if one.steps is None else {STEPS: one.steps}),
        SEED: one.seed,
        STEP: one.step,
        DEVICE_IDS: list(one.devices),
    }


# --- what all have in common -----------------------------------------------------------------------------------------


def _members(
    body: bytes, name: str, cause: str, needed: set[str], optional: set[str]
) -> tuple[Json, Mapping[str, bytes]]:
    """The members of the object under a name, as values (numbers as 0.0) and as JSON."""
    fields = strictjson.read(body).get(name)
    if not is_object(fields):
        raise BadRequest(f"{name} must be an object.", cause=cause)
    if missing := sorted(needed - fields.keys()):
        raise BadRequest(f"{name} lacks {' and '.join(missing)}.", cause=cause)
    if unknown := sorted(fields.keys() - needed - optional):
        known = ", ".join(sorted(needed | optional))
        raise BadRequest(f"{name} has no member {unknown[0][:100]!r}; there are {known}.", cause=cause)
    return fields, strictjson.members(strictjson.members(body)[name])


def _text(fields: Json, name: str, cause: str) -> str:
    value = fields[name]
    if not isinstance(value, str) or not 0 < len(value) <= LONGEST_TEXT:
        raise BadRequest(f"{name} must be a string of 1 to {LONGEST_TEXT} characters.", cause=cause)
    return value


def _whole(raw: Mapping[str, bytes], name: str, least: int, most: int) -> int | None:
    """A whole number within bounds; None when it is not given."""
    text = raw.get(name, b"null")
    if text == b"null":
        return None
    if not _WHOLE.fullmatch(text) or not least <= int(text) <= most:
        raise BadRequest(f"{name} must be a whole number from {least} to {most}.", cause="bad-simulation")
    return int(text)
