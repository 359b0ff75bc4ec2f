# pyright: basic, reportAttributeAccessIssue=false, reportArgumentType=false
# oauthlib has no types of its own, and those that others wrote for it are of an older version.
"""The grants, checked by ``oauthlib``: the one module that touches it."""

from __future__ import annotations

from hmac import compare_digest
from typing import TYPE_CHECKING, Any

from oauthlib.oauth2 import (
    BearerToken,
    ClientCredentialsGrant,
    RefreshTokenGrant,
    RequestValidator,
    ResourceOwnerPasswordCredentialsGrant,
    RevocationEndpoint,
    TokenEndpoint,
)
from oauthlib.oauth2.rfc6749.errors import UnauthorizedClientError, UnsupportedGrantTypeError
from oauthlib.oauth2.rfc6749.grant_types.base import GrantTypeBase

from ..clock import SECOND
from .accounts import CLIENT_CREDENTIALS, PASSWORD, REFRESH, basic_credentials, uses_basic
from .tokens import State, Token

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ..clock import Clock
    from .accounts import Accounts, Application, OAuthSettings
    from .stack import Stack
    from .tokens import TokenStore

Reply = tuple[dict[str, str], str, int]
"""Headers, body and status, as ``oauthlib`` gives them."""

_URI = "/"  # oauthlib wants one; what may stand in it is checked before it gets here


class Grants:
    """Both endpoints of one server, without HTTP."""

    def __init__(
        self, stack: Stack, settings: OAuthSettings, accounts: Accounts, tokens: TokenStore, clock: Clock
    ) -> None:
        validator = _Validator(settings, accounts, tokens, clock, dead_grace=stack.dead_grace_token)
        password = ResourceOwnerPasswordCredentialsGrant(validator)
        credentials = ClientCredentialsGrant(validator)
        if stack.client_before_user:
            password.custom_validators.pre_token.append(password.validate_client_authentication)
        if stack.public_is_unauthorized:
            credentials.custom_validators.pre_token.append(validator.refuse_public)
        bearer = BearerToken(validator, lambda _request: tokens.new_text(), settings.lifetime)
        grants = {PASSWORD: password, CLIENT_CREDENTIALS: credentials, REFRESH: RefreshTokenGrant(validator)}
        self._token = TokenEndpoint("none", bearer, {"none": _NoGrant(validator), **grants})
        self._revocation = RevocationEndpoint(validator)

    def token(self, form: Mapping[str, str], headers: Mapping[str, str]) -> Reply:
        """A token, or why there is none."""
        reply: Reply = self._token.create_token_response(_URI, "POST", dict(form), dict(headers))
        return reply

    def revoke(self, form: Mapping[str, str], headers: Mapping[str, str]) -> Reply:
        """Nothing, whether or not there was something to revoke."""
        reply: Reply = self._revocation.create_revocation_response(_URI, "POST", dict(form), dict(headers))
        return reply


class _NoGrant(GrantTypeBase):
    """Where a grant type leads that the server does not have, or that was not given."""

    def create_token_response(self, request: Any, token_handler: Any) -> Reply:
        _ = token_handler
        error = UnsupportedGrantTypeError(request=request)
        return self._get_default_headers() | error.headers, error.json, error.status_code


class _Validator(RequestValidator):
    """What ``oauthlib`` asks while it checks a request. Methods and their arguments are its own."""

    def __init__(
        self, settings: OAuthSettings, accounts: Accounts, tokens: TokenStore, clock: Clock, *, dead_grace: bool
    ) -> None:
        self.tokens = tokens
        self._settings = settings
        self._accounts = accounts
        self._clock = clock
        self._dead_grace = dead_grace

    # --- the client ----------------------------------------------------------------------------------------------

    def client_authentication_required(self, request: Any, *_args: Any, **_kwargs: Any) -> bool:
        if uses_basic(request.headers) or (request.client_id and request.client_secret):
            return True
        application = self._accounts.application(request.client_id or "")
        return application is None or application.confidential

    def authenticate_client(self, request: Any, *_args: Any, **_kwargs: Any) -> bool:
        # DOT tries Basic and then the body; the client that Basic named stays the one whose secret is due.
        application: Application | None = None
        for client_id, secret in (
            basic_credentials(request.headers) or ("", ""),
            (request.client_id or "", request.client_secret or ""),
        ):
            application = application or self._accounts.application(client_id)
            if application is not None and compare_digest(application.client_secret.encode(), secret.encode()):
                request.client = application
                request.client_id = application.client_id
                return True
        return False

    def authenticate_client_id(self, client_id: str, request: Any, *_args: Any, **_kwargs: Any) -> bool:
        application = self._accounts.application(client_id or "")
        if application is None or application.confidential:
            return False
        request.client = application
        return True

    def refuse_public(self, request: Any) -> None:
        """A public client may not use client_credentials, and newer stacks say so (T25)."""
        application = self._accounts.application(request.client_id or "")
        if application is not None and not application.confidential and not request.client_secret:
            raise UnauthorizedClientError(request=request)

    def validate_grant_type(
        self, client_id: str, grant_type: str, client: Any, request: Any, *_args: Any, **_kwargs: Any
    ) -> bool:
        return grant_type in (REFRESH, client.grant)

    # --- the user and the scope ----------------------------------------------------------------------------------

    def validate_user(
        self, username: str, password: str, client: Any, request: Any, *_args: Any, **_kwargs: Any
    ) -> bool:
        if not self._accounts.check(username, password):
            return False
        request.user = username
        return True

    def get_default_scopes(self, client_id: str, request: Any, *_args: Any, **_kwargs: Any) -> list[str]:
        return list(self._settings.default_scopes)

    def validate_scopes(
        self, client_id: str, scopes: Sequence[str], client: Any, request: Any, *_args: Any, **_kwargs: Any
    ) -> bool:
        return set(scopes) <= set(self._settings.scopes)

    # --- refreshing ----------------------------------------------------------------------------------------------

    def validate_refresh_token(
        self, refresh_token: str, client: Any, request: Any, *_args: Any, **_kwargs: Any
    ) -> bool:
        token = self.tokens.refresh(refresh_token)
        if token is None or token.client_id != client.client_id:
            return False
        if token.state is State.SPENT:
            return self._replayed(token, request)
        if token.state is not State.LIVE:
            return False
        self._takes(token, request)
        return True

    def get_original_scopes(self, refresh_token: str, request: Any, *_args: Any, **_kwargs: Any) -> list[str]:
        token = self.tokens.refresh(refresh_token)
        return list(token.scope) if token else []

    def rotate_refresh_token(self, request: Any) -> bool:
        return self._settings.rotate

    def _replayed(self, token: Token, request: Any) -> bool:
        """A spent refresh token came again: a last chance within the grace, otherwise perhaps the end of its family."""
        if self._settings.grace and self._clock.micros() - token.changed < self._settings.grace * SECOND:
            self._takes(token, request)
            return True
        if self._settings.reuse_protection:
            self.tokens.revoke_family(token.family)
        return False

    def _takes(self, token: Token, request: Any) -> None:
        request.user = token.user
        request.spent_by_this = token

    # --- issuing and revoking ------------------------------------------------------------------------------------

    def save_token(self, token: dict[str, Any], request: Any, *_args: Any, **_kwargs: Any) -> None:
        used: Token | None = getattr(request, "spent_by_this", None)
        if used is not None and used.state is State.SPENT:
            self._repeat(token, used)
            return
        if used is not None:
            self._end_old_access(used)
            if self._settings.rotate:
                self.tokens.spend(used)
        user = request.user
        if request.grant_type == CLIENT_CREDENTIALS:
            user = request.client.owner if self._settings.credentials_for_owner else None
            if self._settings.credentials_refresh:
                token[REFRESH] = self.tokens.new_text()
        issued = self.tokens.issue(
            access=token["access_token"],
            refresh=token.get(REFRESH),
            user=user,
            client_id=request.client.client_id,
            scope=request.scopes,
            family=used.family if used else None,
        )
        if used is not None:
            used.partner = issued.token  # what a replay within the grace is told again

    def _repeat(self, token: dict[str, Any], used: Token) -> None:
        """Within the grace a replay gets the access token that the first use got, and that one's refresh token."""
        access = self.tokens.access(used.partner)
        if access is not None:
            token["access_token"] = access.token
            if not self._dead_grace:
                token[REFRESH] = access.partner

    def _end_old_access(self, used: Token) -> None:
        access = self.tokens.access(used.partner)
        if access is not None:
            self.tokens.revoke(access)

    def revoke_token(self, token: str, token_type_hint: str | None, request: Any, *_args: Any, **_kwargs: Any) -> None:
        found = self.tokens.access(token) or self.tokens.refresh(token)
        if found is None:
            return
        was_live = found.state is State.LIVE
        self.tokens.revoke(found)
        if found.kind == "refresh" and was_live:
            self._end_old_access(found)
