"""A vendor that runs Django, put together: OAuth below one path, views and pages around it, and what a world asks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from ..errors import WebError
from ..web.message import MalformedFormError, TooManyFieldsError
from ..web.routes import Route, Site
from . import pages
from .oauth import OAuth

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..happenings import Happenings
    from ..vendor import Context
    from ..web.message import Answer, Request
    from .accounts import Accounts, OAuthSettings
    from .drf import Framework
    from .stack import Stack
    from .tokens import TokenStore


class Backend(Protocol):
    """What a vendor's backend has for its site."""

    accounts: Accounts
    tokens: TokenStore

    def reset(self) -> None:
        """Return to the start."""
        ...

    def clear_limits(self) -> None:
        """Forget what was counted against the limits."""
        ...

    def snapshot(self) -> dict[str, Any]:
        """All that can change, as JSON-like data."""
        ...

    def restore(self, document: dict[str, Any]) -> None:
        """Take up the state from ``snapshot``."""
        ...


class DjangoSite:
    """The sites' common part: a vendor derives from it and brings its own views.

    Args:
        name: the vendor's.
        stack: its era.
        backend: its state.
        oauth: how its tokens are configured.
        oauth_root: the path below which django-oauth-toolkit is mounted, such as ``/o/``.
    """

    keeps_itself = False
    happenings: Happenings | None = None

    def __init__(
        self, name: str, stack: Stack, backend: Backend, oauth: OAuthSettings, oauth_root: str, context: Context
    ) -> None:
        self.name = name
        self._stack = stack
        self._backend = backend
        self._oauth_root = oauth_root
        self._oauth = OAuth(stack, oauth, backend.accounts, backend.tokens, context.clock)

    @property
    def tokens(self) -> TokenStore:
        """The OAuth tokens."""
        return self._backend.tokens

    def reset(self) -> None:
        """Return to the start."""
        self._backend.reset()

    def clear_limits(self) -> None:
        """Forget what was counted against the limits."""
        self._backend.clear_limits()

    def resume(self) -> None:
        """Nothing: its state comes back as a document."""

    def snapshot(self) -> dict[str, Any]:
        """All state as JSON-like data."""
        return self._backend.snapshot()

    def restore(self, document: dict[str, Any]) -> None:
        """Take up the state from ``snapshot``."""
        self._backend.restore(document)

    def _site(self, framework: Framework, routes: Sequence[Route], *, segment: str = pages.SEGMENT) -> Site:
        """The HTTP face: the vendor's routes beside those of OAuth, and a word for whatever leads nowhere.

        Args:
            framework: how the views behave.
            routes: the vendor's own.
            segment: what a placeholder in a path takes, for the redirect where only the slash is missing.
        """
        root = self._oauth_root
        everything = [
            Route(f"{root}token/", "token", self._oauth.token),
            Route(f"{root}revoke_token/", "revoke-token", self._oauth.revoke),
            *routes,
        ]

        def failure(status: int, request: Request) -> Answer:
            if request.path.startswith(root):
                return self._oauth.failure(status)
            return framework.failure(status, request)

        def identify(request: Request) -> None:
            who: Callable[[Request], object] = framework.identify
            if request.path.startswith(root):
                who = self._oauth.identify
            try:
                who(request)
            except (WebError, TooManyFieldsError, MalformedFormError):
                return  # the handler will refuse in its own words

        return Site(
            name=self.name,
            routes=everything,
            unrouted=pages.Unrouted(self._stack, [route.path for route in everything], segment),
            failure=failure,
            identify=identify,
            is_secret=self._backend.accounts.is_secret,
        )
