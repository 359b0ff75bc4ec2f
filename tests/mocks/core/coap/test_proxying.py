"""What a proxy must look at before it forwards: RFC 7252, section 5.7; RFC 8768."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.mocks.core.coap.support import Side, get, path

from vendorlab.mocks.core.coap.codes import Code, Type
from vendorlab.mocks.core.coap.options import Option, Options
from vendorlab.mocks.core.coap.response import Response
from vendorlab.mocks.core.coap.rules import next_hop_limit
from vendorlab.mocks.core.coap.uri import proxy_target

if TYPE_CHECKING:
    from vendorlab.mocks.core.coap.exchange import Exchange
    from vendorlab.mocks.core.coap.message import Message

URI = Options([(Option.PROXY_URI, "coap://dev/a?b")])
SCHEME = path("a", uri_query="b", uri_host="dev", proxy_scheme="coap")


def forward(request: Message, _exchange: Exchange) -> Response:
    return Response(Code.CONTENT, proxy_target(request.options, "here").uri.encode())


@pytest.fixture
def proxy() -> Side:
    return Side(forward, proxy=True)


@pytest.mark.parametrize("options", [URI, SCHEME])
def test_who_is_no_proxy_refuses_with_5_05(options: Options) -> None:
    assert Side().only(get(options=options)).code == Code.PROXYING_NOT_SUPPORTED


@pytest.mark.parametrize("options", [URI, SCHEME])
def test_proxy_is_asked_for_one_target_both_ways(proxy: Side, options: Options) -> None:
    assert proxy.only(get(options=options)).payload == b"coap://dev/a?b"


@pytest.mark.parametrize("options", [URI, SCHEME])
@pytest.mark.parametrize("number", [2051, 2050, 9 | 2])
@pytest.mark.parametrize("type_", [Type.CON, Type.NON])
def test_unsafe_option_that_is_not_understood_is_refused(
    proxy: Side, options: Options, number: int, type_: Type
) -> None:
    """Section 5.7.1: critical or not, and 4.02 even where an origin would reject."""
    bad = options.with_((number, b"\xff\xff")) if number == 11 else options.with_((number, b"x"))
    assert proxy.only(get(options=bad, type_=type_)).code == Code.BAD_OPTION


@pytest.mark.parametrize("number", [2049, 2052, 1, 5, 124, 189])
def test_safe_option_that_is_not_understood_is_no_reason_to_refuse(proxy: Side, number: int) -> None:
    assert proxy.only(get(options=URI.with_((number, b"")))).code == Code.CONTENT


@pytest.mark.parametrize(("limit", "code"), [(0, Code.BAD_REQUEST), (1, Code.HOP_LIMIT_REACHED), (2, Code.CONTENT)])
def test_hop_limit_is_heeded_by_a_proxy(proxy: Side, limit: int, code: Code) -> None:
    options = URI.with_((Option.HOP_LIMIT, bytes([limit])))
    assert proxy.only(get(options=options)).code == code


def test_hop_limit_is_no_business_of_an_origin() -> None:
    assert Side().only(get(options=Options([(Option.HOP_LIMIT, 1)]))).code == Code.CONTENT


def test_hop_limit_goes_down_from_sixteen_when_there_is_none() -> None:
    assert next_hop_limit(URI) == 15
    assert next_hop_limit(Options([(Option.HOP_LIMIT, 255)])) == 254


@pytest.mark.parametrize("uri", ["coap://", "dev/a", "coap://h#f", "coap://h:99999/"])
def test_uri_that_cannot_be_split_is_refused_with_4_00(proxy: Side, uri: str) -> None:
    assert proxy.only(get(options=Options([(Option.PROXY_URI, uri)]))).code == Code.BAD_REQUEST
