"""What is kept of a test's exchanges: the last ones, told when they are wanted, without secrets."""

from __future__ import annotations

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vendorlab.contracts.core.exchange import Exchange
from vendorlab.contracts.core.mqtt.line import told as told_packet
from vendorlab.contracts.core.mqtt.packets import connect
from vendorlab.contracts.core.pacing import Budget
from vendorlab.contracts.core.redaction import MASK, Secrets
from vendorlab.contracts.core.transcript import KEPT, Transcript, told_request, told_response


def exchange(transcript: Transcript, answer: httpx.Response | Exception) -> Exchange:
    def sent(_request: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    return Exchange("http://a.example", httpx.MockTransport(sent), Budget(None), Secrets(), None, transcript)


def test_exchange_is_kept_with_what_came() -> None:
    transcript = Transcript(Secrets())
    exchange(transcript, httpx.Response(404, text="no such thing")).get("/v1/x?a=1")
    (found,) = transcript.shown()
    assert found["request"].splitlines()[0] == "GET /v1/x?a=1"
    assert (found["answer"].splitlines()[0], "no such thing" in found["answer"]) == ("404 Not Found", True)


def test_exchange_without_an_answer_is_kept_too() -> None:
    transcript = Transcript(Secrets())
    with pytest.raises(AssertionError):
        exchange(transcript, httpx.ReadTimeout("late")).get("/v1/x")
    assert [each["answer"] for each in transcript.shown()] == ["(nothing)"]


def test_last_exchanges_are_kept_and_the_others_counted() -> None:
    transcript = Transcript(Secrets())
    for number in range(KEPT + 3):
        transcript.asked("http", lambda number=number: f"GET /{number}")  # type: ignore[misc]
    assert (transcript.shown()[0]["request"], len(transcript.shown()), transcript.earlier) == ("GET /3", KEPT, 3)
    transcript.clear()
    assert (transcript.shown(), transcript.earlier) == ([], 0)


SECRET = "hunter2-and-more"


@pytest.mark.parametrize(
    "request_",
    [
        httpx.Request("GET", "http://a.example/", headers={"Authorization": f"Bearer {SECRET}"}),
        httpx.Request("GET", "http://a.example/", headers={"X-Api-Key": SECRET}),
        httpx.Request("GET", "http://a.example/", headers={"X-CSRF-Token": SECRET}),
        httpx.Request("GET", "http://a.example/", headers={"Cookie": f"a={SECRET}; b={SECRET}"}),
        httpx.Request("GET", f"http://a.example/?api_key={SECRET}&x=1"),
        httpx.Request("POST", "http://a.example/", data={"password": SECRET, "client_secret": SECRET}),
        httpx.Request("POST", "http://a.example/", json={"clientSecret": SECRET}),
    ],
    ids=["bearer", "api-key", "csrf", "cookie", "query", "form", "json"],
)
def test_secrets_of_a_request_are_masked_though_nobody_knew_them(request_: httpx.Request) -> None:
    transcript = Transcript(Secrets())
    transcript.asked("http", lambda: told_request(request_))
    shown = transcript.shown()[0]["request"]
    assert (SECRET in shown, MASK in shown) == (False, True)


def test_secrets_of_an_answer_are_masked_and_its_form_is_shown() -> None:
    body = f'{{"access_token":"{SECRET}","expires_in":60}}'
    answer = httpx.Response(200, text=body, headers={"Set-Cookie": f"JSESSIONID={SECRET}; Path=/"})
    transcript = Transcript(Secrets())
    transcript.asked("http", str).answered(lambda: told_response(answer))
    shown = transcript.shown()[0]["answer"]
    assert SECRET not in shown
    assert "JSESSIONID=***; Path=/" in shown
    assert '"expires_in":60' in shown


def test_known_secrets_are_masked_wherever_they_stand() -> None:
    transcript = Transcript(Secrets([SECRET]))
    transcript.asked("coap", lambda: f"CON 0.02 {SECRET}")
    assert transcript.shown()[0]["request"] == f"CON 0.02 {MASK}"


def test_token_that_was_cut_is_masked() -> None:
    assert Secrets().mask("'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJUTjkw' came") == f"'{MASK}' came"


def test_connect_is_told_without_its_password() -> None:
    packet = connect("me", username="ada@example.com", password=SECRET)
    assert (told_packet(packet), SECRET.encode().hex() in told_packet(packet)) == (
        f"CONNECT, {len(packet)} bytes",
        False,
    )


@given(st.binary())
def test_any_packet_can_be_told(packet: bytes) -> None:
    assert told_packet(packet)
