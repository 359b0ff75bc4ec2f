"""How the fake of SLV behaves: its versions, and switches for what nobody outside the vendor knows."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

import msgspec

DEFAULT_PROFILE = "7.12"
"""Most of what is documented was there by then (dossier, section 7)."""


@dataclass(frozen=True, slots=True)
class Version:
    """One version of the server, as far as its behaviour is known to differ (public: the page's version history).

    Attributes:
        number: to compare with the version since which a method is there.
        csrf: every call needs a CSRF token and a session; before, Basic on every call.
        units: descriptors of metered values tell ``unitKey``, ``unitLabel`` and ``unitShorthand``.
        build: what ``getServerProperties`` says besides.
    """

    number: tuple[int, int]
    csrf: bool
    units: bool
    build: str

    @property
    def name(self) -> str:
        """As people write it."""
        return ".".join(map(str, self.number))


VERSIONS: dict[str, Version] = {
    version.name: version
    for version in (
        Version((7, 7), csrf=False, units=False, build="1190"),
        Version((7, 8), csrf=True, units=False, build="1286"),
        Version((7, 12), csrf=True, units=False, build="1604"),
        Version((7, 19), csrf=True, units=True, build="2217"),
    )
}

_BOUNDS: dict[str, tuple[float, float]] = {
    "luminaires": (0, 20_000),
    "geozones": (1, 200),
    "session_minutes": (1, 10_080),
    "manual_minutes": (1, 10_080),
    "batch_seconds": (0, 86_400),
    "failure_rate": (0, 50),
    "values_kept": (1_000, 1_000_000),
}


class Settings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Switches; none of the defaults is known of the vendor.

    Attributes:
        luminaires, geozones: how many there are, besides the root geozone.
        zone: of dates without an offset: the server's.
        session_minutes: of idleness after which a session ends.
        manual_minutes: after which a light that was commanded by hand follows its schedule again.
        batch_seconds: how long a batch runs, besides what its size adds.
        failure_rate: failures of a lamp in a year.
        values_kept: set values and commands that are remembered; beyond it the oldest go.
    """

    luminaires: int = 40
    geozones: int = 6
    zone: str = "UTC"
    session_minutes: int = 30
    manual_minutes: int = 480
    batch_seconds: int = 20
    failure_rate: float = 0.5
    values_kept: int = 200_000

    def __post_init__(self) -> None:
        """Keep the numbers in bounds."""
        for name, (least, most) in _BOUNDS.items():
            if not least <= getattr(self, name) <= most:
                raise ValueError(f"`{name}` lies between {least:g} and {most:g}")
        try:
            ZoneInfo(self.zone)
        except (KeyError, ValueError, OSError):
            raise ValueError(f"`zone` is not the name of a time zone: {self.zone!r}") from None
