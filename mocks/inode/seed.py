"""The estate at the start of a world: who there is and what stands where, from its seed alone. All fictitious.

The first company has sensors by the road and buys crowdsourced data as well; the second has no sensors. Nothing here
depends on when the world begins: what goes out of order, and when, is hashed from the seed and absolute time.
"""

from __future__ import annotations

from math import cos, hypot, radians
from typing import TYPE_CHECKING, Any

from faker.generator import Generator
from faker.providers.person.en_US import Provider as People

from ..core.django.accounts import PASSWORD, Application
from ..core.django.keys import KEY_LENGTH
from ..core.ids import HEX, Ids
from .models import DAY_MINUTES, STEP, Company, Device, Estate, Grid, Link, Role, Schedule, Source, User

if TYPE_CHECKING:
    import random

CITY, COUNTRY, ZONE = "Bytown Falls", "CA", "America/Toronto"
LATITUDE, LONGITUDE = 45.4015, -75.7372
BLOCK_DEGREES = 0.009
"""About a kilometre from crossing to crossing, to the north; in longitude as much in degrees is less."""

METRES_A_DEGREE = 111_320.0

CROWD_LINKS = 3
"""What the company without sensors has."""

_GRIDS = (Grid(7, "Downtown"), Grid(8, "East End"), Grid(11, "West End"))
_STREETS = ("Main St", "Kettle St", "Lockmaster St", "Timber Ave", "Canal Dr", "Sawmill Rd", "Portage Blvd", "Mica Rd")
_SPEEDS = (50.0, 50.0, 60.0, 60.0, 70.0, 80.0)
_HIGHWAY_SPEED = 100.0
_DAWN, _WEEKDAYS, _DAILY = (6 * 60, 20 * 60), (True,) * 5 + (False,) * 2, (True,) * 7
_SCHEDULES = (
    Schedule(*_DAWN, _WEEKDAYS),
    Schedule(0, DAY_MINUTES, _DAILY),
    Schedule(5 * 60, 22 * 60, _DAILY),
    Schedule(6 * 60 + 30, 9 * 60 + 30, _WEEKDAYS),
    Schedule(15 * 60, 19 * 60, (True,) * 6 + (False,)),
)
_ENDED = 1_704_085_200
"""2024-01-01T05:00Z: about then one link was disabled, and one device stolen."""


def make_estate(ids: Ids, links: int, devices: int) -> Estate:
    """The estate for a seed.

    Args:
        ids: the world's chance.
        links: of the first company.
        devices: of the first company; with fewer than two, all of its links are crowdsourced.
    """
    stream = ids.stream("inode/estate")
    names = Generator()
    names.add_provider(People)
    names.seed_instance(stream.getrandbits(32))
    roads = _Roads(stream, links, devices)
    first = Company("capital", ZONE, tuple(roads.links), tuple(roads.devices))
    numbers = _numbers(stream, roads.links[-1].id + 20 if roads.links else 1_100)
    crowd = tuple(_crowdsourced(stream, "valley", next(numbers), number) for number in range(CROWD_LINKS))
    second = Company("valley", ZONE, crowd, ())
    users = _Users(names, ids)
    users.add("capital", Role.OWNER)
    users.add("capital", Role.USER)
    users.add("capital", Role.OWNER, active=False)
    users.add("valley", Role.OWNER)
    application = Application(
        client_id=ids.text("inode/applications", 40),
        client_secret=ids.text("inode/applications", 128),
        name="API access",
        confidential=True,
        grant=PASSWORD,
        owner=next(iter(users.users)),
    )
    return Estate(users.users, (application,), {company.key: company for company in (first, second)})


class _Users:
    """People of companies, added one by one."""

    def __init__(self, names: Any, ids: Ids) -> None:
        self.users: dict[str, User] = {}
        self._names = names
        self._ids = ids

    def add(self, company: str, role: Role, *, active: bool = True) -> None:
        """One more; of one name there may be several."""
        account = f"{self._names.first_name()}.{self._names.last_name()}".lower().replace(" ", "").replace("'", "")
        number = 1
        while (email := f"{account}{number if number > 1 else ''}@example.com") in self.users:
            number += 1
        self.users[email] = User(
            email=email,
            password=self._ids.text("inode/passwords", 16),
            company=company,
            role=role,
            api_key=self._ids.text("inode/keys", KEY_LENGTH, HEX) if role is Role.OWNER else "",
            active=active,
        )


class _Roads:
    """The streets of the first company: devices at crossings, links from crossing to crossing."""

    def __init__(self, stream: random.Random, links: int, devices: int) -> None:
        self._stream = stream
        self._along = max(2, min(len(_STREETS) * 5, -(-devices // len(_STREETS))))  # crossings on one street
        numbers = _numbers(stream, 310)
        gone = devices - 1 if devices > 3 else None
        self.devices = [self._device(next(numbers), place, gone=place == gone) for place in range(devices)]
        pairs = self._pairs()
        link_numbers = _numbers(stream, 1_040)
        self.links = [self._link(next(link_numbers), place, pairs) for place in range(links)]

    def _device(self, number: int, place: int, *, gone: bool) -> Device:
        stream = self._stream
        street, crossing = divmod(place, self._along)
        latitude = LATITUDE + (crossing + stream.uniform(-0.2, 0.2)) * BLOCK_DEGREES
        longitude = LONGITUDE + (street + stream.uniform(-0.1, 0.1)) * BLOCK_DEGREES * 1.4
        return Device(
            id=number,
            company="capital",
            name=f"{_street(street)} & {_ordinal(crossing + 1)} Ave",
            vpn_ip=f"10.8.{place // 250}.{place % 250 + 2}",
            note=stream.choice(("", "", "", "solar panel", "pole 3, north side")),
            city=CITY,
            country=COUNTRY,
            zone=ZONE,
            grid=_grid(street),
            latitude=round(latitude, 4),
            longitude=round(longitude, 4),
            phase=stream.randint(1, 59),
            live=place % 7 != 6,
            gone_since=_ENDED + stream.randrange(2_000) * STEP if gone else None,
        )

    def _pairs(self) -> list[tuple[int, int]]:
        """Pairs of devices along a street, both ways, near ones first."""
        pairs: list[tuple[int, int]] = []
        for apart in range(1, 8):
            for place in range(len(self.devices) - apart):
                if place // self._along == (place + apart) // self._along:
                    pairs += [(place, place + apart), (place + apart, place)]
        return pairs or [(a, b) for a in range(len(self.devices)) for b in range(len(self.devices)) if a != b]

    def _link(self, number: int, place: int, pairs: list[tuple[int, int]]) -> Link:
        stream = self._stream
        if not pairs or place % 4 == 3:
            return _crowdsourced(stream, "capital", number, place // 4)
        origin, destination = pairs[(place - place // 4) % len(pairs)]
        begin, end = self.devices[origin], self.devices[destination]
        street, crossing = divmod(origin, self._along)
        both = place % 4 == 2
        return Link(
            id=number,
            company="capital",
            name=(
                f"{_street(street)} {'NB' if destination > origin else 'SB'}: {_ordinal(crossing + 1)} Ave "
                f"to {_ordinal(destination % self._along + 1)} Ave"
            ),
            sources=(Source.SENSOR, Source.CROWDSOURCED) if both else (Source.SENSOR,),
            origin=begin.id,
            destination=end.id,
            metres=_road_metres(begin, end, stream.uniform(1.02, 1.2)),
            free_flow=stream.choice(_SPEEDS),
            grid=_grid(street),
            zone=ZONE,
            schedule=_SCHEDULES[place % len(_SCHEDULES)] if both else None,
            disabled_since=_ENDED + stream.randrange(2_000) * STEP if place == 4 else None,
        )


def _crowdsourced(stream: random.Random, company: str, number: int, place: int) -> Link:
    """A stretch of highway without sensors."""
    first = 2 + 3 * place
    road, direction = (9, ("EB", "WB")[place % 2]) if company == "capital" else (31, ("NB", "SB")[place % 2])
    return Link(
        id=number,
        company=company,
        name=f"Hwy {road} {direction}: Exit {first} to Exit {first + stream.randint(2, 3)}",
        sources=(Source.CROWDSOURCED,),
        origin=None,
        destination=None,
        metres=stream.randint(280, 720) * 10,
        free_flow=_HIGHWAY_SPEED,
        grid=None,
        zone=ZONE,
        schedule=_SCHEDULES[place % len(_SCHEDULES)],
        disabled_since=None,
    )


def _numbers(stream: random.Random, number: int) -> Any:
    """Ascending ids with gaps, as a database has them after some years."""
    while True:
        number += stream.randint(1, 3)
        yield number


def _road_metres(begin: Device, end: Device, detour: float) -> int:
    """The length of the road between two devices: never shorter than the straight line."""
    north = (begin.latitude - end.latitude) * METRES_A_DEGREE
    east = (begin.longitude - end.longitude) * METRES_A_DEGREE * cos(radians(begin.latitude))
    return max(100, round(hypot(north, east) * detour / 10) * 10)


def _street(number: int) -> str:
    name = _STREETS[number % len(_STREETS)]
    return name if number < len(_STREETS) else f"{name} {number // len(_STREETS) + 1}"


def _grid(street: int) -> Grid | None:
    return (*_GRIDS, None)[street % 4]


def _ordinal(number: int) -> str:
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"
