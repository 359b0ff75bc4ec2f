"""Sessions: how they begin and end, whose they are, and how many there may be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.core.coap.message import Option, Type
from vendorlab.contracts.itron.coap import forms
from vendorlab.contracts.itron.coap.gateway import (
    CHANGED,
    CREATED,
    DELETED,
    GET,
    NOT_ALLOWED,
    NOT_FOUND,
    PUT,
    SESSIONS,
    UNAUTHORIZED,
    UNAVAILABLE,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from vendorlab.contracts.itron.coap.boards import Board
    from vendorlab.contracts.itron.coap.gateway import Gateway
    from vendorlab.contracts.itron.tokens import Tokens

pytestmark = pytest.mark.vendorlab("itron-coap")

MOST = 10


@pytest.mark.claim("itron-coap.session.open", "itron-coap.session.created")
def test_token_opens_a_session(stranger: Gateway, token: str) -> None:
    """As text, and the answer has nothing in it."""
    forms.bare(stranger.open(token), CREATED)


@pytest.mark.claim("itron-coap.session.content-format")
@pytest.mark.parametrize("value", [b"", b"\0"], ids=["empty", "one zero byte"])
def test_token_is_text_however_zero_is_written(stranger: Gateway, token: str, value: bytes) -> None:
    """The vendor's two clients differ."""
    forms.code(stranger.open(token, (Option.CONTENT_FORMAT, value)), CREATED)


@pytest.mark.claim("itron-coap.session.non")
def test_session_may_be_asked_for_without_confirmation(stranger: Gateway, token: str) -> None:
    """And ended so."""
    forms.code(stranger.open(token, kind=Type.NON), CREATED, CHANGED)  # changed if the first answer was lost
    forms.code(stranger.end(kind=Type.NON), DELETED, NOT_FOUND)


@pytest.mark.claim("itron-coap.session.renewed")
def test_session_is_renewed_on_the_same_socket(gateway: Gateway, token: str, mac: str) -> None:
    """It is still one, which one request ends."""
    forms.bare(gateway.open(token), CHANGED)
    forms.content(gateway.get(mac, "/snsr"), 0)
    gateway.end()
    forms.refused(gateway.end(), NOT_FOUND)


@pytest.mark.claim("itron-coap.session.close", "itron-coap.session.deleted")
def test_session_is_closed_by_request(gateway: Gateway) -> None:
    """Without payload, and the answer has none."""
    forms.bare(gateway.end(), DELETED)


@pytest.mark.claim("itron-coap.session.none-to-close")
def test_closing_what_is_not_open_is_not_found(stranger: Gateway, gateway: Gateway) -> None:
    """Never opened, or closed already."""
    forms.refused(stranger.end(), NOT_FOUND)
    gateway.end()
    forms.refused(gateway.end(), NOT_FOUND)


@pytest.mark.claim("itron-coap.session.after-close")
def test_nothing_is_forwarded_once_the_session_is_closed(gateway: Gateway, mac: str) -> None:
    """On the very socket on which it was."""
    forms.content(gateway.get(mac, "/snsr"), 0)
    gateway.end()
    forms.refused(gateway.get(mac, "/snsr"), UNAUTHORIZED)


@pytest.mark.claim("itron-coap.session.again")
def test_closed_session_may_be_opened_again(gateway: Gateway, token: str, mac: str) -> None:
    """With the same token."""
    gateway.end()
    forms.bare(gateway.open(token), CREATED)
    forms.content(gateway.get(mac, "/snsr"), 0)


@pytest.mark.claim("itron-coap.session.methods")
@pytest.mark.parametrize("method", [GET, PUT, "0.05", "0.31"])
def test_sessions_have_no_other_method(stranger: Gateway, method: str) -> None:
    """Known to the standard or not."""
    forms.refused(stranger.ask(method, *SESSIONS), NOT_ALLOWED)


@pytest.mark.claim("itron-coap.session.socket")
def test_session_belongs_to_its_socket(gateway: Gateway, stranger: Gateway, mac: str) -> None:
    """Another one on the same machine has none."""
    forms.content(gateway.get(mac, "/snsr"), 0)
    forms.refused(stranger.get(mac, "/snsr"), UNAUTHORIZED)
    forms.refused(stranger.end(), NOT_FOUND)
    forms.content(gateway.get(mac, "/snsr"), 0)


@pytest.mark.claim("itron-coap.session.no-rebinding")
def test_endpoint_id_does_not_carry_a_session_over(
    stranger: Gateway, dial: Callable[[], Gateway], token: str, mac: str
) -> None:
    """Another socket with the same option 124 has no session."""
    name = (Option.ENDPOINT_1.value, b"\x2a\x2a")
    forms.code(stranger.open(token, (Option.CONTENT_FORMAT, b""), name), CREATED)
    forms.content(stranger.get(mac, "/snsr", name), 0)
    forms.refused(dial().get(mac, "/snsr", name), UNAUTHORIZED)


@pytest.mark.claim("itron-coap.session.required", "itron-coap.session.not-forwarded")
def test_request_without_a_session_is_refused_and_not_forwarded(
    gateway: Gateway, stranger: Gateway, parrot: Board
) -> None:
    """The sensor that counts its reads has not been read."""
    _, before = forms.echo(gateway.get(parrot.mac, parrot.sens))
    forms.refused(stranger.get(parrot.mac, parrot.sens), UNAUTHORIZED)
    _, after = forms.echo(gateway.get(parrot.mac, parrot.sens))
    assert after == before + 1, f"the echo sensor was read {after - before - 1} times without a session"


@pytest.mark.claim("itron-coap.session.several")
def test_two_sockets_have_a_session_each(gateway: Gateway, dial: Callable[[], Gateway], token: str, mac: str) -> None:
    """With one token; the end of one is not the end of the other."""
    other = dial()
    forms.code(other.open(token), CREATED)
    for each in (gateway, other):
        forms.content(each.get(mac, "/snsr"), 0)
    other.end()
    forms.content(gateway.get(mac, "/snsr"), 0)


# --- tokens that open nothing ----------------------------------------------------------------------------------------


def _bad(token: str) -> dict[str, bytes]:
    head, claims, signature = (*token.split("."), "", "")[:3]
    return {
        "nothing": b"",
        "junk": b"junk",
        "cut short": token[: len(token) // 2].encode(),
        "without its signature": f"{head}.{claims}.".encode(),
        "wrong signature": f"{head}.{claims}.{signature[::-1]}".encode(),
        "no text": bytes(range(0x80, 0xFF)),
        "long junk": b"x" * 900,
    }


@pytest.mark.claim("itron-coap.session.bad-token")
@pytest.mark.needs("spend")
@pytest.mark.parametrize("which", list(_bad("")))
def test_bad_token_opens_nothing(stranger: Gateway, token: str, mac: str, which: str) -> None:
    """And what is asked afterwards is not forwarded."""
    forms.refused(stranger.open(_bad(token)[which]), UNAUTHORIZED)
    forms.refused(stranger.get(mac, "/snsr"), UNAUTHORIZED)


@pytest.mark.claim("itron-coap.session.no-token")
def test_no_token_opens_nothing(stranger: Gateway, mac: str) -> None:
    """There is nobody to be let in."""
    forms.refused(stranger.open(b""), UNAUTHORIZED)
    forms.refused(stranger.get(mac, "/snsr"), UNAUTHORIZED)


# --- how many --------------------------------------------------------------------------------------------------------


@pytest.mark.claim("itron-coap.session.ten", "itron-coap.session.eleventh")
@pytest.mark.needs("exhaust")
def test_eleventh_session_has_to_wait(dial: Callable[[], Gateway], token: str, mac: str) -> None:
    """It is told for how long; the ten go on, and the end of one makes room."""
    opened = [dial().opening(token) for _ in range(MOST)]
    late = dial()
    answer = late.open(token)
    forms.refused(answer, UNAVAILABLE)
    wait = answer.message.uint(Option.MAX_AGE)
    answer.check(wait is not None and wait > 0, "Max-Age to say when to come again")
    for each in opened:
        forms.content(each.get(mac, "/snsr"), 0)
    forms.code(opened[0].open(token), CHANGED)
    opened[0].end()
    forms.code(late.open(token), CREATED)


@pytest.mark.claim("itron-coap.session.ten-each")
@pytest.mark.needs("exhaust", "second-tenant")
def test_another_tenant_has_ten_of_its_own(dial: Callable[[], Gateway], token: str, tokens: Tokens) -> None:
    """One tenant's sessions are not in the other's way."""
    for _ in range(MOST):
        dial().opening(token)
    forms.refused(dial().open(token), UNAVAILABLE)
    forms.code(dial().open(tokens.second()), CREATED)
