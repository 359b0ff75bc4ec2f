"""A world's state in a folder: what the next process finds, what it refuses, and what a kill takes away."""

from __future__ import annotations

import sqlite3
import stat
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from tests.mocks.support import START, Caller

from vendorlab.mocks import registry
from vendorlab.mocks.core.errors import WorldError
from vendorlab.mocks.core.store import FILE, Store, StoreError
from vendorlab.mocks.core.world import World, WorldOptions

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def kept_world(folder: Path, *, rate: float = 0.0, **options: str) -> World:
    """A world with its state in a folder."""
    given = WorldOptions(seed=7, start=START, rate=rate, state=folder, profiles=options)
    return World(registry.factories(["scanalytics"]), given)


def abandon(world: World) -> None:
    """What is left of a world whose process was killed: nothing is saved or closed in order, the lock falls."""
    world.store.close()


def test_tokens_live_on_in_the_next_process_and_end_when_they_are_due(tmp_path: Path) -> None:
    first = kept_world(tmp_path)
    token = Caller(first).login()
    abandon(first)
    with kept_world(tmp_path) as second:
        caller = Caller(second)
        assert caller.get("/v1/whoami", token["access_token"]).status_code == 200
        assert second.clock.timers == 1
        second.clock.advance(timedelta(hours=24))
        assert caller.get("/v1/whoami", token["access_token"]).status_code == 401


def test_spent_refresh_token_stays_spent_in_the_next_process(tmp_path: Path) -> None:
    first = kept_world(tmp_path)
    caller = Caller(first)
    spent = caller.login()["refresh_token"]
    fresh = caller.ask(caller.refresh_form(spent)).json()["refresh_token"]
    abandon(first)
    with kept_world(tmp_path) as second:
        caller = Caller(second)
        assert caller.ask(caller.refresh_form(spent)).status_code == 401
        assert caller.ask(caller.refresh_form(fresh)).status_code == 200


def test_nothing_is_drawn_twice_by_one_process_after_another(tmp_path: Path) -> None:
    seen: set[str] = set()
    for _ in range(3):
        world = kept_world(tmp_path)
        seen |= {Caller(world).login()[kind] for kind in ("access_token", "refresh_token")}
        abandon(world)
    assert len(seen) == 6


def test_credentials_and_seed_are_those_of_the_first_process(tmp_path: Path) -> None:
    with kept_world(tmp_path) as first:
        known = Caller(first).credentials
    with World(registry.factories(["scanalytics"]), WorldOptions(seed=8, state=tmp_path)) as second:
        assert (second.ids.seed, Caller(second).credentials) == (7, known)


def test_turned_clock_goes_on_from_where_it_stood(tmp_path: Path) -> None:
    with kept_world(tmp_path) as first:
        first.clock.advance(timedelta(days=400))
        first.keep()
    with kept_world(tmp_path) as second:
        assert second.clock.now() == START + timedelta(days=400)
        assert second.clock.frozen


def test_running_clock_ran_on_while_there_was_no_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    abandon(kept_world(tmp_path, rate=2.0))
    later = 1_000_000 * 3_600
    monkeypatch.setattr("vendorlab.mocks.core.keeping.real_micros", lambda: _saved_real(tmp_path) + later)
    with kept_world(tmp_path) as second:
        assert timedelta(hours=2) <= second.clock.now() - START < timedelta(hours=2, seconds=30)


def _saved_real(folder: Path) -> int:
    with sqlite3.connect(folder / FILE) as connection:
        (found,) = connection.execute("SELECT document ->> 'real' FROM saved WHERE name = 'world'").fetchone()
    return int(found)


def test_reset_is_kept_too(tmp_path: Path) -> None:
    first = kept_world(tmp_path)
    token = Caller(first).login()["access_token"]
    first.reset(9)
    first.keep()
    abandon(first)
    with kept_world(tmp_path) as second:
        assert second.ids.seed == 9
        assert Caller(second).get("/v1/whoami", token).status_code == 401


def test_folder_and_file_are_for_their_owner_alone(tmp_path: Path) -> None:
    with kept_world(tmp_path / "deep" / "state"):
        assert stat.S_IMODE((tmp_path / "deep" / "state").stat().st_mode) == 0o700
        assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "deep" / "state").iterdir()} == {0o600}


def test_folder_in_use_is_refused_until_it_is_let_go(tmp_path: Path) -> None:
    with kept_world(tmp_path), pytest.raises(StoreError, match="in use by another vendorlab; end that one"):
        kept_world(tmp_path)
    kept_world(tmp_path).close()


def test_other_profile_is_refused_with_the_remedy(tmp_path: Path) -> None:
    kept_world(tmp_path, scanalytics="legacy").close()
    with pytest.raises(WorldError, match="--profile scanalytics=legacy"):
        kept_world(tmp_path, scanalytics="modern")
    kept_world(tmp_path, scanalytics="legacy").close()


def _not_a_database(path: Path) -> None:
    path.write_bytes(b"hello, world\n" * 100)


def _empty(path: Path) -> None:
    path.write_bytes(b"")


def _somebody_elses(path: Path) -> None:
    path.unlink()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE saved (name, document)")
    connection.close()


def _of_tomorrow(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    connection.close()


def _cut_in_two(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


def _scribbled_on(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-3_000:] = b"\xff" * 3_000
    path.write_bytes(bytes(data))


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (_not_a_database, "is not a vendorlab state file"),
        (_empty, "is not a vendorlab state file"),
        (_somebody_elses, "is not a vendorlab state file"),
        (_of_tomorrow, "is of version 99"),
        (_cut_in_two, "is damaged"),
        (_scribbled_on, "is damaged"),
    ],
)
def test_file_that_does_not_fit_is_refused_in_one_line_and_left_as_it_is(
    tmp_path: Path, damage: Callable[[Path], None], reason: str
) -> None:
    kept_world(tmp_path).close()
    damage(tmp_path / FILE)
    before = (tmp_path / FILE).read_bytes()
    with pytest.raises(StoreError, match=reason) as refusal:
        kept_world(tmp_path)
    assert "another folder with --state" in str(refusal.value)
    assert "\n" not in str(refusal.value)
    assert (tmp_path / FILE).read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} <= {FILE, "world.lock"}


def test_damage_beside_a_log_that_was_not_merged_leaves_both_as_they_are(tmp_path: Path) -> None:
    world = kept_world(tmp_path)
    Caller(world).login()
    log = tmp_path / f"{FILE}-wal"
    copy, pages = log.read_bytes(), (tmp_path / FILE).read_bytes()
    abandon(world)
    (tmp_path / FILE).write_bytes(pages)
    log.write_bytes(copy[:5_000] + b"\x00" * 100 + copy[5_100:])  # SQLite takes a torn log's whole part
    kept_world(tmp_path).close()
    (tmp_path / FILE).write_bytes(pages[:60] + b"\x00\x00\x00\x63" + pages[64:])
    log.write_bytes(copy)
    with pytest.raises(StoreError, match="version 99"):
        kept_world(tmp_path)
    assert log.read_bytes() == copy


def test_folder_that_cannot_be_made_is_refused_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match=r"the state folder .* cannot be used"):
        Store.in_folder(tmp_path / "file" / "state")


def test_write_that_cannot_be_made_durable_is_not_acknowledged(tmp_path: Path) -> None:
    with kept_world(tmp_path) as world:
        caller = Caller(world)
        world.store.connection.execute("PRAGMA query_only = on")
        assert caller.ask(caller.password_form()).status_code == 500
        world.store.connection.execute("PRAGMA query_only = off")
        assert caller.ask(caller.password_form()).status_code == 200


def test_rollback_takes_back_what_was_not_committed(tmp_path: Path) -> None:
    with kept_world(tmp_path) as world:
        connection = world.store.connection
        connection.execute("CREATE TABLE things (id)")
        world.store.commit()
        connection.execute("INSERT INTO things VALUES (1)")
        world.store.rollback()
        assert connection.execute("SELECT count(*) FROM things").fetchone() == (0,)
