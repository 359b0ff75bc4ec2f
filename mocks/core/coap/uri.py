"""URIs and the options that they are sent as, both ways, and the one target that a proxy is asked for.

Source: RFC 7252, sections 5.7, 5.10.1, 5.10.2 and 6; RFC 3986.
"""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from .errors import UriError
from .options import REGISTRY, Option, Options

if TYPE_CHECKING:
    from collections.abc import Iterable

DEFAULT_PORTS = {"coap": 5683, "coaps": 5684, "http": 80, "https": 443}
"""Ports by scheme; a scheme that is not here has to name its port."""

MOST_REMEMBERED = 2_048
"""Split URIs that are remembered: clients ask for the same ones again and again."""

_URI = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://(?P<authority>[^/?#]*)(?P<path>/[^?#]*)?(?:\?(?P<query>[^#]*))?"
)
_AUTHORITY = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^:@\[\]]+)(?::(?P<port>[0-9]*))?")
_WRONG = re.compile(r"[^A-Za-z0-9._~!$&'()*+,;=:@/?\[\]%-]|%(?![0-9A-Fa-f]{2})")
"""What no URI holds: other characters than RFC 3986's, or a percent sign that begins nothing."""

_UNRESERVED = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
_HOST = frozenset((_UNRESERVED + "!$&'()*+,;=").encode())
_SEGMENT = frozenset((_UNRESERVED + "!$&'()*+,;=:@").encode())
_ARGUMENT = frozenset((_UNRESERVED + "!$'()*+,;=:@/?").encode())


class Target(NamedTuple):
    """What a URI names, in one normal form whichever way it was written.

    Attributes:
        scheme: in lower case.
        host: in lower case, decoded; an IPv6 address without brackets.
        port: the scheme's own where none was given.
        path: decoded segments; ``()`` is the root.
        query: decoded parts.
    """

    scheme: str
    host: str
    port: int
    path: tuple[str, ...] = ()
    query: tuple[str, ...] = ()

    @property
    def local(self) -> tuple[tuple[int, str], ...]:
        """The options that say where at the host: Uri-Path and Uri-Query."""
        return (
            *((Option.URI_PATH, segment) for segment in self.path),
            *((Option.URI_QUERY, argument) for argument in self.query),
        )

    @property
    def uri(self) -> str:
        """The URI, in its normal form."""
        host = f"[{self.host}]" if _is_address(self.host, 6) else _quote(self.host, _HOST)
        port = "" if self.port == DEFAULT_PORTS.get(self.scheme) else f":{self.port}"
        path = "/".join(_quote(segment, _SEGMENT) for segment in self.path)
        query = "&".join(_quote(argument, _ARGUMENT) for argument in self.query)
        return f"{self.scheme}://{host}{port}/{path}" + (f"?{query}" if self.query else "")


@lru_cache(MOST_REMEMBERED)
def split(uri: str) -> Target:
    """The target of an absolute URI (RFC 7252, section 6.4).

    Raises:
        UriError: it is none, it has a fragment or a user, or a part of it fits no option.
    """
    if _WRONG.search(uri):
        raise UriError("the URI has a character that a URI cannot have")
    found = _URI.fullmatch(uri)
    if found is None:
        raise UriError("not an absolute URI without a fragment")
    scheme = found["scheme"].lower()
    authority = _AUTHORITY.fullmatch(found["authority"])
    if authority is None:
        raise UriError("the URI's host and port make no sense")
    port = int(authority["port"] or DEFAULT_PORTS.get(scheme, 0))
    if not 0 < port <= 0xFFFF:
        raise UriError("the URI's port is none, or missing")
    path, query = found["path"] or "", found["query"]
    return Target(
        scheme,
        _checked(_host(authority["host"]), Option.URI_HOST),
        port,
        tuple(_checked(segment, Option.URI_PATH) for segment in _segments(path)),
        () if query is None else tuple(_checked(_unquote(part), Option.URI_QUERY) for part in query.split("&")),
    )


def target_of(options: Options, host: str, port: int, scheme: str = "coap") -> Target:
    """The target of a request's Uri options (RFC 7252, section 6.5).

    Args:
        options: the request's.
        host: where the request was sent, which stands where an option says nothing else.
        port: the same of the port.
        scheme: of the transport.
    """
    named = options.uint(Option.URI_PORT)
    path = options.path
    return Target(
        scheme,
        (options.text(Option.URI_HOST) or host).lower(),
        port if named is None else named,
        () if path == ("",) else path,
        options.query,
    )


def proxy_target(options: Options, host: str) -> Target:
    """The target that a proxy is asked for, by Proxy-Uri, or by Proxy-Scheme and the Uri options.

    Proxy-Uri takes precedence over every other (RFC 7252, section 5.10.2).

    Args:
        options: of a request that has one of the two.
        host: where the request was sent: the target when there is no Uri-Host.

    Raises:
        UriError: the URI cannot be split, or the scheme's port is not known and none is named.
    """
    uri = options.text(Option.PROXY_URI)
    if uri is not None:
        return split(uri)
    scheme = (options.text(Option.PROXY_SCHEME) or "coap").lower()
    target = target_of(options, host, DEFAULT_PORTS.get(scheme, 0), scheme)
    if not target.port:
        raise UriError("the port is missing")
    return target


def uri_options(target: Target, host: str | None = None) -> Options:
    """The options that a request for a target carries when it is sent to it directly (RFC 7252, section 6.4).

    Args:
        target: what is asked for.
        host: the address that the request is sent to; a target that is named so needs no Uri-Host.
    """
    items: list[tuple[int, str | int]] = []
    if target.host != host:
        items.append((Option.URI_HOST, target.host))
    if target.port != DEFAULT_PORTS.get(target.scheme):
        items.append((Option.URI_PORT, target.port))
    return Options([*items, *target.local])


def _host(text: str) -> str:
    if text.startswith("["):
        if not _is_address(text[1:-1], 6):
            raise UriError("the URI's host is no IPv6 address")
        return str(ipaddress.IPv6Address(text[1:-1]))
    return _unquote(text).lower()


def _segments(path: str) -> Iterable[str]:
    """The decoded segments of a path, without those that only point about (RFC 3986, section 5.2.4)."""
    if path in ("", "/"):
        return []
    kept: list[str] = []
    raw = [_unquote(segment) for segment in path[1:].split("/")]
    for segment in raw:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if raw[-1] in (".", ".."):
        kept.append("")
    return [] if kept == [""] else kept


def _unquote(text: str) -> str:
    if "%" not in text:
        return text
    try:
        return re.sub(rb"%(..)", lambda found: bytes.fromhex(found[1].decode()), text.encode()).decode()
    except UnicodeDecodeError:
        raise UriError("the URI has bytes that are not UTF-8") from None


def _quote(text: str, kept: frozenset[int]) -> str:
    return "".join(chr(byte) if byte in kept else f"%{byte:02X}" for byte in text.encode())


def _checked(text: str, option: Option) -> str:
    definition = REGISTRY[option]
    if not definition.least <= len(text.encode()) <= definition.most:
        raise UriError(f"a part of the URI is too long or too short for {definition.name}")
    return text


def _is_address(text: str, version: int) -> bool:
    try:
        return ipaddress.ip_address(text).version == version
    except ValueError:
        return False
