"""The estate at the start of a world: who there is and what stands where, from its seed alone. All fictitious."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from faker.generator import Generator
from faker.providers.address.en_US import Provider as Addresses
from faker.providers.person.en_US import Provider as People

from ..core.clock import SECOND
from ..core.django.accounts import CLIENT_CREDENTIALS, PASSWORD, Application
from ..core.ids import UPPER_AND_DIGITS, Ids
from .models import Array, Deployment, Device, Estate, Permission, User

if TYPE_CHECKING:
    import random

_DAY = 86_400

_PLACES: tuple[tuple[str, tuple[int, ...], tuple[int, ...], float], ...] = (
    # kind of place, opening and closing hour by weekday from Monday, visits on an ordinary day at its main entrance
    ("Store", (9, 9, 9, 9, 9, 9, 10), (21, 21, 21, 21, 22, 22, 19), 620.0),
    ("Gym", (5, 5, 5, 5, 5, 7, 7), (23, 23, 23, 23, 22, 20, 20), 340.0),
    ("Library", (9, 9, 9, 9, 9, 10, 0), (20, 20, 20, 20, 18, 17, 0), 280.0),
    ("Museum", (0, 10, 10, 10, 10, 10, 10), (0, 17, 17, 20, 17, 18, 18), 410.0),
    ("Office", (7, 7, 7, 7, 7, 0, 0), (19, 19, 19, 19, 18, 0, 0), 190.0),
)

_ARRAYS: tuple[tuple[str, str, float, float, float], ...] = (
    # name, kind, share of the place's visits, mean stay in seconds, width in metres
    ("Front Entrance", "entrance", 1.0, 1_500.0, 1.8),
    ("Checkout", "zone", 0.55, 240.0, 2.4),
    ("Side Entrance", "entrance", 0.35, 1_300.0, 1.2),
    ("Aisle", "zone", 0.7, 180.0, 3.6),
)

_ZONES = ("America/Chicago", "America/New_York", "America/Denver", "America/Los_Angeles", "America/Phoenix")
_FIRMWARE = ("2.2.7", "2.3.0", "2.3.1")


def make_estate(ids: Ids, deployments: int, now: int) -> Estate:
    """The estate for a seed.

    Args:
        ids: the world's chance.
        deployments: how many there are; the first user may edit the first and view the rest, the second has the last.
        now: microseconds since 1970, for what happened before the world began.
    """
    stream = ids.stream("scanalytics/estate")
    places = _Places(stream, now)
    for number in range(deployments):
        places.add(number)
    keys = list(places.deployments)
    view = dict.fromkeys(keys, Permission.VIEW)
    first = _user(places.names, ids, _ZONES[0], view | dict.fromkeys(keys[:1], Permission.EDIT))
    second = _user(places.names, ids, _ZONES[1], dict.fromkeys(keys[-1:], Permission.VIEW), taken=first.email)
    return Estate(
        users={user.email: user for user in (first, second)},
        applications=_applications(ids, first.email),
        deployments=places.deployments,
        arrays=places.arrays,
        devices=places.devices,
    )


class _Places:
    """Deployments with their arrays and devices, added one by one."""

    def __init__(self, stream: random.Random, now: int) -> None:
        self.deployments: dict[str, Deployment] = {}
        self.arrays: dict[str, Array] = {}
        self.devices: dict[str, Device] = {}
        self.names = _names(stream.getrandbits(32))
        self._stream = stream
        self._now = now

    def add(self, number: int) -> None:
        """One more deployment."""
        stream = self._stream
        kind, opens, closes, visits = _PLACES[number % len(_PLACES)]
        key = self._key(self.deployments)
        scale = stream.uniform(0.7, 1.4)
        # The second deployment is a place still without sensors, as the list must be able to show one.
        count = 0 if number == 1 else stream.randint(1, len(_ARRAYS))
        arrays = [self._array(key, row, visits * scale) for row in _ARRAYS[:count]]
        self.deployments[key] = Deployment(
            key=key,
            name=f"{self.names.city()} {kind}",
            timezone=_ZONES[number % len(_ZONES)],
            arrays=tuple(arrays),
            opens=opens,
            closes=closes,
        )

    def _array(self, deployment: str, row: tuple[str, str, float, float, float], visits: float) -> str:
        stream = self._stream
        name, kind, share, stay, width = row
        key = self._key(self.arrays)
        devices = tuple(self._device(deployment, key, name, number) for number in range(1, stream.randint(1, 2) + 1))
        self.arrays[key] = Array(
            key=key,
            name=name,
            deployment=deployment,
            kind=kind,
            width=width,
            length=0.9,
            devices=devices,
            visits_per_day=round(visits * share, 1),
            stay=stay,
        )
        return key

    def _device(self, deployment: str, array: str, place: str, number: int) -> str:
        stream = self._stream
        key = f"D-{len(self.devices) + stream.randint(1, 9) + 450:06d}"
        while key in self.devices:
            key = f"D-{int(key[2:]) + 1:06d}"
        gone = stream.random() < 0.1
        self.devices[key] = Device(
            key=key,
            name=f"{place} mat {number}",
            array=array,
            deployment=deployment,
            firmware=stream.choice(_FIRMWARE),
            phase=stream.randrange(60),
            offline_since=self._now - stream.randint(1, 30) * _DAY * SECOND if gone else None,
        )
        return key

    def _key(self, taken: dict[str, Deployment] | dict[str, Array]) -> str:
        while (key := "".join(self._stream.choices(UPPER_AND_DIGITS, k=5))) in taken:
            pass
        return key


def _names(seed: int) -> Any:
    """Faker with the two providers that are needed: making all of them would cost more than the rest of a world."""
    names = Generator()
    names.add_provider(People)
    names.add_provider(Addresses)
    names.seed_instance(seed)
    return names


def _user(names: Any, ids: Ids, timezone: str, deployments: dict[str, Permission], taken: str = "") -> User:
    first, last = names.first_name(), names.last_name()
    account = f"{first}.{last}".lower().replace(" ", "").replace("'", "")
    if taken.startswith(f"{account}@"):
        account += "2"  # some seed gives both users one name
    return User(
        email=f"{account}@example.com",
        password=ids.text("scanalytics/passwords", 16),
        first_name=first,
        last_name=last,
        timezone=timezone,
        deployments=deployments,
    )


def _applications(ids: Ids, owner: str) -> tuple[Application, ...]:
    def application(name: str, grant: str, *, confidential: bool) -> Application:
        stream = "scanalytics/applications"
        return Application(ids.text(stream, 40), ids.text(stream, 128), name, confidential, grant, owner)

    return (
        application("Public app", PASSWORD, confidential=False),
        application("Confidential app", PASSWORD, confidential=True),
        application("Service", CLIENT_CREDENTIALS, confidential=True),
    )
