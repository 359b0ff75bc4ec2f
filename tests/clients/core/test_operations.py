"""Lists in pages: whatever a `next` says, nobody but the vendor is asked. The rest is tested with iNode's client."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
from hypothesis import example, given
from hypothesis import strategies as st

from vendorlab.clients.core.errors import UnexpectedResponse
from vendorlab.clients.core.operations import Listing
from vendorlab.clients.core.reading import Node
from vendorlab.clients.core.steps import Call, request_of

if TYPE_CHECKING:
    from vendorlab.clients.core.steps import Steps

BASES = ("https://vendor.test", "http://vendor.test:8080/city", "http://[::1]:7072")
PIECES = (
    "http:",
    "https:",
    "//",
    "/",
    "\\",
    "vendor.test",
    "elsewhere.test",
    ":8080",
    "@",
    "?page=2",
    "#",
    "..",
    "%2F",
)
LINKS = st.text() | st.lists(st.sampled_from(PIECES) | st.characters(), max_size=8).map("".join)


def asked(base_url: str, link: str) -> list[Call]:
    """Walk over a list whose first page has such a `next`, and give the calls that were made."""
    calls: list[Call] = []

    def ask(call: Call) -> Steps[Node]:
        calls.append(call)
        body: Any = {"next": link, "results": []} if len(calls) == 1 else []
        return Node(call, 200, body)
        yield

    listing = Listing(Call("GET", "/api/v1/links/"), base_url, Node.integer, lambda number: number)
    try:
        next(listing.steps(ask))
    except StopIteration as end:
        assert end.value == []  # noqa: PT017 - it carries the result
    return calls


@given(base_url=st.sampled_from(BASES), link=LINKS)
@example(BASES[0], "http://vendor.test//elsewhere.test/")
@example(BASES[0], "http://vendor.test/\\elsewhere.test/")
@example(BASES[0], "//////")
@example(BASES[1], "http://vendor.test:8080/city//elsewhere.test/")
@example(BASES[1], "?page=2")
def test_whatever_next_says_it_is_asked_of_the_vendor_or_refused(base_url: str, link: str) -> None:
    try:
        *_, last = asked(base_url, link)
    except UnexpectedResponse as error:
        assert error.field == "next"  # noqa: PT017 - many draws are good
        return
    with httpx.Client(base_url=base_url, trust_env=False) as client:
        url, home = request_of(client, last).url, client.base_url
    assert (url.scheme, url.host, url.port, url.userinfo) == (home.scheme, home.host, home.port, b"")
    assert url.path.startswith(home.path)


@given(base_url=st.sampled_from(BASES), page=st.integers(2), tag=st.text(st.characters(codec="ascii"), max_size=5))
def test_query_of_next_arrives_as_the_vendor_wrote_it(base_url: str, page: int, tag: str) -> None:
    query = httpx.QueryParams([("page", str(page)), ("tag", tag), ("tag", "c")])
    first, second = asked(base_url, f"{base_url}/api/v1/links/?{query}")
    assert (second.path, second.params) == (first.path, query)
