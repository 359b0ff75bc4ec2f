"""A world: alone with its state, the same from the same seed, and a good neighbour on its sockets and threads."""

from __future__ import annotations

import contextlib
import gc
import json
import os
import socket
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from tests.mocks.support import PATIENCE, START, Caller, Wire, eventually, make_world, request

from vendorlab.mocks import registry
from vendorlab.mocks.core.clock import SECOND, to_micros
from vendorlab.mocks.core.edges.loop import LoopThread
from vendorlab.mocks.core.errors import WorldError
from vendorlab.mocks.core.sockets import PortTakenError
from vendorlab.mocks.core.world import World, WorldOptions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.mocks.conftest import Connect, MakeWorld

GET = request("GET", "/v1/whoami")


def tell_a_story(caller: Caller) -> None:
    """A day in a vendor's life: logins, refusals, limits, faults, expiry, editing."""
    known, world = caller.credentials, caller.world
    pair = caller.login(scope="read write")
    other = caller.login_second()
    caller.ask(caller.password_form(password="wrong"))
    world.faults.add({"action": {"kind": "status", "status": 503}, "when": {"chance": 0.3}})
    key = caller.vendor.backend.deployments(caller.vendor.backend.user(known["username"]))[0][0].key
    for number in range(40):
        caller.get("/v1/whoami", pair["access_token"])
        caller.get(f"/v1/deployment/{key}", other["access_token"])
        caller.call("PATCH", f"/v1/deployment/{key}", pair["access_token"], json={"name": f"Name {number}"})
        world.clock.advance(0.5)
    world.faults.clear()
    caller.get("/v1/nothing?access_token=" + pair["access_token"])
    world.clock.advance(86_400)
    caller.get("/v1/device/list", pair["access_token"])
    pair = caller.ask(caller.refresh_form(pair["refresh_token"])).json()
    caller.get("/v1/array/list", pair["access_token"])


def story(world: World) -> bytes:
    """The journal without durations, as bytes."""
    entries = [entry.as_json() for entry in world.journal.find()]
    for entry in entries:
        assert entry.pop("duration") >= 0
    return json.dumps(entries).encode()


def told(world_of: MakeWorld, **options: Any) -> bytes:
    world = world_of(settings={"editing": True}, **options)
    tell_a_story(Caller(world))
    return story(world)


# --- alone -----------------------------------------------------------------------------------------------------------


def test_worlds_of_one_seed_share_nothing_but_the_seed(world_of: MakeWorld) -> None:
    one, other = Caller(world_of()), Caller(world_of())
    settings = {"minute_limit": 3}
    limited, unlimited = Caller(world_of(settings=settings)), Caller(world_of(settings=settings))
    pair, same = one.login(), other.login()
    assert pair == same
    one.ask({"client_id": one.credentials["client_id"], "token": pair["refresh_token"]}, path="/o/revoke_token/")
    one.world.clock.advance(100_000)
    one.world.faults.add({"action": {"kind": "empty"}})
    assert other.get("/v1/whoami", same["access_token"]).status_code == 200
    assert other.world.clock.now() == START
    assert other.world.journal.last == 2
    tokens = [caller.login()["access_token"] for caller in (limited, unlimited)]
    assert [limited.get("/v1/whoami", tokens[0]).status_code for _ in range(4)] == [200, 200, 200, 429]
    assert unlimited.get("/v1/whoami", tokens[1]).status_code == 200


def test_a_token_of_another_seed_is_unknown(world_of: MakeWorld) -> None:
    token = Caller(world_of(seed=7)).login()["access_token"]
    assert Caller(world_of(seed=8)).get("/v1/whoami", token).status_code == 401


def test_a_hundred_worlds_live_in_one_process(world_of: MakeWorld) -> None:
    callers = [Caller(world_of(seed=seed)) for seed in range(100)]
    tokens = [caller.login()["access_token"] for caller in callers]
    assert len(set(tokens)) == 100
    for number, caller in enumerate(callers):
        caller.world.clock.advance(number)
        assert caller.get("/v1/whoami", tokens[number]).json()["email"] == caller.credentials["username"]
    assert [caller.world.journal.last for caller in callers] == [2] * 100


def test_worlds_may_be_called_from_threads_of_their_own(world_of: MakeWorld) -> None:
    stories: list[bytes] = []
    threads = [threading.Thread(target=lambda: stories.append(told(world_of))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(stories) == 4
    assert len(set(stories)) == 1


# --- the same from the same seed -------------------------------------------------------------------------------------


def test_the_same_seed_and_calls_give_the_same_journal_byte_for_byte(world_of: MakeWorld, profile: str) -> None:
    first = told(world_of, profile=profile)
    assert first == told(world_of, profile=profile)
    assert first != told(world_of, profile=profile, seed=8)
    causes = {entry["cause"] for entry in json.loads(first)}
    assert {"ok", "fault", "invalid_grant", "no-such-path", "expired-token", "not-found"} <= causes


def test_reset_goes_back_to_the_start(world_of: MakeWorld) -> None:
    world = world_of(settings={"editing": True})
    caller = Caller(world)
    tell_a_story(caller)
    first = story(world)
    world.faults.add({"action": {"kind": "empty"}})
    world.clock.run(60)
    world.reset()
    assert (world.clock.now(), world.clock.frozen, world.clock.timers) == (START, True, 0)
    assert (world.journal.last, world.journal.dropped, world.faults.rules()) == (0, 0, [])
    tell_a_story(caller)
    assert story(world) == first


def test_reset_to_another_seed_is_a_world_of_that_seed(world_of: MakeWorld) -> None:
    world = world_of(settings={"editing": True})
    tell_a_story(Caller(world))
    world.reset(8)
    tell_a_story(Caller(world))
    assert story(world) == told(world_of, seed=8)


def test_reset_keeps_the_listener(world: World, connect: Connect) -> None:
    wire = connect(world.listen("scanalytics"))
    assert wire.ask(GET).status == 401
    url = world.url("scanalytics")
    world.reset()
    assert world.url("scanalytics") == url
    assert wire.ask(GET).status == 401
    assert world.journal.last == 1


def test_a_world_without_a_start_begins_in_the_present() -> None:
    before = datetime.now(UTC)
    with make_world(start=None) as world:
        assert before <= world.clock.now() <= datetime.now(UTC)


# --- vendors and faces -----------------------------------------------------------------------------------------------


def test_vendors_are_made_when_they_are_first_touched() -> None:
    made: list[str] = []

    def counting(name: str, factory: Any) -> Any:
        def make(context: Any) -> Any:
            made.append(name)
            return factory(context)

        return make

    factories = {name: counting(name, one) for name, one in registry.factories(["scanalytics"]).items()}
    with World(factories, WorldOptions(start=START, rate=0.0)) as world:
        assert made == []
        assert world.vendor("scanalytics") is world.vendor("scanalytics")
        assert made == ["scanalytics"]


def test_unknown_names_are_told_with_those_there_are(world: World) -> None:
    with pytest.raises(WorldError, match=r"'inode'.*scanalytics"):
        world.vendor("inode")
    with pytest.raises(WorldError, match="'nowhere'"):
        world.listen("nowhere")
    with pytest.raises(WorldError, match="'nowhere'"):
        world.transport("nowhere")


@pytest.mark.parametrize("what", ["profiles", "settings"])
def test_options_for_a_vendor_who_does_not_live_here_are_refused(what: str) -> None:
    tables: dict[str, Any] = {"profiles": {"inode": "modern"}, "settings": {"inode": {}}}
    with pytest.raises(WorldError, match="'inode'"):
        World(registry.factories(["scanalytics"]), WorldOptions(**{what: tables[what]}))


def test_it_says_what_it_is(world: World) -> None:
    assert repr(world) == "<World scanalytics seed=7 at 2026-11-21T05:00:00+00:00>"


# --- listeners -------------------------------------------------------------------------------------------------------


def test_listening_twice_is_listening_once(world: World) -> None:
    assert world.url("scanalytics") is None
    assert world.listeners() == []
    url = world.listen("scanalytics")
    assert world.listen("scanalytics") == url == world.url("scanalytics")
    assert world.listeners() == [("scanalytics", url, True)]


def test_threads_that_ask_for_the_url_at_once_get_one_listener(world: World) -> None:
    ready, urls = threading.Barrier(8), list[str]()

    def ask() -> None:
        ready.wait(PATIENCE)
        urls.append(world.listen("scanalytics"))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert len(urls) == 8
    assert len(set(urls)) == 1


def test_a_taken_port_is_told_and_nothing_listens(world: World) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortTakenError, match=rf"port {port} on 127.0.0.1, for scanalytics, is in use"):
            world.start({"scanalytics": port})
    assert world.listeners() == []
    world.start({"scanalytics": port})
    assert world.url("scanalytics") == f"http://127.0.0.1:{port}"


@pytest.mark.parametrize("port", [-1, 65_536, 10**9])
def test_a_port_that_is_none_is_refused(world: World, port: int) -> None:
    with pytest.raises(WorldError, match="0 and 65535"):
        world.listen("scanalytics", port)


def test_a_host_that_is_none_is_told() -> None:
    options = WorldOptions(start=START, rate=0.0, host="256.256.256.256")
    with World(registry.factories(["scanalytics"]), options) as world, pytest.raises(WorldError, match="256"):
        world.listen("scanalytics")


def test_it_listens_on_ipv6_where_there_is_one() -> None:
    options = WorldOptions(start=START, rate=0.0, host="::1")
    with World(registry.factories(["scanalytics"]), options) as world:
        try:
            url = world.listen("scanalytics")
        except WorldError:
            pytest.skip("this machine has no IPv6 loopback")
        assert url.startswith("http://[::1]:")
        assert httpx.get(f"{url}/v1/whoami").status_code == 401


def test_stop_closes_what_is_open_and_may_be_repeated(world: World, connect: Connect) -> None:
    wire, idle = connect(world.listen("scanalytics")), connect(world.url("scanalytics") or "")
    assert wire.ask(GET).status == 401
    url = world.url("scanalytics") or ""
    world.stop()
    world.stop()
    for one in (wire, idle):
        with contextlib.suppress(ConnectionResetError):
            assert one.rest() == b""
    with pytest.raises(ConnectionRefusedError):
        Wire(url)
    assert world.url("scanalytics") is None


def test_stop_lets_nobody_wait_for_the_journal(world: World) -> None:
    world.listen("scanalytics")
    done = threading.Event()

    def wait() -> None:
        world.journal.wait_for(timeout=PATIENCE)
        done.set()

    threading.Thread(target=wait).start()
    assert eventually(lambda: world.journal._waiting.waiters == 1)
    world.stop()
    assert done.wait(PATIENCE)


def test_the_state_outlives_the_listener(world: World) -> None:
    caller = Caller(world)
    token = caller.login()["access_token"]
    headers = {"Authorization": f"Bearer {token}"}
    for _ in range(3):
        url = world.listen("scanalytics")
        assert httpx.get(f"{url}/v1/whoami", headers=headers).status_code == 200
        world.stop()
        assert caller.get("/v1/whoami", token).status_code == 200


def open_files() -> int:
    gc.collect()
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="counts descriptors where Linux shows them")  # noqa: PTH112
@pytest.mark.parametrize("connected", [False, True], ids=["idle", "with-a-connection"])
def test_starting_and_stopping_leaks_no_thread_and_no_descriptor(connected: bool) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    def once() -> None:
        with make_world() as world:
            url = world.listen("scanalytics", port)
            if connected:
                with Wire(url) as wire:
                    assert wire.ask(GET).status == 401

    once()
    threads, files = threading.active_count(), open_files()
    for _ in range(15):
        once()
    assert threading.active_count() == threads
    assert open_files() == files


def test_worlds_share_a_loop_and_stop_one_by_one(world_of: MakeWorld, connect: Connect) -> None:
    thread = LoopThread()
    try:
        worlds = [world_of(seed=seed, thread=thread) for seed in range(3)]
        before = threading.active_count()
        urls = [world.listen("scanalytics") for world in worlds]
        assert threading.active_count() == before
        assert len(set(urls)) == 3
        wires = [connect(url) for url in urls]
        assert [wire.ask(GET).status for wire in wires] == [401] * 3
        assert [world.journal.last for world in worlds] == [1] * 3
        worlds[1].stop()
        assert [wires[number].ask(GET).status for number in (0, 2)] == [401, 401]
        with pytest.raises(ConnectionRefusedError):
            Wire(urls[1])
        url = worlds[1].listen("scanalytics")
        assert connect(url).ask(GET).status == 401
        for world in worlds:
            world.stop()
    finally:
        thread.stop()
        thread.stop()
    assert not thread._thread.is_alive()


# --- timers in real time ---------------------------------------------------------------------------------------------


@pytest.fixture
def ticking(world_of: MakeWorld) -> Iterator[tuple[World, list[int]]]:
    """A listening world whose clock may run, and the moments at which its timer fired."""
    world = world_of()
    world.listen("scanalytics")
    seen: list[int] = []

    def tick(detail: Mapping[str, Any]) -> None:
        seen.append(world.clock.micros())
        if detail.get("again"):
            world.clock.call_at(world.clock.micros() + 10 * SECOND, "tick", detail)

    world.clock.on("tick", tick)
    yield world, seen
    world.clock.freeze()


def test_a_running_world_fires_its_timers_without_being_asked(ticking: tuple[World, list[int]]) -> None:
    world, seen = ticking
    start = to_micros(START)
    world.clock.call_at(start + 10 * SECOND, "tick", {"again": True})
    world.clock.run(10_000)
    assert eventually(lambda: len(seen) >= 20)
    assert seen[:20] == [start + number * 10 * SECOND for number in range(1, 21)]


def test_a_new_rate_and_a_nearer_timer_are_noticed(ticking: tuple[World, list[int]]) -> None:
    world, seen = ticking
    world.clock.run(1)
    world.clock.call_at(to_micros(START) + 86_400 * SECOND, "tick")
    world.clock.call_at(to_micros(START) + 3_600 * SECOND, "tick")
    world.clock.run(500_000)
    assert eventually(lambda: len(seen) == 2)


def test_a_frozen_world_fires_nothing_by_itself(ticking: tuple[World, list[int]]) -> None:
    world, seen = ticking
    world.clock.call_at(to_micros(START) + 1, "tick")
    httpx.get(f"{world.url('scanalytics')}/v1/whoami")
    assert seen == []
    world.clock.advance(1)
    assert len(seen) == 1
