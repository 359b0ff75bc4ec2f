# pyright: basic, reportPrivateUsage=false
# A mutant reaches where nobody else may, and puts anything in the place of anything.
"""Ways in which this fake can be wrong on purpose, and the claims that must then be found broken."""

from __future__ import annotations

import re
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
from . import app
from .access import Access, Entry
from .assets import Assets
from .batches import Batches
from .errors import CsrfRequired
from .lighting import Lighting
from .logs import Logs
from .people import People

if TYPE_CHECKING:
    from collections.abc import Callable


def _answer(change: Change, **where: str) -> Callable[[Any], Planted]:
    return lambda vendor: answers(vendor.name, change, **where)


def _json_by_default(written: Any) -> Any:
    return lambda root, tree, fields: written(root, tree, {"ser": ["json"]} | dict(fields))


def _only_one(fields_of: Any) -> Any:
    def found(request: Any) -> Any:
        fields, body = fields_of(request)
        return {name: values[:1] for name, values in fields.items()}, body

    return found


def _last_included_no_more(between: Any) -> Any:
    return lambda self, devices, names, start, end, now: between(self, devices, names, start, end - 1, now)


def _without_csrf(enter: Any) -> Any:
    def entered(access: Access, request: Any, *, logs_in: bool) -> Any:
        try:
            return enter(access, request, logs_in=logs_in)
        except CsrfRequired:
            user = access.identify(request)
            assert user is not None
            return Entry(user, [])

    return entered


def _allowing_all(ask: Any) -> Any:
    return lambda people, name: msgspec.structs.replace(ask(people, name), properties={})


def _no_login_page(_request: Any, answer: Any) -> None:
    if b"<html" in answer.body.lower():
        answer.status = 401


def _zoned(_request: Any, answer: Any) -> None:
    answer.body = re.sub(rb'(Time":"[0-9 :-]+)"', rb'\1+00:00"', answer.body)


def _always_fine(body: Any) -> Any:
    return body | {"errorCode": 0} if isinstance(body, dict) and "errorCode" in body else body


MUTANTS = (
    Mutant(
        "stranger-gets-401",
        "A call of nobody is answered with 401 instead of the login page.",
        ("slv.login.page",),
        _answer(_no_login_page),
    ),
    Mutant(
        "csrf-not-looked-at",
        "A session needs no CSRF token.",
        ("slv.csrf.required", "slv.csrf.wrong", "slv.csrf.write"),
        lambda _: instead(Access, "enter", _without_csrf),
    ),
    Mutant(
        "csrf-token-not-given",
        "Whoever fetches a CSRF token gets none.",
        ("slv.csrf.fetch",),
        _answer(without_header("X-CSRF-Token")),
    ),
    Mutant(
        "json-by-default",
        "Without ser the answer is JSON.",
        ("slv.ser.default",),
        lambda _: instead(app, "_written", _json_by_default),
    ),
    Mutant(
        "another-root",
        "The root of XML is named otherwise.",
        ("slv.ser.root",),
        _answer(with_text(b"SLVGeoZone-array", b"list")),
    ),
    Mutant(
        "media-type-without-charset",
        "JSON does not say that it is UTF-8.",
        ("slv.ser.media-type",),
        _answer(with_header("Content-Type", "application/json;charset=ISO-8859-1")),
    ),
    Mutant(
        "repeated-parameter-counts-once",
        "Of a repeated parameter the first counts.",
        ("slv.log.repeated", "slv.set.repeated", "slv.asset.categories"),
        lambda _: instead(app, "fields_of", _only_one),
    ),
    Mutant(
        "recursion-not-done",
        "recurse is not looked at.",
        ("slv.asset.zone-devices",),
        lambda _: instead(Assets, "within", lambda ask: lambda self, number, **_: ask(self, number, recurse=False)),
    ),
    Mutant(
        "most-not-looked-at",
        "maxDevices limits nothing.",
        ("slv.asset.bounds-most",),
        lambda _: instead(Assets, "in_bounds", lambda ask: lambda self, bounds, _most: ask(self, bounds, None)),
    ),
    Mutant(
        "window-open-at-its-end",
        "What was logged right at the end of a window is left out.",
        ("slv.log.window",),
        lambda _: instead(Logs, "between", _last_included_no_more),
    ),
    Mutant(
        "times-with-an-offset",
        "Times say which zone they are in.",
        ("slv.log.form",),
        _answer(_zoned, operation="logging/getDevicesLogValues"),
    ),
    Mutant(
        "set-value-forgotten",
        "A value that is set is not logged.",
        ("slv.set.logged", "slv.set.last"),
        lambda _: never(Logs, "set_values"),
    ),
    Mutant(
        "error-with-code-0",
        "What failed has errorCode 0.",
        ("slv.refusal.result",),
        _answer(with_json(_always_fine)),
    ),
    Mutant(
        "batch-ends-when-asked",
        "A batch is over as soon as somebody looks.",
        ("slv.batch.runs-first",),
        lambda _: instead(Batches, "settle", lambda ask: lambda self, now: ask(self, now + 3_600_000_000)),
    ),
    Mutant(
        "command-without-effect",
        "A light takes a command and stays as it was.",
        ("slv.dimming.takes-effect", "slv.dimming.switches", "slv.dimming.logged"),
        lambda _: never(Lighting, "set_levels"),
    ),
    Mutant(
        "unknown-method-is-a-success",
        "An unknown method is answered with an empty 200.",
        ("slv.nowhere.method", "slv.nowhere.case"),
        _answer(with_status(404, 200)),
    ),
    Mutant(
        "second-user-writes",
        "A user without write permission may write.",
        ("slv.user.second-writes-not",),
        lambda _: instead(People, "profile", _allowing_all),
    ),
)
