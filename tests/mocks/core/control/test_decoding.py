"""Whatever is sent: it is decoded whole or refused with its place, and nothing trips over it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.mocks.core.control.desk import Desk, detail

from vendorlab.mocks.core.actions import KINDS
from vendorlab.mocks.core.control.operations import OPERATIONS

BODIES = [(one.method, one.path) for one in OPERATIONS if one.body is not None and one.path != "/worlds"]
READS = [
    (one.path, one.refuses) for one in OPERATIONS if one.method == "GET" and "<" not in one.path and not one.blocking
]
MEMBERS = ("now", "rate", "frozen", "seconds", "name", "match", "when", "times", "action", "phase", "kind", "status",
           "seed", "vendor", "world", "story", "pace", "lease", "reason", "code", "token",
           "id", "user", "format", "version", "digest", "content", "after")  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.just("empty"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(MEMBERS), inner, max_size=4),
    max_leaves=12,
)  # fmt: skip
SHARED = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@SHARED
@given(call=st.sampled_from(BODIES), content=st.binary(max_size=64) | JSON.map(lambda data: json.dumps(data).encode()))
def test_no_body_makes_a_mistake_of_ours(desk: Desk, call: tuple[str, str], content: bytes) -> None:
    answer = desk.ask(*call, content=content)
    assert answer.status < 500
    if answer.status >= 300:
        assert detail(answer, answer.status)


@SHARED
@given(read=st.sampled_from(READS), query=st.text(st.characters(codec="ascii"), max_size=40))
def test_no_query_makes_a_mistake_of_ours(desk: Desk, read: tuple[str, tuple[int, ...]], query: str) -> None:
    path, refusals = read
    answer = desk.ask("GET", f"{path}?{query}")
    assert answer.status in (200, 400, *refusals)


@SHARED
@given(
    fields=st.dictionaries(
        st.sampled_from(["vendor", "status", "after", "limit", "cause", "fault", "kind"]),
        st.text(st.characters(codec="ascii", exclude_characters="&#"), max_size=24),
        max_size=3,
    )
)
def test_no_filter_makes_a_mistake_of_ours(desk: Desk, fields: dict[str, str]) -> None:
    query = "&".join(f"{name}={value}" for name, value in fields.items())
    for path in ("/journal", "/tokens"):
        assert desk.ask("GET", f"{path}?{query}").status in (200, 400)


@pytest.mark.parametrize(
    ("call", "body", "says"),
    [
        (("PUT", "/clock"), {"rate": "2"}, "in the body: Expected `float | null`, got `str` - at `$.rate`"),
        (("PUT", "/clock"), {"rat": 2},
         "in the body: Object contains unknown field `rat`; there are: now, rate, frozen"),
        (("POST", "/faults"), {"action": {"kind": "empty"}, "match": {"vendr": "slv"}},
         "in the body: Object contains unknown field `vendr` - at `$.match`"),
        (("PUT", "/clock"), {"now": "tomorrow"},
         "in the body: Invalid RFC3339 encoded datetime - at `$.now`; write it as 2026-11-21T05:00:00Z"),
        (("POST", "/faults"), {"action": {"kind": "explode"}},
         f"in the body: Invalid value 'explode' - at `$.action.kind`; there are: {', '.join(KINDS)}"),
        (("POST", "/faults"), {"action": {"kind": "empty"}, "match": {"vendor": "acme"}},
         "there is no vendor 'acme' in this world, so nothing would be struck; there are: scanalytics"),
        (("POST", "/events"), {"vendor": "scanalytics", "event": {}},
         "an event has a `kind`; there are: silence, delivery"),
        (("POST", "/clock/advance"), {}, "in the body: Object missing required field `seconds`"),
        (("POST", "/faults"), {"action": {"kind": "drip", "chunk": 0}},
         "in the body: Expected `int` >= 1 - at `$.action.chunk`"),
        (("POST", "/faults"), {"action": {"kind": "empty"}, "when": {"first": 3, "last": 2}},
         "in the body: `first` lies after `last` - at `$.when`"),
        (("PUT", "/seed"), {"seed": 2**63}, "in the body: Expected `int` <= 9223372036854775807 - at `$.seed`"),
        (("POST", "/tokens/revoke"), {"vendor": "scanalytics"},
         "in the body: give exactly one of `token`, `id` or `user`"),
    ],
    ids=str,
)  # fmt: skip
def test_refused_body_names_its_place(desk: Desk, call: tuple[str, str], body: Any, says: str) -> None:
    assert detail(desk.ask(*call, body), 400) == says


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/journal?status=ok", "in the query: Expected `int`, got `str` - at `$.status`"),
        ("/journal?limit=0", "in the query: Expected `int` >= 1 - at `$.limit`"),
        ("/journal/wait?timeout=nan", "in the query: Expected `float` >= 0.0 - at `$.timeout`"),
        ("/tokens?kind=other", "in the query: Invalid enum value 'other' - at `$.kind`"),
        ("/clock?now", "this call takes no query, and now is in it"),
        ("/journal?" + "&".join("a=1" for _ in range(1_001)), "in the query: more than 1000 fields"),
    ],
    ids=lambda value: value[:30],
)
def test_refused_query_names_its_place(desk: Desk, path: str, says: str) -> None:
    assert detail(desk.ask("GET", path), 400) == says


@pytest.mark.parametrize("depth", [500, 1_000, 5_000, 200_000])
@pytest.mark.parametrize("call", BODIES, ids=str)
def test_depth_is_bounded(desk: Desk, call: tuple[str, str], depth: int) -> None:
    """Where a document is looked into, so is that of what is in it."""
    content = b'{"content":' * depth + b"{}" + b"}" * depth
    assert desk.ask(*call, content=content).status in (400, 409)
    content = b'{"format":"vendorlab-snapshot","version":1,"digest":"x","content":' + content + b"}"
    assert desk.ask(*call, content=content).status in (400, 409)


@pytest.mark.parametrize("content", [b'{"\xff":1}', b'{"vendor":"\xc3"}', b'{"a":"\\ud800"}', b"\xff\xfe{\x00}\x00"])
@pytest.mark.parametrize("call", BODIES, ids=str)
def test_text_that_is_none_is_refused(desk: Desk, call: tuple[str, str], content: bytes) -> None:
    assert detail(desk.ask(*call, content=content), 400).startswith("in the body: ")


@pytest.mark.parametrize(
    ("kind", "status"),
    [("application/json", 200), ("application/json; charset=utf-8", 200), ("application/merge-patch+json", 200),
     ("", 415), ("text/plain", 415), ("application/x-www-form-urlencoded", 415), ("application/jsonp", 415),
     ("multipart/form-data; boundary=x", 415)],
)  # fmt: skip
def test_body_is_json_and_says_so(desk: Desk, kind: str, status: int) -> None:
    answer = desk.ask("PUT", "/seed", content=b'{"seed":9}', headers={"content-type": kind})
    assert answer.status == status
    assert desk.main.ids.seed == (9 if status == 200 else 7)


def test_no_body_needs_no_media_type_and_a_wrong_one_is_wrong(desk: Desk) -> None:
    assert desk.ask("POST", "/reset").status == 200
    assert desk.ask("POST", "/reset", headers={"content-type": "text/plain"}).status == 415
