"""What the Gateway has of its own: sessions, and a word about them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.core.coap.message import Option
from vendorlab.contracts.itron.coap import forms
from vendorlab.contracts.itron.coap.gateway import GET, LINKS, NOT_FOUND

if TYPE_CHECKING:
    from vendorlab.contracts.itron.coap.gateway import Gateway

pytestmark = pytest.mark.vendorlab("itron-coap")

_QUOTED = r'"(?:[^"\\]|\\.)*"'
_LINK = re.compile(rf"<([^<>]*)>((?:;[!#$&+.^_`|~*0-9A-Za-z-]+(?:=(?:{_QUOTED}|[^\s\",;]+))?)*)", re.ASCII)
WELL_KNOWN = ((Option.URI_PATH.value, b".well-known"), (Option.URI_PATH.value, b"core"))


def links(text: str) -> list[str] | None:
    """Return where the links of a text lead; None if it is not in the link format."""
    found: list[str] = []
    at = 0
    while match := _LINK.match(text, at):
        found.append(match[1])
        at = match.end()
        if at == len(text):
            return found
        if text[at] != ",":
            return None
        at += 1
    return None


@pytest.mark.claim("itron-coap.local.core")
def test_well_known_core_names_sessions(stranger: Gateway) -> None:
    """In the link format, to anybody: a client looks there for them."""
    answer = stranger.ask(GET, *WELL_KNOWN)
    found = links(forms.content(answer, LINKS).decode("utf-8", "replace"))
    answer.check(found is not None, "links (RFC 6690)")
    answer.check("/sessions" in (found or []), "a link to /sessions")


@pytest.mark.claim("itron-coap.local.unknown")
@pytest.mark.parametrize("path", [b"snsr", b"session", b"Sessions", "é".encode()])
def test_unknown_path_is_not_found(gateway: Gateway, path: bytes) -> None:
    """With a session, too: nothing says which device is meant."""
    forms.refused(gateway.ask(GET, (Option.URI_PATH, path)), NOT_FOUND)


@pytest.mark.claim("itron-coap.local.unknown")
def test_what_is_below_sessions_is_not_found(gateway: Gateway) -> None:
    """There is one resource."""
    path = ((Option.URI_PATH.value, b"sessions"), (Option.URI_PATH.value, b"1"))
    forms.refused(gateway.ask(GET, *path), NOT_FOUND)
