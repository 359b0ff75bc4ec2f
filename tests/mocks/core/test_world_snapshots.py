"""Snapshots: a world goes on where another stood, through a file; and what does not fit changes nothing."""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.mocks.support import START, Caller

from vendorlab.mocks.core.snapshots import SnapshotError, digest
from vendorlab.mocks.core.world import World, WorldOptions

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import httpx
    from tests.mocks.conftest import MakeWorld

SETTINGS = {"editing": True, "minute_limit": 30, "refresh_grace": 5, "throttle_before_auth": True}


@pytest.fixture
def lived_in(world_of: MakeWorld, profile: str) -> World:
    """A world in the middle of its life: tokens in every state, half-full limits, faults that counted, new names."""
    world = world_of(profile=profile, settings=SETTINGS)
    caller = Caller(world)
    spent, expired, live = caller.login(scope="read write"), caller.login_second(), None
    world.clock.advance(86_400)
    caller.get("/v1/whoami", expired["access_token"])
    live = caller.ask(caller.refresh_form(spent["refresh_token"])).json()
    for _ in range(20):
        caller.get("/v1/whoami", live["access_token"])
        caller.get("/v1/whoami")
        world.clock.advance(0.25)
    key = next(iter(caller.vendor.backend.estate.deployments))
    caller.call("PATCH", f"/v1/deployment/{key}", live["access_token"], json={"name": "Löwenplatz"})
    world.faults.add({"action": {"kind": "status", "status": 503}, "when": {"chance": 0.4}, "name": "maybe"})
    world.faults.add({"action": {"kind": "status", "status": 502}, "when": {"every": 7}})
    for _ in range(5):
        caller.get("/v1/device/list", live["access_token"])
    return world


def go_on(world: World) -> list[tuple[int, str]]:
    """What a lived-in world answers from here on: by its tokens, limits, faults, timers and chance."""
    caller = Caller(world)
    tokens = [token.token for token in caller.vendor.tokens.all()]
    answers: list[httpx.Response] = []
    for _ in range(15):
        answers.extend([caller.get("/v2/deployment/list", token) for token in tokens])
        answers.append(caller.get("/v1/whoami"))
        answers.append(caller.ask(caller.password_form()))
        fired = world.clock.advance(timedelta(seconds=4))
        assert len(fired) == 0
    answers.extend([caller.ask(caller.refresh_form(token)) for token in tokens])
    fired = world.clock.advance(86_400)
    answers.append(caller.get("/v1/device/list"))
    return [(answer.status_code, answer.text) for answer in answers] + [(0, repr(fired))]


def test_another_world_goes_on_where_this_one_stood(
    lived_in: World, world_of: MakeWorld, profile: str, tmp_path: Path
) -> None:
    file = tmp_path / "snapshot.json"
    file.write_text(json.dumps(lived_in.snapshot()))
    other = world_of(profile=profile, settings=SETTINGS, seed=99, start=None)
    Caller(other).login()
    other.faults.add({"action": {"kind": "empty"}})
    other.restore(json.loads(file.read_text()))
    assert other.clock.now() == lived_in.clock.now()
    assert other.snapshot()["content"] == lived_in.snapshot()["content"]
    expected = go_on(lived_in)
    assert go_on(other) == expected
    assert {200, 401, 429, 502, 503} <= {status for status, _ in expected}
    assert other.snapshot()["content"] == lived_in.snapshot()["content"]


def test_the_same_world_goes_back_to_where_it_stood(lived_in: World) -> None:
    document = lived_in.snapshot()
    first = go_on(lived_in)
    lived_in.restore(document)
    assert go_on(lived_in) == first


def test_a_snapshot_says_what_and_when_it_is(lived_in: World) -> None:
    document = lived_in.snapshot()
    assert (document["format"], document["version"]) == ("vendorlab-snapshot", 1)
    assert document["at"] == lived_in.clock.now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    assert json.loads(json.dumps(document)) == document


def test_a_vendor_that_the_snapshot_does_not_know_starts_anew(world_of: MakeWorld) -> None:
    untouched, touched = world_of(), world_of()
    document = untouched.snapshot()
    assert document["content"]["vendors"] == {}
    caller = Caller(touched)
    token = caller.login()["access_token"]
    touched.restore(document)
    assert caller.get("/v1/whoami", token).status_code == 401
    assert touched.clock.timers == 0
    assert caller.login()["access_token"] == token


def test_a_frozen_and_a_running_clock_come_back_as_they_were(world_of: MakeWorld) -> None:
    world, other = world_of(), world_of()
    world.clock.run(60)
    world.clock.freeze()
    other.restore(world.snapshot())
    assert other.clock.frozen
    other.clock.resume()
    assert other.clock.rate == 60


def change(*path: str | int, to: Any) -> Callable[[dict[str, Any]], None]:
    """Put something else at a place of the content."""

    def apply(document: dict[str, Any]) -> None:
        place: Any = document["content"]
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] = to
        document["digest"] = digest(document["content"])

    return apply


def drop(*path: str | int) -> Callable[[dict[str, Any]], None]:
    """Take something out of the content."""

    def apply(document: dict[str, Any]) -> None:
        place: Any = document["content"]
        for key in path[:-1]:
            place = place[key]
        del place[path[-1]]
        document["digest"] = digest(document["content"])

    return apply


STATE = ("vendors", "scanalytics", "state")
DAMAGES: dict[str, Callable[[dict[str, Any]], None]] = {
    "other-format": lambda document: document.update(format="something"),
    "other-version": lambda document: document.update(version=2),
    "version-is-text": lambda document: document.update(version="1"),
    "no-digest": lambda document: document.pop("digest") and None,
    "no-content": lambda document: document.pop("content") and None,
    "content-is-a-list": lambda document: document.update(content=[]),
    "one-byte-changed": lambda document: document["content"].update(seed=8),
    "wrong-digest": lambda document: document.update(digest="0" * 64),
    "no-seed": drop("seed"),
    "no-clock": drop("clock"),
    "no-vendors": drop("vendors"),
    "vendors-is-a-list": change("vendors", to=[1]),
    "vendor-is-a-word": change("vendors", "scanalytics", to="x"),
    "no-profile": drop("vendors", "scanalytics", "profile"),
    "other-profile": change("vendors", "scanalytics", "profile", to="other"),
    "other-vendor": change("vendors", "inode", to={"profile": "modern", "state": {}}),
    "no-tokens": drop(*STATE, "tokens"),
    "no-throttles": drop(*STATE, "throttles"),
    "a-token-of-no-state": change(*STATE, "tokens", "tokens", 0, "state", to="lost"),
    "a-token-with-more": change(*STATE, "tokens", "tokens", 0, "colour", to="red"),
    "a-name-less": change(*STATE, "names", to={}),
    "another-estate": change(*STATE, "offline", to={"D-000000": None}),
    "a-timer-of-no-name": change("clock", "timers", 0, "name", to="nobody"),
    "a-timer-of-no-token": change("clock", "timers", 0, "detail", to={"serial": 10_000}),
    "a-rate-that-is-none": change("clock", "rate", to=-1),
    "a-time-that-is-none": change("clock", "now", to=-1),
    "a-fault-that-is-none": change("faults", "rules", 0, "rule", to={"action": {"kind": "explode"}}),
    "a-stream-that-is-none": change("ids", "scanalytics/tokens", to=[3, [], None]),
    "faults-is-null": change("faults", to=None),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_what_does_not_fit_is_refused_and_changes_nothing(
    lived_in: World, damage: Callable[[dict[str, Any]], None]
) -> None:
    document = lived_in.snapshot()
    Caller(lived_in).login()
    lived_in.clock.advance(3_600)
    damage(damaged := deepcopy(document))
    before, written = lived_in.snapshot(), lived_in.journal.last
    with pytest.raises(SnapshotError):
        lived_in.restore(damaged)
    assert lived_in.snapshot() == before
    assert lived_in.journal.last == written
    lived_in.restore(document)
    assert lived_in.snapshot() == document


@pytest.mark.parametrize("document", [None, [], "x", 5, {}, {"format": "vendorlab-snapshot"}], ids=repr)
def test_what_is_no_snapshot_is_refused(world: World, document: Any) -> None:
    with pytest.raises(SnapshotError):
        world.restore(document)


@pytest.mark.parametrize("damage", ["other-profile", "a-name-less", "wrong-digest"])
def test_a_refusal_leaves_an_untouched_vendor_untouched(
    lived_in: World, world_of: MakeWorld, profile: str, damage: str
) -> None:
    world = world_of(profile=profile, settings=SETTINGS)
    before = world.snapshot()
    DAMAGES[damage](document := lived_in.snapshot())
    with pytest.raises(SnapshotError):
        world.restore(document)
    assert world.snapshot() == before


def test_another_profile_is_named(world_of: MakeWorld) -> None:
    legacy, modern = world_of(profile="legacy"), world_of(profile="modern")
    Caller(legacy).login()
    with pytest.raises(SnapshotError, match=r"profile 'legacy', this world 'modern'"):
        modern.restore(legacy.snapshot())


def test_another_vendor_is_named(lived_in: World) -> None:
    with World({}, WorldOptions(start=START, rate=0.0)) as empty, pytest.raises(SnapshotError, match="'scanalytics'"):
        empty.restore(lived_in.snapshot())


@pytest.mark.parametrize("count", [4, 6])
def test_an_estate_of_another_size_is_refused(world_of: MakeWorld, count: int) -> None:
    world, other = world_of(), world_of(settings={"deployments": count})
    Caller(world).login()
    with pytest.raises(SnapshotError):
        other.restore(world.snapshot())
    assert other.snapshot()["content"]["vendors"] == {}
