"""Addresses: the form of a base URL, names as parts of a path, and whose a URL is."""

from __future__ import annotations

from urllib.parse import quote

import httpx

from .errors import UsageError

PORTS = {"http": 80, "https": 443}


def normal_url(base_url: str) -> str:
    """Return a base URL in the one form that tokens are kept under.

    Raises:
        UsageError: It is not an http(s) URL, or holds a user, a query or a fragment.
    """
    try:
        url = httpx.URL(base_url)
    except (httpx.InvalidURL, TypeError) as trouble:
        raise UsageError(f"the base URL is not a URL: {trouble}") from None
    if url.scheme not in PORTS or not url.host or url.userinfo or url.query or url.fragment:
        raise UsageError("the base URL must be http(s)://host[:port][/path] and nothing more")
    return str(url).rstrip("/")


def port_of(url: httpx.URL, scheme: str) -> int:
    """Return a URL's port; one that is not said is that of the scheme."""
    return url.port or PORTS[scheme]


def segment(name: str) -> str:
    """Return a name as one part of a path.

    Raises:
        UsageError: It is none: empty, or dots that lead elsewhere.
    """
    if name in ("", ".", ".."):
        raise UsageError(f"not a name: {name!r}")
    return quote(name, safe="")
