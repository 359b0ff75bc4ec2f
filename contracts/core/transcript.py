"""What was said to a target and what it said, kept while a test runs so that a failure can be shown with it.

Texts are made only when they are wanted, and leave this module without secrets: known ones are masked wherever they
stand, and headers and fields that are there to carry secrets are masked whatever they hold.
"""

from __future__ import annotations

import re
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import httpx

from vendorlab.contracts.core.redaction import MASK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from vendorlab.contracts.core.redaction import Secrets

KEPT = 8
"""Exchanges of a test that are kept: the last ones, since a test fails by what it asked last."""
_BODY = 2_000
_HUSHED = r"[\w.-]*(?:password|secret|token|api[_-]?key|assertion|csrf|authorization)[\w.-]*"
_HEADER = re.compile(_HUSHED, re.IGNORECASE)
_FIELDS = (
    re.compile(rf"((?:^|[?&\s])(?:{_HUSHED})=)[^&\s]+", re.IGNORECASE),
    re.compile(rf'("(?:{_HUSHED})"\s*:\s*")(?:[^"\\]|\\.)*', re.IGNORECASE),
)


@dataclass(slots=True)
class Entry:
    """One exchange.

    Attributes:
        protocol: ``http``, ``coap`` or ``mqtt``.
        asked: Tells what was sent: a title on the first line, and then whatever there is to it.
        answers: Tell what came, in order.
    """

    protocol: str
    asked: Callable[[], str]
    answers: list[Callable[[], str]] = field(default_factory=list["Callable[[], str]"])

    def answered(self, told: Callable[[], str]) -> None:
        """Keep what came."""
        self.answers.append(told)


class Transcript:
    """The exchanges of the test at hand.

    Args:
        secrets: What must not be shown.
    """

    def __init__(self, secrets: Secrets) -> None:
        self._secrets = secrets
        self._entries: deque[Entry] = deque(maxlen=KEPT)
        self._number = 0

    def clear(self) -> None:
        """Forget everything: another test begins."""
        self._entries.clear()
        self._number = 0

    def asked(self, protocol: str, told: Callable[[], str]) -> Entry:
        """Keep what is sent; what comes is told to the entry that is returned."""
        self._number += 1
        self._entries.append(Entry(protocol, told))
        return self._entries[-1]

    @property
    def earlier(self) -> int:
        """How many exchanges of the test are kept no more."""
        return self._number - len(self._entries)

    def shown(self) -> list[dict[str, str]]:
        """Return the exchanges as texts without secrets: ``[{"protocol", "request", "answer"}]``, oldest first."""
        return [
            {
                "protocol": each.protocol,
                "request": self._clean([each.asked]),
                "answer": self._clean(each.answers) or "(nothing)",
            }
            for each in self._entries
        ]

    def _clean(self, texts: Iterable[Callable[[], str]]) -> str:
        text = "\n".join(told() for told in texts)
        for pattern in _FIELDS:
            text = pattern.sub(rf"\1{MASK}", text)
        return self._secrets.mask(text)


def told_request(request: httpx.Request) -> str:
    """Return a request over HTTP as it goes over the line, secrets in its headers masked."""
    target = request.url.raw_path.decode("ascii", "replace")
    try:
        body = request.read()
    except (httpx.StreamError, RuntimeError):  # a body that was made while it was sent
        body = b"(a body in pieces)"
    return _told(f"{request.method} {target}", request.headers, body)


def told_response(response: httpx.Response) -> str:
    """Return an answer over HTTP as it came over the line, secrets in its headers masked."""
    return _told(f"{response.status_code} {response.reason_phrase}".rstrip(), response.headers, response.content)


def _told(title: str, headers: httpx.Headers, body: bytes) -> str:
    lines = [title, *(f"{name}: {_value(name, value)}" for name, value in headers.multi_items())]
    if body:
        text = body[: _BODY + 4].decode("utf-8", "replace")
        lines += ["", text if len(text) <= _BODY else f"{text[:_BODY]}… ({len(body)} bytes)"]
    return "\n".join(lines)


def _value(name: str, value: str) -> str:
    """A header's value: of what carries secrets only its kind is shown."""
    if name in {"cookie", "set-cookie"}:
        return re.sub(r"(^|;\s*)([^=;]+)=([^;]*)", lambda found: _crumb(*found.groups()), value)
    if not _HEADER.fullmatch(name):
        return value
    scheme, space, _ = value.partition(" ")
    return f"{scheme} {MASK}" if space else MASK


def _crumb(before: str, name: str, value: str) -> str:
    attributes = {"path", "expires", "max-age", "domain", "samesite"}
    return f"{before}{name}={value if name.strip().lower() in attributes else MASK}"
