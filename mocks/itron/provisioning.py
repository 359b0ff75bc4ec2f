"""Devices and device templates of every solution; a solution is there as soon as something is in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from . import tables
from .errors import LimitExceeded, NotFound
from .models import MOST_DEVICES, MOST_TEMPLATES, Device, Place, Template

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable

    from ..core.store import Store


class Provisioning:
    """Which devices and templates there are.

    Args:
        store: where they are kept; the tables are there.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    @property
    def _connection(self) -> sqlite3.Connection:
        return self._store.connection

    # --- solutions -------------------------------------------------------------------------------------------------

    def solution(self, place: Place) -> int | None:
        """The number of a solution; None when nothing was ever in it."""
        query = "SELECT number FROM itron_solutions WHERE tenant = ? AND name = ?"
        row = self._connection.execute(query, place).fetchone()
        return None if row is None else int(row[0])

    def made_solution(self, place: Place) -> int:
        """The number of a solution, which is made if need be."""
        found = self.solution(place)
        if found is None:
            found = self._connection.execute(
                "INSERT INTO itron_solutions (tenant, name) VALUES (?, ?)", place
            ).lastrowid
        assert found is not None
        return found

    # --- devices ---------------------------------------------------------------------------------------------------

    def devices(self, place: Place, kind: str | None) -> list[bytes] | None:
        """The devices of a solution as JSON, oldest first, of one type if it is given; None when it has none at all."""
        query = "SELECT document FROM itron_devices WHERE solution = ? AND type = ifnull(?, type) ORDER BY number"
        solution = self.solution(place)
        found = [row[0] for row in self._connection.execute(query, (solution, kind))]
        if found:
            return found
        query = "SELECT EXISTS (SELECT 1 FROM itron_devices WHERE solution = ?)"
        return [] if self._connection.execute(query, (solution,)).fetchone()[0] else None

    def add_device(self, place: Place, device: Device) -> None:
        """One more device in a solution."""
        if self._full("itron_devices", MOST_DEVICES):
            raise LimitExceeded
        self.add_devices(place, [device])

    def add_devices(self, place: Place, devices: Iterable[Device]) -> None:
        """Several devices, as they are there from the start."""
        solution = self.made_solution(place)
        self._connection.executemany(
            "INSERT INTO itron_devices (solution, id, type, mac, document) VALUES (?, ?, ?, ?, ?)",
            ((solution, *device) for device in devices),
        )

    def device(self, place: Place, device_id: str) -> tuple[int, int, bytes]:
        """A device: its solution's number, its own, and the whole of it as JSON.

        Raises:
            NotFound: there is none with this id in the solution.
        """
        query = (
            "SELECT s.number, d.number, d.document FROM itron_devices AS d "
            "JOIN itron_solutions AS s ON s.number = d.solution WHERE d.id = ? AND s.tenant = ? AND s.name = ?"
        )
        row = self._connection.execute(query, (device_id, *place)).fetchone()
        if row is None:
            raise NotFound("Device not found.", cause="no-such-device")
        return int(row[0]), int(row[1]), row[2]

    def change_device(self, number: int, device: Device) -> None:
        """A device is replaced; its id stays."""
        self._connection.execute(
            "UPDATE itron_devices SET type = ?, mac = ?, document = ? WHERE number = ?", (*device[1:], number)
        )

    def delete_device(self, number: int) -> None:
        """A device is gone."""
        self._connection.execute("DELETE FROM itron_devices WHERE number = ?", (number,))

    def devices_of_mesh(self, tenant: str, mac: str) -> list[tuple[Place, str]]:
        """The devices that stand for a mesh device, as the vendor's bridge finds them: by their ``domainInfo``."""
        query = (
            "SELECT s.name, d.id FROM itron_devices AS d JOIN itron_solutions AS s ON s.number = d.solution "
            "WHERE d.mac = ? AND s.tenant = ? ORDER BY d.number"
        )
        return [(Place(tenant, name), device) for name, device in self._connection.execute(query, (mac, tenant))]

    # --- templates -------------------------------------------------------------------------------------------------

    def templates(self, place: Place) -> list[Template]:
        """The templates of a solution, oldest first."""
        query = "SELECT id, name, sensors FROM itron_templates WHERE solution = ? ORDER BY number"
        return [_template(row) for row in self._connection.execute(query, (self.solution(place),))]

    def add_template(self, place: Place, template: Template) -> None:
        """One more template."""
        if self._full("itron_templates", MOST_TEMPLATES):
            raise LimitExceeded
        row = (template.id, self.made_solution(place), template.name, msgspec.json.encode(template.sensors).decode())
        self._connection.execute("INSERT INTO itron_templates (id, solution, name, sensors) VALUES (?, ?, ?, ?)", row)

    def change_template(self, place: Place, template: Template) -> None:
        """A template is replaced.

        Raises:
            NotFound: there is none with this id in the solution.
        """
        row = (template.name, msgspec.json.encode(template.sensors).decode(), template.id, self.solution(place))
        query = "UPDATE itron_templates SET name = ?, sensors = ? WHERE id = ? AND solution = ?"
        if not self._connection.execute(query, row).rowcount:
            raise NotFound("Device template not found.", cause="no-such-template")

    def _full(self, table: str, most: int) -> bool:
        """Whether a table has so many rows; to count them is slow, and needless before so many ever were."""
        (last,) = self._connection.execute(f"SELECT max(number) FROM {table}").fetchone()  # noqa: S608  names of our own
        return (last or 0) >= most and tables.count(self._connection, table) >= most


def _template(row: tuple[str, str, Any]) -> Template:
    template_id, name, sensors = row
    return Template(template_id, name, tuple(msgspec.json.decode(sensors)))
