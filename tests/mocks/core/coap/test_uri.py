"""URIs to options and back: the RFC's examples, every refusal, and properties."""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportUnknownParameterType=false, reportUnknownLambdaType=false

from __future__ import annotations

import pytest
from aiocoap import Message as Theirs
from hypothesis import assume, given
from hypothesis import strategies as st
from tests.mocks.core.coap.support import path

from vendorlab.mocks.core.coap.errors import UriError
from vendorlab.mocks.core.coap.options import NONE, Option, Options
from vendorlab.mocks.core.coap.uri import Target, proxy_target, split, target_of, uri_options


@pytest.mark.parametrize(
    ("uri", "target"),
    [
        ("coap://example.com", Target("coap", "example.com", 5683)),
        ("coap://example.com/", Target("coap", "example.com", 5683)),
        ("COAP://Example.COM:5683/%7Esensors/temp.xml", Target("coap", "example.com", 5683, ("~sensors", "temp.xml"))),
        ("coap://example.com:/%7esensors/temp.xml", Target("coap", "example.com", 5683, ("~sensors", "temp.xml"))),
        ("coaps://h/a", Target("coaps", "h", 5684, ("a",))),
        ("coap://[2001:DB8::1]:61616//%2F//?%2F%2F&?%26",
         Target("coap", "2001:db8::1", 61616, ("", "/", "", ""), ("//", "?&"))),
        ("coap://h/?", Target("coap", "h", 5683, (), ("",))),
        ("coap://h?a=1&b", Target("coap", "h", 5683, (), ("a=1", "b"))),
        ("coap://h/a/", Target("coap", "h", 5683, ("a", ""))),
        ("coap://h/a/./b/../c", Target("coap", "h", 5683, ("a", "c"))),
        ("coap://h/a/%2e%2E/..", Target("coap", "h", 5683)),
        ("coap://h/a/b/..", Target("coap", "h", 5683, ("a", ""))),
        ("coap://xn--18j4d.example/%E3%81%93", Target("coap", "xn--18j4d.example", 5683, ("こ",))),
        ("coap://198.51.100.1:61616", Target("coap", "198.51.100.1", 61616)),
        ("http://h/x", Target("http", "h", 80, ("x",))),
        ("coap://SSN001350050047dd92.SG.YEL01.SSN.SSNSGS.NET:4849/snsr/arduino/temp?sens",
         Target("coap", "ssn001350050047dd92.sg.yel01.ssn.ssnsgs.net", 4849, ("snsr", "arduino", "temp"), ("sens",))),
    ],
)  # fmt: skip
def test_uri_is_split_into_its_normal_form(uri: str, target: Target) -> None:
    assert split(uri) == target
    assert split(target.uri) == target


@pytest.mark.parametrize(
    "uri",
    [
        "", "coap", "coap:", "/a", "//h/a", "coap:/a", "coap:///a", "coap://", "coap://h/a#b", "coap://h/#",
        "coap://u@h/a", "coap://u:p@h/a", "coap://h:0/", "coap://h:65536/", "coap://h:x/", "coap://h/%", "coap://h/%4",
        "coap://h/%zz", "coap://h/a b", "coap://h/ü", "coap://[::1/", "coap://::1/", "coap://[::g]/", "coap://[1.2.3.4]/",
        "coap://h/%ff", "coap://%ff/", "coap://h/" + "x" * 256, "coap://h/?" + "x" * 256, "coap://" + "h" * 256,
        "unknown://h/", "1coap://h/", "coap://h/\n", "coap://h\\a/",
    ],
)  # fmt: skip
def test_what_is_no_uri_for_coap_is_refused(uri: str) -> None:
    with pytest.raises(UriError):
        split(uri)


hosts = st.from_regex(r"[a-z0-9]([a-z0-9.-]{0,20}[a-z0-9])?", fullmatch=True) | st.ip_addresses(v=6).map(str)
segments = st.text(max_size=20).filter(lambda text: text not in (".", ".."))


@st.composite
def targets(draw: st.DrawFn) -> Target:
    path = tuple(draw(st.lists(segments, max_size=4)))
    query = tuple(draw(st.lists(st.text(max_size=20), max_size=3)))
    assume(path != ("",))
    scheme = draw(st.sampled_from(["coap", "coaps", "http"]))
    return Target(scheme, draw(hosts), draw(st.integers(1, 65535)), path, query)


@given(targets())
def test_every_target_survives_being_written_as_a_uri(target: Target) -> None:
    assert split(target.uri) == target


@given(targets())
def test_every_target_survives_being_sent_as_options(target: Target) -> None:
    options = uri_options(target)
    assert options.unrecognised == ()
    assert (
        target_of(options, "elsewhere", {"coap": 5683, "coaps": 5684, "http": 80}[target.scheme], target.scheme)
        == target
    )


@given(st.text(max_size=60) | st.text(max_size=60).map("coap://".__add__))
def test_no_text_whatever_raises_anything_but_a_refusal(text: str) -> None:
    try:
        target = split(text)
    except UriError:
        return
    assert split(target.uri) == target


@given(targets().filter(lambda target: target.scheme == "coap"))
def test_aiocoap_sends_the_same_options(target: Target) -> None:
    assume(target.query != ("",))  # aiocoap takes an empty query for none; RFC 7252, section 6.4, has it an argument
    theirs = Theirs(code=1, uri=target.uri)
    assert theirs.opt.uri_path == target.path
    assert theirs.opt.uri_query == target.query


def test_request_to_where_it_is_sent_names_no_host() -> None:
    target = Target("coap", "192.0.2.1", 5683, ("a",), ("b",))
    assert uri_options(target, "192.0.2.1") == path("a", uri_query="b")
    assert uri_options(target._replace(port=4849), "192.0.2.1") == path("a", uri_query="b", uri_port=4849)
    assert target_of(path("a", uri_query="b"), "192.0.2.1", 5683) == target


def test_both_ways_to_ask_a_proxy_name_one_target() -> None:
    whole = Options([(Option.PROXY_URI, "coap://Dev.Example:4849/a%20b/c?x&y=%C3%BC")])
    parts = path("a b", "c", proxy_scheme="CoAP", uri_host="DEV.example", uri_port=4849).with_(
        (Option.URI_QUERY, "x"), (Option.URI_QUERY, "y=ü")
    )
    assert proxy_target(whole, "proxy") == proxy_target(parts, "proxy")
    assert proxy_target(whole, "proxy") == Target("coap", "dev.example", 4849, ("a b", "c"), ("x", "y=ü"))


def test_proxy_uri_takes_precedence_over_everything_else() -> None:
    """RFC 7252, section 5.10.2."""
    both = path("x", proxy_uri="coap://a/b", proxy_scheme="http", uri_host="c")
    assert proxy_target(both, "proxy") == Target("coap", "a", 5683, ("b",))


def test_proxy_scheme_stands_for_the_port_and_the_proxy_for_the_host() -> None:
    assert proxy_target(Options([(Option.PROXY_SCHEME, "coaps")]), "proxy") == Target("coaps", "proxy", 5684)
    with pytest.raises(UriError):
        proxy_target(Options([(Option.PROXY_SCHEME, "gopher")]), "proxy")


def test_root_may_be_written_as_one_empty_segment() -> None:
    assert target_of(path(""), "h", 5683) == target_of(NONE, "h", 5683) == Target("coap", "h", 5683)
