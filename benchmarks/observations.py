"""Many observations on Itron's Data Platform: posting, paging, lists of many devices, in process.

Beside them, what SQLite itself takes for the same rows: a plain table with the index that the question needs, filled
with ``executemany`` and read with one query. What lies between is HTTP, tokens, strict JSON, cursors and pages.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import statistics
import time
from typing import TYPE_CHECKING, Any

import httpx
from _harness import table

import vendorlab

if TYPE_CHECKING:
    from collections.abc import Callable

BULK = 10_000
PAGE = 1 << 20


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--observations", type=int, default=100_000)
    parser.add_argument("--devices", type=int, default=10_000)
    options, _ = parser.parse_known_args()
    with vendorlab.world("itron", seed=7, settings={"itron": {"mesh_devices": 0}}) as lab:
        ours = _Platform(lab)
        plain = _Plain()
        rows = _one_device(ours, plain, options.observations, options.rounds)
        rows += _many_devices(ours, plain, options.devices, options.rounds)
    table(f"Milliseconds, median of {options.rounds}", ["", "vendorlab", "plain SQLite", "ratio"], rows)


def _one_device(ours: _Platform, plain: _Plain, count: int, rounds: int) -> list[list[str]]:
    device = ours.make_device("big")
    path = f"/api/solutions/big/devices/{device}/observations"
    bulks = [[_observation(n) for n in range(first, min(first + BULK, count))] for first in range(0, count, BULK)]
    posts = [ours.timed(lambda bulk=bulk: ours.post(path, bulk)) for bulk in bulks]
    inserts = [ours.timed(lambda bulk=bulk: plain.insert(0, bulk)) for bulk in bulks]
    middle = f"{path}?from={_time(count // 2)}&to={_time(count // 2 + 3_600)}&limit=10"
    return [
        _row(f"post {BULK:,} observations in one call", statistics.median(posts), statistics.median(inserts)),
        ours.row(f"first page (1 MiB) of {count:,}", rounds, lambda: ours.get(path), lambda: plain.newest(0, PAGE)),
        ours.row(
            "ten of an hour in the middle of them", rounds, lambda: ours.get(middle), lambda: plain.some(0, count)
        ),
        ours.row(f"all {count:,}, page by page", 1, lambda: ours.walk(path), lambda: plain.newest(0, 1 << 40)),
    ]


def _many_devices(ours: _Platform, plain: _Plain, count: int, rounds: int) -> list[list[str]]:
    for number in range(count):
        device = ours.make_device("many")
        bulk = [_observation(number), _observation(number + 1)]
        ours.post(f"/api/solutions/many/devices/{device}/observations", bulk)
        plain.insert(number + 1, bulk)
    devices, newest = "/api/solutions/many/devices", "/api/solutions/many/observations"
    return [
        ours.row(f"list of {count:,} devices", rounds, lambda: ours.get(devices), plain.devices),
        ours.row(f"newest of each of {count:,} devices, first page", rounds, lambda: ours.get(newest), plain.latest),
        ours.row(f"newest of each of {count:,}, page by page", rounds, lambda: ours.walk(newest), plain.latest),
    ]


def _observation(second: int) -> dict[str, Any]:
    return {
        "timestamp": _time(second),
        "temperature": 20 + second % 7,
        "humidity": 51,
        "accelerometer": {"x": 0.01, "y": -0.99, "z": 0.04},
    }


def _time(second: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(1_714_521_600 + second))


def _row(name: str, ours: float, plain: float) -> list[str]:
    return [name, f"{ours:.1f}", f"{plain:.1f}", f"{ours / plain:.1f}"]


class _Platform:
    """The fake, called in process."""

    def __init__(self, lab: vendorlab.lab.Lab) -> None:
        known = lab.itron.credentials
        self._http = httpx.Client(transport=lab.itron.transport(), base_url="http://itron.example")
        body = {"clientId": known["client_id"], "clientSecret": known["client_secret"]}
        self._http.headers["Authorization"] = self._http.post("/api/tokens", json=body).json()["accessToken"]

    def make_device(self, solution: str) -> str:
        return str(self._http.post(f"/api/solutions/{solution}/devices", json={"deviceType": "T"}).json()["id"])

    def post(self, path: str, observations: list[dict[str, Any]]) -> None:
        assert self._http.post(path, json={"observations": observations}).status_code == 201

    def get(self, path: str) -> httpx.Response:
        answer = self._http.get(path)
        assert answer.status_code == 200
        return answer

    def walk(self, path: str) -> None:
        while path:
            path = self.get(path).headers.get("next_page", "")

    def timed(self, step: Callable[[], object]) -> float:
        began = time.perf_counter()
        step()
        return (time.perf_counter() - began) * 1_000

    def row(self, name: str, rounds: int, step: Callable[[], object], peer: Callable[[], object]) -> list[str]:
        medians = (statistics.median(self.timed(one) for _ in range(rounds)) for one in (step, peer))
        return _row(name, *medians)


class _Plain:
    """The same rows in SQLite, without anything around it."""

    def __init__(self) -> None:
        self._connection = sqlite3.connect(":memory:")
        self._connection.execute("CREATE TABLE o (seq INTEGER PRIMARY KEY, device INTEGER, at INTEGER, raw BLOB)")
        self._connection.execute("CREATE UNIQUE INDEX by_device ON o (device, at)")

    def insert(self, device: int, observations: list[dict[str, Any]]) -> None:
        rows = [
            (device, number, json.dumps(one).encode()) for number, one in enumerate(observations, self._count(device))
        ]
        self._connection.executemany("INSERT INTO o (device, at, raw) VALUES (?, ?, ?)", rows)
        self._connection.commit()

    def newest(self, device: int, size: int) -> bytes:
        found: list[bytes] = []
        for (raw,) in self._connection.execute("SELECT raw FROM o WHERE device = ? ORDER BY at DESC", (device,)):
            size -= len(raw)
            if size < 0:
                break
            found.append(raw)
        return b",".join(found)

    def some(self, device: int, count: int) -> bytes:
        query = "SELECT raw FROM o WHERE device = ? AND at >= ? AND at < ? ORDER BY at DESC LIMIT 10"
        rows = self._connection.execute(query, (device, count // 2, count // 2 + 3_600))
        return b",".join(raw for (raw,) in rows)

    def devices(self) -> list[int]:
        return [one for (one,) in self._connection.execute("SELECT DISTINCT device FROM o WHERE device > 0")]

    def latest(self) -> bytes:
        query = "SELECT raw FROM o JOIN (SELECT device AS d, max(at) AS m FROM o WHERE device > 0 GROUP BY device) "
        rows = self._connection.execute(query + "ON device = d AND at = m ORDER BY m DESC")
        return b",".join(raw for (raw,) in rows)

    def _count(self, device: int) -> int:
        (found,) = self._connection.execute("SELECT count(*) FROM o WHERE device = ?", (device,)).fetchone()
        return int(found)


if __name__ == "__main__":
    main()
