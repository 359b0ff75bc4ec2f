"""The tables in which all of Itron's state lies, and how they are written down as a document and read back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Mapping

SCHEMA = """
CREATE TABLE IF NOT EXISTS itron_meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS itron_tokens (
    serial INTEGER PRIMARY KEY, digest TEXT NOT NULL UNIQUE, text TEXT NOT NULL, tenant TEXT NOT NULL,
    client TEXT NOT NULL, due INTEGER NOT NULL, state TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS itron_solutions (
    number INTEGER PRIMARY KEY, tenant TEXT NOT NULL, name TEXT NOT NULL, UNIQUE (tenant, name));
CREATE TABLE IF NOT EXISTS itron_devices (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, solution INTEGER NOT NULL, type TEXT NOT NULL,
    mac TEXT, document BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS itron_devices_by_solution ON itron_devices (solution, number);
CREATE INDEX IF NOT EXISTS itron_devices_by_mac ON itron_devices (mac) WHERE mac IS NOT NULL;
CREATE TABLE IF NOT EXISTS itron_templates (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, solution INTEGER NOT NULL, name TEXT NOT NULL,
    sensors TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS itron_observations (
    seq INTEGER PRIMARY KEY, device INTEGER NOT NULL, solution INTEGER NOT NULL, at INTEGER NOT NULL,
    slot INTEGER NOT NULL, tags TEXT, names_device INTEGER NOT NULL, raw BLOB NOT NULL);
CREATE UNIQUE INDEX IF NOT EXISTS itron_observations_by_device ON itron_observations (device, at, slot);
CREATE INDEX IF NOT EXISTS itron_observations_by_solution ON itron_observations (solution, at);
CREATE TABLE IF NOT EXISTS itron_events (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, solution INTEGER NOT NULL, name TEXT NOT NULL, type TEXT,
    sensor TEXT NOT NULL, operator TEXT NOT NULL, value TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS itron_subscriptions (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, solution INTEGER NOT NULL, event TEXT NOT NULL,
    url TEXT NOT NULL, headers TEXT NOT NULL, client TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS itron_deliveries (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, subscription TEXT NOT NULL, event TEXT NOT NULL,
    device TEXT NOT NULL, timestamp TEXT NOT NULL, state TEXT NOT NULL, due INTEGER, attempts TEXT NOT NULL,
    body BLOB NOT NULL, cause TEXT);
CREATE INDEX IF NOT EXISTS itron_deliveries_by_subscription ON itron_deliveries (subscription, state, number);
CREATE INDEX IF NOT EXISTS itron_deliveries_pending ON itron_deliveries (due) WHERE state = 'pending';
CREATE TABLE IF NOT EXISTS itron_simulations (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, tenant TEXT NOT NULL, template TEXT NOT NULL,
    sensors TEXT NOT NULL, devices TEXT NOT NULL, interval INTEGER NOT NULL, steps INTEGER, seed INTEGER NOT NULL,
    start INTEGER NOT NULL, step INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS itron_sessions (
    source TEXT PRIMARY KEY, tenant TEXT NOT NULL, credential TEXT NOT NULL, opened INTEGER NOT NULL,
    used INTEGER NOT NULL, endpoint TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS itron_mesh (mac TEXT PRIMARY KEY, state TEXT NOT NULL) WITHOUT ROWID;
"""
"""
``itron_meta``: when the world began, and whether its first devices were made yet.
``itron_devices.mac``: which mesh device it stands for, if for one.
``itron_observations.slot``: 0, so that a second observation of a device with one timestamp takes the first one's place;
a number of its own where both are kept. ``tags``: percent-encoded, a blank around each.

The four behind ``itron_observations`` are the extension's. ``itron_deliveries.due``: when it is sent next; empty while
it waits for an answer to leave, or is under way. ``attempts``: as ``deliveries.Attempt``. ``body``: empty once nobody
will send it any more. ``cause``: as ``traces.Span``, of the exchange that brought it about, where that
was part of a trace.
``itron_simulations.step``: how many were made.

``itron_sessions``: of the CoAP Gateway; ``source`` is a JSON list, ``used`` is exact in snapshots and otherwise at most
a minute old.
``itron_mesh.state``: as ``mesh.device.Kept``, of the devices that are not as they left the factory.
"""


@dataclass(frozen=True, slots=True)
class _Table:
    name: str
    columns: tuple[str, ...]
    blobs: frozenset[str] = frozenset()


_TABLES = (
    _Table("itron_meta", ("name", "value")),
    _Table("itron_tokens", ("serial", "digest", "text", "tenant", "client", "due", "state")),
    _Table("itron_solutions", ("number", "tenant", "name")),
    _Table("itron_devices", ("number", "id", "solution", "type", "mac", "document"), frozenset({"document"})),
    _Table("itron_templates", ("number", "id", "solution", "name", "sensors")),
    _Table(
        "itron_observations",
        ("seq", "device", "solution", "at", "slot", "tags", "names_device", "raw"),
        frozenset({"raw"}),
    ),
    _Table("itron_events", ("number", "id", "solution", "name", "type", "sensor", "operator", "value")),
    _Table("itron_subscriptions", ("number", "id", "solution", "event", "url", "headers", "client")),
    _Table(
        "itron_deliveries",
        ("number", "id", "subscription", "event", "device", "timestamp", "state", "due", "attempts", "body", "cause"),
        frozenset({"body"}),
    ),
    _Table(
        "itron_simulations",
        ("number", "id", "tenant", "template", "sensors", "devices", "interval", "steps", "seed", "start", "step"),
    ),
    _Table("itron_sessions", ("source", "tenant", "credential", "opened", "used", "endpoint")),
    _Table("itron_mesh", ("mac", "state")),
)


def create(connection: sqlite3.Connection) -> None:
    """Make the tables that are not there yet."""
    for statement in SCHEMA.split(";"):
        connection.execute(statement)
    columns = {row[1] for row in connection.execute("PRAGMA table_info(itron_deliveries)")}
    if "cause" not in columns:  # a file of an earlier vendorlab
        connection.execute("ALTER TABLE itron_deliveries ADD COLUMN cause TEXT")


def clear(connection: sqlite3.Connection) -> None:
    """Empty every table."""
    for table in _TABLES:
        connection.execute(f"DELETE FROM {table.name}")  # noqa: S608  names of our own


def dump(connection: sqlite3.Connection) -> dict[str, Any]:
    """Every row of every table, as JSON-like data."""
    return {table.name: _rows(connection, table) for table in _TABLES}


def load(connection: sqlite3.Connection, document: Mapping[str, Any]) -> None:
    """Take up the rows from ``dump`` instead of what is there."""
    clear(connection)
    for table in _TABLES:
        places = ", ".join("?" * len(table.columns))
        connection.executemany(
            f"INSERT INTO {table.name} ({', '.join(table.columns)}) VALUES ({places})",  # noqa: S608
            (_decoded(table, row) for row in document.get(table.name, [])),  # an older one has fewer tables
        )


def count(connection: sqlite3.Connection, table: str) -> int:
    """How many rows a table has."""
    (found,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608
    return int(found)


def _rows(connection: sqlite3.Connection, table: _Table) -> list[list[Any]]:
    query = f"SELECT {', '.join(table.columns)} FROM {table.name} ORDER BY 1"  # noqa: S608
    return [[_text(value) for value in row] for row in connection.execute(query)]


def _text(value: Any) -> Any:
    return value.decode() if isinstance(value, bytes) else value  # all bytes here are JSON


def _decoded(table: _Table, row: list[Any]) -> list[Any]:
    missing = [None] * (len(table.columns) - len(row))  # an older one has fewer columns
    pairs = zip(table.columns, row + missing, strict=True)
    return [value.encode() if name in table.blobs else value for name, value in pairs]
