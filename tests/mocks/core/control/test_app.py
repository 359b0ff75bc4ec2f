"""Who may call, from where, and what a refusal looks like."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import pytest
from tests.mocks.core.control.desk import TOKEN, Desk, detail

from vendorlab.mocks.core.control import handlers
from vendorlab.mocks.core.control.app import LARGEST_BODY, Control
from vendorlab.mocks.core.control.models import TITLES
from vendorlab.mocks.core.control.operations import OPERATIONS, Operation
from vendorlab.mocks.core.control.server import ControlServer
from vendorlab.mocks.core.edges.asgi import DRAINED
from vendorlab.mocks.core.sockets import Told
from vendorlab.mocks.core.web.message import Request

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.mocks.conftest import Connect


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_all_but_public_operations_need_the_token(desk: Desk, operation: Operation) -> None:
    path = operation.path.replace("<", "").replace(">", "")
    answer = desk.ask(operation.method, path, token=None)
    if operation.public:
        assert answer.status == operation.status
    else:
        assert "Authorization: Bearer TOKEN" in detail(answer, 401)
        assert ("WWW-Authenticate", 'Bearer realm="vendorlab control"') in answer.headers


@pytest.mark.parametrize("path", ["/clock", "/worlds/nowhere/clock"])
@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_stranger_is_not_told_which_methods_there_are(desk: Desk, path: str, method: str) -> None:
    detail(desk.ask(method, path, token=None), 401)
    answer = desk.ask(method, path)
    detail(answer, 405)
    assert ("Allow", "GET, PUT, HEAD") in answer.headers


def test_refusal_of_the_edge_is_a_problem_too(desk: Desk) -> None:
    said = detail(desk.control.refuse(413, Request("PUT", "/snapshot"), "body-too-large"), 413)
    assert said.startswith("a body has at most 64 MiB")
    assert detail(desk.control.refuse(413, Request("PUT", "/snapshot"), "another"), 413) == "another"


def test_mistake_of_ours_is_a_problem_without_its_reason(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_world: Any) -> None:
        raise KeyError("a secret")

    monkeypatch.setattr(handlers, "describe", broken)
    with caplog.at_level(logging.ERROR, logger="vendorlab"):
        assert detail(desk.ask("GET", "/vendors"), 500) == "the reason is in vendorlab's own log"
    assert "a secret" in caplog.text


def test_every_refusal_has_a_title() -> None:
    assert TITLES.keys() >= {status for operation in OPERATIONS for status in operation.refuses}


# --- from where ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("listens", "host", "origin", "status"),
    [
        ("127.0.0.1", "127.0.0.1:7070", None, 200),
        ("127.0.0.1", "localhost", "http://localhost:3000", 200),
        ("::1", "[::1]:7070", None, 200),
        ("localhost", "127.0.0.1", "http://[::1]", 200),
        ("127.0.0.1", "rebound.example", None, 403),
        ("127.0.0.1", "", None, 403),
        ("127.0.0.1", "[::1", None, 403),
        ("127.0.0.1", "127.0.0.1", "https://page.example", 403),
        ("127.0.0.1", "127.0.0.1", "", 403),
        # Beyond loopback names differ, but a page is still of that name or of another.
        ("0.0.0.0", "lab.example:7070", None, 200),
        ("0.0.0.0", "lab.example:7070", "http://lab.example:7070", 200),
        ("0.0.0.0", "lab.example:7070", "https://page.example", 403),
        ("0.0.0.0", "lab.example:7070", "http://localhost:3000", 403),
        ("0.0.0.0", "lab.example:7070", "null", 403),
        ("0.0.0.0", "", "null", 403),
        ("192.0.2.7", "192.0.2.7", None, 200),
    ],
)  # fmt: skip
def test_pages_and_names_are_told_apart(listens: str, host: str, origin: str | None, status: int) -> None:
    desk = Desk(listens)
    try:
        headers = {"host": host, **({} if origin is None else {"origin": origin})}
        for path in ("/health", "/clock"):
            assert desk.ask("GET", path, headers=headers).status == status
        assert desk.ask("GET", "/nothing", headers=headers).status == (404 if status == 200 else status)
    finally:
        desk.stop()


@pytest.mark.parametrize(
    ("listens", "host", "origin", "status"),
    [
        ("0.0.0.0", "vendorlab:7070", None, 200),
        ("0.0.0.0", "VendorLab:7070", "http://vendorlab:7070", 200),
        ("0.0.0.0", "localhost:17070", None, 200),
        ("0.0.0.0", "lab.example:7070", None, 200),
        ("0.0.0.0", "rebound.example", None, 403),
        ("0.0.0.0", "", None, 403),
        ("0.0.0.0", "vendorlab", "https://page.example", 403),
        ("127.0.0.1", "vendorlab", None, 200),
        ("127.0.0.1", "rebound.example", None, 403),
    ],
)  # fmt: skip
def test_only_names_that_it_is_known_by_are_taken_once_some_are_given(
    listens: str, host: str, origin: str | None, status: int
) -> None:
    desk = Desk(listens, known_as=("vendorlab", "Lab.example"))
    try:
        headers = {"host": host, **({} if origin is None else {"origin": origin})}
        assert desk.ask("GET", "/clock", headers=headers).status == status
    finally:
        desk.stop()


def test_token_is_compared_whole(desk: Desk) -> None:
    for value in (TOKEN[:-1], TOKEN + "x", TOKEN.upper(), "", f"{TOKEN} {TOKEN}", "t\xf6ken"):
        detail(desk.ask("GET", "/clock", token=None, headers={"authorization": f"Bearer {value}"}), 401)
    for scheme in ("Basic", "Bearer:", "", "Token"):
        detail(desk.ask("GET", "/clock", token=None, headers={"authorization": f"{scheme} {TOKEN}"}), 401)
    assert desk.ask("GET", "/clock", token=None, headers={"authorization": f"bearer  {TOKEN} "}).status == 200


# --- on the wire -----------------------------------------------------------------------------------------------------


@pytest.fixture
def served(desk: Desk) -> Iterator[ControlServer]:
    server = ControlServer(desk.control, desk.worlds, Told("127.0.0.1"), 0)
    server.start()
    yield server
    server.stop()


def test_body_beyond_bound_is_refused_before_it_is_sent(served: ControlServer, connect: Connect) -> None:
    """The bound is no higher than what the edge reads at all, or half a body would be taken for a whole one."""
    assert LARGEST_BODY <= DRAINED
    head = f"PUT /snapshot HTTP/1.1\r\nHost: localhost\r\nContent-Length: {LARGEST_BODY + 1}\r\n\r\n"
    answer = connect(served.url).ask(head.encode(), method="PUT")
    assert (answer.status, answer.header("content-type")) == (413, "application/problem+json")
    assert "at most 64 MiB" in json.loads(answer.body)["detail"]


def test_control_tells_the_real_date_not_a_worlds(served: ControlServer, connect: Connect) -> None:
    answer = connect(served.url).ask(b"GET /version HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert json.loads(answer.body) == {"version": "1.2.3", "api": 1}
    assert "2026 05:00:00" not in (answer.header("date") or "")


def test_control_is_a_responder_of_its_own(desk: Desk) -> None:
    """Its site has no faults and no journal: what it is asked does not stand in a world's."""
    assert isinstance(desk.control, Control)
    desk.ask("POST", "/faults", {"action": {"kind": "status", "status": 503}})
    assert desk.ask("GET", "/clock").status == 200
    assert desk.read("/journal")["entries"] == []
