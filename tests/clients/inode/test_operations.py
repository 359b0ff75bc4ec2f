"""What the client asks for and what it makes of the answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.clients.django_fake import page, status
from tests.clients.inode.fake_vendor import (
    CROWDSOURCED_LINK,
    DEVICE,
    DEVICES,
    LINKS,
    SENSOR_LINK,
    TOKEN_PATH,
    FakeVendor,
)

from vendorlab.clients.core.reading import Node
from vendorlab.clients.core.steps import Call
from vendorlab.clients.inode import (
    BadRequest,
    DataSource,
    Device,
    Grid,
    Link,
    LinkStatus,
    NotFound,
    NotJson,
    PermissionDenied,
    ServerError,
    UnexpectedResponse,
    UsageError,
)
from vendorlab.clients.inode.models import read_device, read_link

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.clients.faces import Face, MakeFace

DOWNTOWN = Grid(7, "Downtown")
MAIN_STREET = Link(
    id=1042,
    name="Main St NB: 1st Ave to 5th Ave",
    enabled=True,
    status=None,
    data_sources=(DataSource.SENSOR,),
    default_data_source=DataSource.SENSOR,
    origin_device=311,
    destination_device=312,
    distance_km=2.14,
    free_flow_speed_kmh=60.0,
    grid=DOWNTOWN,
    time_zone="America/Toronto",
    last_travel_time=timedelta(seconds=171),
    last_speed_kmh=45.1,
    last_count=9,
    last_updated=datetime(2026, 3, 2, 14, 35, tzinfo=UTC),
)
FIRST_AVENUE = Device(
    id=311,
    name="Main & 1st",
    online=True,
    live=True,
    vpn_ip="10.8.0.31",
    input_voltage_v=12.6,
    current_consumption_a=0.21,
    ambient_temperature_c=-4.5,
    cpu_temperature_c=31.0,
    grid=DOWNTOWN,
    note="",
    city="Ottawa",
    country="CA",
    time_zone="America/Toronto",
    latitude=45.4215,
    longitude=-75.6972,
    last_seen=datetime(2026, 3, 2, 14, 36, 10, tzinfo=UTC),
)


def test_links_are_typed_and_keep_their_order(face: Face) -> None:
    main_street, highway = face("links")
    assert main_street == MAIN_STREET
    assert (highway.id, highway.status, highway.last_travel_time) == (1077, LinkStatus.COLLECTING, None)
    assert face("link", 1077) == highway


def test_devices_are_typed_and_keep_their_order(face: Face) -> None:
    first, fifth = face("devices")
    assert first == FIRST_AVENUE
    assert face("device", 312) == fifth


def test_account_without_sensors_has_no_devices(face: Face, vendor: FakeVendor) -> None:
    vendor.devices = []
    assert face("devices") == []


def test_speed_distance_and_time_agree_in_the_units_of_their_names(face: Face) -> None:
    link = face("link", 1042)
    hours = link.last_travel_time / timedelta(hours=1)
    assert link.distance_km / hours == pytest.approx(link.last_speed_kmh, abs=0.05)


def test_paths_keep_their_last_slash(face: Face, vendor: FakeVendor) -> None:
    face("links")
    face("link", 1042)
    face("devices")
    face("device", 311)
    paths = [request.url.path for request in vendor.requests]
    assert paths == [TOKEN_PATH, LINKS, f"{LINKS}1042/", DEVICES, f"{DEVICES}311/"]


@pytest.mark.parametrize("base_url", ["http://vendor.test", "http://vendor.test/", "http://vendor.test/api/"])
def test_base_url_is_taken_with_and_without_the_vendors_api(
    make_face: MakeFace, vendor: FakeVendor, base_url: str
) -> None:
    assert len(make_face(base_url=base_url)("links")) == 2
    assert [request.url.path for request in vendor.requests] == [TOKEN_PATH, LINKS]


def test_requests_ask_for_json(face: Face, vendor: FakeVendor) -> None:
    face("links")
    assert {request.headers["Accept"] for request in vendor.requests} == {"application/json"}


@pytest.mark.parametrize("wrong", ["1042", "", "../devices", True, -1, 1.0, None])
def test_id_that_is_no_whole_number_is_refused_before_anything_is_sent(
    face: Face, vendor: FakeVendor, wrong: object
) -> None:
    for name in ("link", "device"):
        with pytest.raises(UsageError, match="whole number"):
            face(name, wrong)
    assert vendor.requests == []


def test_unknown_link_is_not_found_with_the_vendors_words(face: Face, vendor: FakeVendor, profile: str) -> None:
    vendor.profile = profile
    words = "Not found." if profile == "legacy" else "No Link matches the given query."
    with pytest.raises(NotFound, match=words) as caught:
        face("link", 9)
    assert (caught.value.status, caught.value.method, caught.value.path) == (404, "GET", "/api/v1/links/9/")


@pytest.mark.parametrize("fault", [status(301, Location=LINKS), status(308, Location="http://elsewhere.test/")])
@pytest.mark.parametrize("on_token", [True, False], ids=["post", "get"])
def test_no_redirect_is_followed(face: Face, vendor: FakeVendor, fault: Any, on_token: bool) -> None:
    vendor.faults.extend([fault] if on_token else [None, fault])
    with pytest.raises(UnexpectedResponse, match=r"30[18]"):
        face("links")
    assert len(vendor.requests) == (1 if on_token else 2)


@pytest.mark.parametrize(
    ("code", "error"), [(400, BadRequest), (403, PermissionDenied), (500, ServerError), (418, UnexpectedResponse)]
)
def test_each_status_has_its_error(face: Face, vendor: FakeVendor, code: int, error: type[Exception]) -> None:
    vendor.faults.extend([None, status(code)])
    with pytest.raises(error, match=str(code)):
        face("links")
    assert len(vendor.requests) == 2


def test_page_in_place_of_json_has_an_error_of_its_own(face: Face, vendor: FakeVendor) -> None:
    vendor.faults.extend([None, page("<h1>Back soon</h1>")])
    with pytest.raises(NotJson, match="expected JSON, got text/html"):
        face("links")


@pytest.mark.parametrize("kind", [LinkStatus, DataSource])
def test_word_that_is_not_in_an_enumeration_is_kept_and_told_apart(kind: type[LinkStatus | DataSource]) -> None:
    known, unknown = next(iter(kind)), kind("paused")
    assert known.is_known
    assert (unknown, unknown.value, unknown.is_known, isinstance(unknown, kind)) == ("paused", "paused", False, True)
    assert unknown == kind("paused")
    assert "paused" not in {member.value for member in kind}
    with pytest.raises(ValueError, match="7 is not a valid"):
        kind(7)  # type: ignore[arg-type]


def test_links_of_an_unknown_status_and_source_are_read(face: Face, vendor: FakeVendor) -> None:
    words = {"status": "paused", "data_sources": ["sensor", "balloon"], "default_data_source": "balloon"}
    vendor.links = [CROWDSOURCED_LINK | words | {"new": 1}]
    (link,) = face("links")
    assert (link.status, link.data_sources, link.default_data_source) == ("paused", ("sensor", "balloon"), "balloon")


def test_every_status_of_the_vendors_guide_is_known() -> None:
    assert [status.value for status in LinkStatus] == [
        "disabled",
        "scheduled",
        "collecting",
        "collected",
        "not_collected",
    ]


def test_what_may_be_unknown_may_be_absent_as_well(face: Face, vendor: FakeVendor) -> None:
    needed = {
        LINKS: ("id", "name", "enabled", "data_sources", "distance", "time_zone"),
        DEVICES: ("id", "name", "online", "live", "time_zone"),
    }
    vendor.links = [{name: SENSOR_LINK[name] for name in needed[LINKS]}]
    vendor.devices = [{name: DEVICE[name] for name in needed[DEVICES]}]
    (link,), (device,) = face("links"), face("devices")
    assert (link.last_travel_time, link.grid, link.status) == (None, None, None)
    assert (device.input_voltage_v, device.note, device.last_seen) == (None, "", None)


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        (LINKS, [SENSOR_LINK, SENSOR_LINK | {"id": "1042"}], "[1].id"),
        (LINKS, [SENSOR_LINK | {"enabled": 1}], "[0].enabled"),
        (LINKS, [SENSOR_LINK | {"status": 3}], "[0].status"),
        (LINKS, [SENSOR_LINK | {"data_sources": "sensor"}], "[0].data_sources"),
        (LINKS, [SENSOR_LINK | {"distance": "2.14"}], "[0].distance"),
        (LINKS, [SENSOR_LINK | {"distance": None}], "[0].distance"),
        (LINKS, [SENSOR_LINK | {"grid": {"id": 7}}], "[0].grid.name"),
        (LINKS, [SENSOR_LINK | {"last_travel_time": -1}], "[0].last_travel_time"),
        (LINKS, [SENSOR_LINK | {"last_travel_time": 10**400}], "[0].last_travel_time"),
        (LINKS, [SENSOR_LINK | {"last_count": 1.5}], "[0].last_count"),
        (LINKS, [SENSOR_LINK | {"last_updated": "2026-03-02T14:35:00"}], "[0].last_updated"),
        (LINKS, {"links": []}, "results"),
        (LINKS, {"results": {}}, "results"),
        (LINKS, {"results": [SENSOR_LINK], "next": 2}, "next"),
        (LINKS, "none", ""),
        (DEVICES, [DEVICE | {"online": "yes"}], "[0].online"),
        (DEVICES, {"results": [DEVICE | {"latitude": "north"}]}, "results[0].latitude"),
        (f"{DEVICES}311/", [DEVICE], ""),
    ],
)
def test_wrong_types_are_reported_by_the_name_of_their_field(
    face: Face, vendor: FakeVendor, path: str, body: Any, field: str
) -> None:
    vendor.bodies[path] = body
    asked: dict[str, tuple[Any, ...]] = {LINKS: ("links",), DEVICES: ("devices",), f"{DEVICES}311/": ("device", 311)}
    with pytest.raises(UnexpectedResponse) as caught:
        face(*asked[path])
    assert caught.value.field == field
    assert not isinstance(caught.value, NotJson)


LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.datetimes().map(datetime.isoformat)
VALUES = LEAVES | st.lists(LEAVES, max_size=2) | st.dictionaries(st.sampled_from(["id", "name"]), LEAVES)


def mutations(whole: dict[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.dictionaries(st.sampled_from(sorted(whole)), VALUES).map(lambda changed: whole | changed)


@given(case=st.tuples(st.just(read_link), mutations(SENSOR_LINK)) | st.tuples(st.just(read_device), mutations(DEVICE)))
def test_reader_gives_a_hashable_value_or_names_the_field(
    case: tuple[Callable[[Node], Link | Device], dict[str, Any]],
) -> None:
    read, body = case
    try:
        thing = read(Node(Call("GET", LINKS), 200, body))
    except UnexpectedResponse as error:
        assert error.field.partition(".")[0].partition("[")[0] in body  # noqa: PT017 - many draws are good
    else:
        assert isinstance(hash(thing), int)
        assert (thing.id, thing.name) == (body["id"], body["name"])
