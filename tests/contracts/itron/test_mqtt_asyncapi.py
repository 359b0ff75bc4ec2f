"""The description of the broker.

No package for Python brings AsyncAPI's own JSON Schema along, so the structure is checked here: the members that
AsyncAPI 3.0 demands and knows, the values that it limits, and that every reference leads somewhere.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import jsonschema_rs
import pytest

from vendorlab.contracts.core.claims import load_claims
from vendorlab.contracts.itron.mqtt.description import OPERATION, Description, description

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

KNOWN: Mapping[str, tuple[set[str], set[str]]] = {
    "root": ({"asyncapi", "info"}, {"id", "servers", "defaultContentType", "channels", "operations", "components"}),
    "info": ({"title", "version"}, {"description", "termsOfService", "contact", "license", "tags", "externalDocs"}),
    "server": (
        {"host", "protocol"},
        {"protocolVersion", "pathname", "description", "title", "summary", "variables", "security", "tags", "bindings"},
    ),
    "channel": (
        set(),
        {"address", "messages", "title", "summary", "description", "servers", "parameters", "tags", "bindings"},
    ),
    "parameter": (set(), {"enum", "default", "description", "examples", "location"}),
    "operation": (
        {"action", "channel"},
        {"title", "summary", "description", "security", "tags", "bindings", "traits", "messages", "reply"},
    ),
    "message": (
        set(),
        {"headers", "payload", "correlationId", "contentType", "name", "title", "summary", "description", "examples"},
    ),
    "security": ({"type"}, {"description", "name", "in", "scheme", "bearerFormat", "flows", "openIdConnectUrl"}),
}

NONSENSE: list[Any] = json.loads('[null, 5, [], {}, "", {"0": "temp"}, {"0": 1, "1": 2}]')


def objects(document: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Give each object of the document with its kind and its place."""
    yield "root", "#", document
    yield "info", "info", document["info"]
    for kind, place, home in (
        ("server", "servers", document["servers"]),
        ("channel", "channels", document["channels"]),
        ("operation", "operations", document["operations"]),
        ("message", "components/messages", document["components"]["messages"]),
        ("security", "components/securitySchemes", document["components"]["securitySchemes"]),
    ):
        for name, each in home.items():
            yield kind, f"{place}/{name}", each
    for name, channel in document["channels"].items():
        for parameter, each in channel["parameters"].items():
            yield "parameter", f"channels/{name}/parameters/{parameter}", each


def references(text: str) -> Iterator[str]:
    yield from re.findall(r'"\$ref": "([^"]+)"', text)


@pytest.fixture
def document() -> Mapping[str, Any]:
    return description().document


def test_it_is_asyncapi_3_0(document: Mapping[str, Any]) -> None:
    assert document["asyncapi"] == "3.0.0"


def test_objects_have_the_members_that_asyncapi_demands_and_no_unknown_ones(document: Mapping[str, Any]) -> None:
    for kind, place, each in objects(document):
        demanded, known = KNOWN[kind]
        members = {name for name in each if not name.startswith("x-")}
        assert demanded <= members, f"{place} lacks {demanded - members}"
        assert members <= demanded | known, f"{place} has {members - demanded - known}"


def test_every_reference_leads_somewhere(document: Mapping[str, Any]) -> None:
    found = list(references(json.dumps(document)))
    assert len(found) > 20
    for reference in found:
        node: Any = document
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]


def test_values_are_those_that_asyncapi_and_its_mqtt_binding_know(document: Mapping[str, Any]) -> None:
    assert {each["protocol"] for each in document["servers"].values()} == {"secure-mqtt"}
    assert {each["type"] for each in document["components"]["securitySchemes"].values()} == {"userPassword"}
    operation = document["operations"][OPERATION]
    assert operation["action"] in ("send", "receive")
    assert operation["bindings"]["mqtt"]["qos"] in (0, 1, 2)
    assert type(operation["bindings"]["mqtt"]["retain"]) is bool


def test_address_names_its_parameters_and_no_others(document: Mapping[str, Any]) -> None:
    for channel in document["channels"].values():
        assert set(re.findall(r"\{(\w+)\}", channel["address"])) == channel["parameters"].keys()
        for parameter in channel["parameters"].values():
            examples: list[str] = parameter["examples"]
            assert all(re.fullmatch(parameter["x-pattern"], each) for each in examples)


def test_schemas_are_schemas_and_refuse_nonsense(document: Mapping[str, Any]) -> None:
    for name, schema in document["components"]["schemas"].items():
        validator = jsonschema_rs.Draft7Validator({**schema, "components": document["components"]})
        assert jsonschema_rs.meta.is_valid({**schema, "$schema": "http://json-schema.org/draft-07/schema#"}), name
        assert not any(validator.is_valid(each) for each in NONSENSE), name


def test_every_kind_of_payload_is_in_the_channel(document: Mapping[str, Any]) -> None:
    assert document["channels"]["alert"]["messages"].keys() == document["components"]["messages"].keys()
    assert sorted(description().kinds) == ["echo", "lnic", "ncmth1", "temp"]


def test_description_says_what_the_claims_say() -> None:
    texts = {claim.id: claim.text for claim in load_claims("itron-mqtt")}
    assert description().qos == 0
    assert texts["itron-mqtt.alert.qos"].startswith("Alerts come with QoS 0,")
    assert description().retain is False
    assert "not retained" in texts["itron-mqtt.alert.not-retained"]


def test_suite_goes_by_what_the_description_says(document: Mapping[str, Any]) -> None:
    """It is no ornament: another address or binding in the file is another expectation in the suite."""
    other: dict[str, Any] = {
        **document,
        "channels": {"alert": {**document["channels"]["alert"], "address": "{tenantId}/news/{mac}/{sensorType}"}},
        "operations": {OPERATION: {"bindings": {"mqtt": {"qos": 1, "retain": True}}}},
    }
    changed = Description(other)
    assert (changed.qos, changed.retain) == (1, True)
    assert changed.filter("TN1") == "TN1/news/+/+"
    assert changed.topic("ssni/news/001350050047dd92/temp") is not None
    assert changed.topic("ssni/alert/001350050047dd92/temp") is None
