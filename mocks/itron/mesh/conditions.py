"""The weather on the way to a device: how long messages take, which are lost, and when the device sleeps.

Every number of these is inferred: public are the vendor's patience (310 s for an answer), and the remark that devices'
addresses change as the mesh heals.
"""

from __future__ import annotations

import hashlib
from math import cos, exp, log, pi, sqrt
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta

from ...core.settings import SettingsError

if TYPE_CHECKING:
    from ..settings import Settings

LONGEST = 300.0
"""Seconds that a message takes at most."""

SPREAD = 0.8
"""Of the logarithm of the time that a message takes."""

Share = Annotated[float, Meta(ge=0, le=1)]


class Conditions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How it is for one device.

    Attributes:
        latency: the median of a round trip, in seconds.
        loss_in, loss_out: the share of messages lost towards the device, and from it.
        duplicate: the share of messages that come twice.
        reorder: the share of notifications that wait until the next has overtaken them.
        sleep_every, sleep_for: it sleeps for so many seconds in every so many; what comes then is lost.
    """

    latency: Annotated[float, Meta(ge=0, le=LONGEST)] = 0.0
    loss_in: Share = 0.0
    loss_out: Share = 0.0
    duplicate: Share = 0.0
    reorder: Share = 0.0
    sleep_every: Annotated[int, Meta(ge=0, le=31_536_000)] = 0
    sleep_for: Annotated[int, Meta(ge=0, le=31_536_000)] = 0

    @property
    def calm(self) -> bool:
        """Whether nothing ever goes wrong, or takes time."""
        return self == CALM

    def sleeps(self, second: int) -> bool:
        """Whether a device sleeps by its schedule."""
        return bool(self.sleep_every) and second % self.sleep_every < self.sleep_for


CALM = Conditions()
FIELD = Conditions(latency=2.0, loss_in=0.01, loss_out=0.01)
"""What the vendor's waiting times suggest."""


def from_settings(settings: Settings) -> Conditions:
    """The weather that a world begins with."""
    base = FIELD if settings.mesh_weather == "field" else CALM
    given = {
        name: value for name in Conditions.__struct_fields__ if (value := getattr(settings, f"mesh_{name}")) is not None
    }
    try:
        return changed(base, **given)
    except ValueError as error:
        raise SettingsError(f"a setting `mesh_…` does not fit: {error}") from error


def changed(conditions: Conditions, **changes: float) -> Conditions:
    """Conditions with some values changed.

    Raises:
        ValueError: there is no such condition, or it cannot have that value.
    """
    try:
        return msgspec.convert(msgspec.to_builtins(conditions) | changes, Conditions, strict=False)
    except msgspec.ValidationError as error:
        raise ValueError(f"a condition of the mesh does not fit: {error}") from error


class Chance:
    """Draws for one device: a pure function of seed, device and how many were drawn before."""

    __slots__ = ("_name", "drawn")

    def __init__(self, seed: int, mac: str) -> None:
        self._name = f"{seed}/itron/mesh/{mac}"
        self.drawn = 0

    def uniform(self) -> float:
        """A number in [0, 1)."""
        self.drawn += 1
        digest = hashlib.blake2b(f"{self._name}/{self.drawn}".encode(), digest_size=7).digest()
        return int.from_bytes(digest) / (1 << 56)

    def happens(self, share: float) -> bool:
        """Whether something does that happens so often; nothing is drawn for what never does."""
        return share > 0 and self.uniform() < share

    def way(self, conditions: Conditions) -> float:
        """Seconds that a message takes one way."""
        if not conditions.latency:
            return 0.0
        normal = sqrt(-2 * log(1 - self.uniform())) * cos(2 * pi * self.uniform())
        return min(LONGEST, conditions.latency / 2 * exp(SPREAD * normal))
