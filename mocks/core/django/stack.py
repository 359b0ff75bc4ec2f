"""The eras of the Django stack, as a table of where they differ.

``LEGACY`` is Django 2.0, DRF 3.8, DOT 1.1 and oauthlib 2.1 (2018; stack B of the dossier); ``MODERN`` is Django 5.2,
DRF 3.18, DOT 3.4 and oauthlib 4.0 (stack F). Source of every row: measured; dossier, sections 2 and 3.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Stack:
    """One era.

    Attributes:
        grant_refusal: status of invalid_grant, invalid_scope and unauthorized_client (T10, T23, T43, R04).
        client_challenge: WWW-Authenticate on invalid_client (T16); None for none.
        public_is_unauthorized: client_credentials by a public client is unauthorized_client, not invalid_client (T25).
        token_query_refused: a query on the token URL is refused with 400 (T39) rather than ignored.
        client_before_user: the client is authenticated before username and password are looked for (T13, T14).
        loose_bearer: any white space may follow ``Bearer`` (B07).
        other_scheme_is_invalid: another scheme is challenged as an invalid token (B08).
        consult_all_rates: every rate limit counts a request that one of them refused (DRF 3.10).
        empty_page_is_first: ``?page=`` without a number is the first page rather than none (read in DRF's source).
        dates_alone: a date without a time is read, as its midnight (3.6).
        names_missing_model: a missing object's 404 names its model (3.6).
        bad_escape: status of a malformed percent escape in a query (B41).
        dead_grace_token: a refresh token replayed within its grace comes back as one that was never stored (3.3).
        same_site: cookies say ``SameSite=Lax`` (Django 2.1; read in its source).
        csrf_reasons_differ: a missing form secret and a wrong one have words of their own (Django 4.0; likewise).
        page: the HTML of an error page, with ``{title}`` and ``{body}``.
        page_type: its media type.
        headers: on every answer.
    """

    grant_refusal: int
    client_challenge: str | None
    public_is_unauthorized: bool
    token_query_refused: bool
    client_before_user: bool
    loose_bearer: bool
    other_scheme_is_invalid: bool
    consult_all_rates: bool
    empty_page_is_first: bool
    dates_alone: bool
    names_missing_model: bool
    bad_escape: int
    dead_grace_token: bool
    same_site: bool
    csrf_reasons_differ: bool
    page: str
    page_type: str
    headers: tuple[tuple[str, str], ...]


LEGACY = Stack(
    grant_refusal=401,
    client_challenge=None,
    public_is_unauthorized=False,
    token_query_refused=False,
    client_before_user=True,
    loose_bearer=False,
    other_scheme_is_invalid=True,
    consult_all_rates=False,
    empty_page_is_first=False,
    dates_alone=False,
    names_missing_model=False,
    bad_escape=500,
    dead_grace_token=True,
    same_site=False,
    csrf_reasons_differ=False,
    page="{body}",
    page_type="text/html",
    headers=(("X-Frame-Options", "SAMEORIGIN"),),
)

MODERN = Stack(
    grant_refusal=400,
    client_challenge='Bearer error="invalid_client"',
    public_is_unauthorized=True,
    token_query_refused=True,
    client_before_user=False,
    loose_bearer=True,
    other_scheme_is_invalid=False,
    consult_all_rates=True,
    empty_page_is_first=True,
    dates_alone=True,
    names_missing_model=True,
    bad_escape=400,
    dead_grace_token=False,
    same_site=True,
    csrf_reasons_differ=True,
    page=(
        '\n<!doctype html>\n<html lang="en">\n<head>\n  <title>{title}</title>\n</head>\n'
        "<body>\n  {body}\n</body>\n</html>\n"
    ),
    page_type="text/html; charset=utf-8",
    headers=(
        ("X-Frame-Options", "DENY"),
        ("X-Content-Type-Options", "nosniff"),
        ("Referrer-Policy", "same-origin"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
    ),
)
