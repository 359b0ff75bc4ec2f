"""The world's clock: how it is turned, and that timers fire in order, each at its moment."""

from __future__ import annotations

import json
import math
import sys
import threading
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.mocks.support import START, HandSource

from vendorlab.mocks.core import clock as clock_module
from vendorlab.mocks.core.clock import SECOND, Clock, ClockError, iso, to_datetime, to_micros

if TYPE_CHECKING:
    from collections.abc import Mapping

START_MICROS = to_micros(START)


@pytest.fixture
def source() -> HandSource:
    return HandSource()


@pytest.fixture
def clock(source: HandSource) -> Clock:
    return Clock(START, 0.0, source)


@pytest.fixture
def running(source: HandSource) -> Clock:
    return Clock(START, 1.0, source)


def seconds_since_start(clock: Clock) -> float:
    return (clock.micros() - START_MICROS) / SECOND


class Recorder:
    """A handler that writes down what fired and where the clock stood then."""

    def __init__(self, clock: Clock, name: str = "mark") -> None:
        self.seen: list[tuple[Any, int]] = []
        self._clock = clock
        clock.on(name, self)

    def __call__(self, detail: Mapping[str, Any]) -> None:
        self.seen.append((detail.get("id"), self._clock.micros()))


# --- turning ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("by", "seconds"),
    [
        (0, 0),
        (1, 1),
        (0.25, 0.25),
        (1e-6, 1e-6),
        (timedelta(days=5), 432_000),
        (timedelta(microseconds=1), 1e-6),
        (86_401, 86_401),
    ],
)
def test_advance_moves_by_exactly_what_was_asked(clock: Clock, by: float | timedelta, seconds: float) -> None:
    clock.advance(by)
    assert clock.micros() - START_MICROS == round(seconds * SECOND)


@pytest.mark.parametrize(
    "by",
    [-1, -1e-9, math.nan, math.inf, -math.inf, 1e300, 10**400, timedelta(seconds=-1), timedelta.max],
    ids=["negative", "just-negative", "nan", "inf", "-inf", "1e300", "10**400", "-1s", "longest-timedelta"],
)
def test_advance_refuses_what_is_no_number_of_seconds_and_stays(clock: Clock, by: float | timedelta) -> None:
    with pytest.raises(ClockError, match="the clock"):
        clock.advance(by)
    assert clock.micros() == START_MICROS


def test_advance_beyond_the_year_9999_is_refused_and_fires_nothing(clock: Clock) -> None:
    marks = Recorder(clock)
    clock.call_at(START_MICROS + SECOND, "mark")
    with pytest.raises(ClockError, match="9999"):
        clock.advance(timedelta(days=366 * 8_000))
    assert (clock.micros(), marks.seen, clock.timers) == (START_MICROS, [], 1)


@given(st.lists(st.integers(0, 10**12), max_size=20))
def test_advancing_in_steps_ends_where_one_step_would(steps: list[int]) -> None:
    clock = Clock(START, 0.0, HandSource())
    for step in steps:
        clock.advance(timedelta(microseconds=step))
    assert clock.micros() == START_MICROS + sum(steps)


def test_frozen_clock_stands_while_real_time_passes(clock: Clock, source: HandSource) -> None:
    source.seconds += 1_000
    assert clock.micros() == START_MICROS
    assert clock.frozen


def test_running_clock_follows_real_time_at_its_rate(running: Clock, source: HandSource) -> None:
    running.run(60)
    source.seconds += 2.5
    assert seconds_since_start(running) == 150


def test_freeze_and_resume_keep_the_rate(running: Clock, source: HandSource) -> None:
    running.run(10)
    source.seconds += 1
    running.freeze()
    source.seconds += 100
    assert (running.frozen, running.rate, seconds_since_start(running)) == (True, 0, 10)
    running.resume()
    source.seconds += 1
    assert (running.frozen, running.rate, seconds_since_start(running)) == (False, 10, 20)


def test_run_at_zero_freezes_and_resume_finds_the_rate_before(running: Clock) -> None:
    running.run(3)
    running.run(0)
    assert running.frozen
    running.resume()
    assert running.rate == 3


def test_resume_of_a_clock_made_standing_lets_it_run(clock: Clock, source: HandSource) -> None:
    clock.resume()
    source.seconds += 1
    assert seconds_since_start(clock) == 1


@pytest.mark.parametrize("rate", [-1, math.nan, math.inf, 1_000_001])
def test_run_refuses_an_impossible_rate(running: Clock, rate: float) -> None:
    with pytest.raises(ClockError, match="rate"):
        running.run(rate)
    assert running.rate == 1


def test_a_clock_cannot_be_made_with_an_impossible_rate() -> None:
    with pytest.raises(ClockError):
        Clock(START, -2.0)


def test_advance_of_a_running_clock_adds_to_what_passed(running: Clock, source: HandSource) -> None:
    source.seconds += 3
    running.advance(10)
    source.seconds += 4
    assert seconds_since_start(running) == 17


def test_set_goes_forward_through_the_timers(clock: Clock) -> None:
    marks = Recorder(clock)
    clock.call_at(START_MICROS + SECOND, "mark", {"id": 1})
    fired = clock.set(START + timedelta(hours=1))
    assert marks.seen == [(1, START_MICROS + SECOND)]
    assert [one.name for one in fired] == ["mark"]
    assert seconds_since_start(clock) == 3_600


def test_set_goes_back_and_undoes_nothing(clock: Clock) -> None:
    marks = Recorder(clock)
    clock.call_at(START_MICROS + SECOND, "mark", {"id": 1})
    clock.advance(10)
    assert clock.set(START) == []
    clock.advance(10)
    assert len(marks.seen) == 1


def test_set_reads_offsets_and_takes_naive_times_as_utc(clock: Clock) -> None:
    clock.set(datetime(2027, 1, 1, tzinfo=timezone(timedelta(hours=-6))))
    assert clock.now() == datetime(2027, 1, 1, 6, tzinfo=UTC)
    clock.set(datetime(2027, 1, 1))  # noqa: DTZ001  naive on purpose
    assert clock.now() == datetime(2027, 1, 1, tzinfo=UTC)


def test_set_before_1970_is_refused(clock: Clock) -> None:
    with pytest.raises(ClockError, match="1970"):
        clock.set(datetime(1969, 12, 31, tzinfo=UTC))
    assert clock.micros() == START_MICROS


def test_a_running_clock_stops_at_the_end_of_the_year_9999(source: HandSource) -> None:
    clock = Clock(datetime(9999, 12, 31, 23, 59, 50, tzinfo=UTC), 1_000.0, source)
    source.seconds += 1_000
    assert clock.now().year == 9999
    assert clock.run_due() == []
    assert iso(clock.micros()).startswith("9999-12-31T23:59:59")


@given(st.datetimes(datetime(1970, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC)))  # noqa: DTZ001
def test_moments_survive_the_way_through_microseconds(moment: datetime) -> None:
    assert to_datetime(to_micros(moment)) == moment
    assert datetime.fromisoformat(iso(to_micros(moment))) == moment


# --- timers ----------------------------------------------------------------------------------------------------------


@given(st.lists(st.integers(0, 1_000), max_size=40), st.integers(0, 1_000))
def test_timers_fire_in_due_order_each_at_its_moment_and_no_others(dues: list[int], reach: int) -> None:
    clock = Clock(START, 0.0, HandSource())
    marks = Recorder(clock)
    for number, due in enumerate(dues):
        clock.call_at(START_MICROS + due, "mark", {"id": number})
    fired = clock.advance(timedelta(microseconds=reach))
    expected = sorted((due, number) for number, due in enumerate(dues) if due <= reach)
    assert marks.seen == [(number, START_MICROS + due) for due, number in expected]
    assert [to_micros(one.due) for one in fired] == [START_MICROS + due for due, _ in expected]
    assert clock.timers == len(dues) - len(expected)
    assert clock.micros() == START_MICROS + reach


def test_a_timer_that_sets_timers_sees_them_fire_in_the_same_walk(clock: Clock) -> None:
    seen: list[float] = []

    def again(detail: Mapping[str, Any]) -> None:
        seen.append(seconds_since_start(clock))
        clock.call_at(clock.micros() + 10 * SECOND, "again")

    clock.on("again", again)
    clock.call_at(START_MICROS + 10 * SECOND, "again")
    fired = clock.advance(45)
    assert seen == [10, 20, 30, 40]
    assert [to_micros(one.due) for one in fired] == [START_MICROS + s * SECOND for s in (10, 20, 30, 40)]
    assert (clock.timers, clock.next_due()) == (1, START_MICROS + 50 * SECOND)


def test_five_days_walk_only_from_timer_to_timer(clock: Clock) -> None:
    """The clock looks at the real time once per stop, not once per second of the five days."""
    reads = 0

    def counting() -> float:
        nonlocal reads
        reads += 1
        return 0.0

    clock.source = counting
    Recorder(clock)
    for day in range(5):
        clock.call_at(START_MICROS + day * 86_400 * SECOND, "mark")
    assert len(clock.advance(timedelta(days=5))) == 5
    assert reads <= 10


def test_a_timer_that_starts_itself_anew_without_end_is_stopped(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock_module, "MOST_FIRED", 50)
    count = 0

    def forever(detail: Mapping[str, Any]) -> None:
        nonlocal count
        count += 1
        clock.call_at(clock.micros(), "forever")

    clock.on("forever", forever)
    clock.call_at(START_MICROS, "forever")
    with pytest.raises(ClockError, match="'forever'"):
        clock.advance(1)
    assert count == 50


def test_a_timer_in_the_past_fires_at_the_next_look(clock: Clock) -> None:
    marks = Recorder(clock)
    clock.call_at(START_MICROS - SECOND, "mark", {"id": "late"})
    clock.run_due()
    assert marks.seen == [("late", START_MICROS)]


def test_a_timer_needs_a_handler(clock: Clock) -> None:
    with pytest.raises(ClockError, match="'nobody'"):
        clock.call_at(START_MICROS, "nobody")


def test_a_cancelled_timer_does_not_fire(clock: Clock) -> None:
    marks = Recorder(clock)
    first = clock.call_at(START_MICROS + SECOND, "mark", {"id": 1})
    clock.call_at(START_MICROS + 2 * SECOND, "mark", {"id": 2})
    clock.cancel(first)
    assert (clock.timers, clock.next_due()) == (1, START_MICROS + 2 * SECOND)
    clock.advance(5)
    assert [one for one, _ in marks.seen] == [2]


def test_cancelling_twice_or_after_firing_changes_nothing(clock: Clock) -> None:
    Recorder(clock)
    timer = clock.call_at(START_MICROS + SECOND, "mark")
    other = clock.call_at(START_MICROS + 60 * SECOND, "mark")
    clock.advance(5)
    clock.cancel(timer)
    assert clock.timers == 1
    clock.cancel(other)
    clock.cancel(other)
    assert (clock.timers, clock.next_due()) == (0, None)


def test_cancelled_timers_do_not_pile_up(clock: Clock) -> None:
    Recorder(clock)
    keep = clock.call_at(START_MICROS + SECOND, "mark")
    for number in range(10_000):
        clock.cancel(clock.call_at(START_MICROS + (number + 2) * SECOND, "mark"))
    assert len(clock._timers.heap) < 2_000
    assert keep.live
    assert len(clock.advance(20_000)) == 1


def test_waiting_lists_the_timers_of_a_name(clock: Clock) -> None:
    Recorder(clock)
    Recorder(clock, "other")
    clock.call_at(START_MICROS + SECOND, "mark", {"id": 1})
    clock.call_at(START_MICROS + SECOND, "other", {"id": 2})
    clock.cancel(clock.call_at(START_MICROS + SECOND, "mark", {"id": 3}))
    assert [timer.detail["id"] for timer in clock.waiting("mark")] == [1]


def test_a_handler_that_fails_leaves_the_clock_usable(clock: Clock) -> None:
    def fail(detail: Mapping[str, Any]) -> None:
        raise RuntimeError("planned")

    clock.on("fail", fail)
    marks = Recorder(clock)
    clock.call_at(START_MICROS + SECOND, "fail")
    clock.call_at(START_MICROS + 2 * SECOND, "mark", {"id": 1})
    with pytest.raises(RuntimeError, match="planned"):
        clock.advance(10)
    assert seconds_since_start(clock) == 10
    clock.run_due()
    assert [one for one, _ in marks.seen] == [1]


def test_run_due_fires_what_came_due_while_it_ran(running: Clock, source: HandSource) -> None:
    running.run(10)
    marks = Recorder(running)
    for second in (5, 15, 25):
        running.call_at(START_MICROS + second * SECOND, "mark", {"id": second})
    assert running.run_due() == []
    source.seconds += 2
    assert [one.detail["id"] for one in running.run_due()] == [5, 15]
    assert marks.seen == [(5, START_MICROS + 5 * SECOND), (15, START_MICROS + 15 * SECOND)]
    assert seconds_since_start(running) == 20
    source.seconds += 0.5
    assert [one.detail["id"] for one in running.run_due()] == [25]
    assert running.rate == 10


def test_watchers_hear_of_every_change_of_what_is_next(clock: Clock) -> None:
    heard = 0

    def watcher() -> None:
        nonlocal heard
        heard += 1

    def hears(action: Any) -> bool:
        before = heard
        action()
        return heard > before

    Recorder(clock)
    clock.watch(watcher)
    assert hears(lambda: clock.call_at(START_MICROS + 60 * SECOND, "mark"))
    assert not hears(lambda: clock.call_at(START_MICROS + 90 * SECOND, "mark"))
    assert hears(lambda: clock.call_at(START_MICROS + 30 * SECOND, "mark"))
    assert hears(lambda: clock.run(2))
    assert hears(clock.freeze)
    assert hears(clock.resume)
    assert hears(lambda: clock.advance(1))
    assert hears(lambda: clock.set(START))
    clock.unwatch(watcher)
    clock.unwatch(watcher)
    assert not hears(clock.freeze)


# --- snapshots -------------------------------------------------------------------------------------------------------


def test_a_snapshot_through_json_brings_back_time_rate_and_timers(running: Clock, source: HandSource) -> None:
    running.run(5)
    Recorder(running)
    running.on("line", lambda detail: None, transient=True)
    for second in (30, 10, 20):
        running.call_at(START_MICROS + second * SECOND, "mark", {"id": second})
    running.call_at(START_MICROS + SECOND, "line")
    source.seconds += 1
    document = json.loads(json.dumps(running.snapshot()))

    other = Clock(datetime(2000, 1, 1, tzinfo=UTC), 0.0, source)
    marks = Recorder(other)
    other.call_at(to_micros(datetime(2001, 1, 1, tzinfo=UTC)), "mark", {"id": "gone"})
    other.restore(document)
    assert (other.micros(), other.rate, other.timers) == (running.micros(), 5, 3)
    other.advance(60)
    assert marks.seen == [(second, START_MICROS + second * SECOND) for second in (10, 20, 30)]


def test_a_snapshot_of_a_frozen_clock_comes_back_frozen_with_its_rate(running: Clock) -> None:
    running.run(5)
    running.freeze()
    other = Clock(START, 1.0, HandSource())
    other.restore(running.snapshot())
    assert other.frozen
    other.resume()
    assert other.rate == 5


def test_timers_of_one_moment_keep_their_order_through_a_snapshot(clock: Clock) -> None:
    marks = Recorder(clock)
    for number in range(20):
        clock.call_at(START_MICROS + SECOND, "mark", {"id": number})
    clock.restore(clock.snapshot())
    clock.advance(1)
    assert [one for one, _ in marks.seen] == list(range(20))


def test_clear_forgets_every_timer(clock: Clock) -> None:
    marks = Recorder(clock)
    timer = clock.call_at(START_MICROS + SECOND, "mark")
    clock.clear()
    clock.cancel(timer)
    assert clock.advance(5) == []
    assert (marks.seen, clock.timers) == ([], 0)


# --- threads ---------------------------------------------------------------------------------------------------------


def test_threads_that_advance_together_lose_no_second_and_no_timer() -> None:
    clock = Clock(START, 0.0)
    marks = Recorder(clock)
    for number in range(400):
        clock.call_at(START_MICROS + number * SECOND, "mark", {"id": number})
    fired: list[int] = []

    def work() -> None:
        for _ in range(50):
            fired.extend(one.detail["id"] for one in clock.advance(1))

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert seconds_since_start(clock) == 400
    assert marks.seen == [(number, START_MICROS + number * SECOND) for number in range(400)]
    assert sorted(fired) == list(range(400))


def test_threads_that_set_and_cancel_timers_leave_the_count_right() -> None:
    clock = Clock(START, 0.0)
    Recorder(clock)

    def work() -> None:
        for number in range(200):
            timer = clock.call_at(START_MICROS + number * SECOND, "mark")
            if number % 2:
                clock.cancel(timer)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert clock.timers == 400
    assert len(clock.advance(1_000)) == 400


@settings(max_examples=50)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("advance"), st.integers(0, 100)),
            st.tuples(st.just("real"), st.integers(0, 100)),
            st.tuples(st.just("rate"), st.sampled_from([0, 1, 2, 10])),
            st.tuples(st.just("freeze"), st.just(0)),
            st.tuples(st.just("resume"), st.just(0)),
            st.tuples(st.just("snapshot"), st.just(0)),
        ),
        max_size=30,
    )
)
def test_any_handling_keeps_to_the_obvious_model(actions: list[tuple[str, int]]) -> None:
    """Against a model that adds seconds: the clock is where rate times real time and all advances put it."""
    source = HandSource()
    clock = Clock(START, 1.0, source)
    world, rate, frozen = 0, 1, False
    for action, value in actions:
        match action:
            case "advance":
                clock.advance(value)
                world += value
            case "real":
                source.seconds += value
                world += 0 if frozen else rate * value
            case "rate":
                clock.run(value)
                rate, frozen = (rate, True) if value == 0 else (value, False)
            case "freeze":
                clock.freeze()
                frozen = True
            case "resume":
                clock.resume()
                frozen = False
            case _:
                clock.restore(clock.snapshot())
        assert (seconds_since_start(clock), clock.frozen) == (world, frozen)


def test_reset_makes_it_as_new(running: Clock) -> None:
    Recorder(running)
    running.call_at(START_MICROS + SECOND, "mark")
    running.run(60)
    running.freeze()
    running.reset(START, 0.0)
    assert (running.micros(), running.frozen, running.timers) == (START_MICROS, True, 0)
    running.resume()
    assert running.rate == 1


def test_clear_fires_transient_timers_at_once_since_somebody_waits_for_them(clock: Clock) -> None:
    marks = Recorder(clock)
    seen: list[int] = []
    clock.on("line", lambda detail: seen.append(detail["number"]), transient=True)
    for number in (2, 1):
        clock.call_at(START_MICROS + number * 60 * SECOND, "line", {"number": number})
    clock.call_at(START_MICROS + SECOND, "mark")
    clock.clear()
    assert (seen, marks.seen, clock.timers) == ([1, 2], [], 0)


def test_a_moment_beyond_the_calendar_is_written_as_its_end() -> None:
    assert iso(to_micros(datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)) + 86_400 * SECOND).startswith("9999-12-31T23")


def test_timer_that_advances_the_clock_makes_the_walk_longer_and_keeps_the_order() -> None:
    clock = Clock(START, rate=0)
    seen: list[tuple[str, float]] = []

    def since() -> float:
        return (clock.now() - START).total_seconds()

    def jump(_detail: object) -> None:
        seen.append(("jump", since()))
        assert clock.advance(100) == []
        assert since() == 10  # not yet: the walk goes on from timer to timer

    clock.on("jump", jump)
    clock.on("mark", lambda _detail: seen.append(("mark", since())))
    clock.call_at(to_micros(START) + 10_000_000, "jump")
    for second in (50, 105, 125):
        clock.call_at(to_micros(START) + second * 1_000_000, "mark")
    assert [fired.name for fired in clock.advance(20)] == ["jump", "mark", "mark"]
    assert seen == [("jump", 10), ("mark", 50), ("mark", 105)]
    assert since() == 120
    clock.advance(5)
    assert seen[-1] == ("mark", 125)
