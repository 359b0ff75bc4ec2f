"""Lists that come in pages, should the vendor ever serve them: all pages, each once, and never from anybody else."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from tests.clients.inode.fake_vendor import API_KEY, LINKS, SENSOR_LINK, FakeVendor

from vendorlab.clients.core import operations
from vendorlab.clients.inode import NotFound, UnexpectedResponse

if TYPE_CHECKING:
    from tests.clients.django_fake import Fault, Handler
    from tests.clients.faces import Face, MakeFace


@pytest.fixture
def face(make_face: MakeFace) -> Face:
    """A client with a key, so that every request is for a page."""
    return make_face(api_key=API_KEY)


def links(*keys: int) -> list[dict[str, Any]]:
    return [SENSOR_LINK | {"id": key} for key in keys]


def ids(found: list[Any]) -> list[int]:
    return [link.id for link in found]


def queries(vendor: FakeVendor) -> list[str]:
    return [request.url.raw_path.decode() for request in vendor.requests]


@pytest.mark.parametrize("count", [0, 1, 2, 3, 7])
def test_pages_are_followed_to_the_last(face: Face, vendor: FakeVendor, count: int) -> None:
    vendor.page_size, vendor.links = 2, links(*range(count))
    assert ids(face("links")) == list(range(count))
    pages = max(1, -(-count // 2))
    assert queries(vendor) == [LINKS, *(f"{LINKS}?page={number}" for number in range(2, pages + 1))]


@pytest.mark.parametrize(
    "origin", ["http://vendor.test", "https://vendor.test", "http://vendor.test:80", "https://vendor.test:80"]
)
def test_scheme_of_next_is_not_trusted(face: Face, vendor: FakeVendor, origin: str) -> None:
    vendor.page_size, vendor.links, vendor.origin = 2, links(1, 2, 3), origin
    assert ids(face("links")) == [1, 2, 3]
    assert {request.url.scheme for request in vendor.requests} == {"http"}


def test_vendor_behind_tls_that_writes_http_is_followed_over_tls(make_face: MakeFace, vendor: FakeVendor) -> None:
    vendor.page_size, vendor.links = 2, links(1, 2, 3)
    face = make_face(base_url="https://vendor.test", api_key=API_KEY)
    assert ids(face("links")) == [1, 2, 3]
    assert {(request.url.scheme, request.url.port) for request in vendor.requests} == {("https", None)}


@pytest.mark.parametrize(
    "origin",
    [
        "http://elsewhere.test",
        "//elsewhere.test",
        "http://vendor.test:8080",
        "http://vendor.test.elsewhere.test",
        "http://vendor.test@elsewhere.test",
        "http://ada:pw@vendor.test",
        "ftp://vendor.test",
        "http://vendor.test//elsewhere.test",
    ],
)
def test_other_origin_is_not_followed(face: Face, vendor: FakeVendor, origin: str) -> None:
    vendor.page_size, vendor.links, vendor.origin = 2, links(1, 2, 3), origin
    with pytest.raises(UnexpectedResponse, match="next: leads to another origin") as caught:
        face("links")
    assert caught.value.field == "next"
    assert queries(vendor) == [LINKS]


@pytest.mark.parametrize(
    ("link", "path"),
    [
        ("?page=2", f"{LINKS}?page=2"),
        (f"{LINKS}?page=2&tag=a%2Bb&tag=c", f"{LINKS}?page=2&tag=a%2Bb&tag=c"),
        ("http://vendor.test/api/v2/links/?cursor=cD0y", "/api/v2/links/?cursor=cD0y"),
    ],
)
def test_path_and_query_of_next_are_kept(face: Face, vendor: FakeVendor, link: str, path: str) -> None:
    last = {"next": None, "results": links(2)}
    vendor.faults.extend([answering({"next": link, "results": links(1)}), answering(last)])
    assert ids(face("links")) == [1, 2]
    assert queries(vendor)[1] == path


def test_path_in_front_of_the_api_is_not_doubled(make_face: MakeFace, vendor: FakeVendor) -> None:
    first = {"next": f"http://vendor.test/city{LINKS}?page=2", "results": links(1)}
    second = {"next": f"http://vendor.test{LINKS}?page=3", "results": links(2)}  # a proxy may hide it from the vendor
    vendor.faults.extend([answering(first), answering(second), answering({"next": None, "results": links(3)})])
    assert ids(make_face(base_url="http://vendor.test/city", api_key=API_KEY)("links")) == [1, 2, 3]
    assert queries(vendor) == [f"/city{LINKS}", f"/city{LINKS}?page=2", f"/city{LINKS}?page=3"]


@pytest.mark.parametrize("link", ["http://[", "http://vendor.test:port/", "\ud800", "http://vendor.test/\x00"])
def test_next_that_is_no_url_is_unexpected(face: Face, vendor: FakeVendor, link: str) -> None:
    vendor.faults.append(answering({"next": link, "results": links(1)}))
    with pytest.raises(UnexpectedResponse, match="next: not a URL"):
        face("links")


@pytest.mark.parametrize("link", [LINKS, "?page=2"])
def test_pages_that_lead_in_a_circle_are_unexpected(face: Face, vendor: FakeVendor, link: str) -> None:
    circle = answering({"next": link, "results": links(1)})
    vendor.faults.extend([circle] * 9)
    with pytest.raises(UnexpectedResponse, match="next: leads to a page that was there before"):
        face("links")
    assert len(vendor.requests) <= 2


def test_pages_without_end_are_unexpected(face: Face, vendor: FakeVendor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "PAGES", 20)
    vendor.page_size, vendor.links = 1, links(*range(21))
    with pytest.raises(UnexpectedResponse, match=r"next: leads .* on without end"):
        face("links")
    assert len(vendor.requests) == 20


def test_item_that_moved_to_a_later_page_counts_once_as_last_seen(face: Face, vendor: FakeVendor) -> None:
    moved = {"next": None, "results": [*links(3), SENSOR_LINK | {"id": 2, "name": "Renamed"}]}
    vendor.faults.extend([answering({"next": "?page=2", "results": links(1, 2)}), answering(moved)])
    found = face("links")
    assert ids(found) == [1, 2, 3]
    assert found[1].name == "Renamed"


def test_page_that_went_away_starts_the_walk_anew(face: Face, vendor: FakeVendor) -> None:
    def shrink(request: httpx.Request, handler: Handler) -> httpx.Response:
        vendor.links = links(2, 3)
        return handler(request)

    vendor.page_size, vendor.links = 2, links(1, 2, 3)
    vendor.faults.extend([None, shrink])
    assert ids(face("links")) == [2, 3]
    assert queries(vendor) == [LINKS, f"{LINKS}?page=2", LINKS]


def test_pages_that_always_go_away_are_reported(face: Face, vendor: FakeVendor) -> None:
    gone = answering({"detail": "Invalid page."}, 404)
    vendor.page_size, vendor.links = 2, links(1, 2, 3)
    vendor.faults.extend([None, gone] * 9)
    with pytest.raises(NotFound, match="Invalid page"):
        face("links")
    assert len(vendor.requests) == 6


def test_list_that_is_not_there_is_asked_for_once(face: Face, vendor: FakeVendor) -> None:
    vendor.faults.append(answering({"detail": "Not found."}, 404))
    with pytest.raises(NotFound):
        face("links")
    assert len(vendor.requests) == 1


def answering(body: Any, code: int = 200) -> Fault:
    headers = {"Content-Type": "application/json"}
    return lambda request, handler: httpx.Response(code, content=json.dumps(body), headers=headers)
