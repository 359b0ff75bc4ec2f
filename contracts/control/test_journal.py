"""The journal: every exchange in order, filtered, in pages; and waiting for those that are still to come."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from vendorlab.contracts.control.api import VENDOR, World, moment, nothing
from vendorlab.contracts.core import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

pytestmark = [pytest.mark.vendorlab("control"), pytest.mark.needs("write")]

_MEMBERS: dict[str, type | tuple[type, ...]] = {
    **dict.fromkeys(("at", "vendor", "protocol", "operation", "method", "path", "query", "credential", "principal",
                     "cause"), str),
    "seq": int, "status": int, "fault": (str, type(None)), "duration": (int, float), "detail": dict,
}  # fmt: skip
_MANY = 24
_LONG = 6.0
"""Seconds: a wait that nobody sits out."""


def told(response: httpx.Response) -> dict[str, Any]:
    """Expect what every answer of the journal has."""
    body = expect.json_object(response)
    expect.fields(response, body, {"entries": list, "next": int, "dropped": int})
    return body


def waited(response: httpx.Response) -> bool:
    """Whether what was waited for came."""
    body = told(response)
    expect.fields(response, body, {"matched": bool})
    return bool(body["matched"])


@pytest.mark.claim("control.journal.fields")
def test_entry_tells_the_exchange(world: World) -> None:
    """Who asked what, when by the world's clock, and what came of it."""
    token = world.login()["access"]
    world.whoami(token, "?format=json")
    response = world.get("/journal")
    entries = world.entries(response)
    for entry in entries:
        expect.fields(response, entry, _MEMBERS)
    assert [(entry["seq"], entry["operation"], entry["method"]) for entry in entries] == [
        (1, "token", "POST"),
        (2, "whoami", "GET"),
    ]
    last = entries[1]
    assert (last["vendor"], last["protocol"], last["path"], last["query"]) == (
        VENDOR,
        "http",
        "/v1/whoami",
        "format=json",
    )
    assert (last["status"], last["cause"], last["fault"]) == (200, "ok", None)
    assert last["principal"] == world.credentials["username"]
    assert last["credential"].startswith("Bearer #")
    assert moment(response, last["at"]) == world.clock().now


@pytest.mark.claim("control.journal.filters")
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, [1, 2, 3, 4]),
        ({"vendor": VENDOR}, [1, 2, 3, 4]),
        ({"vendor": "nobody"}, []),
        ({"vendor": "null"}, []),
        ({"protocol": "http"}, [1, 2, 3, 4]),
        ({"protocol": "coap"}, []),
        ({"operation": "whoami"}, [2, 3]),
        ({"operation": "unrouted"}, [4]),
        ({"method": "POST"}, [1]),
        ({"status": 401}, [3]),
        ({"status": 401, "operation": "token"}, []),
        ({"cause": "ok"}, [1, 2]),
        ({"principal": "anonymous", "operation": "whoami"}, [3]),
        ({"fault": "none"}, []),
        ({"after": 2}, [3, 4]),
        ({"after": 2, "operation": "whoami"}, [3]),
        ({"after": 1_000_000}, []),
        ({"limit": 3}, [1, 2, 3]),
    ],
    ids=str,
)
def test_filters_leave_what_matches_them_all(world: World, query: dict[str, Any], expected: list[int]) -> None:
    """Each by its exact value."""
    world.whoami(world.login()["access"])
    world.whoami()
    world.api.http.get(f"{world.url}/nothing")
    assert [entry["seq"] for entry in world.entries(**query)] == expected


@pytest.mark.claim("control.journal.pages")
def test_pages_go_on_where_the_last_ended(world: World) -> None:
    """``next`` is what ``after`` takes; at the end it stays."""
    for _ in range(5):
        world.whoami()
    after, pages = 0, list[list[int]]()
    for _ in range(4):
        response = world.get("/journal", after=after, limit=2)
        pages.append([entry["seq"] for entry in world.entries(response)])
        after = told(response)["next"]
    assert pages == [[1, 2], [3, 4], [5], []]
    assert after == 5


@pytest.mark.claim("control.journal.clear")
def test_cleared_journal_counts_on(world: World) -> None:
    """So that ``after`` stays good; nothing was dropped."""
    world.whoami()
    nothing(world.ask("DELETE", "/journal"))
    assert world.entries() == []
    world.whoami()
    response = world.get("/journal")
    assert [entry["seq"] for entry in world.entries(response)] == [2]
    assert told(response)["dropped"] == 0


@pytest.mark.claim("control.worlds.apart")
def test_journals_of_two_worlds_are_two(make_world: Callable[..., World]) -> None:
    """Each has its own exchanges and its own numbers."""
    one, other = make_world(), make_world()
    one.whoami()
    assert [entry["seq"] for entry in one.entries()] == [1]
    assert other.entries() == []


# --- waiting ---------------------------------------------------------------------------------------------------------


@pytest.mark.claim("control.journal.wait")
def test_wait_for_what_has_happened_is_none(world: World) -> None:
    """It answers at once, with all that matched."""
    world.whoami()
    world.whoami()
    response = world.get("/journal/wait", operation="whoami", count=2, timeout=_LONG)
    assert waited(response)
    assert [entry["seq"] for entry in world.entries(response)] == [1, 2]


@pytest.mark.claim("control.journal.wait")
def test_wait_ends_with_the_exchange_that_completes_it(world: World) -> None:
    """Whatever else happens before."""
    world.whoami()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(world.get, "/journal/wait", operation="whoami", after=1, count=2, timeout=_LONG)
        world.login()
        world.whoami()
        assert world.clock().frozen, "the world's clock ran"
        world.whoami()
        response = waiting.result()
    assert waited(response)
    assert [entry["seq"] for entry in world.entries(response)] == [3, 4]


@pytest.mark.claim("control.journal.wait-timeout")
@pytest.mark.parametrize("timeout", [0, 0.05])
def test_wait_in_vain_ends_in_time_and_says_so(world: World, timeout: float) -> None:
    """With what matched by then."""
    world.whoami()
    response = world.get("/journal/wait", count=2, timeout=timeout)
    assert not waited(response)
    assert [entry["seq"] for entry in world.entries(response)] == [1]


@pytest.mark.claim("control.journal.wait-ends")
def test_wait_ends_with_its_world(make_world: Callable[..., World]) -> None:
    """It does not outlive what it waits for."""
    world = make_world()
    begin = time.monotonic()
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(world.get, "/journal/wait", timeout=_LONG)
        while not waiting.running():
            time.sleep(0.001)
        nothing(world.api.ask("DELETE", f"/worlds/{world.name}"))
        response = waiting.result()
    expect.status(response, 200, 404)  # the wait may have come too late
    assert time.monotonic() - begin < _LONG, "it waited on for a world that was gone"


@pytest.mark.claim("control.journal.many-waits")
def test_many_waits_hold_up_nobody(world: World, make_world: Callable[..., World]) -> None:
    """Not even those calls that may take a while themselves."""
    with ThreadPoolExecutor(_MANY) as pool:
        waiting = [pool.submit(world.get, "/journal/wait", timeout=_LONG) for _ in range(_MANY)]
        begin = time.monotonic()
        assert make_world().whoami() == 401
        expect.status(world.get("/clock"), 200)
        expect.status(world.get("/journal/wait", timeout=0), 200)
        held_up = time.monotonic() - begin
        world.whoami()
        assert all(waited(each.result()) for each in waiting)
    assert held_up < _LONG / 2, f"other calls took {held_up:.1f} seconds"
