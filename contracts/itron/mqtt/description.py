"""What ``asyncapi.yaml`` says: the form of topics, and of payloads as JSON Schema."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import yaml

from vendorlab.contracts.core.errors import SpecError
from vendorlab.contracts.itron.mqtt import payloads

if TYPE_CHECKING:
    from collections.abc import Mapping

FILE = Path(__file__).with_name("asyncapi.yaml")
OPERATION, CHANNEL = "receiveAlert", "alert"


@dataclass(frozen=True, slots=True)
class Topic:
    """The levels of an alert's topic.

    Attributes:
        tenant: The first.
        mac: The third.
        sensor: The fourth.
    """

    tenant: str
    mac: str
    sensor: str


class Description:
    """The parsed file.

    Args:
        document: The parsed file.

    Attributes:
        document: The parsed file.
        qos: With which alerts are sent.
        retain: Whether they are kept for whoever comes.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        sent = document["operations"][OPERATION]["bindings"]["mqtt"]
        self.qos: int = sent["qos"]
        self.retain: bool = sent["retain"]
        channel = document["channels"][CHANNEL]
        parts = re.split(r"\{(\w+)\}", channel["address"])
        self._address: str = channel["address"]
        self._topic = re.compile(
            "".join(
                f"(?P<{part}>{channel['parameters'][part]['x-pattern']})" if place % 2 else re.escape(part)
                for place, part in enumerate(parts)
            ),
            re.ASCII,
        )
        messages: dict[str, dict[str, Any]] = document["components"]["messages"]
        self._validators = {
            name: jsonschema_rs.Draft7Validator({**each["payload"], "components": document["components"]})
            for name, each in messages.items()
        }
        self._names = {each["x-sensor"]: name for name, each in messages.items() if "x-sensor" in each}
        self._forms = {name: str(each["x-cbor"]) for name, each in messages.items()}

    @property
    def kinds(self) -> Mapping[str, str]:
        """Sensor types whose payload is described, with the names of their messages."""
        return self._names

    def topic(self, text: str) -> Topic | None:
        """Return the levels of an alert's topic, or None if it is none."""
        found = self._topic.fullmatch(text)
        return Topic(found["tenantId"], found["mac"], found["sensorType"]) if found else None

    def filter(self, tenant: str, mac: str = "+", sensor: str = "+") -> str:
        """Return the filter of a tenant's alerts, of all its devices and sensors unless said."""
        return self._address.format(tenantId=tenant, mac=mac, sensorType=sensor)

    def message(self, content: bytes) -> str:
        """Return the name of the message that a payload must be.

        Raises:
            PayloadError: It is neither the map nor text.
        """
        found = payloads.read_any(content)
        return "unwrapped" if found.sensor is None else self._names.get(found.sensor, "other")

    def trouble(self, content: bytes) -> str | None:
        """Return what is wrong with a payload; None if it is as described."""
        try:
            name, shown, said = self.message(content), payloads.json_form(content), payloads.read_any(content).said
        except payloads.PayloadError as error:
            return str(error)
        kind = "text" if isinstance(said, str) else "bytes"
        if self._forms[name] in ("text", "bytes") and self._forms[name] != kind:
            return f"{name} is {self._forms[name]}, not {kind}"
        wrong = next(iter(self._validators[name].iter_errors(shown)), None)
        return f"{name}: {wrong.message}" if wrong else None


@cache
def description() -> Description:
    """Return what the file beside this module says.

    Raises:
        SpecError: It cannot be used.
    """
    try:
        return Description(yaml.safe_load(FILE.read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError, KeyError, TypeError, ValueError) as error:
        raise SpecError(f"asyncapi.yaml cannot be used: {error}") from error
