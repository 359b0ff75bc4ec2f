"""How the fake of Scanalytics behaves: two profiles, and switches for what nobody outside the vendor knows."""

from __future__ import annotations

import msgspec

from ..core.django.accounts import OAuthSettings
from ..core.django.stack import LEGACY, MODERN, Stack
from ..core.throttle import Rate

DEFAULT_PROFILE = "legacy"

STACKS: dict[str, Stack] = {"legacy": LEGACY, "modern": MODERN}
"""The vendor's tutorial dates from 2018, so ``legacy`` is the default (inferred); ``modern`` is a stack of today."""


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Switches; the defaults are the dossier's recommendations (sections 4.6 and 7).

    Attributes:
        deployments: how many there are.
        editing: names of deployments and arrays can be changed with the ``write`` scope (inferred; an extension).
        throttle_before_auth: the anonymous limit shows on endpoints that need a login.
        credentials_for_owner: a client_credentials token acts for the application's owner; stock: for nobody, 403.
        credentials_refresh: client_credentials gives a refresh token, as the vendor's one sample can be read.
        rotate_refresh: a refresh gives a new refresh token.
        refresh_grace: seconds in which a spent refresh token answers once more.
        reuse_protection: a replayed refresh token ends its whole family.
        strict_local_times: a local time in a daylight-saving gap or overlap is refused instead of resolved.
        empty_window: a window without length gives an empty list instead of 400.
        minute_limit, hour_limit: requests of one user (documented: 180 and 1,200).
        anonymous_limit: requests a minute of one address without a login (documented: 20).
    """

    deployments: int = 5
    editing: bool = False
    throttle_before_auth: bool = False
    credentials_for_owner: bool = True
    credentials_refresh: bool = False
    rotate_refresh: bool = True
    refresh_grace: int = 0
    reuse_protection: bool = False
    strict_local_times: bool = False
    empty_window: bool = False
    minute_limit: int = 180
    hour_limit: int = 1_200
    anonymous_limit: int = 20

    def __post_init__(self) -> None:
        """Keep the numbers in bounds."""
        if not 2 <= self.deployments <= 500:
            raise ValueError("`deployments` lies between 2 and 500")
        if not 0 <= self.refresh_grace <= 86_400:
            raise ValueError("`refresh_grace` lies between 0 and 86400 seconds")
        if not all(1 <= n <= 1_000_000 for n in (self.minute_limit, self.hour_limit, self.anonymous_limit)):
            raise ValueError("a limit lies between 1 and 1,000,000 requests")


def oauth(settings: Settings) -> OAuthSettings:
    """The OAuth server's configuration. Documented: 86,400 seconds, single-use refresh tokens that do not expire."""
    return OAuthSettings(
        lifetime=86_400,
        scopes=("read", "write"),  # DOT's own default scopes; `read` shows in the vendor's sample
        default_scopes=("read",),
        rotate=settings.rotate_refresh,
        grace=settings.refresh_grace,
        reuse_protection=settings.reuse_protection,
        credentials_for_owner=settings.credentials_for_owner,
        credentials_refresh=settings.credentials_refresh,
    )


def user_rates(settings: Settings) -> tuple[Rate, Rate]:
    """The limits of a user; the minute is asked first (inferred)."""
    return Rate(settings.minute_limit, 60), Rate(settings.hour_limit, 3_600)


def anonymous_rates(settings: Settings) -> tuple[Rate]:
    """The limit of an address without a login."""
    return (Rate(settings.anonymous_limit, 60),)
