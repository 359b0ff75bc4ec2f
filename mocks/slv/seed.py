"""The estate at the start of a world, from its seed alone: a fictitious city, its street lights, and who looks after
them.

Luminaires are numbered through the whole city, and so are the cards that most of them carry in the mesh.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from faker.generator import Generator
from faker.providers.person.en_US import Provider as People

from ..core.city import mesh_mac
from .models import (
    CONTROLLER,
    CONTROLLER_DEVICE,
    DAY,
    METER,
    ROOT,
    STREETLIGHT,
    Device,
    Event,
    Geozone,
    Item,
    Profile,
    Schedule,
    Scheduler,
    User,
)

if TYPE_CHECKING:
    import random

    from ..core.ids import Ids

CITY, CITY_ZONE = "Lanternport", "America/New_York"
"""Where it is, and the wall clock that its schedules follow."""

LATITUDE, LONGITUDE = 41.26, -72.61

ZONES_A_CONTROLLER = 2
FIRST_CONTROLLER, FIRST_METER, FIRST_LUMINAIRE, FIRST_CREATED = 101, 301, 1_001, 100_001
"""Ids of devices; those that people create come after all others."""

MESH, POWERLINE = "mesh.gateway.4", "powerline.segment.2"
ADMINISTRATOR, VIEWER = "Administrator", "Viewer"

BUILT = 1_609_459_200
"""2021-01-01T00:00Z: the first luminaires were put up then; earlier nothing was measured."""

_BUILT_WITHIN = 3 * 365
_PITCH = 0.0004
"""Degrees between two luminaires, some forty metres."""

_ZONE_PITCH = 0.009
_WATTS = (35, 55, 70, 90, 120)
_NAMES = ("Harbour", "Mill Hill", "Saltmarsh", "Beacon", "Orchard", "Tanners Row", "Fairground", "Northgate")
_STREETS = ("Lantern St", "Whale Ln", "Cooper St", "Ferry Rd", "Elm Ave", "Rope Walk", "Quarry Rd", "Bell St")

SCHEDULES = (
    Schedule(
        id=1,
        name="Dusk to dawn",
        timeline="T_12_12",
        color="#fff7c948",
        events=(Event(100, "SUNSET", 0), Event(0, "SUNRISE", 0)),
    ),
    Schedule(
        id=2,
        name="Dimmed at midnight",
        timeline="T_12_12",
        color="#ff4895f7",
        events=(
            Event(100, "SUNSET", 0),
            Event(50, "", 0),
            Event(100, "", 5 * 3_600 + 1_800),
            Event(0, "SUNRISE", 0),
        ),
    ),
)

SCHEDULERS = tuple(
    Scheduler(id=number, name=name, items=(Item(number, 1, 1, 12, 31),))
    for number, name in ((1, "Main roads"), (2, "Residential"))
)


def geozones(count: int) -> list[Geozone]:
    """The root, and the geozones below it; every third lies within the one before it."""
    half = _ZONE_PITCH / 2
    side = max(1, round(count**0.5))
    found = [_around(ROOT, CITY, None, LATITUDE, LONGITUDE, _ZONE_PITCH * (side + 2))]
    for place in range(count):
        name, again = _NAMES[place % len(_NAMES)], place // len(_NAMES)
        parent = ROOT + place if place % 3 == 2 else ROOT
        lat, lng = _centre(place, side)
        found.append(_around(ROOT + 1 + place, f"{name} {again + 1}" if again else name, parent, lat, lng, half))
    return found


def devices(seed: int, stream: random.Random, luminaires: int, zones: int) -> list[Device]:
    """Controllers, their meters, and the luminaires, in this order."""
    side = max(1, round(zones**0.5))
    controllers = -(-zones // ZONES_A_CONTROLLER)
    found: list[Device] = []
    for number in range(controllers):
        place = number * ZONES_A_CONTROLLER
        lat, lng = (round(degrees, 6) for degrees in _centre(place, side))
        name = f"{CITY} cabinet {number + 1}"
        technology = technology_of(number)
        shared: dict[str, Any] = {
            "controller": controller_id(number),
            "geozone": ROOT + 1 + place,
            "lat": lat,
            "lng": lng,
            "installed": BUILT,
        }
        found.append(
            Device(
                id=FIRST_CONTROLLER + number,
                name=name,
                category=CONTROLLER,
                on_controller=CONTROLLER_DEVICE,
                technology=technology,
                properties={
                    "controller.firmwareVersion": technology,
                    "controller.host": f"cabinet{number + 1}.example.com",
                },
                **shared,
            )
        )
        found.append(
            Device(
                id=FIRST_METER + number,
                name=f"{name} meter",
                category=METER,
                on_controller="METER",
                **shared,
            )
        )
    return [*found, *(_luminaire(seed, stream, number, zones, side) for number in range(luminaires))]


def controller_id(number: int) -> str:
    """The ``controllerStrId`` of a controller by its number."""
    return f"LP-{number + 1:03d}"


def technology_of(number: int) -> str:
    """How a controller reaches its luminaires: every third does so over the power line, the others over the mesh."""
    return POWERLINE if number % 3 == 2 else MESH


def users(ids: Ids) -> list[User]:
    """An administrator, and somebody who may only look."""
    names: Any = Generator()
    names.add_provider(People)
    names.seed_instance(ids.stream("slv/people").getrandbits(32))
    found: list[User] = []
    for number, profile in enumerate((ADMINISTRATOR, VIEWER)):
        first, last = str(names.first_name()), str(names.last_name())
        login = f"{first}.{last}".lower().replace(" ", "").replace("'", "") + ("2" if number else "")
        found.append(
            User(
                login=login,
                password=ids.text("slv/passwords", 16),
                first_name=first,
                last_name=last,
                email=f"{login}@example.com",
                profile=profile,
            )
        )
    return found


def profile(name: str, root: int, blocked: str = "") -> Profile:
    """A profile as a new one is."""
    properties = {
        "locale": "en_US",
        "skin": "streetlight",
        "geoZoneRootId": str(root),
        "blockedActions": blocked,
        "userType": "unknown",
    }
    return Profile(name=name, properties=properties)


def _luminaire(seed: int, stream: random.Random, number: int, zones: int, side: int) -> Device:
    place, row = number % zones, number // zones
    lat, lng = _centre(place, side)
    cabinet = place // ZONES_A_CONTROLLER
    street = _STREETS[row % len(_STREETS)]
    meshed = technology_of(cabinet) == MESH
    watts = stream.choice(_WATTS)
    model = LAMPS[number % len(LAMPS)]
    properties = {
        "dimmingGroupName": SCHEDULERS[0 if place % 3 == 0 else 1].name,
        "installStatus": "Installed",
        "power": str(watts),
        "modelFunctionId": model,
    }
    if meshed:
        properties["MacAddress"] = mesh_mac(seed, number)
    return Device(
        id=FIRST_LUMINAIRE + number,
        name=f"{street} {2 * row + 1}",
        category=STREETLIGHT,
        controller=controller_id(cabinet),
        on_controller=f"L{number + 1:05d}",
        geozone=ROOT + 1 + place,
        lat=round(lat + (row % 10 - 4.5) * _PITCH, 6),
        lng=round(lng + (row // 10 % 10 - 4.5) * _PITCH, 6),
        node_type="MESH_CARD!lightNode01" if meshed else "POWERLINE_NODE!lightNode01",
        technology="mesh" if meshed else "powerline",
        model=model,
        function=model,
        address=f"{2 * row + 1} {street}, {CITY}",
        watts=watts,
        installed=BUILT + stream.randrange(_BUILT_WITHIN) * DAY,
        properties=properties,
    )


LAMPS = ("lanternport.led.cobra", "lanternport.led.posttop")


def _centre(place: int, side: int) -> tuple[float, float]:
    return LATITUDE + (place // side - side / 2) * _ZONE_PITCH, LONGITUDE + (place % side - side / 2) * _ZONE_PITCH


def _around(number: int, name: str, parent: int | None, lat: float, lng: float, half: float) -> Geozone:
    return Geozone(
        id=number,
        name=name,
        parent=parent,
        lat_min=round(lat - half, 6),
        lat_max=round(lat + half, 6),
        lng_min=round(lng - half, 6),
        lng_max=round(lng + half, 6),
    )
