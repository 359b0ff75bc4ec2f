"""Alerts that nobody sent: topics and payloads as ``asyncapi.yaml`` has them, drawn by hypothesis."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import cbor2

from vendorlab.contracts.core import exploring
from vendorlab.contracts.itron.mqtt.description import CHANNEL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vendorlab.contracts.itron.mqtt.description import Description

_UNSAID = ("Cc", "Cn", "Co", "Cs")
"""What a topic should not have: MQTT 3.1.1, section 1.5.3, lets a broker end the line for it."""


def level(found: Description, parameter: str) -> Any:
    """Return a strategy of one level of an alert's topic, by its name."""
    st = exploring.strategies()
    pattern: str = found.document["channels"][CHANNEL]["parameters"][parameter]["x-pattern"]
    return st.from_regex(pattern, fullmatch=True, alphabet=st.characters(codec="utf-8", exclude_categories=_UNSAID))


def message(found: Description, name: str) -> Any:
    """Return a strategy of payloads of one kind of message, by its name, as they go over the line."""
    st = exploring.strategies()
    described = found.document["components"]["messages"][name]
    shown, form = _values(found.document, described["payload"]), str(described["x-cbor"])
    if form == "none":
        return shown.map(str.encode)
    said = st.none()
    if form == "any":
        said = st.binary(max_size=40) | said

    def wrapped(drawn: tuple[Mapping[str, str], bytes | None]) -> bytes:
        shown, said = drawn
        if form == "bytes":
            said = _bytes(shown["1"])
        return cbor2.dumps({0: shown["0"], 1: shown["1"] if said is None else said})

    return st.tuples(shown, said).map(wrapped)


def _bytes(text: str) -> bytes:
    """Read base64url without padding; a last character that stands for nothing is left out."""
    whole = text[: len(text) - (len(text) % 4 == 1)]
    return base64.urlsafe_b64decode(whole + "=" * (-len(whole) % 4))


def _values(document: Any, schema: Any) -> Any:
    """Return a strategy of what a schema lets pass: of the words that asyncapi.yaml uses."""
    st = exploring.strategies()
    schema = _whole(document, schema)
    if "anyOf" in schema:
        return st.one_of([_values(document, each) for each in schema["anyOf"]])
    if "const" in schema:
        return st.just(schema["const"])
    if "properties" in schema:
        return st.fixed_dictionaries({name: _values(document, each) for name, each in schema["properties"].items()})
    if "pattern" in schema:
        inside = schema["pattern"].removeprefix("^").removesuffix("$")  # which in Python lets a line's end pass
        return st.from_regex(inside, fullmatch=True)
    return st.text(max_size=40)


def _whole(document: Any, schema: Any) -> Any:
    """Follow a reference, and join what stands under allOf; members that are told again are told closer."""
    if "$ref" in schema:
        target = document
        for step in str(schema["$ref"]).removeprefix("#/").split("/"):
            target = target[step]
        return _whole(document, target)
    joined: dict[str, Any] = {}
    for each in schema.get("allOf", ()):
        joined |= _whole(document, each)
    members = joined.get("properties", {}) | schema.get("properties", {})
    return joined | schema | ({"properties": members} if members else {})
