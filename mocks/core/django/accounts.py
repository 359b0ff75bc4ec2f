"""What an OAuth server is told: its clients, how to check a user, and its settings."""

from __future__ import annotations

import base64
import binascii
from dataclasses import dataclass
from hmac import compare_digest
from typing import TYPE_CHECKING, Protocol
from urllib.parse import unquote_plus

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Mapping, Sequence

PASSWORD = "password"  # noqa: S105
CLIENT_CREDENTIALS = "client_credentials"
REFRESH = "refresh_token"


@dataclass(frozen=True, slots=True)
class Application:
    """A registered client.

    Attributes:
        client_id: public name: 40 letters and digits.
        client_secret: 128 letters and digits.
        confidential: whether it must show its secret.
        grant: the one grant it is registered for; refreshing goes with the password grant.
        owner: the user who registered it.
    """

    client_id: str
    client_secret: str
    name: str
    confidential: bool
    grant: str
    owner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OAuthSettings:
    """How a server is configured; DOT's own names in the comments.

    Attributes:
        lifetime: seconds an access token lives (ACCESS_TOKEN_EXPIRE_SECONDS).
        scopes: all there are.
        default_scopes: granted when none is asked.
        rotate: a refresh gives a new refresh token (ROTATE_REFRESH_TOKEN).
        grace: seconds in which a spent refresh token answers once more (REFRESH_TOKEN_GRACE_PERIOD_SECONDS).
        reuse_protection: a replayed refresh token ends its whole family (REFRESH_TOKEN_REUSE_PROTECTION).
        credentials_for_owner: a client_credentials token acts for the application's owner; stock DOT: for nobody.
        credentials_refresh: client_credentials gives a refresh token too; stock DOT: never.
    """

    lifetime: int
    scopes: tuple[str, ...]
    default_scopes: tuple[str, ...]
    rotate: bool = True
    grace: int = 0
    reuse_protection: bool = False
    credentials_for_owner: bool = True
    credentials_refresh: bool = False


class Account(Protocol):
    """A user of a vendor, as far as a login goes."""

    @property
    def password(self) -> str:
        """Which lets him in."""
        ...


class Directory(Protocol):
    """Whom and what a vendor knows."""

    @property
    def users(self) -> Mapping[str, Account]:
        """By the name with which each logs in."""
        ...

    @property
    def applications(self) -> Sequence[Application]:
        """The registered clients."""
        ...


class Accounts:
    """The users and clients of one vendor.

    Args:
        directory: gives them as they are now.
        tokens: those that were issued.
        is_active: whether a user may log in.
        is_secret: knows what the vendor gave out besides tokens, passwords and clients' secrets.
    """

    def __init__(
        self,
        directory: Callable[[], Directory],
        tokens: Container[str],
        *,
        is_active: Callable[[str], bool] = lambda _name: True,
        is_secret: Callable[[str], bool] = lambda _text: False,
    ) -> None:
        self._directory = directory
        self._tokens = tokens
        self._is_active = is_active
        self._is_secret = is_secret

    def application(self, client_id: str) -> Application | None:
        """The registered client with this id."""
        return next((found for found in self._directory().applications if found.client_id == client_id), None)

    def check(self, username: str, password: str) -> bool:
        """Whether a user of this name has this password and may log in."""
        user = self._directory().users.get(username)
        if user is None or not compare_digest(user.password.encode(), password.encode()):
            return False
        return self._is_active(username)

    def is_secret(self, text: str) -> bool:
        """Whether this is a token, a password or another secret that the vendor gave out."""
        directory = self._directory()
        return (
            text in self._tokens
            or any(text == user.password for user in directory.users.values())
            or any(text == application.client_secret for application in directory.applications)
            or self._is_secret(text)
        )


def uses_basic(headers: Mapping[str, str]) -> bool:
    """Whether the caller shows himself by HTTP Basic, garbage included."""
    scheme, _, encoded = headers.get("authorization", "").partition(" ")
    return scheme.lower() == "basic" and bool(encoded)


def basic_credentials(headers: Mapping[str, str]) -> tuple[str, str] | None:
    """Client id and secret from HTTP Basic, percent-decoded as RFC 6749 has it; None when absent or garbage."""
    scheme, _, encoded = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    client_id, colon, secret = text.partition(":")
    return (unquote_plus(client_id), unquote_plus(secret)) if colon else None
