"""Tokens on disk: durable, private, shared, and never at the cost of somebody else's file."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vendorlab.clients.core.errors import StoreError
from vendorlab.clients.core.filestore import FileTokenStore, default_token_path
from vendorlab.clients.core.secret import Secret
from vendorlab.clients.core.tokens import TokenKey, TokenPair

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ADA = TokenKey("http://vendor.test", "app", "ada@example.com", "read")
BOB = TokenKey("http://vendor.test", "app", "bob@example.com", "read")
PAIR = TokenPair(Secret("access-1"), Secret("refresh-1"), "read", 1_520_086_400.5, 86_400.0)
OTHER = TokenPair(Secret("access-2"))


@pytest.fixture
def store(tmp_path: Path) -> FileTokenStore:
    return FileTokenStore(tmp_path / "state" / "tokens.json")


def uses(store: FileTokenStore) -> list[Callable[[], object]]:
    return [partial(store.load, ADA), partial(store.save, ADA, PAIR), partial(store.delete, ADA)]


def write(store: FileTokenStore, content: str | bytes) -> None:
    store.path.parent.mkdir(exist_ok=True)
    store.path.write_bytes(content.encode() if isinstance(content, str) else content)


def test_pairs_of_several_keys_are_found_again(store: FileTokenStore) -> None:
    assert store.load(ADA) is None
    store.save(ADA, PAIR)
    store.save(BOB, OTHER)
    again = FileTokenStore(store.path)
    assert (again.load(ADA), again.load(BOB)) == (PAIR, OTHER)


@pytest.mark.parametrize("change", ["base_url", "client_id", "username", "scope"])
def test_pair_is_bound_to_every_part_of_its_key(store: FileTokenStore, change: str) -> None:
    store.save(ADA, PAIR)
    assert store.load(replace(ADA, **{change: "other"})) is None


def test_newer_pair_takes_the_place_of_the_older(store: FileTokenStore) -> None:
    store.save(ADA, PAIR)
    store.save(ADA, OTHER)
    assert store.load(ADA) == OTHER
    assert len(json.loads(store.path.read_text())["tokens"]) == 1


def test_deleting_leaves_the_others(store: FileTokenStore) -> None:
    store.delete(ADA)
    assert not store.path.exists()
    store.save(ADA, PAIR)
    store.save(BOB, OTHER)
    store.delete(ADA)
    assert (store.load(ADA), store.load(BOB)) == (None, OTHER)


def test_file_lock_and_folder_are_for_the_owner_only(store: FileTokenStore) -> None:
    before = os.umask(0)
    try:
        lock = store.lock()
        assert lock.try_acquire()
        store.save(ADA, PAIR)
        lock.release()
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in store.path.parent.iterdir()}
    assert modes == {"tokens.json": 0o600, "tokens.json.lock": 0o600}
    assert stat.S_IMODE(store.path.parent.stat().st_mode) == 0o700


def test_readable_file_is_private_after_the_next_save(store: FileTokenStore) -> None:
    store.save(ADA, PAIR)
    store.path.chmod(0o644)
    store.save(BOB, OTHER)
    assert stat.S_IMODE(store.path.stat().st_mode) == 0o600


def test_content_is_flushed_before_and_the_folder_after_the_rename(
    store: FileTokenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[str] = []
    real_fsync = os.fsync

    def fsync(handle: int) -> None:
        kind = "folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file"
        events.append(f"{kind}, new content {'in place' if store.path.exists() else 'aside'}")
        real_fsync(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    store.save(ADA, PAIR)
    assert events == ["file, new content aside", "folder, new content in place"]


def test_failed_write_leaves_the_old_pairs_and_no_litter(
    store: FileTokenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    store.save(ADA, PAIR)
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(StoreError, match=r"cannot write the token store .*: No space left on device"):
        store.save(ADA, OTHER)
    assert store.load(ADA) == PAIR
    assert [path.name for path in store.path.parent.iterdir()] == ["tokens.json"]


def test_link_is_followed_and_not_replaced(tmp_path: Path) -> None:
    link, target = tmp_path / "link.json", tmp_path / "deep" / "target.json"
    target.parent.mkdir()
    link.symlink_to(target)
    FileTokenStore(link).save(ADA, PAIR)
    assert link.is_symlink()
    assert FileTokenStore(target).load(ADA) == PAIR


def test_lock_excludes_every_other_handle(store: FileTokenStore) -> None:
    one, other = store.lock(), FileTokenStore(store.path).lock()
    assert one.try_acquire()
    assert not other.try_acquire()
    one.release()
    assert other.try_acquire()
    other.release()


@pytest.mark.parametrize("content", ["", "  \n"])
def test_empty_file_is_an_empty_store(store: FileTokenStore, content: str) -> None:
    write(store, content)
    assert store.load(ADA) is None
    store.save(ADA, PAIR)
    assert store.load(ADA) == PAIR


FOREIGN = ["{", "[]", "7", "null", '{"name": "my settings"}', b"\xff\xfe\x00", b"\x89PNG\r\n", "[" * 100_000]


@pytest.mark.parametrize("content", FOREIGN, ids=range(len(FOREIGN)))
def test_foreign_file_is_refused_and_left_alone(store: FileTokenStore, content: str | bytes) -> None:
    write(store, content)
    before = store.path.read_bytes()
    for use in uses(store):
        with pytest.raises(StoreError, match="not a token store; remove it") as caught:
            use()
        assert caught.value.__cause__ is None
    assert store.path.read_bytes() == before


@given(st.binary(max_size=100))
def test_any_content_is_an_empty_store_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    store = FileTokenStore(tmp_path_factory.getbasetemp() / "any.json")
    write(store, content)
    try:
        assert store.load(ADA) is None
    except StoreError as error:
        assert "not a token store" in str(error)  # noqa: PT017 - most draws are good


def test_store_of_another_version_is_refused(store: FileTokenStore) -> None:
    write(store, json.dumps({"format": "vendorlab tokens", "version": 2, "tokens": []}))
    with pytest.raises(StoreError, match="another version"):
        store.load(ADA)


@pytest.mark.parametrize(
    "damage",
    [
        {"access_token": None},
        {"access_token": ""},
        {"access_token": "line\nbreak"},
        {"refresh_token": 7},
        {"granted": None},
        {"expires_at": "soon"},
        {"expires_at": True},
        {"lifetime": float("nan")},
    ],
    ids=str,
)
def test_damaged_entry_counts_as_none_and_spares_the_others(store: FileTokenStore, damage: dict[str, Any]) -> None:
    store.save(BOB, OTHER)
    store.save(ADA, PAIR)
    document = json.loads(store.path.read_text())
    document["tokens"][-1] |= damage
    document["tokens"].append("rubbish")
    write(store, json.dumps(document))
    assert (store.load(ADA), store.load(BOB)) == (None, OTHER)
    store.save(ADA, PAIR)
    assert store.load(ADA) == PAIR


def test_path_that_cannot_be_used_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    store = FileTokenStore(tmp_path / "file" / "tokens.json")
    for use in (*uses(store)[:2], store.lock):
        with pytest.raises(StoreError, match=r"token store .*: Not a directory|token store .*: File exists"):
            use()


def test_folder_in_place_of_the_lock_file_is_a_clear_error(store: FileTokenStore) -> None:
    (store.path.parent / "tokens.json.lock").mkdir(parents=True)
    with pytest.raises(StoreError, match="cannot lock"):
        store.lock().try_acquire()


def test_default_path_is_in_the_users_state_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert default_token_path().name == "tokens.json"
    assert "vendorlab" in default_token_path().parts
