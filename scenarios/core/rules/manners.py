"""Rules about how requests are written; judged in every story."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus

from vendorlab.scenarios.core.rules.registry import NoSettings, Ruling, rule

if TYPE_CHECKING:
    from vendorlab.scenarios.core.evidence import Evidence, Exchange

_TELLING = re.compile(r"(?:^|&)[^=&]*(?:token|password|secret|api_?key)[^=&]*=[^&]", re.IGNORECASE)
"""A field of a query whose name says that its value is a secret."""

_BROKEN_OFFSET = re.compile(r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)? [0-9]{2}:?[0-9]{2}(?![0-9:])")
"""A time whose offset lost its plus: in a query, a bare ``+`` means a blank."""
_OFFSET = re.compile(r"[0-9]{2}(?:\.[0-9]+)?\+[0-9]{2}:?[0-9]{2}")
_FORMS = frozenset({"scanalytics", "inode"})
"""Vendors whose token endpoint takes forms."""


@rule(
    "no-secret-in-url",
    always=True,
    remedy="Send tokens in the Authorization header and passwords in the body, and never in a URL or another header.",
)
def no_secret_in_url(evidence: Evidence, _: NoSettings) -> Ruling:
    """No token, key or password stands in a URL, or in a header that servers write into their logs.

    URLs end in the logs of every proxy on the way, in histories and in error reports, where nobody guards them.
    """
    ruling = Ruling()
    for one in evidence.exchanges:
        if one.protocol != "http":
            continue
        ruling.met += 1
        leaks = one.detail.get("leaks", [])
        if "url" in leaks or _TELLING.search(one.query):
            ruling.breach("a secret stands in the URL", one)
        for name in leaks:
            if name != "url":
                ruling.breach(f"a secret stands in the header {name}", one)
    return ruling


@rule(
    "form-body-where-due",
    always=True,
    remedy="Send the token request as application/x-www-form-urlencoded, not as JSON.",
)
def form_body_where_due(evidence: Evidence, _: NoSettings) -> Ruling:
    """The token request is a form.

    OAuth says so (RFC 6749, section 4.3.2), and the vendors' framework does not look at anything else: it answers that
    the grant type is not supported.
    """
    ruling = Ruling()
    for one in evidence.exchanges:
        if one.vendor in _FORMS and one.operation == "token" and one.method == "POST":
            ruling.met += 1
            if "body" in one.detail:
                ruling.breach(f"the token request's body is {one.detail['body']}", one)
    return ruling


@rule(
    "slash-kept",
    always=True,
    remedy="Write paths exactly as the vendor does, with the slash at the end where there is one.",
)
def slash_kept(evidence: Evidence, _: NoSettings) -> Ruling:
    """Paths are asked for as the vendor writes them, with their last slash.

    Without it the vendor's framework redirects: twice the traffic, and a redirected POST arrives as a GET, empty.
    """
    ruling = Ruling()
    for one in evidence.exchanges:
        if one.protocol == "http":
            ruling.met += one.path.endswith("/")
            if one.status == 301 and one.cause == "redirect" and not one.path.endswith("/"):
                ruling.breach("the slash at the end is missing", one)
    return ruling


@rule(
    "no-redirect-after-post",
    always=True,
    remedy="Do not let the HTTP library follow redirects of POST: take one for an error in the address.",
)
def no_redirect_after_post(evidence: Evidence, _: NoSettings) -> Ruling:
    """A redirect of a POST is not followed.

    Libraries follow it with a GET without the body. What is told then is that GET is not allowed, which leads everybody
    astray who looks for the mistake.
    """
    ruling = Ruling()
    sent: dict[tuple[str, str], Exchange] = {}
    for one in evidence.exchanges:
        before = sent.pop((one.vendor, one.path), None)
        if before is not None and one.method == "GET" and one.seconds_after(before) < 1:
            ruling.breach("the POST was redirected, and came back as a GET", before, one)
        if one.method == "POST" and one.status in (301, 302) and one.cause == "redirect":
            ruling.met += 1
            sent[one.vendor, one.path + "/"] = one
    return ruling


@rule(
    "plus-escaped",
    always=True,
    remedy="Let a library write the query; a `+` in it is `%2B`.",
)
def plus_escaped(evidence: Evidence, _: NoSettings) -> Ruling:
    """The plus of a time's offset is escaped in a query.

    A bare `+` there is a blank. The vendor refuses the time, or worse, takes it for one without an offset: then all
    readings are off by hours.
    """
    ruling = Ruling()
    for one in evidence.exchanges:
        for field in one.query.split("&"):
            value = unquote_plus(field.partition("=")[2])
            ruling.met += bool(_OFFSET.search(value))
            if _BROKEN_OFFSET.search(value):
                ruling.breach(f"the vendor reads {value!r}", one)
    return ruling
