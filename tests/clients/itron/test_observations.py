"""Walking over observations, and posting them."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.clients.django_fake import FakeClock, answer_lost, no_connection, status
from tests.clients.itron.conftest import APPLICATION
from tests.clients.itron.fake_vendor import CLIENT_ID, CLIENT_SECRET, DEVICE_ID, ORIGIN, FakeVendor, answering, at

from vendorlab.clients.core.reading import Node
from vendorlab.clients.core.steps import Call
from vendorlab.clients.itron import (
    AsyncDataPlatformClient,
    BadRequest,
    ClientError,
    DataPlatformClient,
    NetworkError,
    NotFound,
    NotJson,
    Observation,
    ServerError,
    UnexpectedResponse,
    UsageError,
)
from vendorlab.clients.itron.models import microseconds, read_observation, timestamp_text
from vendorlab.clients.itron.pages import Walk, read_page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.clients.django_fake import Fault
    from tests.clients.faces import Face, MakeFace


def fill(vendor: FakeVendor, count: int, every: float = 1.0) -> None:
    for number in range(count):
        vendor.arrive(at(number * every), number=number)


def numbers(found: list[Observation]) -> list[int]:
    return [observation["number"] for observation in found]


def paths(vendor: FakeVendor) -> list[str]:
    return [request.url.raw_path.decode() for request in vendor.asked()]


HOME = f"/api/solutions/sandbox/devices/{DEVICE_ID}/observations"


def page(link: str, found: list[Any]) -> Fault:
    return answering(200, json={"observations": found}, headers={"next_page": link})


# Out


def test_walk_goes_over_all_pages_by_the_header_alone(face: Face, vendor: FakeVendor) -> None:
    fill(vendor, 25)
    vendor.page_size = 10
    assert numbers(face("observations", DEVICE_ID)) == list(range(24, -1, -1))
    assert paths(vendor) == [HOME, f"{HOME}?after=10", f"{HOME}?after=20"]


def test_limit_is_the_vendors_and_not_the_end(face: Face, vendor: FakeVendor) -> None:
    fill(vendor, 5)
    assert len(face("observations", DEVICE_ID, limit=2)) == 5
    assert paths(vendor)[1] == f"{HOME}?limit=2&after=2"


def test_window_and_tag_are_sent_as_the_vendor_says(face: Face, vendor: FakeVendor) -> None:
    for number in range(3):
        vendor.arrive(at(number), number=number, tags=["lab"] if number else [])
    east = timezone(timedelta(hours=2))
    found = face("observations", DEVICE_ID, at(0).astimezone(east), at(60), 7, "lab")
    assert numbers(found) == [2, 1]
    assert found[0].tags == ("lab",)
    query = "from=2024-05-01T12%3A00%3A00Z&to=2024-05-01T12%3A01%3A00Z&limit=7&tags=lab"
    assert paths(vendor) == [f"{HOME}?{query}"]


def test_window_is_exact_though_the_vendor_goes_by_whole_seconds(face: Face, vendor: FakeVendor) -> None:
    fill(vendor, 40, every=0.25)
    assert numbers(face("observations", DEVICE_ID, at(1.5), at(3.25))) == [12, 11, 10, 9, 8, 7, 6]
    assert numbers(face("observations", DEVICE_ID, at(1), at(1.25))) == [4]


@given(marks=st.lists(st.integers(0, 40_000), max_size=30), middle=st.integers(0, 40_000))
def test_windows_that_touch_share_nothing_and_miss_nothing(marks: list[int], middle: int) -> None:
    clock = FakeClock()
    vendor = FakeVendor(clock=clock, page_size=4)
    for mark in marks:
        vendor.arrive(at(mark / 1_000), number=mark)
    with client_of(vendor, clock) as client:
        windows = (at(-1), at(middle / 1_000)), (at(middle / 1_000), at(60))
        found = [observation for window in windows for observation in client.observations(DEVICE_ID, *window)]
    assert sorted(numbers(found)) == sorted(set(marks))


def client_of(vendor: FakeVendor, clock: FakeClock) -> DataPlatformClient:
    transport: Any = httpx.MockTransport(vendor)
    options: dict[str, Any] = {"clock": clock, "sleep": clock.sleep, "transport": transport, **APPLICATION}
    return DataPlatformClient(ORIGIN, **options)


def test_walk_is_lazy(vendor: FakeVendor, clock: FakeClock) -> None:
    fill(vendor, 30)
    vendor.page_size = 10
    with client_of(vendor, clock) as client:
        walk = client.observations(DEVICE_ID)
        assert vendor.requests == []
        assert [next(walk)["number"] for _ in range(11)] == list(range(29, 18, -1))
        assert len(vendor.asked()) == 2
        walk.close()
        assert list(walk) == []


def test_async_walk_is_lazy(vendor: FakeVendor, clock: FakeClock) -> None:
    fill(vendor, 30)
    vendor.page_size = 10

    async def story() -> None:
        async with AsyncDataPlatformClient(
            ORIGIN, clock=clock, transport=httpx.MockTransport(vendor), client_id=CLIENT_ID, client_secret=CLIENT_SECRET
        ) as client:
            walk = client.observations(DEVICE_ID)
            assert [(await anext(walk))["number"] for _ in range(11)] == list(range(29, 18, -1))
            await walk.aclose()
            assert len(vendor.asked()) == 2

    asyncio.run(story())


def test_walk_goes_on_through_a_renewal(vendor: FakeVendor, clock: FakeClock) -> None:
    fill(vendor, 30)
    vendor.page_size = 3
    found: list[Observation] = []
    with client_of(vendor, clock) as client:
        for observation in client.observations(DEVICE_ID):
            found.append(observation)
            clock.now += 500  # the token ends on the way, again and again
            if len(found) == 10:
                vendor.revoke()  # and once without a word
    assert numbers(found) == list(range(29, -1, -1))
    assert vendor.tokens_made() >= 4


def test_empty_and_short_pages_are_no_end(face: Face, vendor: FakeVendor) -> None:
    def page(body: str, after: str | None) -> Any:
        headers = {} if after is None else {"next_page": f"{ORIGIN}{HOME}?after={after}"}
        return answering(200, text=body, headers=headers)

    some = '{"observations":[{"timestamp":"2024-05-01T12:00:00Z","number":%d}]}'
    none = '{"observations":[]}'
    vendor.faults.extend(
        [None, page(none, "1"), page(some % 1, "2"), page(none, "3"), page(some % 2, "4"), page(none, None)]
    )
    assert numbers(face("observations", DEVICE_ID)) == [1, 2]


@pytest.mark.parametrize(
    "link",
    [
        "http://elsewhere.test/api?after=1",
        "https://vendor.test/api?after=1",
        "http://vendor.test:8080/api?after=1",
        "http://vendor.test.elsewhere.test/",
        "http://user@vendor.test/api",
        "http://vendor.test@elsewhere.test/api",
        "//elsewhere.test/api",
        "/api/solutions/sandbox/observations?after=1",
        "?after=1",
        "ftp://vendor.test/api",
        "after=1",
        "http://",
        "http://[",
        "javascript:alert(1)",
    ],
)
def test_link_to_anywhere_else_is_not_followed(face: Face, vendor: FakeVendor, link: str) -> None:
    vendor.faults.extend([None, page(link, [])])
    with pytest.raises(UnexpectedResponse) as caught:
        face("observations", DEVICE_ID)
    assert (caught.value.field, len(vendor.asked())) == ("next_page", 1)


LINKS = st.lists(
    st.sampled_from(["http:", "//", "/", "vendor.test", "elsewhere.test", ":80", "@", "?a=1", "#", "\\", "..", " "])
    | st.characters(codec="latin-1"),
    max_size=8,
).map("".join)


@given(LINKS)
def test_whatever_the_header_says_the_token_goes_to_the_vendor_alone(link: str) -> None:
    asked: list[Call] = []

    def send(call: Call) -> Any:
        asked.append(call)
        headers = [(b"next_page", link.encode("latin-1"))] if len(asked) == 1 else []
        return httpx.Response(200, text='{"observations":[]}', headers=headers)
        yield

    walk = Walk(send, Call("GET", "/first"), "http://vendor.test")
    try:
        for _ in range(2):
            with pytest.raises(StopIteration):
                next(walk.next())
    except UnexpectedResponse as error:
        assert error.field == "next_page"  # noqa: PT017 - many draws are good
        return
    for call in asked[1:]:
        assert call.url is not None
        with httpx.Client(base_url="http://vendor.test") as client:
            url = client.build_request("GET", call.url).url
        assert (url.scheme, url.host, url.port, url.userinfo) == ("http", "vendor.test", None, b"")


def test_link_is_used_just_as_it_is(face: Face, vendor: FakeVendor) -> None:
    link = "HTTP://Vendor.Test:80/api/solutions/sandbox/observations?after=a%2Bb%3D&x=%7B"
    vendor.faults.extend([None, page(link, []), page("", [])])
    assert face("observations", DEVICE_ID) == []
    assert paths(vendor)[1] == "/api/solutions/sandbox/observations?after=a%2Bb%3D&x=%7B"


@pytest.mark.parametrize("length", [1, 2, 5])
def test_cursor_that_repeats_ends_the_walk(face: Face, vendor: FakeVendor, length: int) -> None:
    def circle(request: httpx.Request, handler: Any) -> httpx.Response:
        after = (int(request.url.params.get("after", "0")) + 1) % length
        return httpx.Response(200, json={"observations": []}, headers={"next_page": f"{ORIGIN}{HOME}?after={after}"})

    vendor.faults.extend([None, *[circle] * 50])
    with pytest.raises(UnexpectedResponse, match="there before"):
        face("observations", DEVICE_ID)
    assert len(vendor.asked()) <= length + 1


@pytest.mark.parametrize(
    "arguments",
    [
        {"start": at(0)},
        {"end": at(0)},
        {"start": at(1), "end": at(1)},
        {"start": at(2), "end": at(1)},
        {"start": datetime(2024, 5, 1), "end": at(1)},  # noqa: DTZ001 - the point
        {"start": at(1), "end": datetime(2024, 5, 2)},  # noqa: DTZ001
        {"start": at(0), "end": datetime.max.replace(tzinfo=UTC)},
        {"start": datetime.min.replace(tzinfo=timezone(timedelta(hours=9))), "end": at(1)},
        {"tag": "lab"},
        {"limit": 0},
        {"limit": -1},
    ],
)
@pytest.mark.parametrize("kind", [DataPlatformClient, AsyncDataPlatformClient])
def test_window_that_makes_no_sense_is_refused_at_once(kind: Any, arguments: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        kind(ORIGIN, token="t").observations(DEVICE_ID, **arguments)


@pytest.mark.parametrize(
    ("body", "error", "field"),
    [
        ("<h1>Back soon</h1>", NotJson, ""),
        ("", NotJson, ""),
        ('{"observations":[', NotJson, ""),
        ('{"observations":[{"timestamp":"2024-05-01T12:00:00Z","a":NaN}]}', NotJson, ""),
        ("[" * 100_000, NotJson, ""),
        ("[]", UnexpectedResponse, "observations"),
        ("{}", UnexpectedResponse, "observations"),
        ('{"observations":{}}', UnexpectedResponse, "observations"),
        ('{"observations":[7]}', UnexpectedResponse, "observations[0]"),
        ('{"observations":[{}]}', UnexpectedResponse, "observations[0].timestamp"),
        ('{"observations":[{"timestamp":7}]}', UnexpectedResponse, "observations[0].timestamp"),
        ('{"observations":[{"timestamp":"noon"}]}', UnexpectedResponse, "observations[0].timestamp"),
        (
            '{"observations":[{"timestamp":"0001-01-01T00:00:00+09:00"}]}',
            UnexpectedResponse,
            "observations[0].timestamp",
        ),
    ],
)
def test_answer_of_another_shape_names_the_place(
    face: Face, vendor: FakeVendor, body: str, error: type[UnexpectedResponse], field: str
) -> None:
    vendor.faults.extend([None, answering(200, text=body)])
    with pytest.raises(UnexpectedResponse) as caught:
        face("observations", DEVICE_ID)
    assert (type(caught.value), caught.value.field) == (error, field)


@given(st.text() | st.binary().map(lambda raw: raw.decode("latin-1")))
def test_any_body_is_a_page_or_an_error(body: str) -> None:
    response = httpx.Response(200, content=body.encode("utf-8", "surrogatepass"))
    try:
        assert isinstance(read_page(response, Call("GET", "/x"), DEVICE_ID), list)
    except UnexpectedResponse as error:
        assert error.path == "/x"  # noqa: PT017 - some draws are good


def test_values_come_as_they_are_with_their_text(face: Face, vendor: FakeVendor) -> None:
    raw = (
        '{"timestamp":"2024-05-01T12:00:10.250Z", "temperature" : "22.1","big":123456789012345678901234567890,'
        '"fine":0.1234567890123456789,"accelerometer":{"x":0.01,"y":-0.99},"a key":[1.0,null,true],"deviceId":"own"}'
    )
    vendor.stored[DEVICE_ID] = [raw]
    (found,) = face("observations", DEVICE_ID)
    assert found.raw == raw
    assert (found.device_id, found.timestamp) == (DEVICE_ID, at(10.25))
    assert found.values == {
        "temperature": "22.1",
        "big": 123456789012345678901234567890,
        "fine": Decimal("0.1234567890123456789"),
        "accelerometer": {"x": 0.01, "y": -0.99},
        "a key": [1.0, None, True],
        "deviceId": "own",
    }


@pytest.mark.parametrize(("tags", "expected"), [(["a", 7, "b"], ("a", "b")), ("a", ("a",)), (None, ()), ({}, ())])
def test_tags_are_read_in_every_form(tags: Any, expected: tuple[str, ...]) -> None:
    assert Observation(None, at(0), {"tags": tags}, "").tags == expected
    assert Observation(None, at(0), {}, "").tags == ()


def test_observations_of_a_solution_say_whose_they_are(face: Face, vendor: FakeVendor) -> None:
    vendor.stored["other"] = []
    fill(vendor, 3)
    vendor.arrive(at(1.5), "other", number=10)
    found = face("observations", None, at(0), at(60))
    assert [(each.device_id, each["number"]) for each in found] == [
        (DEVICE_ID, 2), ("other", 10), (DEVICE_ID, 1), (DEVICE_ID, 0),
    ]  # fmt: skip
    assert all("deviceId" not in each.values for each in found)


def test_latest_is_one_of_each_device_also_where_the_platform_gives_more(face: Face, vendor: FakeVendor) -> None:
    vendor.stored["other"] = []
    fill(vendor, 3)
    vendor.arrive(at(1), "other", number=10)
    vendor.page_size = 1
    latest = face("latest")
    assert sorted((each.device_id, each["number"]) for each in latest) == [(DEVICE_ID, 2), ("other", 10)]
    body = (
        '{"observations":[{"timestamp":"2024-05-01T12:00:01Z","deviceId":"a"},{"timestamp":"2024-05-01T12:00:02Z",'
        '"deviceId":"a"},{"timestamp":"2024-05-01T12:00:00Z"},{"timestamp":"2024-05-01T12:00:00Z"}]}'
    )
    vendor.faults.append(answering(200, text=body))
    assert [(each.device_id, each.timestamp) for each in face("latest")] == [("a", at(2)), (None, at(0)), (None, at(0))]


def test_solution_that_is_none_yet_has_nothing(face: Face) -> None:
    assert face("latest", solution="fresh") == []
    assert face("observations", None, at(0), at(60), solution="fresh") == []


def test_device_that_is_none_is_an_error(face: Face) -> None:
    with pytest.raises(NotFound):
        face("observations", "nobody")


def test_complaint_of_the_vendor_is_told(face: Face, vendor: FakeVendor) -> None:
    vendor.faults.extend([None, answering(400, json={"message": "unknown after"})])
    with pytest.raises(BadRequest, match="400 unknown after"):
        face("observations", DEVICE_ID)


MOMENTS = st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=45))]))


@given(MOMENTS)
def test_time_that_is_posted_is_read_back(moment: datetime) -> None:
    try:
        text = timestamp_text(moment, "timestamp")
    except UsageError:
        return  # beyond the calendar
    assert text.endswith("Z")
    node = Node(Call("GET", "/"), 200, {"timestamp": text})
    read = read_observation(node, "", DEVICE_ID).timestamp
    assert (read, microseconds(read)) == (moment, microseconds(moment))


@pytest.mark.parametrize("text", ["2024-05-01T12:00:00", "2024-05-01T14:00:00+02:00", "20240501T120000Z"])
def test_time_in_any_form_is_that_moment(text: str) -> None:
    assert read_observation(Node(Call("GET", "/"), 200, {"timestamp": text}), "", None).timestamp == at(0)


# In


def bodies(vendor: FakeVendor) -> list[Any]:
    return [json.loads(request.content)["observations"] for request in vendor.asked()]


def test_post_sends_times_and_values_as_they_are(face: Face, vendor: FakeVendor) -> None:
    given = [
        {"timestamp": at(0.25), "temperature": 21.8, "exact": Decimal("0.1234567890123456789"), "big": 10**30},
        {"timestamp": "2024-05-01T12:00:01Z", "nested": {"x": [1, None]}, "naïve": "ünïcödé \U0001f321"},
        {"timestamp": at(0.000001)},
    ]
    assert face("post", DEVICE_ID, given) == 3
    (request,) = vendor.asked()
    assert (request.method, request.url.path, request.headers["Content-Type"]) == ("POST", HOME, "application/json")
    assert b'"exact":0.1234567890123456789,"big":1000000000000000000000000000000' in request.content
    assert [each["timestamp"] for each in bodies(vendor)[0]] == [
        "2024-05-01T12:00:00.250Z", "2024-05-01T12:00:01Z", "2024-05-01T12:00:00.000001Z",
    ]  # fmt: skip
    assert face("observations", DEVICE_ID)[0].values == {"nested": {"x": [1, None]}, "naïve": "ünïcödé \U0001f321"}


def test_what_was_read_can_be_posted_again(face: Face, vendor: FakeVendor) -> None:
    vendor.stored["other"] = []
    fill(vendor, 3)
    assert face("post", "other", face("observations", DEVICE_ID)) == 3
    copied = face("observations", "other")
    assert [each.values for each in copied] == [each.values for each in face("observations", DEVICE_ID)]


@pytest.mark.parametrize(
    ("wrong", "place"),
    [
        ({"timestamp": at(1), "t": float("nan")}, "observations[2].t"),
        ({"timestamp": at(1), "t": [float("inf")]}, "observations[2].t[0]"),
        ({"temperature": 1}, "observations[2]"),
        ({"timestamp": datetime(2024, 5, 1)}, "observations[2].timestamp"),  # noqa: DTZ001 - the point
        ({"timestamp": "noon"}, "observations[2].timestamp"),
        ({"timestamp": 7}, "observations[2].timestamp"),
        ({"timestamp": at(1), "t": {1: 2}}, "observations[2].t"),
        ("timestamp", "observations[2]"),
        ({"timestamp": at(1), "t": "x" * 10_000_000}, "observations[2]"),
    ],
)
def test_one_wrong_observation_is_named_and_nothing_is_sent(
    face: Face, vendor: FakeVendor, wrong: Any, place: str
) -> None:
    with pytest.raises(UsageError) as caught:
        face("post", DEVICE_ID, [{"timestamp": at(0)}, {"timestamp": at(0)}, wrong])
    assert str(caught.value).startswith(f"{place}: ")
    assert vendor.requests == []


def test_nothing_to_post_is_not_posted(face: Face, vendor: FakeVendor) -> None:
    assert face("post", DEVICE_ID, []) == 0
    assert vendor.requests == []


def stream(count: int) -> Iterator[dict[str, Any]]:
    for number in range(count):
        yield {"timestamp": at(number), "number": number}


def test_many_are_posted_in_parts(face: Face, vendor: FakeVendor) -> None:
    vendor.page_size = 5_000
    told: list[int] = []
    assert face("post", DEVICE_ID, stream(2_500), on_accepted=told.append) == 2_500
    assert [len(body) for body in bodies(vendor)] == [1_000, 1_000, 500]
    assert told == [1_000, 2_000, 2_500]
    assert numbers(face("observations", DEVICE_ID)) == list(range(2_499, -1, -1))


def test_large_ones_are_posted_in_parts_under_ten_megabytes(face: Face, vendor: FakeVendor) -> None:
    large = [{"timestamp": at(number), "text": "x" * 3_000_000} for number in range(7)]
    vendor.faults.extend([None, *[answering(201, json={})] * 3])
    assert face("post", DEVICE_ID, large) == 7
    assert [len(request.content) < 10_000_000 for request in vendor.asked()] == [True] * 3


@pytest.mark.parametrize("fault", [answer_lost, status(503), status(504)], ids=["lost", "503", "504"])
def test_post_is_at_least_once_unless_told_otherwise(make_face: MakeFace, vendor: FakeVendor, fault: Any) -> None:
    one = [{"timestamp": at(0), "number": 1}]
    vendor.faults.extend([None, fault])
    assert make_face()("post", DEVICE_ID, one) == 1
    assert len(vendor.stored[DEVICE_ID]) == 1
    vendor.requests.clear()
    vendor.faults.extend([None, fault])
    with pytest.raises((NetworkError, ServerError)):
        make_face(resend=False)("post", DEVICE_ID, one)
    assert len(vendor.asked()) == 1


def test_resend_is_what_it_says_where_the_platform_keeps_both(make_face: MakeFace, vendor: FakeVendor) -> None:
    vendor.keeps_both = True
    vendor.faults.extend([None, answer_lost])
    make_face()("post", DEVICE_ID, [{"timestamp": at(0), "number": 1}])
    assert len(vendor.stored[DEVICE_ID]) == 2


def test_post_that_never_left_is_sent_again_in_any_case(make_face: MakeFace, vendor: FakeVendor) -> None:
    vendor.faults.extend([None, no_connection, status(429)])
    assert make_face(resend=False)("post", DEVICE_ID, [{"timestamp": at(0)}]) == 1
    assert len(vendor.stored[DEVICE_ID]) == 1


def test_post_that_fails_on_the_way_says_how_far_it_came(face: Face, vendor: FakeVendor) -> None:
    told: list[int] = []
    vendor.faults.extend([None, None, status(400)])
    with pytest.raises(BadRequest) as caught:
        face("post", DEVICE_ID, stream(2_500), on_accepted=told.append)
    assert caught.value.__notes__ == ["before that, 1,000 of 2,500 observations were accepted"]
    assert told == [1_000]


@pytest.mark.parametrize("code", [200, 201, 204])
def test_any_success_of_a_post_is_one_whatever_its_body(face: Face, vendor: FakeVendor, code: int) -> None:
    vendor.faults.extend([None, answering(code, text="")])
    assert face("post", DEVICE_ID, [{"timestamp": at(0)}]) == 1


@pytest.mark.parametrize("code", [202, 302, 404, 413, 418])
def test_any_other_status_of_a_post_is_none(face: Face, vendor: FakeVendor, code: int) -> None:
    vendor.faults.extend([None, status(code)])
    with pytest.raises(ClientError):
        face("post", DEVICE_ID, [{"timestamp": at(0)}])


def test_two_programs_post_and_poll_through_renewals_and_lose_nothing(vendor: FakeVendor, clock: FakeClock) -> None:
    fault: Callable[..., Any] = answer_lost
    with client_of(vendor, clock) as poster, client_of(vendor, clock) as poller:
        for number in range(60):
            if number % 7 == 3:
                vendor.revoke()
            if number % 11 == 5:
                vendor.faults.append(fault)
            poster.post(DEVICE_ID, [{"timestamp": at(number), "number": number}])
            clock.now += 200
            assert numbers(list(poller.observations(DEVICE_ID))) == list(range(number, -1, -1))
