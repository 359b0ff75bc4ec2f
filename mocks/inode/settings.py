"""How the fake of iNode behaves: two profiles, and switches for what nobody outside the vendor knows."""

from __future__ import annotations

import msgspec

from ..core.django.accounts import OAuthSettings
from ..core.django.stack import LEGACY, MODERN, Stack
from ..core.throttle import Rate

DEFAULT_PROFILE = "modern"

STACKS: dict[str, Stack] = {"legacy": LEGACY, "modern": MODERN}
"""The product is alive and its pages were moved lately, so ``modern`` is the default (inferred)."""


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Switches; the defaults are the dossier's recommendations (sections 5.4, 5.5 and 7).

    Attributes:
        links, devices: how many the first company has.
        oauth_first: OAuth is asked before API keys, so that 401s have a ``Bearer`` challenge that tells why.
        owner_only: whoever is not his company's owner gets 403 on links and devices.
        pagination: rows a page, which makes lists envelopes; 0 for bare arrays.
        history: travel times of a link over a window (an extension).
        rate_limit: requests a minute of one user; 0 for no limit.
        rotate_refresh: a refresh gives a new refresh token.
        refresh_grace: seconds in which a spent refresh token answers once more.
        reuse_protection: a replayed refresh token ends its whole family.
    """

    links: int = 12
    devices: int = 8
    oauth_first: bool = False
    owner_only: bool = False
    pagination: int = 0
    history: bool = False
    rate_limit: int = 0
    rotate_refresh: bool = True
    refresh_grace: int = 0
    reuse_protection: bool = False

    def __post_init__(self) -> None:
        """Keep the numbers in bounds."""
        for name, most in (("links", 5_000), ("devices", 2_000), ("pagination", 5_000), ("rate_limit", 1_000_000)):
            if not 0 <= getattr(self, name) <= most:
                raise ValueError(f"`{name}` lies between 0 and {most}")
        if not 0 <= self.refresh_grace <= 86_400:
            raise ValueError("`refresh_grace` lies between 0 and 86400 seconds")


def oauth(settings: Settings) -> OAuthSettings:
    """The OAuth server's configuration. Documented: the scope ``sync``, and access tokens of five days."""
    return OAuthSettings(
        lifetime=432_000,
        scopes=("sync",),
        default_scopes=("sync",),
        rotate=settings.rotate_refresh,
        grace=settings.refresh_grace,
        reuse_protection=settings.reuse_protection,
    )


def rates(settings: Settings) -> tuple[Rate, ...]:
    """The limits of a user; none is published."""
    return (Rate(settings.rate_limit, 60),) if settings.rate_limit else ()
