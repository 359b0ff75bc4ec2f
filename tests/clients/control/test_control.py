"""The control client against the control API as agreed: what it sends, and what it makes of the answers."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from vendorlab.clients.control import (
    Advance,
    Clock,
    ControlClient,
    ControlError,
    ControlUnreachable,
    Fault,
    Health,
    JournalEntry,
    JournalPage,
    Listener,
    StagedStory,
    StoryProgress,
    Timer,
    Token,
    Vendor,
    Version,
    World,
)
from vendorlab.clients.core.errors import UnexpectedResponse, UsageError

URL, TOKEN = "http://127.0.0.1:7070", "the-control-token"
SCANALYTICS = "http://127.0.0.1:7071"
NOW = datetime(2026, 11, 21, 5, tzinfo=UTC)
CLOCK = {"now": "2026-11-21T05:00:00.000000Z", "rate": 1.0, "frozen": False, "timers": 3}
VENDORS = {"scanalytics": {"url": SCANALYTICS, "credentials": {"username": "ada@example.com", "password": "pw"}}}
ENTRY: dict[str, Any] = {
    "seq": 1,
    "at": "2026-11-21T05:00:00Z",
    "vendor": "scanalytics",
    "protocol": "http",
    "operation": "whoami",
    "method": "GET",
    "path": "/v1/whoami",
    "query": "",
    "credential": "Bearer #3f9a2c1d",
    "principal": "ada@example.com",
    "status": 200,
    "cause": "ok",
    "fault": None,
    "duration": 0.0001,
    "detail": {},
}
RULE = {
    "name": "lost-refresh",
    "match": {"vendor": "scanalytics"},
    "when": {"nth": 3},
    "times": 1,
    "action": {"kind": "status", "status": 503},
    "phase": "after",
}
HEALTHY = {
    "status": "ok",
    "listeners": [{"world": "main", "vendor": "scanalytics", "url": SCANALYTICS, "accepting": True}],
}


@dataclass
class Control:
    """Answers with what it is told to, and keeps what it was asked."""

    status: int = 200
    body: Any = None
    requests: list[httpx.Request] = field(default_factory=list[httpx.Request])

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if self.body is None:
            return httpx.Response(204)
        return httpx.Response(self.status, json=self.body)

    @property
    def asked(self) -> tuple[str, str, Any]:
        """The last request: method, path with query, body."""
        request = self.requests[-1]
        return request.method, request.url.raw_path.decode(), json.loads(request.content) if request.content else None


@pytest.fixture
def control() -> Control:
    return Control()


@pytest.fixture
def client(control: Control) -> Iterator[ControlClient]:
    with ControlClient(URL, TOKEN, transport=httpx.MockTransport(control)) as client:
        yield client


Case = tuple[Callable[[ControlClient], Any], tuple[str, str, Any], Any, Any]
PAGE: dict[str, Any] = {"entries": [ENTRY], "next": 1, "dropped": 0}
JOURNAL = JournalPage(
    entries=(
        JournalEntry(
            seq=1,
            at=NOW,
            vendor="scanalytics",
            protocol="http",
            operation="whoami",
            method="GET",
            path="/v1/whoami",
            query="",
            credential="Bearer #3f9a2c1d",
            principal="ada@example.com",
            status=200,
            cause="ok",
            fault=None,
            duration=0.0001,
            detail={},
        ),
    ),
    next=1,
    dropped=0,
)
FAULT = Fault({"kind": "status", "status": 503}, {"vendor": "scanalytics"}, {"nth": 3}, 1, "after", "lost-refresh")
SECURE: dict[str, Any] = {"inode": {"url": "https://127.0.0.1:7072", "ca": "ca.pem", "credentials": {}}}
VENDOR = Vendor(SCANALYTICS, {"username": "ada@example.com", "password": "pw"})
TOKEN_ROW = {
    "vendor": "scanalytics",
    "id": "#3f9a2c1d",
    "kind": "access",
    "user": "ada@example.com",
    "client": "app",
    "scope": "read",
    "expires": "2026-11-22T05:00:00Z",
    "state": "live",
}
ISSUED = Token(
    "scanalytics",
    "#3f9a2c1d",
    "access",
    "ada@example.com",
    "app",
    "read",
    datetime(2026, 11, 22, 5, tzinfo=UTC),
    "live",
)

PLAYED = {"story": "mine", "begun": True, "over": False, "activity": 3, "now": "2026-11-21T05:00:00.000000Z"}
PROGRESS = StoryProgress("mine", begun=True, over=False, activity=3, now=NOW)

CASES: dict[str, Case] = {
    "health": (
        lambda c: c.health(),
        ("GET", "/health", None),
        HEALTHY,
        Health("ok", (Listener("main", "scanalytics", SCANALYTICS, accepting=True),)),
    ),
    "version": (lambda c: c.version(), ("GET", "/version", None), {"version": "0.1.0", "api": 1}, Version("0.1.0", 1)),
    "vendors over https": (
        lambda c: c.vendors(),
        ("GET", "/vendors", None),
        SECURE,
        {"inode": Vendor("https://127.0.0.1:7072", {}, "ca.pem")},
    ),
    "vendors": (lambda c: c.vendors(), ("GET", "/vendors", None), VENDORS, {"scanalytics": VENDOR}),
    "clock": (lambda c: c.clock(), ("GET", "/clock", None), CLOCK, Clock(NOW, 1.0, frozen=False, timers=3)),
    "set-clock": (
        lambda c: c.set_clock(now=NOW, rate=2.0, frozen=True),
        ("PUT", "/clock", {"now": "2026-11-21T05:00:00+00:00", "rate": 2.0, "frozen": True}),
        CLOCK,
        Clock(NOW, 1.0, frozen=False, timers=3),
    ),
    "thaw": (
        lambda c: c.set_clock(frozen=False),
        ("PUT", "/clock", {"frozen": False}),
        CLOCK,
        Clock(NOW, 1.0, frozen=False, timers=3),
    ),
    "advance": (
        lambda c: c.advance(90_000),
        ("POST", "/clock/advance", {"seconds": 90_000}),
        CLOCK | {"fired": [{"due": "2026-11-21T05:00:00Z", "name": "sync", "detail": {"n": 1}}], "more": 2},
        Advance(Clock(NOW, 1.0, frozen=False, timers=3), (Timer(NOW, "sync", {"n": 1}),), 2),
    ),
    "faults": (lambda c: c.faults(), ("GET", "/faults", None), [RULE], [FAULT]),
    "add-fault": (lambda c: c.add_fault(FAULT), ("POST", "/faults", RULE), RULE, FAULT),
    "add-small-fault": (
        lambda c: c.add_fault({"action": {"kind": "empty"}}),
        ("POST", "/faults", {"action": {"kind": "empty"}}),
        {"name": "fault-1", "action": {"kind": "empty"}, "match": None},
        Fault({"kind": "empty"}, name="fault-1"),
    ),
    "remove-fault": (lambda c: c.remove_fault("a b/c"), ("DELETE", "/faults/a%20b%2Fc", None), None, None),
    "clear-faults": (lambda c: c.clear_faults(), ("DELETE", "/faults", None), None, None),
    "clear-limits": (lambda c: c.clear_limits(), ("DELETE", "/limits", None), None, None),
    "clear-limits-of-one": (
        lambda c: c.clear_limits("inode"),
        ("DELETE", "/limits?vendor=inode", None),
        None,
        None,
    ),
    "journal": (lambda c: c.journal(), ("GET", "/journal", None), PAGE, JOURNAL),
    "journal-filtered": (
        lambda c: c.journal(vendor="scanalytics", status=401, after=7, limit=10),
        ("GET", "/journal?after=7&limit=10&vendor=scanalytics&status=401", None),
        {"entries": [], "next": None, "dropped": 4},
        JournalPage((), None, 4),
    ),
    "journal-wait": (
        lambda c: c.wait_journal(operation="token", count=2, timeout=0.5),
        ("GET", "/journal/wait?count=2&timeout=0.5&operation=token", None),
        {"entries": [], "next": 0, "dropped": 0, "matched": False},
        JournalPage((), 0, 0, matched=False),
    ),
    "clear-journal": (lambda c: c.clear_journal(), ("DELETE", "/journal", None), None, None),
    "reset": (lambda c: c.reset(), ("POST", "/reset", {}), {"seed": 0}, 0),
    "reset-with-seed": (lambda c: c.reset(7), ("POST", "/reset", {"seed": 7}), {"seed": 7}, 7),
    "seed": (lambda c: c.set_seed(7), ("PUT", "/seed", {"seed": 7}), {"seed": 7}, 7),
    "snapshot": (lambda c: c.snapshot(), ("GET", "/snapshot", None), {"any": [1]}, {"any": [1]}),
    "restore": (lambda c: c.restore({"any": [1]}), ("PUT", "/snapshot", {"any": [1]}), None, None),
    "state": (lambda c: c.state(), ("GET", "/state", None), {"scanalytics": {}}, {"scanalytics": {}}),
    "vendor-state": (lambda c: c.state("scanalytics"), ("GET", "/state/scanalytics", None), {"n": 1}, {"n": 1}),
    "tokens": (
        lambda c: c.tokens(vendor="scanalytics", kind="access"),
        ("GET", "/tokens?vendor=scanalytics&kind=access", None),
        [TOKEN_ROW],
        [ISSUED],
    ),
    "revoke": (
        lambda c: c.revoke_token("scanalytics", token="abc"),
        ("POST", "/tokens/revoke", {"vendor": "scanalytics", "token": "abc"}),
        {"changed": 1},
        1,
    ),
    "revoke-by-id": (
        lambda c: c.revoke_token("scanalytics", fingerprint="#3f9a2c1d"),
        ("POST", "/tokens/revoke", {"vendor": "scanalytics", "id": "#3f9a2c1d"}),
        {"changed": 1},
        1,
    ),
    "expire-by-user": (
        lambda c: c.expire_token("scanalytics", user="ada@example.com"),
        ("POST", "/tokens/expire", {"vendor": "scanalytics", "user": "ada@example.com"}),
        {"changed": 2},
        2,
    ),
    "worlds": (lambda c: c.worlds(), ("GET", "/worlds", None), [{"name": "a", "vendors": {}}], [World("a", {})]),
    "create-world": (
        lambda c: c.create_world(
            "a",
            vendors=("scanalytics",),
            seed=0,
            start=NOW,
            profiles={"scanalytics": "modern"},
            settings={"scanalytics": {"bucket_limit": 5}},
        ),
        (
            "POST",
            "/worlds",
            {
                "name": "a",
                "vendors": ["scanalytics"],
                "seed": 0,
                "start": "2026-11-21T05:00:00+00:00",
                "profiles": {"scanalytics": "modern"},
                "settings": {"scanalytics": {"bucket_limit": 5}},
            },
        ),
        {"name": "a", "vendors": VENDORS},
        World("a", {"scanalytics": VENDOR}),
    ),
    "stage-story": (
        lambda c: c.stage_story("a", "mine", "title: t", seed=7, pace="each=1h", lease=5),
        (
            "POST",
            "/stories",
            {"world": "a", "name": "mine", "story": "title: t", "seed": 7, "pace": "each=1h", "lease": 5},
        ),
        {"name": "a", "vendors": VENDORS, "authorities": {"scanalytics": "PEM"}},
        StagedStory("a", {"scanalytics": VENDOR}, {"scanalytics": "PEM"}),
    ),
    "stage-plain-story": (
        lambda c: c.stage_story("a", "mine", "title: t"),
        ("POST", "/stories", {"world": "a", "name": "mine", "story": "title: t"}),
        {"name": "a", "vendors": {}, "authorities": {}},
        StagedStory("a", {}, {}),
    ),
    "story": (lambda c: c.story(), ("GET", "/story", None), PLAYED, PROGRESS),
    "begin-story": (lambda c: c.begin_story(), ("POST", "/story/begin", None), PLAYED, PROGRESS),
    "end-story": (
        lambda c: c.end_story("ended", 3),
        ("POST", "/story/end", {"reason": "ended", "code": 3}),
        {"evidence": [{"start": {}}, {"end": {}}]},
        [{"start": {}}, {"end": {}}],
    ),
    "end-story-as-it-is": (lambda c: c.end_story(), ("POST", "/story/end", {}), {"evidence": []}, []),
    "delete-world": (lambda c: c.delete_world("a"), ("DELETE", "/worlds/a", None), None, None),
}


@pytest.mark.parametrize("case", CASES)
def test_call_is_sent_as_agreed_and_its_answer_typed(client: ControlClient, control: Control, case: str) -> None:
    call, request, control.body, result = CASES[case]
    control.status = 201 if case in ("add-fault", "create-world", "stage-story") else 200
    assert call(client) == result
    assert control.asked == request
    assert control.requests[-1].headers["Authorization"] == f"Bearer {TOKEN}"


def test_waiting_for_the_journal_outlasts_the_time_it_asks_for(client: ControlClient, control: Control) -> None:
    control.body = {"entries": [], "next": 0, "dropped": 0, "matched": True}
    client.wait_journal(timeout=120)
    assert control.requests[-1].extensions["timeout"]["read"] > 120


def test_another_world_has_its_own_paths_on_the_same_connections(client: ControlClient, control: Control) -> None:
    other = client.in_world("a b")
    control.body = CLOCK
    other.clock()
    assert control.asked[1] == "/worlds/a%20b/clock"
    control.body = [{"name": "main", "vendors": {}}]
    other.worlds()
    assert control.asked[1] == "/worlds"
    control.body = CLOCK
    other.in_world("main").clock()
    client.clock()
    assert [request.url.path for request in control.requests[2:]] == ["/clock", "/clock"]


@pytest.mark.parametrize("name", ["", ".", ".."])
def test_names_that_would_change_the_path_are_refused(client: ControlClient, name: str) -> None:
    with pytest.raises(UsageError):
        client.remove_fault(name)


def test_problem_becomes_an_error_with_title_and_detail(client: ControlClient, control: Control) -> None:
    control.status = 422
    control.body = {"type": "about:blank", "title": "Invalid fault", "status": 422, "detail": "unknown kind 'drop'"}
    with pytest.raises(ControlError, match=r"^POST /faults: Invalid fault: unknown kind 'drop'$") as caught:
        client.add_fault({"action": {"kind": "drop"}})
    error = caught.value
    assert (error.status, error.title, error.detail) == (422, "Invalid fault", "unknown kind 'drop'")


@pytest.mark.parametrize("content", ["<h1>Bad gateway</h1>", "[]", '{"title": null}'])
def test_trouble_without_a_problem_document_is_told_by_its_status(content: str) -> None:
    transport = httpx.MockTransport(lambda request: httpx.Response(502, text=content))
    with (
        ControlClient(URL, TOKEN, transport=transport) as client,
        pytest.raises(ControlError, match="GET /clock: Bad Gateway"),
    ):
        client.clock()


@pytest.mark.parametrize("body", [{}, [], {**CLOCK, "rate": "fast"}, {**CLOCK, "now": "2026-11-21T05:00:00"}], ids=str)
def test_answer_of_another_shape_is_unexpected(client: ControlClient, control: Control, body: Any) -> None:
    control.body = body
    with pytest.raises(UnexpectedResponse, match="GET /clock"):
        client.clock()


def test_token_is_named_in_exactly_one_way(client: ControlClient, control: Control) -> None:
    for names in ({}, {"token": "abc", "user": "ada@example.com"}):
        with pytest.raises(UsageError, match="exactly one"):
            client.revoke_token("scanalytics", **names)
    assert control.requests == []


def test_nothing_listening_is_told_with_the_remedy() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        with ControlClient(f"http://127.0.0.1:{port}", TOKEN) as client, pytest.raises(ControlUnreachable) as caught:
            client.health()
    assert f"nothing answers at http://127.0.0.1:{port}" in str(caught.value)
    assert "is `vendorlab up` running?" in str(caught.value)
    assert isinstance(caught.value, ControlError)


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("NO_PROXY", "")
    with ControlClient(URL) as client:
        assert client._http._mounts == {}  # pyright: ignore[reportPrivateUsage]


def test_address_and_token_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VENDORLAB_CONTROL_URL", URL + "/")
    monkeypatch.setenv("VENDORLAB_CONTROL_TOKEN", TOKEN)
    with ControlClient.from_env(world="a") as client:
        assert (client.url, client.world_name) == (URL, "a")
    with pytest.raises(UsageError, match=r"VENDORLAB_CONTROL_URL is not set .*; is `vendorlab up` running\?"):
        ControlClient.from_env({})


def test_call_without_a_token_carries_none(control: Control) -> None:
    control.body = HEALTHY
    with ControlClient(URL, transport=httpx.MockTransport(control)) as client:
        client.health()
    assert "Authorization" not in control.requests[0].headers


def test_address_that_is_no_url_is_refused() -> None:
    with pytest.raises(UsageError, match="not a URL"):
        ControlClient("http://127.0.0.1:port")


def test_secrets_do_not_show(client: ControlClient, control: Control) -> None:
    control.body = VENDORS
    told = repr(client) + repr(vars(client)) + repr(client.vendors())
    assert TOKEN not in told
    assert "'pw'" not in told
