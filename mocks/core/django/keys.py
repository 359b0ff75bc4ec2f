"""API keys on resources, as DRF's TokenAuthentication takes and refuses them (D01 to D15): ``Token <key>``."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..ids import fingerprint
from .drf import Principal
from .refusals import AuthenticationFailed

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..web.message import Request

KEY_LENGTH = 40
"""Hex digits in lower case, as DRF draws them."""

_NO_KEY = "Invalid token header. No credentials provided."
_BLANKS = "Invalid token header. Token string should not contain spaces."
_CHARACTERS = "Invalid token header. Token string should not contain invalid characters."


class KeyHolder(NamedTuple):
    """Whose key it is, and whether he may still use it."""

    user: str
    active: bool


class KeyAuthenticator:
    """Takes a key from the header, by the scheme ``Token`` in any case.

    Args:
        holder: whose key a text is, or None.
    """

    def __init__(self, holder: Callable[[str], KeyHolder | None]) -> None:
        self._holder = holder

    def authenticate(self, request: Request) -> Principal | None:
        """The key's principal; None for another scheme.

        Raises:
            AuthenticationFailed: The scheme is ours, and the key does not hold.
        """
        # Bytes, since only ASCII blanks part a header's words; what they say is UTF-8.
        parts = request.headers.get("authorization", "").encode("latin-1", "replace").split()
        if not parts or parts[0].lower() != b"token":
            return None
        if len(parts) == 1:
            raise _malformed(_NO_KEY)
        if len(parts) > 2:
            raise _malformed(_BLANKS)
        try:
            key = parts[1].decode()
        except UnicodeDecodeError:
            raise _malformed(_CHARACTERS) from None
        request.credential = f"Token {fingerprint(key)}"
        holder = self._holder(key)
        if holder is None:
            raise AuthenticationFailed("Invalid token.", cause="invalid-key")
        if not holder.active:
            raise AuthenticationFailed("User inactive or deleted.", cause="inactive-user")
        return Principal(holder.user, holder.user, request.credential)

    def challenge(self, _request: Request) -> str:
        """The scheme alone: it never tells why."""
        return "Token"


def _malformed(detail: str) -> AuthenticationFailed:
    return AuthenticationFailed(detail, cause="malformed-key")
