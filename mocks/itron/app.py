"""Itron as a world knows it: one vendor with one estate, and a face for each way to reach it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..core.settings import choose, override
from ..core.vendor import Context, Face
from .backend import Backend
from .platform import Platform
from .settings import DEFAULT_PROFILE, Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .tokens import TokenStore

NAME = "itron"
PLATFORM = "itron-platform"

FIRST_CALL = "/api/solutions/sandbox/devices"

SHOWN = 20
"""Of the newest tokens so many are shown with the state."""


class Itron:
    """One world's Itron: backend, faces, and what a world asks of a vendor."""

    keeps_itself = True
    happenings = None

    def __init__(self, context: Context) -> None:
        self.name = NAME
        self.profile = context.profile or DEFAULT_PROFILE
        choose("profile", self.profile, {DEFAULT_PROFILE: None})
        settings = override(Settings(), context.settings)
        self.backend = Backend(context, settings)
        platform = Platform(NAME, self.backend, settings)
        self.faces: Sequence[Face] = (Face(PLATFORM, platform.site, self.credentials, FIRST_CALL),)

    @property
    def tokens(self) -> TokenStore:
        """The tokens that it issued."""
        return self.backend.tokens

    def credentials(self) -> dict[str, str]:
        """What a client needs, by the names of the ready file: of the first tenant's application, and of another's."""
        first, second = self.backend.estate.tenants
        return {
            "client_id": first.client_id,
            "client_secret": first.client_secret,
            "second_client_id": second.client_id,
            "second_client_secret": second.client_secret,
        }

    def reset(self) -> None:
        """Return to the start."""
        self.backend.reset()

    def resume(self) -> None:
        """Go on where an earlier process stopped."""
        self.backend.resume()

    def snapshot(self) -> dict[str, Any]:
        """All state as JSON-like data."""
        return self.backend.snapshot()

    def restore(self, document: dict[str, Any]) -> None:
        """Take up the state from ``snapshot``."""
        self.backend.restore(document)

    def state(self) -> dict[str, Any]:
        """What a person wants to see, without secrets: who and how many, not everything that there is."""
        estate = self.backend.estate
        return {
            "profile": self.profile,
            "tenants": [
                {"id": one.id, "client_id": one.client_id, "mesh_devices": estate.count(one)} for one in estate.tenants
            ],
            "furnished": self.backend.furnished,
            "counts": self.backend.counts(),
            "tokens": [token.as_json() for token in self.backend.tokens.newest(SHOWN)],
        }
