"""One answer whichever way in: the direct lane, the Flask lane and the transport in process agree to the byte."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import httpx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.mocks.support import Caller, Wire, make_world, request

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vendorlab.mocks.core.world import World

Exchange = tuple[str, str, dict[str, str], bytes]
Shown = tuple[int, list[tuple[str, str]], bytes]

FORM = "application/x-www-form-urlencoded"
SETTINGS = {
    "editing": True,
    "throttle_before_auth": True,
    "minute_limit": 40,
    "anonymous_limit": 30,
    "refresh_grace": 3,
}
"""Small limits, so that refusals by them are met too."""


class Lanes:
    """Three worlds of one seed, each asked in its own way."""

    def __init__(self, profile: str) -> None:
        self.worlds = [make_world(profile=profile, settings=SETTINGS, direct=direct) for direct in (True, False, True)]
        self.wires = [Wire(world.listen("scanalytics")) for world in self.worlds[:2]]
        self.transport = self.worlds[2].transport("scanalytics")
        callers = [Caller(world) for world in self.worlds]
        self.caller = callers[0]
        pairs = [caller.login(scope="read write") for caller in callers]
        assert pairs[0] == pairs[1] == pairs[2]
        self.pair = pairs[0]

    def close(self) -> None:
        for wire in self.wires:
            wire.close()
        for world in self.worlds:
            world.stop()

    def ask(self, exchange: Exchange) -> list[Shown]:
        return [*(self._over(number, exchange) for number in range(2)), self._in_process(exchange)]

    def advance(self, seconds: int) -> None:
        for world in self.worlds:
            world.clock.advance(seconds)

    def _over(self, number: int, exchange: Exchange) -> Shown:
        method, target, headers, body = exchange
        answer = self.wires[number].ask(request(method, target, headers, body), method=method)
        return answer.status, sorted((name.lower(), value) for name, value in answer.headers), answer.body

    def _in_process(self, exchange: Exchange) -> Shown:
        method, target, headers, body = exchange
        url = httpx.URL("http://scanalytics.example").copy_with(raw_path=target.encode())
        raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        answer = self.transport.handle_request(httpx.Request(method, url, headers=raw, content=body))
        answer.read()
        return answer.status_code, sorted(answer.headers.multi_items()), answer.content

    def journals(self) -> list[list[dict[str, Any]]]:
        return [story(world) for world in self.worlds]


def story(world: World) -> list[dict[str, Any]]:
    """The journal without what real time adds."""
    entries = [entry.as_json() for entry in world.journal.find()]
    for entry in entries:
        del entry["duration"]
    return entries


@pytest.fixture(scope="module", params=["legacy", "modern"])
def lanes(request: pytest.FixtureRequest) -> Iterator[Lanes]:
    made = Lanes(str(request.param))
    yield made
    made.close()


METHODS = st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"])
KEYS = st.sampled_from(["", "ZZZZZ", "D-000001", "list", "%20", "%C3%A9", "a%2Fb", "%FF", "~", "x" * 300])
FIXED = [
    "/o/token/",
    "/o/revoke_token/",
    "/o/applications/",
    *(f"/{version}/{path}" for version in ("v1", "v2") for path in ("whoami", "deployment/list", "array/list")),
    "/v1/device/list",
]
PATHS = st.one_of(
    st.sampled_from(FIXED),
    st.sampled_from(FIXED).map(lambda path: path.rstrip("/")),
    st.sampled_from(FIXED).map(lambda path: path + "/"),
    st.sampled_from(FIXED).map(lambda path: path.replace("/", "//", 1)),
    st.sampled_from(FIXED).map(lambda path: path.replace("o", "%6F")),
    st.builds("/v1/{}/{}".format, st.sampled_from(["deployment", "array", "device", "nothing"]), KEYS),
    st.builds("/v2/aggregate/{}/{}/{}".format, KEYS, st.sampled_from(["visits", "smell"]), KEYS),
    st.sampled_from(
        ["/", "//", "/%2E", "/v1/%2E%2E/whoami", "/%00", "/%E2%82%AC", "/o", "/favicon.ico", "/v1/whoami;x=1"]
    ),
)
QUERIES = st.one_of(
    st.just(""),
    st.sampled_from(
        [
            "?",
            "?format=xml",
            "?format=json",
            "?x=%zz",
            "?access_token=TOKEN",
            "?access_token=nonsense",
            "?access_token=",
            "?a&b&&=c",
            "?a=1;b=2",
            "?+=+",
            "?%C3%A9=%FF",
            "?a=" + "x" * 5_000,
            "?" + "&".join(f"f{number}" for number in range(1_001)),
        ]
    ),
)
ACCEPTS = st.sampled_from(
    [
        "*/*",
        "application/json; indent=4",
        "application/json;indent=0",
        "text/html",
        "image/png",
        "application/xml",
        ",",
        ";",
        "a/b;c=d, application/*;q=0",
        "\xe9",
    ]
)
AUTHORIZATIONS = st.sampled_from(
    [
        "Bearer TOKEN",
        "bearer TOKEN",
        "Bearer  TOKEN",
        "Bearer",
        "Bearer x",
        "Token TOKEN",
        "Basic eDp5",
        "Basic !",
        "Bearer TOKEN TOKEN",
        "\xff\xfe",
    ]
)
HEADERS = st.fixed_dictionaries(
    {},
    optional={"Accept": ACCEPTS, "Authorization": AUTHORIZATIONS, "X-Forwarded-For": st.sampled_from(["::1", "a, b"])},
)
BODIES: st.SearchStrategy[tuple[str | None, bytes]] = st.one_of(
    st.just((None, b"")),
    st.tuples(st.sampled_from([FORM, "text/plain", "application/json", FORM.upper()]), st.binary(max_size=60)),
    st.tuples(
        st.just(FORM),
        st.sampled_from(
            [
                b"access_token=TOKEN",
                b"grant_type=password",
                b"grant_type=refresh_token&refresh_token=x&client_id=CLIENT",
                b"grant_type=password&username=USER&password=wrong&client_id=CLIENT",
                b"grant_type=client_credentials&client_id=CLIENT",
                b"token=x&client_id=CLIENT",
                b"&".join(b"f%d=1" % number for number in range(1_001)),
            ]
        ),
    ),
    st.tuples(st.just("application/json"), st.sampled_from([b'{"name": "New"}', b"[]", b"{", b'{"name": ""}'])),
    st.tuples(
        st.sampled_from(
            [
                "multipart/form-data; boundary=b",
                "multipart/form-data",
                'multipart/form-data; boundary="b"; charset=x',
                "multipart/mixed; boundary=b",
            ]
        ),
        st.sampled_from(
            [
                b'--b\r\nContent-Disposition: form-data; name="access_token"\r\n\r\nTOKEN\r\n--b--\r\n',
                b'--b\r\nContent-Disposition: form-data; name="f"; filename="x"\r\n\r\nfile\r\n--b--\r\n',
                b"--b\r\nnonsense",
                b"--b--",
            ]
        ),
    ),
)


@st.composite
def exchanges(draw: st.DrawFn) -> Exchange:
    method, target, headers = draw(METHODS), draw(PATHS) + draw(QUERIES), dict(draw(HEADERS))
    content_type, body = draw(BODIES)
    if content_type is not None:
        headers["Content-Type"] = content_type
    return method, target, headers, body


@settings(max_examples=250)
@example(exchange=("GET", "//o/token/", {}, b""), pause=0)
@given(exchange=exchanges(), pause=st.sampled_from([0, 0, 0, 1, 30]))
def test_all_lanes_give_the_same_answer_and_the_same_story(lanes: Lanes, exchange: Exchange, pause: int) -> None:
    method, target, headers, body = exchange
    known = {
        "TOKEN": lanes.pair["access_token"],
        "CLIENT": lanes.caller.credentials["client_id"],
        "USER": quote(lanes.caller.credentials["username"]),
    }
    for word, value in known.items():
        target = target.replace(word, value)
        headers = {name: text.replace(word, value) for name, text in headers.items()}
        body = body.replace(word.encode(), value.encode())
    lanes.advance(pause)
    for world in lanes.worlds:
        world.journal.restart()
    direct, flask, in_process = lanes.ask((method, target, headers, body))
    assert direct == flask
    assert in_process == direct
    direct_story, flask_story, in_process_story = lanes.journals()
    assert direct_story == flask_story == in_process_story
    assert len(direct_story) == 1
    entry = direct_story[0]
    assert entry["status"] == direct[0]
    assert entry["cause"] != "defect"
    assert b"Traceback" not in direct[2]
    assert known["TOKEN"] not in json.dumps(entry)


def test_every_route_answers_a_good_request_the_same_on_all_lanes(lanes: Lanes) -> None:
    """With keys that exist, so that the handlers themselves are reached."""
    lanes.advance(3_600)
    estate = lanes.caller.vendor.backend.estate
    keys = {
        "deployment": next(iter(estate.deployments)),
        "array": next(iter(estate.arrays)),
        "device": next(iter(estate.devices)),
    }
    site = lanes.caller.vendor.faces[0].site
    assert site is not None
    for route in site.routes:
        kind = route.operation.partition("-")[0]
        path = route.path.replace("<key>", keys.get(kind, keys["array"])).replace("<bucket>", "15m")
        if kind == "aggregate":
            path += "?start=2026-03-01T12:45:00&end=2026-03-08T16:45:00&timezone=America/Chicago"
        exchange = ("GET", path, {"Authorization": f"Bearer {lanes.pair['access_token']}"}, b"")
        answers = lanes.ask(exchange)
        assert answers[0] == answers[1] == answers[2]
        expected = {"token": 405, "revoke-token": 405, "applications": 302}.get(route.operation, 200)
        assert answers[0][0] == expected
