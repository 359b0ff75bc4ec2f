"""State in a file: what lives on in the next process, after an orderly end and after a kill."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from tests.cli.conftest import Up, start_up
from tests.mocks.itron.support import Caller, at, solution
from tests.mocks.support import START

from vendorlab.mocks import registry
from vendorlab.mocks.core.store import FILE, StoreError
from vendorlab.mocks.core.world import World, WorldOptions

if TYPE_CHECKING:
    from pathlib import Path

SANDBOX = solution("sandbox", "observations")


def kept(folder: Path, *vendors: str, rate: float = 0.0, **settings: Any) -> Caller:
    options = WorldOptions(
        seed=7, start=START, rate=rate, state=folder, settings={"itron": settings} if settings else {}
    )
    return Caller(World(registry.factories(vendors or ["itron"]), options))


def killed(caller: Caller) -> None:
    """Its process is no more: nothing is saved in order, the lock falls."""
    caller.world.store.close()


def test_everything_is_there_in_the_next_process(tmp_path: Path) -> None:
    first = kept(tmp_path)
    device = first.make_device(domainInfo={"a": 1.0})
    first.post(device, at(0, n=1.0), at(1), at(2))
    first.call("POST", solution("lab", "devicetemplates"), json={"deviceTemplate": {"name": "n", "sensors": ["a"]}})
    walk = first.page(solution("lab", "devices", device, "observations"), limit=1).headers["next_page"]
    paths = [
        SANDBOX,
        solution("sandbox", "devices"),
        solution("lab", "devices"),
        solution("lab", "devicetemplates"),
        walk,
    ]
    before = [first.get(path).content for path in paths]
    tokens = dict(first._tokens)
    killed(first)
    second = kept(tmp_path)
    second._tokens.update(tokens)
    assert [second.get(path).content for path in paths] == before
    assert second.world.clock.timers == 1
    second.world.clock.advance(3_600)
    assert (second.get(SANDBOX).status_code, second.last.cause) == (401, "expired-token")
    second.world.close()


def test_revoked_token_stays_revoked(tmp_path: Path) -> None:
    first = kept(tmp_path)
    token = first.token()
    found = first.backend.tokens.find(token)
    assert found is not None
    first.backend.tokens.revoke(found)
    first.world.keep()
    killed(first)
    second = kept(tmp_path)
    assert second.http.get(SANDBOX, headers={"Authorization": token}).status_code == 401
    second.world.close()


def test_no_id_and_no_token_comes_twice(tmp_path: Path) -> None:
    seen: set[str] = set()
    for _ in range(3):
        caller = kept(tmp_path)
        seen |= {caller.new_token(), caller.make_device(), caller.make_device()}
        killed(caller)
    assert len(seen) == 9


def test_deleted_device_of_the_start_does_not_come_back(tmp_path: Path) -> None:
    first = kept(tmp_path)
    for one in first.get(solution("sandbox", "devices")).json()["devices"]:
        first.call("DELETE", solution("sandbox", "devices", one["id"]))
    killed(first)
    second = kept(tmp_path)
    assert second.get(solution("sandbox", "devices")).status_code == 404
    second.world.close()


def test_world_that_nobody_entered_has_the_past_of_its_beginning(tmp_path: Path) -> None:
    kept(tmp_path).world.close()
    second = kept(tmp_path)
    assert len(second.get(SANDBOX).json()["observations"]) == 10
    second.world.close()


def test_vendor_that_comes_to_a_kept_world_begins_there(tmp_path: Path) -> None:
    options = WorldOptions(start=START, rate=0.0, state=tmp_path)
    with World(registry.factories(["scanalytics"]), options) as first:
        first.clock.advance(1_000_000)
    second = kept(tmp_path, "scanalytics", "itron")
    newest = second.get(SANDBOX).json()["observations"][0]["timestamp"]
    assert newest.startswith("2026-12-02T18:")
    second.world.close()


def test_bridge_goes_on_in_the_next_process(tmp_path: Path) -> None:
    first = kept(tmp_path, bridge=True)
    first.world.clock.advance(3_600)
    first.world.close()
    second = kept(tmp_path, bridge=True)
    second.world.clock.advance(3_600)
    assert second.backend.counts()["observations"] == 12 * 24 + 20
    second.world.close()


def test_post_that_cannot_be_made_durable_is_not_acknowledged(tmp_path: Path) -> None:
    caller = kept(tmp_path)
    device = caller.make_device()
    caller.world.store.connection.execute("PRAGMA query_only = on")
    answer = caller.post(device, at(0))
    assert (answer.status_code, answer.json()) == (500, {"message": "Internal server error"})
    caller.world.store.connection.execute("PRAGMA query_only = off")
    assert caller.of_device(device) == []
    caller.world.close()


def test_file_with_a_damaged_page_of_ours_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    caller = kept(tmp_path)
    caller.get(SANDBOX)
    caller.world.close()
    data = bytearray((tmp_path / FILE).read_bytes())
    data[-9_000:-8_000] = b"\xff" * 1_000
    (tmp_path / FILE).write_bytes(bytes(data))
    with pytest.raises(StoreError, match="is damaged") as refusal:
        kept(tmp_path)
    assert "\n" not in str(refusal.value)
    assert (tmp_path / FILE).read_bytes() == bytes(data)


class Poster:
    """Posts readings until the vendor is gone, and remembers those that were acknowledged."""

    def __init__(self, up: Up) -> None:
        self.url = url_of(up)
        self.headers = {"Authorization": token_of(up)}
        made = httpx.post(f"{self.url}{solution('lab', 'devices')}", json={"deviceType": "T"}, headers=self.headers)
        self.path = solution("lab", "devices", made.json()["id"], "observations")
        self.acknowledged: list[int] = []
        self.enough = threading.Event()

    def run(self, count: int) -> None:
        with httpx.Client(base_url=self.url, headers=self.headers) as http:
            for number in range(count):
                try:
                    answer = http.post(self.path, json={"observations": [at(number, n=number)]})
                except httpx.HTTPError:
                    return
                assert answer.status_code == 201
                self.acknowledged.append(number)
                if number == count // 2:
                    self.enough.set()


def url_of(up: Up) -> str:
    return str(up.ready["vendors"]["itron-platform"]["url"])


def token_of(up: Up) -> str:
    known = up.ready["vendors"]["itron-platform"]["credentials"]
    body = {"clientId": known["client_id"], "clientSecret": known["client_secret"]}
    return str(httpx.post(f"{url_of(up)}/api/tokens", json=body).json()["accessToken"])


def test_kill_in_the_middle_of_a_thousand_posts_loses_none_that_was_acknowledged(tmp_path: Path) -> None:
    state = ("itron", "--state", str(tmp_path / "state"))
    up = start_up(tmp_path, *state)
    poster = Poster(up)
    posting = threading.Thread(target=poster.run, args=(1_000,))
    posting.start()
    assert poster.enough.wait(30)
    up.process.kill()
    up.process.communicate(timeout=10)
    posting.join(10)
    assert 500 < len(poster.acknowledged) < 1_000
    (tmp_path / "ready.json").unlink()
    again = start_up(tmp_path, *state)
    try:
        answer = httpx.get(f"{url_of(again)}{poster.path}", headers=poster.headers)
        found = sorted(one["n"] for one in answer.json()["observations"])
        assert found[: len(poster.acknowledged)] == poster.acknowledged
        assert len(found) <= len(poster.acknowledged) + 1  # one may have been stored whose answer nobody heard
    finally:
        again.process.kill()
        again.process.communicate(timeout=10)
