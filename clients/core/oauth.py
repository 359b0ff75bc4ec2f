"""OAuth 2 as the vendors on Django run it: how a pair of tokens is made.

They rotate refresh tokens: using one spends it, kills the access token at once, and gives a new pair. So

- when the answer to a refresh is lost, the token may be spent or not: it is tried once more;
- `invalid_grant` (400 from current servers, 401 from older ones) means: log in again.

When that happens, and for whom, is told in `renewal`.
"""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from .errors import LoginRefused, LoginRequired, ServerError
from .reading import Node, decode, refusal, unexpected
from .renewal import Renewal
from .secret import Credential, Secret
from .steps import Call, Steps
from .tokens import TokenKey, TokenPair, is_token

if TYPE_CHECKING:
    import httpx

    from .renewal import Authority, Line

REFRESH_ATTEMPTS = 2
"""Sends of one refresh token; a third would tell no more."""


@dataclass(frozen=True, slots=True)
class Application:
    """The client as the vendor knows it, and the user it acts for.

    Attributes:
        client_id: As registered.
        client_secret: None for a public application.
        username: None to act as the application itself (grant `client_credentials`).
        password: None if only stored tokens may be used.
        scope: What to ask for; "" for the vendor's default.
    """

    client_id: str
    client_secret: Secret | None = None
    username: str | None = None
    password: Secret | None = None
    scope: str = ""

    @property
    def name(self) -> str:
        """Whom the tokens stand for."""
        return self.username or "application"

    def authority(self, line: Line) -> Authority:
        """Return what renews this one's tokens, and sends calls with them."""
        return Renewal(OAuth(self, line), line)

    def login_form(self) -> dict[str, str] | None:
        """Return the form that logs in, or None if there is nothing to log in with."""
        if self.username is not None and self.password is not None:
            form = {"grant_type": "password", "username": self.username, "password": self.password.reveal()}
        elif self.username is None and self.client_secret is not None:
            form = {"grant_type": "client_credentials"}
        else:
            return None
        return form | self._identity() | ({"scope": self.scope} if self.scope else {})

    def refresh_form(self, token: Secret) -> dict[str, str]:
        """Return the form that spends a refresh token."""
        return {"grant_type": "refresh_token", "refresh_token": token.reveal()} | self._identity()

    def _identity(self) -> dict[str, str]:
        secret = {} if self.client_secret is None else {"client_secret": self.client_secret.reveal()}
        return {"client_id": self.client_id} | secret


class OAuth:
    """The token endpoint, as one application and user find it."""

    def __init__(self, application: Application, line: Line) -> None:
        self.key = TokenKey(line.base_url, application.client_id, application.username or "", application.scope)
        self._application = application
        self._line = line

    def credential(self, access: Secret) -> Credential:
        """Return how a request shows an access token."""
        return Credential("Bearer", access)

    def refresh(self, token: Secret) -> Steps[TokenPair | None]:
        """Spend a refresh token.

        Returns:
            The new pair; None if the vendor does not take the token any more.

        Raises:
            LoginRefused: The vendor refuses the application itself.
        """
        form = self._application.refresh_form(token)
        made = yield from self._ask(form, token, attempts=REFRESH_ATTEMPTS)
        if isinstance(made, LoginRefused):
            if made.error == "invalid_grant":
                return None
            raise made
        return made

    def login(self) -> Steps[TokenPair]:
        """Log in afresh.

        Raises:
            LoginRequired: No password is known.
            LoginRefused: The vendor refuses.
        """
        form = self._application.login_form()
        if form is None:
            raise LoginRequired(
                "no usable token is stored and no password is known: log in again",
                method="POST",
                path=self._line.token_path,
            )
        made = yield from self._ask(form, None)
        if isinstance(made, LoginRefused):
            raise made
        return made

    def _ask(
        self, form: dict[str, str], refresh: Secret | None, *, attempts: int | None = None
    ) -> Steps[TokenPair | LoginRefused]:
        call = Call("POST", self._line.token_path, form=form)
        asked_at = self._line.clock()
        response = yield from self._line.exchange.send(call, paced=False, attempts=attempts)
        if response.status_code == HTTPStatus.OK:
            return _pair(decode(response, call), asked_at, refresh)
        return _refusal(response, call)


def _pair(body: Node, asked_at: float, refresh: Secret | None) -> TokenPair:
    """Read a token response; the old refresh token stays if no new one came (RFC 6749, section 6)."""
    kind = body.member("token_type")
    if kind.text().lower() != "bearer":
        raise kind.unexpected("expected Bearer")
    lifetime, renewal, scope = body.maybe("expires_in"), body.maybe("refresh_token"), body.maybe("scope")
    access = body.member("access_token")
    if not is_token(access.text()) or not (renewal is None or is_token(renewal.text())):
        raise body.unexpected("access_token, refresh_token: not made of printable ASCII")
    seconds = None if lifetime is None else float(lifetime.integer(minimum=1))
    return TokenPair(
        access=Secret(access.text()),
        refresh=refresh if renewal is None else Secret(renewal.text()),
        scope="" if scope is None else scope.text(),
        expires_at=None if seconds is None else asked_at + seconds,
        lifetime=seconds,
    )


def _refusal(response: httpx.Response, call: Call) -> LoginRefused:
    """Read an OAuth error; only 400 and 401 are the protocol's.

    A 403 or 404 from here must not look like one of the thing that was asked for, so neither keeps its class.
    """
    if response.status_code not in (HTTPStatus.BAD_REQUEST, HTTPStatus.UNAUTHORIZED):
        trouble = refusal(response, call)
        raise (
            trouble if isinstance(trouble, ServerError) else unexpected(response, call, "no token, and no OAuth error")
        )
    body = decode(response, call)
    error = body.member("error").text()
    said = body.maybe("error_description")
    message = f"{response.status_code} {error}" + ("" if said is None else f": {said.text()}")
    return LoginRefused(message, error=error, method=call.method, path=call.path)
