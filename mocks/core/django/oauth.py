"""The OAuth endpoints as django-oauth-toolkit runs them, on ``oauthlib``, the engine that it runs itself.

``oauthlib`` decides the order of checks and the words of refusals; this module puts on top what Django and the stack's
era make of them.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ..ids import fingerprint
from ..journal import mask
from ..web.message import ANONYMOUS, Answer, MalformedFormError, Request, TooManyFieldsError
from . import pages
from .accounts import basic_credentials
from .grants import Grants

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..clock import Clock
    from .accounts import Accounts, OAuthSettings
    from .stack import Stack
    from .tokens import TokenStore

_ALLOWED = ("POST", "OPTIONS")
_NEVER_STORED = {"Content-Type": "application/json", "Cache-Control": "no-store", "Pragma": "no-cache"}


class OAuth:
    """The token and revocation endpoints of one vendor."""

    def __init__(
        self, stack: Stack, settings: OAuthSettings, accounts: Accounts, tokens: TokenStore, clock: Clock
    ) -> None:
        self._stack = stack
        self._accounts = accounts
        self._tokens = tokens
        self._grants = Grants(stack, settings, accounts, tokens, clock)

    def token(self, request: Request) -> Answer:
        """``POST /o/token/`` (T10 to T56, R02 to R20)."""
        refusal = self._refuse_early(request)
        if refusal is not None:
            return refusal
        form = self._form(request)
        self._note(request, form)
        if request.query and self._stack.token_query_refused:
            error = '{"error": "invalid_request", "error_description": "URL query parameters are not allowed"}'
            return self._answer(request, {"Content-Type": pages.HTML}, error, 400)
        return self._answer(request, *self._grants.token(form, request.headers))

    def revoke(self, request: Request) -> Answer:
        """``POST /o/revoke_token/``: 200 and an empty body, for an unknown token too."""
        refusal = self._refuse_early(request)
        if refusal is not None:
            return refusal
        form = self._form(request)
        self._note(request, form)
        headers, body, status = self._grants.revoke(form, request.headers)
        return self._answer(request, headers or {"Content-Type": pages.HTML}, body, status)

    def failure(self, status: int) -> Answer:
        """The endpoints' own form of a status that they did not give themselves."""
        errors = {400: "invalid_request", 401: "invalid_client"}
        if status not in errors:
            return pages.page(self._stack, status, "failure")
        return self._answer(None, _NEVER_STORED, json.dumps({"error": errors[status]}), status)

    def identify(self, request: Request) -> None:
        """Who is asking for a token, as far as the form says."""
        if request.method == "POST":
            self._note(request, self._form(request))

    def _refuse_early(self, request: Request) -> Answer | None:
        if request.method == "OPTIONS":
            return pages.options(self._stack, _ALLOWED)
        if request.method != "POST":
            return pages.method_not_allowed(self._stack, _ALLOWED)
        return None

    def _form(self, request: Request) -> dict[str, str]:
        try:
            return request.form
        except TooManyFieldsError:
            raise pages.PageError(self._stack, 400, "too-many-fields") from None
        except MalformedFormError:
            return {}  # Django drops a multipart body that it cannot read

    def _note(self, request: Request, form: Mapping[str, str]) -> None:
        """Write down for the journal who asks for what; tokens, and secrets in the wrong field, as fingerprints."""
        is_secret = self._accounts.is_secret
        basic = basic_credentials(request.headers)
        client_id = form.get("client_id") or (basic or ("",))[0]
        if self._accounts.application(client_id) is None:
            client_id = mask(client_id, is_secret)
        refresh = form.get("refresh_token", "")
        known = self._tokens.refresh(refresh) if refresh else None
        detail = {"grant_type": mask(form.get("grant_type", ""), is_secret), "client_id": client_id}
        detail |= {name: fingerprint(form[name]) for name in ("refresh_token", "token") if form.get(name)}
        if known is not None:
            detail["refresh_token_state"] = known.state.value
        request.detail.update({key: value[:200] for key, value in detail.items() if value})
        user = known.user if known is not None else mask(form.get("username", ""), is_secret)
        request.principal = (user or client_id or ANONYMOUS)[:200]
        request.credential = f"Basic {client_id[:200]}" if basic else ""

    def _answer(self, request: Request | None, headers: Mapping[str, str], body: str | None, status: int) -> Answer:
        body = body or ""
        pairs = [(name, value) for name, value in headers.items() if name != "WWW-Authenticate"]
        cause = "ok"
        if body:
            content = json.loads(body)
            cause = content.get("error", "ok")
            if cause in ("invalid_grant", "invalid_scope", "unauthorized_client"):
                status = self._stack.grant_refusal
            if cause == "invalid_client" and self._stack.client_challenge:
                pairs.append(("WWW-Authenticate", self._stack.client_challenge))
            if cause == "ok" and request is not None:
                issued = {
                    name: fingerprint(content[name]) for name in ("access_token", "refresh_token") if name in content
                }
                request.detail["issued"] = issued
                request.detail["expires_in"] = content.get("expires_in")
        return Answer(status, body.encode(), [*pairs, *self._stack.headers], cause)
