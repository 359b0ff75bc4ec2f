"""Alerts that are generated from the description: they are what it describes, all of them and no others."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from vendorlab.contracts.core import exploring
from vendorlab.contracts.itron.mqtt import generating, payloads
from vendorlab.contracts.itron.mqtt.description import Description, description

MESSAGES = sorted(description().document["components"]["messages"])
_EXAMPLES = 30


@pytest.mark.parametrize("name", MESSAGES)
def test_generated_payload_is_as_described(name: str) -> None:
    found: set[bytes] = set()

    def look(payload: bytes) -> None:
        assert description().trouble(payload) is None
        assert description().message(payload) == name
        found.add(payload)

    exploring.attempt(generating.message(description(), name), look, _EXAMPLES)
    assert len(found) > _EXAMPLES // 2


def said(name: str) -> set[type]:
    """What stands in generated payloads of a message."""
    found: set[type] = set()

    def look(payload: bytes) -> None:
        found.add(type(payloads.read_any(payload).said))

    exploring.attempt(generating.message(description(), name), look, _EXAMPLES)
    return found


def test_generated_payloads_have_text_or_bytes_as_their_message_says() -> None:
    kinds = {name: said(name) for name in MESSAGES}
    assert kinds.pop("other") == {str, bytes}
    assert kinds.pop("tilt") == {bytes}
    assert set(map(frozenset, kinds.values())) == {frozenset({str})}


def test_generated_levels_make_topics_of_alerts() -> None:
    st = exploring.strategies()
    drawn = st.tuples(*(generating.level(description(), each) for each in ("tenantId", "mac", "sensorType")))

    def look(levels: tuple[str, str, str]) -> None:
        topic = description().topic(description().filter(*levels))
        assert topic is not None
        assert (topic.tenant, topic.mac, topic.sensor) == levels

    exploring.attempt(drawn, look, _EXAMPLES)


def test_another_description_makes_other_alerts() -> None:
    document: Any = deepcopy(dict(description().document))
    document["components"]["schemas"]["temperatureText"]["pattern"] = "^warm$"
    other = Description(document)

    def look(payload: bytes) -> None:
        assert other.trouble(payload) is None
        assert description().trouble(payload) is not None

    exploring.attempt(generating.message(other, "temperature"), look, _EXAMPLES)
