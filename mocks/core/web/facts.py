"""What the journal remembers of an exchange besides who, what and how it ended: facts by which a client can be judged.

They are few and cheap, since every request passes here: how its body was written, a page that goes on, how long to
wait, and a secret in the URL or in a header that servers write into their logs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import unquote_plus, urlsplit

from ..ids import fingerprint
from ..journal import mask, mask_query
from .message import FORM

if TYPE_CHECKING:
    from collections.abc import Callable

    from .message import Answer, Request

_SENDS = frozenset({"POST", "PUT", "PATCH"})
_LOGGED = ("referer", "user-agent", "x-request-id", "x-correlation-id")
"""Headers that servers and proxies write into their logs as they are."""
_SHORTEST = 20
"""Characters of a header that could hold a token of any vendor: most say less, and need no closer look."""
_KINDS = {"application/json": "json", "multipart/form-data": "multipart", "text/plain": "text"}
_CREDENTIALS = frozenset({"token", "revoke", "login"})
"""Operations whose bodies hold passwords: not even their fingerprint is kept."""


def note(request: Request, answer: Answer, operation: str, is_secret: Callable[[str], bool]) -> None:
    """Write into the request's detail what else is to be remembered; nothing of it is secret."""
    detail, headers = request.detail, request.headers
    if request.method in _SENDS:
        kind = request.media_type
        if kind != FORM:
            detail["body"] = _KINDS.get(kind, "none" if not kind else "other") if request.body else "none"
        if operation not in _CREDENTIALS and request.body:
            detail["sent"] = fingerprint(request.body.decode("utf-8", "replace"))
    leaks = ["url"] if request.query and _in_query(request.query, is_secret) else []
    long = (name for name in _LOGGED if name in headers and len(headers[name]) >= _SHORTEST)
    leaks += [name for name in long if _tells(headers[name], is_secret)]
    if leaks:
        detail["leaks"] = leaks
    for name, value in answer.headers:
        if name == "next_page":
            detail["next"] = mask_query(urlsplit(value).query, is_secret)
        elif name == "Retry-After" and "retry_after" not in detail and value.isdigit():
            detail["retry_after"] = int(value)


def _in_query(query: str, is_secret: Callable[[str], bool]) -> bool:
    """Whether a secret that somebody gave out is the value of a field; what only looks like one may be a cursor."""
    return any(is_secret(unquote_plus(field.partition("=")[2])) for field in query.split("&"))


def _tells(text: str, is_secret: Callable[[str], bool]) -> bool:
    """Whether a secret stands in it, whole or as a word."""
    return any(mask(word, is_secret) != word for word in text.replace("=", " ").replace("/", " ").split())
