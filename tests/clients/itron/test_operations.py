"""Devices, templates, and how the client is made."""

from __future__ import annotations

import json
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.clients.django_fake import Instead, answer_lost, no_connection, page, status
from tests.clients.itron.conftest import APPLICATION
from tests.clients.itron.fake_vendor import (
    CLIENT_ID,
    CLIENT_SECRET,
    DEVICE,
    DEVICE_ID,
    ORIGIN,
    TEMPLATE,
    FakeVendor,
    answering,
    message,
)

from vendorlab.clients.core.reading import Node
from vendorlab.clients.core.steps import Call
from vendorlab.clients.itron import (
    AsyncDataPlatformClient,
    BadRequest,
    DataPlatformClient,
    Device,
    NetworkError,
    NotFound,
    NotJson,
    PermissionDenied,
    ServerError,
    Template,
    Throttled,
    UnexpectedResponse,
    UsageError,
)
from vendorlab.clients.itron.models import read_device, read_devices, read_template, read_templates

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.clients.faces import Face, MakeFace


def last(vendor: FakeVendor) -> tuple[str, str, Any]:
    request = vendor.requests[-1]
    return request.method, request.url.raw_path.decode(), json.loads(request.content) if request.content else None


# Devices


def test_devices_are_read(face: Face, vendor: FakeVendor) -> None:
    (device,) = face("devices")
    assert device == Device(DEVICE_ID, "MILLI", DEVICE["domainInfo"], DEVICE["provisioningInfo"])
    assert device.mac == "00135005000000a1"
    assert last(vendor) == ("GET", "/api/solutions/sandbox/devices", None)


def test_devices_of_a_type_are_asked_for(face: Face, vendor: FakeVendor) -> None:
    assert face("devices", "Sensor Tag") == []
    assert last(vendor)[1].replace("%20", "+") == "/api/solutions/sandbox/devices?deviceType=Sensor+Tag"


def test_no_devices_are_no_error_though_the_platform_says_404(face: Face, vendor: FakeVendor) -> None:
    vendor.devices = []
    assert face("devices") == []
    assert face("devices", solution="fresh") == []


def test_one_device_is_read_or_is_not_there(face: Face, vendor: FakeVendor) -> None:
    assert face("device", DEVICE_ID).mac == "00135005000000a1"
    with pytest.raises(NotFound, match="404 Not Found"):
        face("device", "nobody")


def test_device_is_made(face: Face, vendor: FakeVendor) -> None:
    device = face("create_device", "SensorTag", {"modelName": "CC2650", "at": Decimal("1.50")})
    assert (device.device_type, device.domain_info["modelName"], device.mac) == ("SensorTag", "CC2650", None)
    body = {"deviceType": "SensorTag", "domainInfo": {"modelName": "CC2650", "at": 1.5}}
    assert last(vendor) == ("POST", "/api/solutions/sandbox/devices/", body)
    assert face("device", device.id).device_type == "SensorTag"


@pytest.mark.parametrize("answer", [{"id": "d-9"}, {"device": {"id": "d-9"}}, {"devices": {"id": "d-9"}}])
def test_new_device_may_be_told_by_its_id_alone(face: Face, vendor: FakeVendor, answer: Any) -> None:
    vendor.faults.extend([None, answering(201, json=answer)])
    assert face("create_device", "ap") == Device("d-9", "ap")


def test_device_is_written_anew_whole(face: Face, vendor: FakeVendor) -> None:
    changed = face("change_device", DEVICE_ID, "MILLI", {"place": "pole 7"}, provisioning_info={"ssniMacAddress": "a1"})
    assert changed == Device(DEVICE_ID, "MILLI", {"place": "pole 7"}, {"ssniMacAddress": "a1"})
    assert last(vendor)[:2] == ("PUT", f"/api/solutions/sandbox/devices/{DEVICE_ID}")


@pytest.mark.parametrize("answer", [partial(httpx.Response, 200, json={}), partial(httpx.Response, 204)])
def test_device_is_deleted_whatever_the_platform_says_of_it(
    face: Face, vendor: FakeVendor, answer: Callable[[], httpx.Response]
) -> None:
    vendor.faults.extend([None, Instead("answer", answer)])
    assert face("delete_device", DEVICE_ID) is True


def test_delete_tells_whether_the_device_was_there(face: Face, vendor: FakeVendor) -> None:
    assert [face("delete_device", DEVICE_ID) for _ in range(2)] == [True, False]
    assert last(vendor)[:2] == ("DELETE", f"/api/solutions/sandbox/devices/{DEVICE_ID}")


@pytest.mark.parametrize("make", [("create_device", "ap"), ("create_template", "Pole", ["tilt"])])
def test_new_thing_is_never_made_twice(face: Face, vendor: FakeVendor, make: tuple[Any, ...]) -> None:
    for fault, error in ((answer_lost, NetworkError), (status(503), ServerError)):
        vendor.requests.clear()
        vendor.faults.extend([*[None] * (not vendor.issued), fault])
        with pytest.raises(error):
            face(*make)
        assert len(vendor.asked()) == 1
    vendor.faults.append(no_connection)
    face(*make)


@pytest.mark.parametrize("make", [
    ("create_device", ""),
    ("create_device", "ap", {"t": float("nan")}),
    ("create_device", "ap", {"t": {1, 2}}),
    ("create_template", "Pole", "tilt"),
    ("create_template", "Pole", [1j]),
    ("device", ""),
    ("device", ".."),
    ("delete_device", "."),
    ("post", "", []),
])  # fmt: skip
def test_what_makes_no_sense_is_not_sent(face: Face, vendor: FakeVendor, make: tuple[Any, ...]) -> None:
    with pytest.raises(UsageError):
        face(*make)
    assert vendor.requests == []


def test_names_are_parts_of_a_path_whatever_is_in_them(face: Face, vendor: FakeVendor) -> None:
    with pytest.raises(NotFound):
        face("device", "a/b?c#d ü", solution="Lab 1/x")
    assert last(vendor)[1] == "/api/solutions/Lab%201%2Fx/devices/a%2Fb%3Fc%23d%20%C3%BC"


# Templates


def test_templates_are_read(face: Face, vendor: FakeVendor) -> None:
    assert face("templates") == [Template("t-1", "Pole sensor", ("tilt", "temperature"))]
    assert last(vendor)[1] == "/api/solutions/sandbox/devicetemplates"
    assert face("templates", solution="fresh") == []


def test_static_templates_have_no_id(face: Face, vendor: FakeVendor) -> None:
    assert face("static_templates") == [Template(None, "Milli", ("temperature",))]
    assert last(vendor)[1] == "/api/tenants/systemTenant/devicetemplates"


def test_template_is_made_and_written_anew(face: Face, vendor: FakeVendor) -> None:
    made = face("create_template", "Bin", (sensor for sensor in ("level", "tilt")))
    body = {"deviceTemplate": {"name": "Bin", "sensors": ["level", "tilt"]}}
    assert (made, last(vendor)) == (
        Template("t-2", "Bin", ("level", "tilt")),
        ("POST", "/api/solutions/sandbox/devicetemplates", body),
    )
    changed = face("change_template", "t-2", "Bin 2", ["level"])
    assert changed == Template("t-2", "Bin 2", ("level",))
    assert last(vendor)[:2] == ("PUT", "/api/solutions/sandbox/devicetemplates/t-2")


@pytest.mark.parametrize("wrap", [{"deviceTemplates": TEMPLATE}, {"deviceTemplate": TEMPLATE}, TEMPLATE])
def test_written_template_is_read_in_either_envelope(face: Face, vendor: FakeVendor, wrap: Any) -> None:
    vendor.faults.extend([None, answering(200, json=wrap)])
    assert face("create_template", "x", []) == Template("t-1", "Pole sensor", ("tilt", "temperature"))


# Errors


@pytest.mark.parametrize(("answer", "error", "said"), [
    (partial(message, 400, "deviceType is required"), BadRequest, "400 deviceType is required"),
    (partial(message, 403, "Missing Authentication Token"), PermissionDenied, "403 Missing Authentication Token"),
    (partial(message, 403, "Not authorized", "Message"), PermissionDenied, "403 Not authorized"),
    (partial(message, 500, "Internal server error"), ServerError, "500 Internal server error"),
    (partial(httpx.Response, 200, html="<h1>Back soon</h1>"), NotJson, "200 OK"),
    (partial(httpx.Response, 202, json={"devices": []}), UnexpectedResponse, "202 Accepted"),
    (partial(httpx.Response, 302, headers={"Location": "http://elsewhere.test"}), UnexpectedResponse, "302 Found"),
    (partial(httpx.Response, 200, json={"devices": None}), UnexpectedResponse, "devices: expected a list, got null"),
    (partial(httpx.Response, 200, json={"devices": [{"id": 7, "deviceType": "x"}]}), UnexpectedResponse, r"\[0\].id"),
    (partial(httpx.Response, 200, json={"devices": [{"id": "7"}]}), UnexpectedResponse, "deviceType: missing"),
])  # fmt: skip
def test_answer_means_what_its_status_says(
    face: Face, vendor: FakeVendor, answer: Callable[[], httpx.Response], error: type[Exception], said: str
) -> None:
    vendor.faults.extend([None, Instead("answer", answer)])
    with pytest.raises(error, match=said):
        face("devices")


def test_vendor_in_passing_trouble_is_asked_again(face: Face, vendor: FakeVendor) -> None:
    vendor.faults.extend([None, answer_lost, status(504), status(429)])
    assert len(face("devices")) == 1


def test_throttle_that_says_nothing_is_waited_out_for_seconds_and_not_for_ever(
    make_face: MakeFace, vendor: FakeVendor, clock: Any
) -> None:
    vendor.faults.extend([None, *[status(429)] * 9])
    with pytest.raises(Throttled):
        make_face()("devices")
    assert clock.slept == [6.0] * 4


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "name", "sensors", "deviceType", "domainInfo", "devices", "x"]), inner)
    ),
    max_leaves=10,
)


@given(JSON)
def test_any_answer_is_read_or_names_its_place(value: Any) -> None:
    readers: tuple[Callable[[Node], object], ...] = (read_device, read_devices, read_template, read_templates)
    for read in readers:
        try:
            read(Node(Call("GET", "/x"), 200, value))
        except UnexpectedResponse as error:
            assert (error.path, error.status) == ("/x", 200)  # noqa: PT017 - some draws are good


# How it is made

ENVIRONMENT = {
    "VENDORLAB_ITRON_PLATFORM_URL": ORIGIN,
    "VENDORLAB_ITRON_PLATFORM_CLIENT_ID": CLIENT_ID,
    "VENDORLAB_ITRON_PLATFORM_CLIENT_SECRET": CLIENT_SECRET,
}


def test_client_is_made_from_the_environment(vendor: FakeVendor) -> None:
    with DataPlatformClient.from_env(ENVIRONMENT, transport=httpx.MockTransport(vendor)) as client:
        assert len(client.devices()) == 1
    elsewhere = ENVIRONMENT | {"VENDORLAB_ITRON_PLATFORM_TOKEN_URL": "http://tokens.test"}
    with DataPlatformClient.from_env(elsewhere, transport=httpx.MockTransport(vendor)) as client:
        client.devices()
    assert [request.url.host for request in vendor.requests] == [
        "vendor.test",
        "vendor.test",
        "tokens.test",
        "vendor.test",
    ]


def test_options_win_over_the_environment(vendor: FakeVendor) -> None:
    vendor.live["handed"] = float("inf")
    transport = httpx.MockTransport(vendor)
    with DataPlatformClient.from_env(ENVIRONMENT, transport=transport, token="handed", solution="fresh") as client:
        assert client.devices() == []
    secretless = {name: value for name, value in ENVIRONMENT.items() if not name.endswith("SECRET")}
    with DataPlatformClient.from_env(secretless, transport=transport, client_secret=CLIENT_SECRET) as client:
        assert len(client.devices()) == 1


@pytest.mark.parametrize("missing", sorted(ENVIRONMENT))
@pytest.mark.parametrize("kind", [DataPlatformClient, AsyncDataPlatformClient])
def test_what_the_environment_lacks_is_named(kind: Any, missing: str) -> None:
    with pytest.raises(UsageError, match=missing):
        kind.from_env(ENVIRONMENT | {missing: ""})


def test_base_url_may_have_a_path_and_a_slash(make_face: MakeFace) -> None:
    asked: list[str] = []

    def vendor(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return httpx.Response(200, json={"accessToken": "t", "devices": []})

    make_face(base_url=f"{ORIGIN}/city/", transport=httpx.MockTransport(vendor))("devices")
    assert asked == ["/city/api/tokens", "/city/api/solutions/sandbox/devices"]


def test_page_in_place_of_json_is_told_apart(face: Face, vendor: FakeVendor) -> None:
    vendor.faults.extend([None, page("<h1>Hello</h1>")])
    with pytest.raises(NotJson):
        face("templates")


def test_shown_client_tells_where_and_no_secret() -> None:
    with DataPlatformClient(ORIGIN, client_id=CLIENT_ID, client_secret=CLIENT_SECRET) as client:
        assert repr(client) == "<DataPlatformClient for application at http://vendor.test>"
    assert APPLICATION["client_secret"] not in repr(vars(client))
