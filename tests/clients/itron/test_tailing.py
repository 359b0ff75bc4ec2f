"""Tailing, seen from outside: what is told, exactly once, when the vendor is asked, and how it ends."""

from __future__ import annotations

import asyncio
import random
import threading
from contextlib import aclosing, closing
from datetime import datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.clients.django_fake import FakeClock, no_connection, page, status
from tests.clients.itron.conftest import APPLICATION
from tests.clients.itron.fake_vendor import (
    CLIENT_ID,
    CLIENT_SECRET,
    DEVICE_ID,
    ORIGIN,
    WALL,
    FakeVendor,
    answering,
    at,
    moment,
)

from vendorlab.clients.itron import (
    AsyncDataPlatformClient,
    BadRequest,
    ClientError,
    DataPlatformClient,
    LoginRefused,
    NotFound,
    Observation,
    RetryPolicy,
    ServerError,
    UnexpectedResponse,
    UsageError,
    tailing,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.clients.faces import MakeFace


class Stage:
    """Stands before the vendor. Before the nth look, the script for n runs; a look is a request without a cursor."""

    def __init__(self, vendor: FakeVendor, clock: FakeClock) -> None:
        self.vendor, self.clock = vendor, clock
        self.times: list[float] = []
        self.windows: list[tuple[datetime, datetime]] = []
        self.script: Callable[[int], None] = lambda number: None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        params = request.url.params
        if request.url.path.endswith("/observations") and "after" not in params:
            self.times.append(self.clock.now - WALL.timestamp())
            self.windows.append((moment(params["from"]), moment(params["to"])))
            self.script(len(self.times))
        return self.vendor(request)

    def after(self, looks: int) -> Callable[[], bool]:
        return lambda: len(self.times) >= looks


@pytest.fixture
def stage(vendor: FakeVendor, clock: FakeClock) -> Stage:
    return Stage(vendor, clock)


@pytest.fixture
def tail(make_face: MakeFace, stage: Stage) -> Callable[..., list[Observation]]:
    """Tails the device until so many looks have been made, and gives what was told; one send a look."""

    def run(looks: int, device_id: str | None = DEVICE_ID, **options: Any) -> list[Observation]:
        names = ("on_outage", "until", "since", "every", "horizon", "solution")
        told = {"every": 10, "until": stage.after(looks)} | {
            name: options.pop(name) for name in names if name in options
        }
        retry = RetryPolicy(attempts=1, chance=random.Random(7))
        face = make_face(**({"retry": retry, "transport": httpx.MockTransport(stage)} | options))
        found: list[Observation] = face("tail", device_id, **told)
        return found

    return run


def numbers(found: list[Observation]) -> list[int]:
    return [observation["number"] for observation in found]


# What is told


def test_new_observations_are_told_once_and_oldest_first(tail: Any, vendor: FakeVendor, stage: Stage) -> None:
    def script(number: int) -> None:
        now = stage.times[-1]
        for step in range(3):
            vendor.arrive(at(now + step / 10), number=10 * number + step)

    vendor.arrive(at(-5), number=-1)  # before it began
    stage.script = script
    assert numbers(tail(5)) == [10 * number + step for number in range(1, 6) for step in range(3)]


def test_tail_begins_where_it_is_told_to_the_microsecond(tail: Any, vendor: FakeVendor) -> None:
    for number in range(10):
        vendor.arrive(at(-5 + number / 4), number=number)
    assert numbers(tail(3, since=at(-3.5))) == [6, 7, 8, 9]


def test_late_arrivals_within_the_horizon_are_told(tail: Any, vendor: FakeVendor, stage: Stage) -> None:
    late = {3: 15.0, 6: -20.0, 9: 29.0}

    def script(number: int) -> None:
        vendor.arrive(at(stage.times[-1]), number=number)
        if number in late:
            vendor.arrive(at(late[number]), number=100 + number)

    stage.script = script
    found = numbers(tail(12, horizon=60, since=at(-30)))
    assert sorted(found) == [*range(1, 13), 103, 106, 109]
    assert found.index(103) < found.index(3)  # within a look, by time


def test_arrival_beyond_the_horizon_is_not_told(tail: Any, vendor: FakeVendor, stage: Stage) -> None:
    def script(number: int) -> None:
        vendor.arrive(at(stage.times[-1]), number=number)
        if number == 12:
            vendor.arrive(at(5), number=100)

    stage.script = script
    assert numbers(tail(13, horizon=30)) == list(range(1, 14))


def test_quiet_device_may_be_as_late_as_it_is_quiet(tail: Any, vendor: FakeVendor, stage: Stage) -> None:
    """Nothing newer was told, so nothing is too old: a bridge that was cut off for an hour loses nothing."""

    def script(number: int) -> None:
        if number == 1:
            vendor.arrive(at(0), number=0)
        if number == 300:
            for late in range(1, 10):
                vendor.arrive(at(late), number=late)

    stage.script = script
    assert numbers(tail(302, horizon=30)) == list(range(10))


def test_observation_ahead_of_its_time_is_told_and_hides_nothing(tail: Any, vendor: FakeVendor, stage: Stage) -> None:
    def script(number: int) -> None:
        vendor.arrive(at(stage.times[-1]), number=number)
        if number == 2:
            vendor.arrive(at(55), number=100)
            vendor.arrive(at(9_000), number=101)

    stage.script = script
    found = numbers(tail(12, horizon=60))
    assert sorted(found) == [*range(1, 13), 100]
    assert found.index(100) == 2


def test_overwritten_observation_is_not_told_again(tail: Any, vendor: FakeVendor, stage: Stage) -> None:
    stage.script = lambda number: vendor.arrive(at(1), number=number)
    assert numbers(tail(6)) == [1]


def test_same_time_twice_in_one_answer_is_one_observation(tail: Any, vendor: FakeVendor, stage: Stage) -> None:
    vendor.keeps_both = True
    stage.script = lambda number: vendor.arrive(at(1), number=number) if number < 4 else None
    vendor.arrive(at(1), number=0)
    assert numbers(tail(6)) == [1]


def test_solution_is_tailed_device_by_device(tail: Any, vendor: FakeVendor, stage: Stage) -> None:
    vendor.stored |= {"other": []}

    def script(number: int) -> None:
        vendor.arrive(at(number), number=number)
        vendor.arrive(at(number), "other", number=number)  # at the same time

    stage.script = script
    found = tail(5, None)
    assert sorted((each.device_id, each["number"]) for each in found) == sorted(
        (device, number) for device in (DEVICE_ID, "other") for number in range(1, 6)
    )


def test_observations_that_do_not_say_whose_they_are_are_told_apart_by_their_text(
    tail: Any, vendor: FakeVendor, stage: Stage
) -> None:
    body = {"observations": [{"timestamp": "2024-05-01T12:00:01Z", "number": number} for number in (1, 2)]}
    stage.script = lambda number: vendor.faults.append(answering(200, json=body))
    assert sorted(numbers(tail(4, None))) == [1, 2]


def test_solution_may_begin_while_it_is_tailed(tail: Any, vendor: FakeVendor, stage: Stage) -> None:
    def script(number: int) -> None:
        if number == 3:
            vendor.stored[DEVICE_ID] = []
            vendor.arrive(at(15), number=7)

    vendor.stored.clear()
    stage.script = script
    vendor.faults.extend([None, status(404), status(404)])
    assert numbers(tail(5, None)) == [7]


@pytest.mark.parametrize("ahead", [-86_400.0, -1_000.0, 1_000.0, 86_400.0])
def test_now_is_the_vendors_now(tail: Any, vendor: FakeVendor, stage: Stage, ahead: float) -> None:
    vendor.ahead = ahead
    vendor.arrive(at(ahead - 30), number=0)
    stage.script = lambda number: vendor.arrive(at(ahead + stage.times[-1] + 1), number=number)
    assert numbers(tail(5)) == [1, 2, 3, 4, 5]


def test_vendors_clock_may_be_turned_on_the_way(tail: Any, vendor: FakeVendor, stage: Stage) -> None:
    def script(number: int) -> None:
        if number == 4:
            vendor.ahead = 7_200.0  # all tokens end at once
        vendor.arrive(at(vendor.ahead + stage.times[-1] + number / 100), number=number)

    stage.script = script
    assert numbers(tail(9)) == list(range(1, 10))
    assert vendor.tokens_made() == 2


# When


def test_looks_keep_their_cadence(tail: Any, stage: Stage) -> None:
    def script(number: int) -> None:
        stage.clock.now += 1.7

    stage.script = script
    tail(50)
    assert stage.times == pytest.approx([10.0 * number for number in range(50)])


def test_windows_reach_back_by_the_horizon_and_no_further(tail: Any, vendor: FakeVendor, stage: Stage) -> None:
    stage.script = lambda number: vendor.arrive(at(stage.times[-1]), number=number)
    tail(40, horizon=60)
    assert stage.windows[-1] == (at(380 - 60), at(390 + 60))


@pytest.mark.parametrize("fault", [no_connection, status(500), status(503), page("<h1>Back soon</h1>")])
def test_outage_is_waited_out_and_caught_up_with(tail: Any, vendor: FakeVendor, stage: Stage, fault: Any) -> None:
    told: list[tuple[ClientError, float]] = []

    def note(trouble: ClientError, delay: float) -> None:
        told.append((trouble, delay))

    def script(number: int) -> None:
        vendor.arrive(at(stage.times[-1]), number=number)
        if 3 <= number <= 8:
            vendor.faults.append(fault)

    stage.script = script
    found = tail(12, on_outage=note)
    assert numbers(found) == list(range(1, 13))
    assert len(told) == 6
    assert stage.times[8] - stage.times[2] > 6 * 10  # waits have grown


def test_outage_in_the_middle_of_the_pages_tells_nothing_twice(tail: Any, vendor: FakeVendor, stage: Stage) -> None:
    vendor.page_size = 10

    def script(number: int) -> None:
        for step in range(5):
            vendor.arrive(at(stage.times[-1] + step / 10), number=10 * number + step)
        if number in (3, 4):
            vendor.faults.extend([None, status(503)])

    stage.script = script
    assert numbers(tail(6)) == [10 * number + step for number in range(1, 7) for step in range(5)]


def test_much_to_catch_up_with_is_asked_for_in_parts(tail: Any, vendor: FakeVendor, stage: Stage) -> None:
    vendor.page_size = 20
    for number in range(1_000):
        vendor.arrive(at(number - 1_000), number=number)
    found = tail(40, since=at(-1_000), horizon=30)
    assert numbers(found) == list(range(1_000))
    assert stage.times[10] == 0.0  # at once, one part after the other
    assert stage.times[-1] - stage.times[-2] == pytest.approx(10.0)  # and then as ever


def test_second_that_holds_more_than_a_part_is_asked_for_whole(tail: Any, vendor: FakeVendor) -> None:
    vendor.page_size = 2
    for number in range(50):
        vendor.arrive(at(-1 + number / 100), number=number)
    assert numbers(tail(60, since=at(-100))) == list(range(50))


def test_memory_is_bounded_and_nothing_is_told_twice(
    tail: Any, vendor: FakeVendor, stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[tailing.Tail] = []
    whole = tailing.Tail.__init__

    def small(self: tailing.Tail, *args: Any, **kwargs: Any) -> None:
        made.append(self)
        whole(self, *args, **(kwargs | {"remembered": 20}))

    def script(number: int) -> None:
        for step in range(10):
            vendor.arrive(at(stage.times[-1] + step / 10), number=10 * number + step)

    monkeypatch.setattr(tailing.Tail, "__init__", small)
    stage.script = script
    assert numbers(tail(30)) == list(range(10, 310))
    assert len(made[0]._seen) <= 20


ARRIVALS = st.lists(st.tuples(st.integers(0, 30), st.integers(-55, 0), st.sampled_from(["a", "b"])), max_size=40)


@settings(max_examples=60)
@given(arrivals=ARRIVALS, outages=st.sets(st.integers(1, 30), max_size=10), size=st.integers(1, 7))
def test_whatever_arrives_within_the_horizon_is_told_exactly_once(
    arrivals: list[tuple[int, int, str]], outages: set[int], size: int
) -> None:
    """Each arrives during some look, late by up to the horizon, on two devices, through outages, in any pages."""
    clock = FakeClock(WALL.timestamp())
    vendor = FakeVendor(clock=clock, page_size=size, stored={"a": [], "b": []})
    stage = Stage(vendor, clock)
    expected: set[tuple[str, datetime]] = set()

    def script(number: int) -> None:
        for look, late, device in arrivals:
            if look == number:
                arrived = at(round(stage.times[-1] + late, 3))  # sensors tell milliseconds
                vendor.arrive(arrived, device)
                expected.add((device, arrived))
        if number in outages:
            vendor.faults.append(status(503))

    stage.script = script
    retry = RetryPolicy(attempts=1, chance=random.Random(7))
    transport = httpx.MockTransport(stage)
    with DataPlatformClient(
        ORIGIN, clock=clock, sleep=clock.sleep, transport=transport, retry=retry, token="t"
    ) as client:
        vendor.live["t"] = float("inf")
        until = stage.after(45)
        found = list(client.tail(every=10, horizon=60, since=at(-100), until=until))
    keys = [(each.device_id, each.timestamp) for each in found]
    assert len(keys) == len(set(keys))
    assert set(keys) == expected


# What ends it


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (status(400), BadRequest),
        (status(404), NotFound),
        (answering(200, json={"observations": [{}]}), UnexpectedResponse),
    ],
    ids=["400", "404", "field"],
)
def test_what_no_waiting_mends_ends_the_tail(
    tail: Any, vendor: FakeVendor, stage: Stage, fault: Any, error: type[Exception]
) -> None:
    stage.script = lambda number: vendor.faults.append(fault) if number == 2 else None
    with pytest.raises(error):
        tail(9)
    assert len(stage.times) == 2


def test_refused_login_ends_the_tail(tail: Any) -> None:
    with pytest.raises(LoginRefused):
        tail(9, client_secret="wrong")


def test_on_outage_may_give_up(tail: Any, vendor: FakeVendor, stage: Stage) -> None:
    def give_up(trouble: ClientError, delay: float) -> None:
        raise trouble

    stage.script = lambda number: vendor.faults.append(status(503)) if number == 2 else None
    with pytest.raises(ServerError):
        tail(9, on_outage=give_up)


@pytest.mark.parametrize("options", [
    {"every": 0},
    {"every": float("nan")},
    {"horizon": 0},
    {"horizon": float("inf")},
    {"horizon": float("nan")},
    {"since": datetime(2024, 5, 1)},  # noqa: DTZ001 - the point
])  # fmt: skip
@pytest.mark.parametrize("kind", [DataPlatformClient, AsyncDataPlatformClient])
def test_tail_that_makes_no_sense_is_refused_at_once(kind: Any, options: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        kind(ORIGIN, token="t").tail(DEVICE_ID, **options)


def test_tail_begins_when_the_first_observation_is_asked_for(vendor: FakeVendor) -> None:
    with DataPlatformClient(
        ORIGIN, transport=httpx.MockTransport(vendor), client_id=CLIENT_ID, client_secret=CLIENT_SECRET
    ) as client:
        client.tail()
        assert vendor.requests == []


def test_loop_that_is_left_asks_no_more(vendor: FakeVendor, clock: FakeClock) -> None:
    for number in range(3):
        vendor.arrive(at(number - 3), number=number)
    transport = httpx.MockTransport(vendor)
    options: Any = {"clock": clock, "sleep": clock.sleep, "transport": transport, **APPLICATION}
    with DataPlatformClient(ORIGIN, **options) as client, closing(client.tail(since=at(-10))) as observations:
        for _ in observations:
            break
        observations.close()
        assert list(observations) == []
    assert (len(vendor.asked()), clock.slept) == (1, [])


def test_another_thread_can_stop_a_long_wait(vendor: FakeVendor, clock: FakeClock) -> None:
    stop, waiting = threading.Event(), threading.Event()

    def wait(seconds: float) -> None:
        waiting.set()
        stop.wait(seconds)

    def work() -> None:
        options: Any = {"clock": clock, "sleep": wait, "transport": httpx.MockTransport(vendor), **APPLICATION}
        with DataPlatformClient(ORIGIN, **options) as client:
            for _ in client.tail(every=3_600, until=stop.is_set):
                pass

    thread = threading.Thread(target=work)
    thread.start()
    assert waiting.wait(20)
    stop.set()
    thread.join(20)
    assert not thread.is_alive()


def test_cancelled_task_leaves_nothing_running(vendor: FakeVendor, clock: FakeClock) -> None:
    async def story() -> int:
        waiting = asyncio.Event()

        async def wait(seconds: float) -> None:
            waiting.set()
            await asyncio.sleep(seconds)

        async def work(client: AsyncDataPlatformClient) -> None:
            async with aclosing(client.tail(every=3_600)) as observations:
                async for _ in observations:
                    pass

        options: Any = {"clock": clock, "sleep": wait, "transport": httpx.MockTransport(vendor), **APPLICATION}
        async with AsyncDataPlatformClient(ORIGIN, **options) as client:
            task = asyncio.ensure_future(work(client))
            await asyncio.wait_for(waiting.wait(), 20)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert len(await client.devices()) == 1
        return len(asyncio.all_tasks())

    assert asyncio.run(story()) == 1
