# pyright: basic, reportPrivateUsage=false
# A mutant reaches where nobody else may, and puts anything in the place of anything.
"""Defects that any vendor on this stack may have: of its token endpoint, of bearer tokens, of its rate limits."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..mutants import Mutant, Planted, answers, instead, never, with_json, with_status, without_header
from . import grants
from .bearer import BearerAuthenticator
from .tokens import State, TokenStore

if TYPE_CHECKING:
    from ..web.message import Request
    from .site import DjangoSite

_VALIDATOR: Any = grants._Validator  # noqa: SLF001  a mutant reaches where nobody else may

YEAR = 31_536_000


def mutants(vendor: str) -> tuple[Mutant, ...]:
    """Those of a vendor, whose claims go by the same names as the others'."""
    return tuple(replace(one, claims=tuple(f"{vendor}.{claim}" for claim in one.claims)) for one in _MUTANTS)


def _long_life(vendor: DjangoSite) -> Planted:
    return instead(vendor.tokens, "_lifetime", lambda _: YEAR)


def _lifetime_as_text(body: Any) -> Any:
    return {**body, "expires_in": str(body.get("expires_in"))}


def _bare_token(text: Any) -> Any:
    def read(authenticator: BearerAuthenticator, request: Request) -> Any:
        header = request.headers.get("authorization", "")
        return header if header and " " not in header else text(authenticator, request)

    return read


def _refresh_dies_with_access(validate: Any) -> Any:
    def checked(self: Any, refresh_token: str, client: Any, request: Any, *args: Any, **kwargs: Any) -> bool:
        token = self.tokens.refresh(refresh_token)
        access = token and self.tokens.access(token.partner)
        if access is not None and access.state is State.EXPIRED:
            return False
        return bool(validate(self, refresh_token, client, request, *args, **kwargs))

    return checked


_MUTANTS = (
    Mutant(
        "refresh-token-works-twice",
        "A refresh token that was used may be used again.",
        ("refresh.single-use", "refresh.one-winner"),
        lambda _: never(TokenStore, "spend"),
    ),
    Mutant(
        "old-access-token-lives-on",
        "A refresh leaves the old access token alive.",
        ("refresh.old-access-dies",),
        lambda _: never(_VALIDATOR, "_end_old_access"),
    ),
    Mutant(
        "refresh-token-dies-with-its-access-token",
        "Once the access token has expired its refresh token is refused.",
        ("refresh.after-expiry",),
        lambda _: instead(_VALIDATOR, "validate_refresh_token", _refresh_dies_with_access),
    ),
    Mutant(
        "access-token-lives-for-a-year",
        "An access token outlives its time.",
        ("bearer.lifetime",),
        _long_life,
    ),
    Mutant(
        "revoked-token-works",
        "Revoking a token changes nothing.",
        ("revoke.kills",),
        lambda _: never(_VALIDATOR, "revoke_token"),
    ),
    Mutant(
        "token-may-be-stored",
        "A token's answer does not say that it must not be stored.",
        ("token.headers",),
        lambda vendor: answers(vendor.name, without_header("Cache-Control"), operation="token"),
    ),
    Mutant(
        "lifetime-as-text",
        "expires_in is a text.",
        ("token.lifetime-whole",),
        lambda vendor: answers(vendor.name, with_json(_lifetime_as_text), operation="token"),
    ),
    Mutant(
        "token-without-a-scheme",
        "A bare token in the header is let in.",
        ("bearer.malformed",),
        lambda _: instead(BearerAuthenticator, "_text", _bare_token),
    ),
    Mutant(
        "challenge-lost",
        "A refusal does not say how to log in.",
        ("bearer.challenge",),
        lambda vendor: answers(vendor.name, without_header("WWW-Authenticate")),
    ),
    Mutant(
        "forbidden-instead-of-unauthorized",
        "Without a token the answer is 403.",
        ("bearer.missing",),
        lambda vendor: answers(vendor.name, with_status(401, 403)),
    ),
)
"""Their claims are those of each vendor, without its name before them."""
