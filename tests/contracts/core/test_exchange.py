"""The line to a target: what is counted, paced, learnt, and how its failures are told apart."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from vendorlab.contracts.core.errors import BudgetSpentError, UnreachableError
from vendorlab.contracts.core.exchange import Exchange
from vendorlab.contracts.core.pacing import Budget, Pacer
from vendorlab.contracts.core.redaction import MASK, Secrets

if TYPE_CHECKING:
    from collections.abc import Callable

URL = "http://target.example"


def exchange(
    handler: Callable[[httpx.Request], httpx.Response], *, limit: int | None = None, pacer: Pacer | None = None
) -> Exchange:
    return Exchange(URL, httpx.MockTransport(handler), Budget(limit), Secrets(), pacer)


def raiser(error: Exception) -> Callable[[httpx.Request], httpx.Response]:
    def handler(_: httpx.Request) -> httpx.Response:
        raise error

    return handler


def test_requests_are_counted_by_method_path_and_status() -> None:
    line = exchange(lambda request: httpx.Response(200 if request.url.path == "/a" else 404))
    line.get("/a", params={"x": "1"})
    line.get("/a")
    line.post("/b")
    assert line.seen == {("GET", "/a", 200): 2, ("POST", "/b", 404): 1}


def test_redirects_are_not_followed_and_cookies_not_sent_back() -> None:
    received: list[httpx.Request] = []

    def handler(request: httpx.Request) -> httpx.Response:
        received.append(request)
        return httpx.Response(301, headers={"Location": "/b", "Set-Cookie": "a=b"})

    line = exchange(handler)
    assert line.get("/a").status_code == 301
    line.get("/a")
    assert [request.url.path for request in received] == ["/a", "/a"]
    assert "Cookie" not in received[1].headers


def test_what_is_owed_is_sent_and_counted_though_the_budget_is_spent() -> None:
    line = exchange(lambda _: httpx.Response(200), limit=1)
    line.post("/a")
    with line.owed():
        line.delete("/a/1")
    with pytest.raises(BudgetSpentError):
        line.get("/a")
    assert sum(line.seen.values()) == 2


def test_tokens_that_pass_by_are_learnt() -> None:
    secrets = Secrets()
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json={"access_token": "AAAABBBBCCCC"}))
    Exchange(URL, transport, Budget(None), secrets, None).post("/o/token/")
    assert secrets.mask("AAAABBBBCCCC") == MASK


def test_elapsed_time_of_an_answer_is_known() -> None:
    """Schemathesis asks for it."""
    line = exchange(lambda _: httpx.Response(200, stream=httpx.ByteStream(b"body")))
    assert line.get("/a").elapsed.total_seconds() >= 0


@pytest.mark.parametrize("error", [httpx.ConnectError("refused"), httpx.ConnectTimeout("silence")])
def test_target_that_is_not_there_is_unreachable(error: Exception) -> None:
    with pytest.raises(UnreachableError, match=r"target unreachable: http://target\.example: (refused|silence)"):
        exchange(raiser(error)).get("/a")


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (httpx.ReadTimeout("silence"), "GET /a was not answered within 30 seconds"),
        (httpx.ReadError("reset"), "GET /a was not answered in HTTP: reset"),
        (httpx.RemoteProtocolError("garbage"), "GET /a was not answered in HTTP: garbage"),
    ],
)
def test_target_that_fails_to_answer_is_wrong(error: Exception, message: str) -> None:
    with pytest.raises(AssertionError, match=message):
        exchange(raiser(error)).get("/a")


def test_body_that_cannot_be_decoded_is_the_targets_fault() -> None:
    line = exchange(lambda _: httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=httpx.ByteStream(b"no")))
    with pytest.raises(AssertionError, match="not answered in HTTP"):
        line.get("/a")


def test_request_beyond_the_budget_is_not_sent() -> None:
    line = exchange(lambda _: httpx.Response(200), limit=1)
    line.get("/a")
    with pytest.raises(BudgetSpentError):
        line.get("/a")
    assert sum(line.seen.values()) == 1


def test_requests_are_paced_but_for_those_that_are_meant_to_run_into_a_limit() -> None:
    slept: list[float] = []
    pacer = Pacer(1, 4.0, clock=lambda: 0.0, sleep=slept.append)
    line = exchange(lambda _: httpx.Response(200), pacer=pacer)
    line.get("/a")
    with line.unpaced():
        line.get("/a")
        line.get("/a")
    assert slept == []
    line.get("/a")
    assert slept == [4.0]
