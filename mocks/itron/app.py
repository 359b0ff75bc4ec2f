"""Itron as a world knows it: one vendor with one estate, and a face for each way to reach it."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from ..core.settings import choose, override
from ..core.vendor import Context, Face
from .backend import Backend
from .broker import FACE as BROKER
from .broker import Broker
from .gateway import Gateway
from .happenings import Happenings
from .platform import Platform
from .settings import DEFAULT_PROFILE, Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..core.sockets import Place
    from ..core.vendor import Listener
    from .tokens import TokenStore

NAME = "itron"
PLATFORM = "itron-platform"
COAP = "itron-coap"

FIRST_CALL = "/api/solutions/sandbox/devices"
FIRST_PING = "/.well-known/core"

SHOWN_DEVICES = 8
"""Mesh devices of the first tenant that a client of the gateway is told of."""

SHOWN = 20
"""Of the newest tokens so many are shown with the state."""


class Itron:
    """One world's Itron: backend, faces, and what a world asks of a vendor."""

    keeps_itself = True

    def __init__(self, context: Context) -> None:
        self.name = NAME
        self.profile = context.profile or DEFAULT_PROFILE
        choose("profile", self.profile, {DEFAULT_PROFILE: None})
        settings = override(Settings(), context.settings)
        self.backend = Backend(context, settings)
        self.happenings = Happenings(self.backend.mesh)
        self.gateway = Gateway(context, self.backend, settings)
        self._settings = settings
        self._context = context
        platform = Platform(NAME, self.backend, settings)
        self.broker = Broker(context, self.backend, settings, NAME)
        self.faces: Sequence[Face] = (
            Face(PLATFORM, platform.site, self.credentials, FIRST_CALL),
            Face(COAP, None, self.coap_credentials, FIRST_PING, self._open_gateway),
            Face(BROKER, None, self.broker.credentials, "", self.broker.open),
        )

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

    def coap_credentials(self) -> dict[str, Any]:
        """The same for the gateway: which devices there are to be asked, too."""
        devices = islice(self.backend.estate.devices(self.backend.estate.tenants[0]), SHOWN_DEVICES)
        return {"devices": [one.mac for one in devices], "domain": self._settings.coap_domain, **self.credentials()}

    def reset(self) -> None:
        """Return to the start."""
        self.broker.reset()
        self.backend.reset()
        self.gateway.reset()

    def resume(self) -> None:
        """Go on where an earlier process stopped."""
        self.backend.resume()
        self.gateway.reset()
        self.broker.resume()

    def snapshot(self) -> dict[str, Any]:
        """All state as JSON-like data."""
        return self.backend.snapshot() | {BROKER: self.broker.snapshot()}

    def restore(self, document: dict[str, Any]) -> None:
        """Take up the state from ``snapshot``."""
        kept = {name: part for name, part in document.items() if name != BROKER}
        self.backend.restore(kept)
        self.broker.restore(document.get(BROKER) or {"sessions": [], "retained": []})
        self.gateway.reset()

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
            "sessions": [session.as_json() for session in self.backend.sessions.all()],
            "tokens": [token.as_json() for token in self.backend.tokens.newest(SHOWN)],
            "mqtt": self.broker.state(),
        }

    def _open_gateway(self, place: Place) -> Listener:
        from .gateway_edge import GatewayListener  # noqa: PLC0415  a world without sockets needs none

        return GatewayListener(self.gateway, self._context, self.backend.sessions, place)
