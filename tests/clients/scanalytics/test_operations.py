"""What the client asks for and what it makes of the answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from importlib import resources
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from tests.clients.django_fake import page, status

from vendorlab.clients.scanalytics import (
    Array,
    ArrayRef,
    BadRequest,
    Bucket,
    Deployment,
    Device,
    NotFound,
    PermissionDenied,
    ServerError,
    UnexpectedResponse,
    UsageError,
    User,
)

if TYPE_CHECKING:
    from tests.clients.faces import Face, MakeFace
    from tests.clients.scanalytics.fake_vendor import FakeVendor

CHICAGO = ZoneInfo("America/Chicago")
NOON = datetime(2018, 3, 1, 12, 45, tzinfo=CHICAGO)


def test_whoami_returns_the_user_and_lets_unknown_members_through(face: Face) -> None:
    assert face("whoami") == User("ada@example.com", "Ada", "Example", "America/Chicago")


def test_deployments_are_listed_with_their_arrays(face: Face) -> None:
    lake, harbor = face("deployments")
    arrays = (ArrayRef("P4T9X", "Front Entrance"),)
    assert lake == Deployment("K7Q2M", "Lakefront Store", "America/Chicago", "edit", arrays)
    assert (harbor.permission, harbor.arrays) == ("view", ())
    assert face("deployment", "B5N6D") == harbor


def test_arrays_and_devices_are_typed(face: Face) -> None:
    array = Array("P4T9X", "Front Entrance", "K7Q2M", "entrance", 1.8, 0.9, ("D-000451",))
    seen = datetime(2018, 3, 8, 22, 44, 31, tzinfo=UTC)
    device = Device("D-000451", "Front mat 1", "P4T9X", "K7Q2M", online=True, last_seen=seen, firmware="2.3.1")
    assert face("arrays") == [array]
    assert face("array", "P4T9X") == array
    assert face("devices") == [device]
    assert face("device", "D-000451") == device


def test_visits_returns_buckets_with_aware_starts(face: Face) -> None:
    buckets = face("visits", "P4T9X", "1h", NOON, NOON.replace(hour=15, minute=0), CHICAGO)
    assert buckets == [
        Bucket(datetime(2018, 3, 1, hour, tzinfo=CHICAGO), n) for hour, n in ((12, 15), (13, 60), (14, 60))
    ]


@pytest.mark.parametrize("metric", ["visits", "entrances", "exits", "occupancy"])
def test_aggregate_reads_each_count_from_its_own_field(face: Face, metric: str) -> None:
    assert [bucket.value for bucket in face("aggregate", "P4T9X", metric, "1h", NOON, NOON + timedelta(hours=1))] == [
        15,
        45,
    ]


def test_dwell_may_be_a_fraction_or_nothing(face: Face, vendor: FakeVendor) -> None:
    vendor.bodies["aggregate/P4T9X/dwell/1h"] = [
        {"start": "2018-03-01T12:00:00-06:00", "dwell": 33.5},
        {"start": "2018-03-01T13:00:00-06:00", "dwell": None},
    ]
    assert [bucket.value for bucket in face("aggregate", "P4T9X", "dwell", "1h", NOON, NOON + timedelta(hours=2))] == [
        33.5,
        None,
    ]


def test_query_times_carry_an_escaped_offset(face: Face, vendor: FakeVendor) -> None:
    east = timezone(timedelta(hours=5, minutes=30))
    face("visits", "P4T9X", "1h", NOON.astimezone(east), NOON.astimezone(east) + timedelta(hours=1), "Asia/Kolkata")
    assert vendor.requests[-1].url.raw_path == (
        b"/v1/aggregate/P4T9X/visits/1h"
        b"?start=2018-03-02T00%3A15%3A00%2B05%3A30&end=2018-03-02T01%3A15%3A00%2B05%3A30&timezone=Asia%2FKolkata"
    )


def test_no_zone_means_no_timezone_parameter(face: Face, vendor: FakeVendor) -> None:
    face("visits", "P4T9X", "1h", NOON, NOON + timedelta(hours=1))
    assert "timezone" not in vendor.requests[-1].url.params


def test_zone_without_a_name_is_refused(face: Face) -> None:
    with (
        resources.files("tzdata.zoneinfo").joinpath("UTC").open("rb") as file,
        pytest.raises(UsageError, match="no IANA name"),
    ):
        face("visits", "P4T9X", "1h", NOON, NOON + timedelta(hours=1), ZoneInfo.from_file(file))


def test_old_local_mean_time_is_sent_as_utc(face: Face, vendor: FakeVendor) -> None:
    old = datetime(1880, 1, 1, tzinfo=ZoneInfo("Europe/Amsterdam"))  # then 17 or 19 minutes and some seconds off UTC
    vendor.bodies["aggregate/P4T9X/visits/1h"] = []
    face("visits", "P4T9X", "1h", old, old + timedelta(hours=1))
    assert vendor.requests[-1].url.params["start"].endswith("+00:00")


def test_naive_times_are_refused_before_anything_is_sent(face: Face, vendor: FakeVendor) -> None:
    with pytest.raises(UsageError, match="needs a zone"):
        face("visits", "P4T9X", "1h", datetime(2018, 11, 4, 1, 30), NOON)  # noqa: DTZ001 - the point
    assert vendor.requests == []


def test_version_two_is_a_switch(make_face: MakeFace, vendor: FakeVendor) -> None:
    make_face(version="v2")("whoami")
    assert vendor.requests[-1].url.path == "/v2/whoami"


def test_resources_have_no_trailing_slash_and_tokens_have_one(face: Face, vendor: FakeVendor) -> None:
    face("whoami")
    assert [request.url.path for request in vendor.requests] == ["/o/token/", "/v1/whoami"]


def test_keys_are_escaped_into_one_segment(face: Face, vendor: FakeVendor) -> None:
    with pytest.raises(NotFound):
        face("array", "a/../b?c")
    assert vendor.requests[-1].url.raw_path == b"/v1/array/a%2F..%2Fb%3Fc"


@pytest.mark.parametrize("key", ["", ".", ".."])
def test_keys_that_would_change_the_path_are_refused(face: Face, key: str) -> None:
    with pytest.raises(UsageError):
        face("array", key)


def test_unknown_array_is_not_found_with_method_path_and_reason(face: Face) -> None:
    with pytest.raises(NotFound, match=r"^GET /v1/array/ZZZZZ: 404 Not found\.$") as caught:
        face("array", "ZZZZZ")
    assert (caught.value.status, caught.value.method, caught.value.path) == (404, "GET", "/v1/array/ZZZZZ")


def test_unknown_metric_is_not_found_though_the_body_is_a_page(face: Face) -> None:
    with pytest.raises(NotFound, match="404 Not Found"):
        face("aggregate", "P4T9X", "smiles", "1h", NOON, NOON + timedelta(hours=1))


def test_bad_request_carries_the_complaints_by_field(face: Face, vendor: FakeVendor) -> None:
    complaint = {"timezone": ['"Mars/Dome" is not a valid choice.'], "start": ["Wrong.", "Really."]}
    vendor.faults.extend([None, lambda request, handler: httpx.Response(400, json=complaint)])
    with pytest.raises(BadRequest, match="Mars/Dome") as caught:
        face("whoami")
    assert caught.value.fields == {"timezone": ('"Mars/Dome" is not a valid choice.',), "start": ("Wrong.", "Really.")}


def test_bad_request_carries_the_detail(face: Face) -> None:
    with pytest.raises(BadRequest, match=r"400 Invalid bucket\.") as caught:
        face("visits", "P4T9X", "1x", NOON, NOON + timedelta(hours=1))
    assert (caught.value.detail, caught.value.fields) == ("Invalid bucket.", {})


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (403, PermissionDenied),
        (500, ServerError),
        (301, UnexpectedResponse),
        (204, UnexpectedResponse),
        (418, UnexpectedResponse),
    ],
)
def test_each_status_has_its_error(face: Face, vendor: FakeVendor, code: int, error: type[Exception]) -> None:
    vendor.faults.extend([None, status(code, Location="http://elsewhere.test/")])
    with pytest.raises(error, match=str(code)):
        face("whoami")
    assert len(vendor.requests) == 2  # no retry, and no redirect followed


def test_a_page_in_place_of_json_is_unexpected(face: Face, vendor: FakeVendor) -> None:
    vendor.faults.extend([None, page("<h1>Welcome to this network</h1>")])
    with pytest.raises(UnexpectedResponse, match="expected JSON, got text/html"):
        face("whoami")


USER = {"email": "a@example.com", "firstName": "A", "lastName": "B", "timezone": "UTC"}
DEPLOYMENT: dict[str, Any] = {"key": "K", "name": "N", "timezone": "UTC", "permission": "view", "arrays": []}
DEVICE = {
    "key": "D",
    "name": "N",
    "arrayKey": "A",
    "deploymentKey": "K",
    "online": True,
    "lastSeen": None,
    "firmware": "",
}
BUCKET = {"start": "2018-03-01T12:00:00Z", "visits": 1}
ASKED: dict[str, tuple[Any, ...]] = {
    "whoami": ("whoami",),
    "deployment/list": ("deployments",),
    "device/D": ("device", "D"),
    "aggregate/P4T9X/visits/1h": ("visits", "P4T9X", "1h", NOON, NOON + timedelta(hours=1)),
}


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("whoami", USER | {"email": 7}, "email"),
        ("whoami", {"email": "a@example.com"}, "firstName"),
        ("whoami", [USER], ""),
        ("deployment/list", {"results": []}, ""),
        ("deployment/list", [DEPLOYMENT, DEPLOYMENT | {"arrays": [{"key": 1}]}], "[1].arrays[0].key"),
        ("device/D", DEVICE | {"online": 1}, "online"),
        ("device/D", DEVICE | {"lastSeen": "yesterday"}, "lastSeen"),
        ("aggregate/P4T9X/visits/1h", [BUCKET | {"start": "2018-03-01T12:00:00"}], "[0].start"),
        ("aggregate/P4T9X/visits/1h", [BUCKET | {"start": 1519930800}], "[0].start"),
        ("aggregate/P4T9X/visits/1h", [BUCKET | {"visits": -1}], "[0].visits"),
        ("aggregate/P4T9X/visits/1h", [BUCKET | {"visits": True}], "[0].visits"),
        ("aggregate/P4T9X/visits/1h", [BUCKET | {"visits": 1.0}], "[0].visits"),
        ("aggregate/P4T9X/visits/1h", [BUCKET, BUCKET], "[1].start"),
    ],
)
def test_wrong_types_are_reported_by_the_name_of_their_field(
    face: Face, vendor: FakeVendor, path: str, body: Any, field: str
) -> None:
    vendor.bodies[path] = body
    with pytest.raises(UnexpectedResponse) as caught:
        face(*ASKED[path])
    assert caught.value.field == field
    assert f"/v1/{path}: {field or 'body'}: " in str(caught.value)


def test_iter_visits_gives_what_one_request_gives(face: Face, vendor: FakeVendor) -> None:
    end = NOON + timedelta(days=12)  # the clocks go forward on the 11th
    whole = face("visits", "P4T9X", "1h", NOON, end, "America/Chicago")
    before = len(vendor.requests)
    assert face("iter_visits", "P4T9X", "1h", NOON, end, "America/Chicago", per_request=24) == whole
    assert len(vendor.requests) - before == 12
    assert sum(bucket.value for bucket in whole) == (12 * 24 - 1) * 60


def test_iter_aggregate_starts_nothing_before_it_is_walked_but_checks_its_arguments(
    face: Face, vendor: FakeVendor
) -> None:
    for arguments in [("1q", NOON, NOON), ("1h", NOON, NOON - timedelta(1)), ("1h", NOON.replace(tzinfo=None), NOON)]:
        with pytest.raises(UsageError):
            face("iter_aggregate", "P4T9X", "dwell", *arguments)
    assert face("iter_aggregate", "P4T9X", "dwell", "1h", NOON, NOON) == []
    assert vendor.requests == []
