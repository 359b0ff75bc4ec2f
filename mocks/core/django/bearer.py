"""Bearer tokens on resources, as DOT's authenticator for DRF takes and refuses them (B01 to B41, E10)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ..ids import fingerprint
from .pages import PageError
from .refusals import NotAuthenticated
from .tokens import State, TokenStore

if TYPE_CHECKING:
    from ..web.message import Request
    from .drf import Principal
    from .stack import Stack

_REALM = 'Bearer realm="api"'
_CHALLENGES = {
    NotAuthenticated.cause: _REALM,
    "invalid-token": f'{_REALM},error="invalid_token",error_description="The access token is invalid."',
    "expired-token": f'{_REALM},error="invalid_token",error_description="The access token has expired."',
}
_BAD_ESCAPE = re.compile("%(?![0-9A-Fa-f]{2})")


class BearerAuthenticator:
    """Takes a token from the header, else from the field ``access_token`` of a form body or of the query."""

    def __init__(self, stack: Stack, tokens: TokenStore) -> None:
        self._stack = stack
        self._tokens = tokens

    def authenticate(self, request: Request) -> Principal | None:
        """The token's principal; None for every token that does not hold, which only the challenge explains."""
        if "%" in request.query and _BAD_ESCAPE.search(request.query):
            raise PageError(self._stack, self._stack.bad_escape, "malformed-escape")
        text = self._text(request)
        if not text:
            return None
        token = self._tokens.access(text)
        if token is not None and token.state is State.LIVE:
            return token.principal
        request.credential = f"Bearer {fingerprint(text)}"
        request.detail["refused"] = "invalid-token"
        if token is not None:
            request.detail["token"] = token.state.value
            if token.state is State.EXPIRED:
                request.detail["refused"] = "expired-token"
        return None

    def challenge(self, request: Request) -> str:
        """Why the caller was refused, as far as the vendor tells."""
        return _CHALLENGES[request.detail.get("refused", NotAuthenticated.cause)]

    def _text(self, request: Request) -> str | None:
        """The token sent, if any; a header of any scheme rules out the other two places (B17, B18)."""
        header = request.headers.get("authorization")
        if header is None:
            return request.form.get("access_token") or request.query_fields.get("access_token")
        parts = header.split() if self._stack.loose_bearer else header.strip().split(" ")
        if len(parts) == 2 and parts[0].lower() == "bearer":
            return parts[1]
        if header.strip().lower() not in ("", "bearer") and self._stack.other_scheme_is_invalid:
            # Another scheme, a bare token, or something behind it.
            request.detail["refused"] = "invalid-token"
        return None
