"""The table of methods, and the description that is made of it."""

from __future__ import annotations

import re

import httpx
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from vendorlab.contracts.core.access import Access
from vendorlab.contracts.core.claims import load_claims
from vendorlab.contracts.core.openapi import Spec
from vendorlab.contracts.core.target import Target
from vendorlab.contracts.slv import describe
from vendorlab.contracts.slv.api import NOBODY, Api
from vendorlab.contracts.slv.estate import Estate
from vendorlab.contracts.slv.methods import BY_NAME, METHODS, READS, SERVICES, WRITES, as_in_servlets, parse_parameters
from vendorlab.contracts.slv.test_errors import IN_VAIN
from vendorlab.contracts.slv.test_walks import reads


def test_description_is_what_the_table_makes() -> None:
    assert describe.FILE.read_text(encoding="utf-8") == describe.text(), (
        "run python -m vendorlab.contracts.slv.describe"
    )


def test_every_shape_is_some_answers_or_part_of_one() -> None:
    document = describe.description()
    shapes = document["components"]["schemas"].keys()
    named = re.findall(r"#/components/schemas/(\w+)", yaml.safe_dump(document))
    assert {each.answer.schema for each in METHODS} <= shapes
    assert set(named) == set(shapes)


def test_walk_may_ask_what_reads_and_nothing_that_makes_or_ends_anything() -> None:
    asked = {operation.path for operation in Spec.load("slv").operations if reads(operation)}
    assert asked == {each.path for each in READS}


def test_methods_have_names_of_their_own_and_services_that_there_are() -> None:
    assert len(BY_NAME) == len(METHODS) == len(READS) + len(WRITES)
    assert {each.service for each in METHODS} == set(SERVICES)


def test_methods_name_claims_that_there_are() -> None:
    claims = {claim.id for claim in load_claims("slv")}
    assert [each.name for each in METHODS if not set(each.claims) <= claims] == []


def test_every_write_has_parameters_with_which_it_does_nothing() -> None:
    """But an import, which has none, and an alarm, which is refused for want of them."""
    names = {each.name for each in WRITES}
    assert IN_VAIN.keys() <= names
    assert names - IN_VAIN.keys() == {"importDevicesFromCsvFileAsync", "createSingleActionAlarmDefinition"}
    for name, params in IN_VAIN.items():
        known = {each.name for each in BY_NAME[name].parameters}
        assert params.keys() <= known, name


def test_styles_spell_geozones_each_in_its_way() -> None:
    method = BY_NAME["getGeozoneDevices"]
    assert (method.path, method.servlet) == ("/reports/api/asset/getGeozoneDevices", "/reports/api/servlet/SLVAssetAPI")
    assert method.servlet_name == "getGeoZoneDevices"
    assert as_in_servlets("geozoneId") == "geoZoneId"
    assert as_in_servlets("geoZoneRootId") == "geoZoneRootId"


def test_services_have_the_servlets_that_clients_ask() -> None:
    assert {
        "asset": "SLVAssetAPI",
        "logging": "SLVLoggingAPI",
        "loggingmanagement": "SLVLoggingManagementAPI",
        "dimming": "SLVDimmingAPI",
        "batch": "SLVBatchAPI",
    }.items() <= SERVICES.items()


def test_parameters_are_read_with_type_and_signs() -> None:
    plain, needed, many, both = parse_parameters("a b:integer! c* property.locale:number!*")
    assert (plain.name, plain.kind, plain.required, plain.many) == ("a", "string", False, False)
    assert (needed.kind, needed.required, needed.many) == ("integer", True, False)
    assert (many.required, many.many) == (False, True)
    assert (both.name, both.kind, both.required, both.many) == ("property.locale", "number", True, True)


@pytest.mark.parametrize("text", ["a?", "a:!b", "!", "a:b:c", "é"])
def test_parameters_that_make_no_sense_are_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="not a parameter"):
        parse_parameters(text)


@given(st.text())
def test_any_row_is_read_or_an_error(text: str) -> None:
    try:
        assert all(each.name for each in parse_parameters(text))
    except ValueError:
        return


def test_reading_methods_are_asked_with_parameters_that_they_know() -> None:
    target = Target("slv", "http://127.0.0.1:7074", {})
    estate = Estate(Api(Access(target, transport=httpx.MockTransport(lambda _: httpx.Response(500)))), lambda: NOBODY)
    estate.__dict__ |= {
        "root": 1,
        "controllers": ["C1"],
        "lamp": {
            "id": 7, "controllerStrId": "C1", "idOnController": "L7", "name": "Lamp 7", "geoZoneId": 2,
            "geoZoneNamesPath": "GeoZones/Old Town", "lat": 40.7, "lng": -74.0,
        },
        "logged": {"name": "Energy", "eventTime": "2026-11-20 12:00:00"},
    }  # fmt: skip
    for method in READS:
        asked = estate.sample(method.name)
        known = {each.name for each in method.parameters}
        needed = {each.name for each in method.parameters if each.required}
        assert needed <= asked.keys() <= known, method.name
    assert estate.sample("getDevicesLogValues") == {
        "deviceId": 7,
        "name": "Energy",
        "from": "2026-11-20 06:00:00",
        "to": "2026-11-20 12:00:01",
    }
    assert estate.sample("searchGeozones") == {"name": "Old Town"}
