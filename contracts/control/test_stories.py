"""Stories: played in worlds of their own, told of, and not left behind."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from vendorlab.contracts.control.api import VENDOR, Api, World, nothing, problem
from vendorlab.contracts.core import expect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import httpx

    from vendorlab.contracts.core.access import Access
    from vendorlab.contracts.core.leftovers import Entry

pytestmark = [pytest.mark.vendorlab("control"), pytest.mark.needs("write")]

STORY = """\
title: A fault after an hour
vendor: x
hurts: x
good: x
program: x
vendors: [scanalytics]
world: {start: 2026-11-02T06:00:00Z, seed: 7}
timeline:
  - at: 1h
    fault: {name: away, match: {operation: whoami}, times: 1, action: {kind: status, status: 503}}
until: 3h
rules: [no-secret-in-url]
"""
_MOST = 10.0
"""Real seconds in which a world has to be gone."""


@pytest.fixture
def stage(api: Api, access: Access, new_name: Callable[[], str]) -> Iterator[Callable[..., httpx.Response]]:
    """Ask for stories; their worlds end with the test."""
    made: list[Entry] = []

    def stage(**members: Any) -> httpx.Response:
        made.append(access.leftovers.add("world", world=members.setdefault("world", new_name())))
        return api.ask("POST", "/stories", {"name": "mine", "story": STORY, **members})

    yield stage
    for entry in made:
        api.ask("DELETE", f"/worlds/{entry.what['world']}")
        access.leftovers.done(entry)


def progress(world: World, response: httpx.Response | None = None) -> dict[str, Any]:
    """Read how far a story is; ask for it if there is no answer."""
    response = response or world.get("/story")
    body = expect.json_object(response)
    expect.fields(response, body, {"story": str, "begun": bool, "over": bool, "activity": int, "now": str})
    return body


def evidence(response: httpx.Response) -> list[tuple[str, dict[str, Any]]]:
    """Read what happened: kind and content of each line."""
    body = expect.json_object(response)
    expect.fields(response, body, {"evidence": list})
    rows: list[Any] = body["evidence"]
    expect.check(all(len(row) == 1 for row in rows), response, "one thing a line")
    return [next(iter(row.items())) for row in rows]


@pytest.mark.claim("control.stories.stage")
def test_story_is_given_a_world_that_stands_at_its_start(api: Api, stage: Callable[..., httpx.Response]) -> None:
    """With the story's vendors, and its seed unless another is given."""
    response = stage()
    world = World(api, response)
    body = expect.json_object(response, 201)
    expect.fields(response, body, {"authorities": dict})
    listed = {row["name"]: row["vendors"] for row in expect.json_objects(api.get("/worlds"))}
    expect.check(listed.get(world.name) == body["vendors"], response, "the vendors of a world that is listed")
    assert body["vendors"].keys() == {VENDOR}
    clock = world.clock()
    assert (clock.now.isoformat(), clock.frozen) == ("2026-11-02T06:00:00+00:00", True)
    assert progress(world) == {
        "story": "mine", "begun": False, "over": False, "activity": 0, "now": "2026-11-02T06:00:00.000000Z",
    }  # fmt: skip
    same, other = World(api, stage(seed=7)), World(api, stage(seed=8))
    assert world.credentials == same.credentials != other.credentials


@pytest.mark.claim("control.stories.play", "control.stories.once")
def test_story_comes_to_pass_and_is_told(api: Api, stage: Callable[..., httpx.Response]) -> None:
    """What was asked before it began is not part of it."""
    world = World(api, stage())
    world.whoami()
    assert progress(world, world.ask("POST", "/story/begin"))["begun"]
    problem(world.ask("POST", "/story/begin"), 409)
    statuses: list[int] = []
    for _ in range(3):
        statuses.append(world.whoami())
        expect.status(world.ask("POST", "/clock/advance", {"seconds": 3_600}), 200)
    assert statuses == [401, 503, 401]
    found = progress(world)
    assert (found["over"], found["activity"], found["now"]) == (True, 3, "2026-11-02T09:00:00.000000Z")
    world.whoami()
    response = world.ask("POST", "/story/end", {"reason": "stalled"})
    told = evidence(response)
    assert [kind for kind, _ in told] == ["start", "exchange", "move", "exchange", "exchange", "end"]
    by_kind = {kind: content for kind, content in told}  # noqa: C416  the last of each kind
    expect.check((by_kind["start"]["story"], by_kind["start"]["seed"]) == ("mine", 7), response, "which story it was")
    expect.check(by_kind["move"]["at"] == "2026-11-02T07:00:00Z", response, "the fault, at its moment")
    expect.check(by_kind["end"]["reason"] == "over", response, "the story's own end, not ours")
    expect.check(evidence(world.ask("POST", "/story/end")) == told, response, "the same when asked again")


@pytest.mark.claim("control.stories.play")
@pytest.mark.parametrize("pace", [None, "each=90m"], ids=["own", "other"])
def test_story_may_be_played_at_another_pace_and_ended_early(
    api: Api, stage: Callable[..., httpx.Response], pace: str | None
) -> None:
    """At the story's own, time does not pass by itself; with each exchange it does."""
    world = World(api, stage(pace=pace))
    world.ask("POST", "/story/begin")
    for _ in range(2):
        world.whoami()
    assert progress(world)["over"] == (pace is not None)
    _, end = evidence(world.ask("POST", "/story/end", {"reason": "ended", "code": 3}))[-1]
    told = (end["reason"], end.get("code"), end["left"])
    assert told == (("over", None, 0) if pace else ("ended", 3, 1))


@pytest.mark.claim("control.stories.refused")
@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"story": STORY.replace("away", "away, tims: 1")}, "mine.yaml:10:"),
        ({"story": STORY.replace("[scanalytics]", "[scanalytic]")}, "mine.yaml:6:11: "),
        ({"story": STORY.replace("fault: {", "program: restart #")}, "program"),
        ({"story": "["}, "mine.yaml:1:"),
        ({"pace": "fast"}, "pace"),
    ],
    ids=["key", "vendor", "kill", "yaml", "pace"],
)
def test_story_that_cannot_be_played_is_refused(
    api: Api, stage: Callable[..., httpx.Response], new_name: Callable[[], str], changes: dict[str, str], named: str
) -> None:
    """Before there is a world."""
    name = new_name()
    response = stage(world=name, **changes)
    expect.check(named in problem(response, 400), response, f"{named!r} in the detail")
    assert name not in api.worlds()


@pytest.mark.claim("control.stories.lease")
def test_world_of_a_forsaken_story_is_deleted(api: Api, stage: Callable[..., httpx.Response]) -> None:
    """Once nobody has asked for the time of its lease; one with a longer lease stays."""
    forsaken, cared_for = World(api, stage(lease=0.2)), World(api, stage(lease=60))
    end = time.monotonic() + _MOST
    while forsaken.name in api.worlds():
        assert time.monotonic() < end, "its world is still there"
        time.sleep(0.02)
    assert cared_for.name in api.worlds()
    problem(forsaken.get("/story"), 404)
    progress(cared_for)


@pytest.mark.claim("control.stories.none")
def test_where_no_story_is_played_there_is_none(world: World) -> None:
    """In a world that was made otherwise."""
    problem(world.get("/story"), 404)
    problem(world.ask("POST", "/story/begin"), 404)
    problem(world.ask("POST", "/story/end"), 404)
    nothing(world.ask("DELETE", "/faults"))
