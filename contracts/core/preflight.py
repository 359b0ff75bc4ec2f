"""One knock at a target's door before a suite begins: what would fail every test is told in one line, with its remedy.

A suite says in ``KNOCK`` of its package how it logs in. That is done once, so wrong credentials cost one login that
fails, and no account is locked.
"""

from __future__ import annotations

import importlib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx

from vendorlab.contracts.core.access import Access, network
from vendorlab.contracts.core.errors import UnreachableError, UsageError
from vendorlab.contracts.core.mqtt.dialing import PORTS, Dialer
from vendorlab.contracts.core.suites import suite_package
from vendorlab.contracts.core.target import variable_prefix

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from vendorlab.contracts.core.target import Target

TIMEOUT = 30.0
_LATER = (429, 503)
_TITLE = re.compile(r"<title[^>]*>\s*([^<]{1,80})", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Knock:
    """How a suite logs in. Texts may name credentials in braces.

    Attributes:
        method: The HTTP method.
        path: The path.
        form: Fields of a form.
        json: Members of a JSON object.
        headers: Headers.
        basic: Names of the two credentials that go as Basic.
        at: The address that is asked, if it is another than the suite's.
        unless: A credential that makes the login needless.
    """

    method: str
    path: str
    form: Mapping[str, str] = field(default_factory=dict[str, str])
    json: Mapping[str, str] = field(default_factory=dict[str, str])
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    basic: tuple[str, str] | None = None
    at: str | None = None
    unless: str | None = None

    def names(self) -> list[str]:
        """The credentials that it shows."""
        texts = " ".join([*self.form.values(), *self.json.values(), *self.headers.values()])
        return [*re.findall(r"\{(\w+)\}", texts), *(self.basic or ())]


def preflight(target: Target, beside: Mapping[str, Target], transport: httpx.BaseTransport | None = None) -> None:
    """See whether a suite can begin.

    Args:
        target: Where the suite is pointed.
        beside: Other addresses that the suite may lean on, by name.
        transport: Sends the request; None is the network.

    Raises:
        UsageError: It cannot; the message says why, and what would help.
    """
    if urlsplit(target.url).scheme in PORTS:
        _dial(target)
    knock: Knock | None = getattr(importlib.import_module(suite_package(target.vendor)), "KNOCK", None)
    if knock is None or knock.unless in target.credentials or target.missing(knock.names()):
        return
    door = beside.get(knock.at) if knock.at else target
    if door is not None:
        _judge(_answer(door, target, knock, transport), door, target, knock)


def _answer(door: Target, target: Target, knock: Knock, transport: httpx.BaseTransport | None) -> httpx.Response:
    def filled(texts: Mapping[str, str]) -> dict[str, str]:
        return {name: text.format_map(target.credentials) for name, text in texts.items()}

    body: dict[str, Any] = {"data": filled(knock.form)} if knock.form else {}
    body |= {"json": filled(knock.json)} if knock.json else {}
    auth = httpx.BasicAuth(*(target.credentials[name] for name in knock.basic)) if knock.basic else None
    sender = transport or network(door, keep_alive=False)
    try:
        with httpx.Client(transport=sender, timeout=TIMEOUT, trust_env=False) as client:
            headers = {"Accept": "application/json", **filled(knock.headers)}
            return client.request(knock.method, door.url + knock.path, headers=headers, auth=auth, **body)
    except httpx.TimeoutException:
        raise UsageError(f"target unreachable: {door.url} does not answer in {TIMEOUT:g} seconds") from None
    except httpx.ConnectError as error:
        raise UsageError(_refused_line(door, str(error))) from None
    except httpx.TransportError as error:
        raise UsageError(f"{door.url} does not speak HTTP ({error}): is it the address of {door.vendor}?") from None


def _refused_line(door: Target, text: str) -> str:
    if "CERTIFICATE_VERIFY_FAILED" in text:
        why = text.partition("certificate verify failed: ")[2].partition(" (_ssl")[0] or text
        return (
            f"the certificate of {door.url} does not verify: {why}; if it comes from an authority of your own, "
            f"set {variable_prefix(door.vendor)}CA to that authority's file"
        )
    if "SSL" in text:
        return f"no TLS could be agreed on with {door.url} ({text}): does it speak plain http there?"
    return f"target unreachable: {door.url}: {text}: is the address right, and does something listen there?"


def _judge(response: httpx.Response, door: Target, target: Target, knock: Knock) -> None:
    status, kind = response.status_code, response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    asked = f"{knock.method} {door.url}{knock.path}"
    if status in _LATER:
        later = response.headers.get("Retry-After")
        wait = f"in {later} seconds" if later and later.isdecimal() else "later"
        raise UsageError(f"{asked} was answered {status}: the target throttles or is out of order; try again {wait}")
    if 300 <= status < 400:
        to = response.headers.get("Location", "nowhere")
        raise UsageError(f"{asked} leads on to {to}: give the address that it ends at as --target")
    if status in {400, 401, 403} and kind != "text/html":
        shown = ", ".join(_variables(target, knock))
        raise UsageError(f"{asked} was answered {status}{_why(response)}: the credentials are refused; check {shown}")
    if kind == "text/html":
        found = _TITLE.search(response.text)
        title = f" ({found[1].strip()!r})" if found else ""
        raise UsageError(
            f"{asked} was answered {status} with a page in HTML{title} where an API answers: is that the address of "
            f"{door.vendor}, or does something stand before it?"
        )
    if status >= 400:
        raise UsageError(f"{asked} was answered {status}{_why(response)}: is that the address of {door.vendor}?")


def _variables(target: Target, knock: Knock) -> Iterator[str]:
    return (f"{variable_prefix(target.vendor)}{name.upper()}" for name in dict.fromkeys(knock.names()))


def _why(response: httpx.Response) -> str:
    """What the target says of it, if it says something short; never what it was sent."""
    try:
        body: Any = response.json()
    except ValueError:
        return ""
    for name in ("error", "detail", "message"):
        word = body.get(name) if isinstance(body, dict) else None  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType]
        if isinstance(word, str) and word:
            return f" {word[:80]!r}"
    return ""


def _dial(target: Target) -> None:
    """Open a line to a broker, and close it."""
    dialer = Dialer(Access(target))
    try:
        dialer.open()
    except UnreachableError as error:
        raise UsageError(f"{error}: is the address right, and does something listen there?") from None
    except AssertionError as error:
        remedy = f"set {variable_prefix(target.vendor)}CA to the file of its authority, if that is your own"
        raise UsageError(f"{target.url}: {error}: {remedy}") from None
    finally:
        dialer.close()
