"""Who and what there is at the start of a world, all fictitious: pure functions of its seed.

Nothing here is drawn in order, so that a hundred thousand mesh devices cost nothing until somebody asks for one.
"""

from __future__ import annotations

import base64
import hashlib
import uuid
from itertools import count
from typing import TYPE_CHECKING

from ..core.city import mesh_mac, mesh_number
from .models import Account, MeshDevice, Sensor, Tenant

if TYPE_CHECKING:
    from collections.abc import Mapping

TENANTS = 2
SECOND_TENANTS_DEVICES = 2
"""Mesh devices of the second tenant, so that the first has something to be refused."""

SANDBOX = "sandbox"
"""Where devices bought through the portal appear (public)."""

_TENANT_SPAN = 1 << 20
"""Numbers of the city's mesh cards between two tenants: the first one has those of the street lights."""

_BOARDS = (
    (Sensor.TEMPERATURE, Sensor.ECHO),
    (Sensor.METHANE,),
    (Sensor.TEMPERATURE, Sensor.ECHO),
    (Sensor.TILT,),
)

GATEWAY_DEVICES: tuple[Mapping[str, str], ...] = (
    {"modelName": "CC2650", "macaddress": "02:00:5E:00:53:01"},
    {"modelName": "CC2650", "macaddress": "02:00:5E:00:53:02"},
)
"""The ``domainInfo`` of the devices behind a Bluetooth gateway (SensorTags) that the first tenant has besides."""

STATIC_TEMPLATES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Temperature sensor", ("temperature",)),
    ("Methane sensor", ("gasAlert", "hoursSincePowerUp", "deviceHealth", "batteryHealth")),
    ("Pole tilt sensor", ("temperature", "humidity", "tilt", "shock")),
    ("SensorTag", ("temperature", "humidity", "barometer", "light", "accelerometer")),
    ("Tracker", ("gps", "temperature")),
)
"""What the system tenant offers to all; that there are such is public, which is not."""


def secret(seed: int, purpose: str, size: int = 32) -> bytes:
    """Bytes for one purpose, the same for the same seed."""
    return hashlib.blake2b(f"{seed}/itron/{purpose}".encode(), digest_size=size).digest()


def identifier(seed: int, purpose: str) -> str:
    """A random-looking UUID for one purpose."""
    return str(uuid.UUID(bytes=secret(seed, purpose, 16), version=4))


def tenants(seed: int) -> list[Tenant]:
    """The tenants, the first one first."""
    return [
        Tenant(
            id=f"TN{identifier(seed, f'tenant/{number}')}",
            client_id=identifier(seed, f"client/{number}"),
            client_secret=_client_secret(seed, number),
        )
        for number in range(TENANTS)
    ]


def caas(seed: int) -> Account:
    """The account of the network's owner at the MQTT broker."""
    return Account("caas-operator", base64.urlsafe_b64encode(secret(seed, "caas", 24)).decode())


def mesh_device(seed: int, tenant: Tenant, owner: int, number: int) -> MeshDevice:
    """The mesh device at a place of a tenant's.

    Args:
        seed: the world's.
        tenant: whose it is.
        owner: the tenant's own place.
        number: the device's.
    """
    mac = mesh_mac(seed, owner * _TENANT_SPAN + number)
    return MeshDevice(mac, tenant.id, number, _BOARDS[number % len(_BOARDS)])


def mesh_place(seed: int, mac: str) -> tuple[int, int] | None:
    """The inverse: which tenant's place, and which of its devices, a MAC address belongs to; None if to none."""
    place = mesh_number(seed, mac)
    return None if place is None else divmod(place, _TENANT_SPAN)


def _client_secret(seed: int, number: int) -> str:
    for attempt in count():
        text = base64.b64encode(secret(seed, f"secret/{number}/{attempt}", 40)).decode().rstrip("=")
        if "+" in text and "/" in text:  # clients must cope with both
            return text
    raise AssertionError
