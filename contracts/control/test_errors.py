"""Refusals: problem+json, the right status, and a detail that names the place; nothing senseless is let through."""

from __future__ import annotations

from typing import Any

import pytest

from vendorlab.contracts.control.api import Api, World, problem
from vendorlab.contracts.core import expect

pytestmark = pytest.mark.vendorlab("control")

_BODIES = ("PUT /clock", "POST /clock/advance", "POST /faults", "POST /reset", "PUT /seed", "PUT /snapshot",
           "POST /tokens/revoke", "POST /tokens/expire")  # fmt: skip
_DEEP = 100_000


@pytest.mark.claim("control.errors.path")
@pytest.mark.parametrize(
    "path",
    ["/", "/clock/", "/Clock", "//clock", "/clock/advance/more", "/clock%2fadvance", "/worlds/main", "/worlds/main/",
     "/worlds/main/health", "/worlds/main/worlds/main/clock", "/worlds/main/clock/%2e%2e", "/state/", "/favicon.ico",
     "/%00"],
)  # fmt: skip
def test_path_that_leads_nowhere_is_not_found(api: Api, path: str) -> None:
    """With a trailing slash, too."""
    problem(api.ask("GET", path), *((405,) if path == "/worlds/main" or path.endswith("advance") else (404,)))


@pytest.mark.claim("control.errors.world")
@pytest.mark.parametrize("path", ["/clock", "/vendors", "/state", "/journal", "/snapshot", "/tokens", "/faults"])
@pytest.mark.parametrize("name", ["nowhere", "MAIN", "main%00", "-", "%F0%9F%8C%8D", "a" * 300])
def test_unknown_world_is_not_found(api: Api, path: str, name: str) -> None:
    """Names are what they are, capitals and all."""
    problem(api.get(f"/worlds/{name}{path}"), 404)


@pytest.mark.claim("control.errors.vendor")
def test_unknown_vendor_is_not_found_in_a_path_and_senseless_elsewhere(api: Api) -> None:
    """An empty one is unknown, too."""
    problem(api.get("/state/nobody"), 404)
    for vendor in ("nobody", ""):
        assert repr(vendor) in problem(api.get("/tokens", vendor=vendor), 400)


@pytest.mark.claim("control.errors.method")
@pytest.mark.parametrize(
    ("path", "allowed"),
    [("/clock", {"GET", "HEAD", "PUT"}), ("/clock/advance", {"POST"}), ("/faults", {"GET", "HEAD", "POST", "DELETE"}),
     ("/journal/wait", {"GET", "HEAD"}), ("/health", {"GET", "HEAD"}), ("/openapi.json", {"GET", "HEAD"}),
     ("/worlds/main", {"DELETE"}), ("/worlds/main/seed", {"PUT"})],
)  # fmt: skip
@pytest.mark.parametrize("method", ["PATCH", "OPTIONS", "TRACE", "PROPFIND"])
def test_method_that_is_not_there_is_not_allowed(api: Api, path: str, allowed: set[str], method: str) -> None:
    """The Allow header names those that are."""
    response = api.ask(method, path)
    problem(response, 405)
    expect.check(expect.allows(response) == allowed, response, f"Allow: {', '.join(sorted(allowed))}")


@pytest.mark.claim("control.errors.json")
@pytest.mark.needs("write")
@pytest.mark.parametrize("call", _BODIES)
@pytest.mark.parametrize(
    "content",
    [b"{", b"{]", b"nonsense", b"NaN", b'{"seconds": NaN}', b"'single'", b'{"a":1}{"b":2}', b"\xff\xfe{}",
     b'{"\xff":1}', b"[]", b"null", b"3", b'"{}"', b'{"seed": 1e999}', b'{"a":' * _DEEP + b"1" + b"}" * _DEEP,
     b"[" * _DEEP],
    ids=["half", "mismatched", "no json", "nan", "nan inside", "single quotes", "two", "utf-16", "not utf-8", "list",
         "null", "number", "text", "infinite", "deep", "deeper"],
)  # fmt: skip
def test_body_that_is_no_json_object_is_refused(world: World, call: str, content: bytes) -> None:
    """However deep, and whatever the call."""
    method, _, path = call.partition(" ")
    statuses = (400, 409) if call == "PUT /snapshot" and content.startswith(b'{"seed') else (400,)
    detail = problem(world.api.send(method, world.below + path, content), *statuses)
    assert detail.startswith("in the body: "), f"{detail!r} does not say that it is about the body"


@pytest.mark.claim("control.errors.members")
@pytest.mark.needs("write")
@pytest.mark.parametrize(
    ("call", "body", "place"),
    [
        ("PUT /clock", {"rat": 2}, "rat"),
        ("PUT /clock", {"rate": "2"}, "$.rate"),
        ("PUT /clock", {"rate": -1}, "$.rate"),
        ("PUT /clock", {"rate": 1e9}, "$.rate"),
        ("PUT /clock", {"frozen": 1}, "$.frozen"),
        ("PUT /clock", {"now": 5}, "$.now"),
        ("PUT /clock", {"now": "yesterday"}, "$.now"),
        ("PUT /clock", {"now": "2026-02-30T00:00:00Z"}, "$.now"),
        ("POST /clock/advance", {}, "seconds"),
        ("POST /clock/advance", {"seconds": True}, "$.seconds"),
        ("POST /clock/advance", {"seconds": None}, "$.seconds"),
        ("POST /clock/advance", {"seconds": 0}, "$.seconds"),
        ("POST /clock/advance", {"seconds": -1}, "$.seconds"),
        ("POST /clock/advance", {"seconds": 10**400}, "$.seconds"),
        ("POST /clock/advance", {"seconds": 1, "minutes": 1}, "minutes"),
        ("POST /faults", {}, "action"),
        ("POST /faults", {"action": {"kind": "explode"}}, "$.action"),
        ("POST /faults", {"action": {}}, "$.action"),
        ("POST /faults", {"action": {"kind": "empty", "after": 1}}, "$.action"),
        ("POST /faults", {"action": {"kind": "status", "status": 200}}, "$.action.status"),
        ("POST /faults", {"action": {"kind": "delay", "seconds": 1e9}}, "$.action.seconds"),
        ("POST /faults", {"action": {"kind": "content-type", "value": "a\r\nb: c"}}, "$.action.value"),
        ("POST /faults", {"action": {"kind": "empty"}, "match": {"path": "/"}}, "$.match"),
        ("POST /faults", {"action": {"kind": "empty"}, "when": {"nth": 0}}, "$.when.nth"),
        ("POST /faults", {"action": {"kind": "empty"}, "when": {"nth": 10**30}}, "$.when.nth"),
        ("POST /faults", {"action": {"kind": "empty"}, "when": {"nth": 1, "every": 2}}, "$.when"),
        ("POST /faults", {"action": {"kind": "empty"}, "when": {"chance": 1.5}}, "$.when.chance"),
        ("POST /faults", {"action": {"kind": "empty"}, "times": 0}, "$.times"),
        ("POST /faults", {"action": {"kind": "empty"}, "phase": "during"}, "$.phase"),
        ("POST /faults", {"action": {"kind": "empty"}, "name": "a b"}, "$.name"),
        ("POST /faults", {"action": {"kind": "delay", "seconds": 1}, "phase": "before"}, "phase"),
        ("POST /faults", {"action": {"kind": "drop"}, "match": {"protocol": "coop"}}, "$.match.protocol"),
        ("POST /faults", {"action": {"kind": "drop"}, "match": {"direction": "up"}}, "$.match.direction"),
        ("POST /faults", {"action": {"kind": "drop"}, "match": {"type": "ack"}}, "$.match.type"),
        ("POST /faults", {"action": {"kind": "drop"}, "match": {"code": "205"}}, "$.match.code"),
        ("POST /faults", {"action": {"kind": "drop"}, "match": {"topic": "a/#/b"}}, "topic"),
        ("POST /faults", {"action": {"kind": "drop"}, "when": {"per": "person"}}, "$.when.per"),
        ("POST /faults", {"action": {"kind": "duplicate", "count": 101}}, "$.action.count"),
        ("POST /faults", {"action": {"kind": "corrupt", "bit": 1, "byte": 1}}, "corrupt"),
        ("POST /reset", {"seed": -1}, "$.seed"),
        ("POST /reset", {"seed": 1.5}, "$.seed"),
        ("POST /reset", {"sead": 1}, "sead"),
        ("PUT /seed", {}, "seed"),
        ("PUT /seed", {"seed": "7"}, "$.seed"),
        ("PUT /seed", {"seed": 2**63}, "$.seed"),
        ("POST /tokens/revoke", {"vendor": "scanalytics"}, "exactly one"),
        ("POST /tokens/revoke", {"vendor": "scanalytics", "id": "#1", "user": "ada@example.com"}, "exactly one"),
        ("POST /tokens/revoke", {"id": "#1"}, "vendor"),
        ("POST /tokens/revoke", {"vendor": "nobody", "id": "#1"}, "nobody"),
        ("POST /tokens/expire", {"vendor": "scanalytics", "id": 1}, "$.id"),
    ],
    ids=str,
)
def test_member_that_makes_no_sense_is_refused_and_named(world: World, call: str, body: Any, place: str) -> None:
    """Unknown ones, too: a misspelt one would be passed over else."""
    method, _, path = call.partition(" ")
    detail = problem(world.ask(method, path, body), 400)
    assert place in detail, f"{detail!r} does not name {place}"


@pytest.mark.claim("control.errors.empty")
@pytest.mark.needs("write")
def test_no_body_is_an_empty_object(world: World) -> None:
    """Enough where nothing must be said."""
    expect.status(world.ask("POST", "/reset"), 200)
    expect.status(world.ask("PUT", "/clock"), 200)
    problem(world.ask("POST", "/clock/advance"), 400)
    problem(world.ask("PUT", "/seed"), 400)


@pytest.mark.claim("control.errors.query")
@pytest.mark.parametrize(
    ("path", "query", "place"),
    [
        ("/journal", "colour=red", "colour"),
        ("/journal", "count=1", "count"),
        ("/journal", "status=ok", "$.status"),
        ("/journal", "status=null", "$.status"),
        ("/journal", "after=-1", "$.after"),
        ("/journal", f"after={10**30}", "$.after"),
        ("/journal", "limit=0", "$.limit"),
        ("/journal", "limit=10001", "$.limit"),
        ("/journal", "limit=", "$.limit"),
        ("/journal/wait", "timeout=61", "$.timeout"),
        ("/journal/wait", "timeout=-1", "$.timeout"),
        ("/journal/wait", "timeout=nan", "$.timeout"),
        ("/journal/wait", "timeout=inf", "$.timeout"),
        ("/journal/wait", "timeout=soon", "$.timeout"),
        ("/journal/wait", "count=0&timeout=0", "$.count"),
        ("/journal/wait", "count=10001&timeout=0", "$.count"),
        ("/tokens", "kind=other", "$.kind"),
        ("/tokens", "user=ada@example.com", "user"),
        ("/clock", "rate=2", "rate"),
        ("/health", "full", "full"),
        ("/worlds", "name=main", "name"),
        ("/journal", "&".join(f"x{number}=1" for number in range(1_001)), "fields"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_query_that_makes_no_sense_is_refused_and_named(api: Api, path: str, query: str, place: str) -> None:
    """A misspelt filter would let everything through else."""
    detail = problem(api.ask("GET", f"{path}?{query}"), 400)
    assert place in detail, f"{detail!r} does not name {place}"
