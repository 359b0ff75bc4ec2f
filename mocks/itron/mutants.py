# pyright: basic, reportPrivateUsage=false
# A mutant reaches where nobody else may, and puts anything in the place of anything.
"""Ways in which this fake can be wrong on purpose, and the claims that must then be found broken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from ..core.mutants import (
    Change,
    Mutant,
    Planted,
    answers,
    instead,
    never,
    with_header,
    with_json,
    with_status,
    with_text,
    without_header,
)
from . import broker_mutants, gateway_mutants, wire
from .backend import Backend
from .errors import BadRequest
from .models import Window
from .platform import Platform
from .provisioning import Provisioning
from .tokens import TokenStore

if TYPE_CHECKING:
    from collections.abc import Callable

_YEAR = 31_536_000


def _answer(change: Change, **where: str) -> Callable[[Any], Planted]:
    return lambda vendor: answers(vendor.name, change, **where)


def _long_life(vendor: Any) -> Planted:
    return instead(vendor.tokens, "_settings", lambda old: msgspec.structs.replace(old, token_lifetime=_YEAR))


def _bearer(authorize: Any) -> Any:
    def allowed(platform: Any, request: Any) -> Any:
        text = request.headers.get("authorization", "")
        if text.lower().startswith("bearer "):
            request.headers = {**request.headers, "authorization": text[7:]}
        return authorize(platform, request)

    return allowed


def _first_tenants(vendor: Any) -> Planted:
    first = vendor.backend.estate.tenants[0].id
    return instead(TokenStore, "grant", lambda ask: lambda self, text: _for_tenant(ask(self, text), first))


def _for_tenant(grant: Any, tenant: str) -> Any:
    """A grant for another tenant's data."""
    return type(grant)(tenant, grant.client_id, grant.resources)


def _end_included(ask: Any) -> Any:
    def asked(query: Any) -> Any:
        found = ask(query)
        return found and Window(found.start, found.end + 1, found.tag)

    return asked


def _untagged(ask: Any) -> Any:
    def asked(query: Any) -> Any:
        found = ask(query)
        return found and Window(found.start, found.end)

    return asked


def _one_more(ask: Any) -> Any:
    def asked(query: Any) -> Any:
        found = ask(query)
        return found and found + 1

    return asked


def _relative(_request: Any, answer: Any) -> None:
    answer.headers = [
        (name, "/api" + value.partition("/api")[2]) if name == wire.NEXT_PAGE else (name, value)
        for name, value in answer.headers
    ]


def _html(request: Any, answer: Any) -> None:
    if answer.status >= 400:
        with_header("Content-Type", "text/html")(request, answer)


def _oldest_first(body: Any) -> Any:
    if isinstance(body, dict) and isinstance(body.get("observations"), list):
        body["observations"].reverse()
    return body


def _whatever_is_good(read: Any) -> Any:
    def found(body: bytes) -> Any:
        try:
            return read(body)
        except BadRequest:
            rows = msgspec.json.decode(body)["observations"]
            good = [row for row in rows if isinstance(row, dict) and "timestamp" in row][:1]
            return read(msgspec.json.encode({"observations": good}))

    return found


MUTANTS = (
    Mutant(
        "token-outlives-its-hour",
        "A token lives for a year.",
        ("itron-platform.token.hour", "itron-platform.live.expired"),
        _long_life,
    ),
    Mutant(
        "bearer-accepted",
        "A token is let in after the word Bearer, too.",
        ("itron-platform.auth.bearer",),
        lambda _: instead(Platform, "_authorize", _bearer),
    ),
    Mutant(
        "tenants-share",
        "Every tenant sees the first one's data.",
        ("itron-platform.tenant.apart", "itron-platform.tenant.templates"),
        _first_tenants,
    ),
    Mutant(
        "refusal-without-message",
        "A refusal says what is wrong under another name.",
        ("itron-platform.error.message",),
        _answer(with_text(b'"message"', b'"error"')),
    ),
    Mutant(
        "forbidden-instead-of-unauthorized",
        "Without a token the answer is 403.",
        ("itron-platform.auth.missing", "itron-platform.auth.junk"),
        _answer(with_status(401, 403)),
    ),
    Mutant(
        "next-page-lost",
        "A page does not say that there is more.",
        ("itron-platform.page.header", "itron-platform.page.walk"),
        _answer(without_header(wire.NEXT_PAGE)),
    ),
    Mutant(
        "next-page-relative",
        "The next page is told as a path.",
        ("itron-platform.page.url", "itron-platform.page.host"),
        _answer(_relative),
    ),
    Mutant(
        "next-page-hidden",
        "Browsers may not read where the next page is.",
        ("itron-platform.browser.exposed",),
        _answer(without_header("Access-Control-Expose-Headers")),
    ),
    Mutant(
        "oldest-first",
        "Observations come in the order in which they were made.",
        ("itron-platform.window.newest-first",),
        _answer(with_json(_oldest_first)),
    ),
    Mutant(
        "window-closed-at-its-end",
        "A reading at the end of a window is in it.",
        ("itron-platform.window.half-open",),
        lambda _: instead(wire, "window", _end_included),
    ),
    Mutant(
        "tags-not-looked-at",
        "A window tells all readings, whatever their tags.",
        ("itron-platform.tags.window",),
        lambda _: instead(wire, "window", _untagged),
    ),
    Mutant(
        "limit-off-by-one",
        "A page holds one reading more than was asked for.",
        ("itron-platform.page.limit",),
        lambda _: instead(wire, "limit", _one_more),
    ),
    Mutant(
        "empty-solution-is-an-empty-list",
        "A solution without devices is told with 200.",
        ("itron-platform.devices.none",),
        lambda _: instead(Backend, "devices", lambda ask: lambda *args: ask(*args) or []),
    ),
    Mutant(
        "device-type-not-looked-at",
        "A filter by type tells all devices.",
        ("itron-platform.devices.filter",),
        lambda _: instead(Provisioning, "devices", lambda ask: lambda self, place, _kind: ask(self, place, None)),
    ),
    Mutant(
        "deleted-device-stays",
        "A DELETE is answered well and does nothing.",
        ("itron-platform.devices.delete", "itron-platform.devices.delete-twice"),
        lambda _: never(Backend, "delete_device"),
    ),
    Mutant(
        "numbers-written-anew",
        "Numbers are read and written anew: 1.10 comes back as 1.1.",
        ("itron-platform.in.bytes",),
        _answer(with_json(lambda body: body)),
    ),
    Mutant(
        "half-a-post-is-stored",
        "Of a post with a bad observation the good ones are stored.",
        ("itron-platform.in.all-or-nothing",),
        lambda _: instead(wire, "observations", _whatever_is_good),
    ),
    Mutant(
        "created-is-ok",
        "Posted observations are answered with 200.",
        ("itron-platform.in.status",),
        _answer(with_status(201, 200)),
    ),
    Mutant(
        "html-for-an-error",
        "A refusal calls itself HTML.",
        ("itron-platform.error.message",),
        _answer(_html),
    ),
    *gateway_mutants.MUTANTS,
    *broker_mutants.MUTANTS,
)
