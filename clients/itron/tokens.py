"""Tokens of the Itron services: made from a client id and secret, good for an hour, shown without a scheme.

What a token says of itself is read and never verified: nobody but the vendor has the key. It is a dozen lines on the
standard library, so no JWT library is asked for it.

Whether a token is due is not judged by comparing its `exp` with our clock, since the two clocks may well disagree. Its
life is `exp - iat`, both by the vendor's clock, and begins by ours when it was asked for.
"""

from __future__ import annotations

import base64
import json
from contextlib import suppress
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import httpx

from ..core.errors import LoginRefused, LoginRequired, ServerError, UsageError
from ..core.reading import complaint, decode, is_number, is_object, refusal, unexpected
from ..core.renewal import Renewal
from ..core.secret import Credential, Secret
from ..core.steps import Call
from ..core.tokens import MemoryTokenStore, TokenKey, TokenPair, is_token

if TYPE_CHECKING:
    from ..core.reading import Node
    from ..core.renewal import Line
    from ..core.steps import Steps

SUCCESSES: Final = frozenset({HTTPStatus.OK, HTTPStatus.CREATED})
"""What the vendor's own clients accept from the token endpoint."""

FARTHEST: Final = 2.0**40
"""Seconds; a claim beyond it is no time."""

AGREEMENT: Final = 60.0
"""Seconds that two clocks may differ and still be taken to agree: a token's way here is part of the difference."""


@dataclass(frozen=True, slots=True)
class Claims:
    """When a token begins and ends, by the vendor's clock, and whose it is.

    Attributes:
        iat: Unix seconds; None if the token does not say.
        exp: Likewise.
        sub: Whose it is: the tenant. None likewise.
    """

    iat: float | None = None
    exp: float | None = None
    sub: str | None = None

    @classmethod
    def of(cls, token: str) -> Claims:
        """Read a token's payload; of anything that is no JWT, nothing is known."""
        parts = token.split(".")
        if len(parts) != 3:
            return cls()
        payload: Any = None
        with suppress(ValueError, RecursionError):
            payload = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        members = payload if is_object(payload) else {}
        tenant: object = members.get("sub")
        return cls(_time(members.get("iat")), _time(members.get("exp")), tenant if isinstance(tenant, str) else None)

    def lifetime(self, now: float) -> float | None:
        """Return the seconds from issue to expiry; None if they are unknown, so that only a 401 can end it.

        Args:
            now: By our clock, for a token that does not say when it was issued.
        """
        if self.exp is None:
            return None
        seconds = self.exp - (now if self.iat is None else self.iat)
        return seconds if seconds > 0 else None


def clock_ahead(pair: TokenPair) -> float:
    """Return the seconds by which the vendor's clock is ahead of ours, as far as a token made for us tells."""
    exp = Claims.of(pair.access.reveal()).exp
    if exp is None or pair.expires_at is None:
        return 0.0
    ahead = exp - pair.expires_at
    return 0.0 if abs(ahead) < AGREEMENT else ahead


@dataclass(frozen=True, slots=True)
class Application:
    """A client as the vendor knows it.

    Attributes:
        client_id: As the vendor gave it out.
        client_secret: Likewise.
        token_url: The whole address of the token endpoint, where it is not below the base URL.
        scheme: What stands before the token: nothing, as in every client of the vendor's, or "Bearer".
    """

    client_id: str
    client_secret: Secret
    token_url: str | None = None
    scheme: str = ""

    @property
    def name(self) -> str:
        """What it is; a client id tells a reader nothing."""
        return "application"

    def authority(self, line: Line) -> Renewal:
        """Return what renews this one's tokens, and sends calls with them."""
        return Renewal(TokenEndpoint(self, line), line)


@dataclass(frozen=True, slots=True)
class BareToken:
    """A token that somebody else has made; nothing renews it.

    Raises:
        UsageError: It cannot be one: empty, or with characters that no header carries.
    """

    token: Secret
    scheme: str = ""

    def __post_init__(self) -> None:
        if not is_token(self.token.reveal()):
            raise UsageError("a token is made of printable ASCII")

    @property
    def name(self) -> str:
        """What it is; nobody knows whose token it holds."""
        return "holder of a token"

    def authority(self, line: Line) -> Renewal:
        """Return what sends calls with the token."""
        source, store = _NoSource(TokenKey(line.base_url, ""), self.scheme), MemoryTokenStore()
        store.save(source.key, TokenPair(self.token))
        return Renewal(source, replace(line, store=store))


@dataclass(frozen=True, slots=True)
class _NoSource:
    """Where tokens do not come from."""

    key: TokenKey
    scheme: str

    def credential(self, access: Secret) -> Credential:
        return Credential(self.scheme, access)

    def refresh(self, token: Secret) -> Steps[TokenPair | None]:  # noqa: ARG002 - other vendors' are
        return None
        yield

    def login(self) -> Steps[TokenPair]:
        raise LoginRequired("the token is refused or at its end, and there is nothing to make another from")
        yield


class TokenEndpoint:
    """Where tokens come from, as one application finds it."""

    def __init__(self, application: Application, line: Line) -> None:
        self.key = TokenKey(line.base_url, application.client_id)
        self._application = application
        self._line = line

    def credential(self, access: Secret) -> Credential:
        """Return how a request shows a token."""
        return Credential(self._application.scheme, access)

    def refresh(self, token: Secret) -> Steps[TokenPair | None]:  # noqa: ARG002 - other vendors' are
        """Return None: this vendor gives no refresh tokens."""
        return None
        yield

    def login(self) -> Steps[TokenPair]:
        """Ask for a token; older ones stay good.

        Raises:
            LoginRefused: The vendor knows no such id with such a secret.
        """
        application, line = self._application, self._line
        body = {"clientId": application.client_id, "clientSecret": application.client_secret.reveal()}
        url = application.token_url
        call = Call("POST", line.token_path if url is None else httpx.URL(url).path, url=url, json=body)
        asked_at = line.clock()
        response = yield from line.exchange.send(call, paced=False)
        if response.status_code not in SUCCESSES:
            raise _refused(response, call)
        return _pair(decode(response, call), asked_at)


def _pair(body: Node, asked_at: float) -> TokenPair:
    member = body.member("accessToken")
    if not is_token(member.text()):
        raise member.unexpected("not made of printable ASCII")
    lifetime = Claims.of(member.text()).lifetime(asked_at)
    expires_at = None if lifetime is None else asked_at + lifetime
    return TokenPair(Secret(member.text()), expires_at=expires_at, lifetime=lifetime)


def _refused(response: httpx.Response, call: Call) -> Exception:
    """Return the error of a token that was not given.

    A 403 or 404 from here must not look like one of the thing that was asked for, so neither keeps its class.
    """
    if response.status_code in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED):
        return LoginRefused(complaint(response), method=call.method, path=call.path)
    trouble = refusal(response, call)
    return trouble if isinstance(trouble, ServerError) else unexpected(response, call, "no token")


def _time(value: object) -> float | None:
    return float(value) if is_number(value) and abs(value) < FARTHEST else None
