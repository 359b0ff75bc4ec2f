"""Polling, seen from outside: when the vendor is asked, what is told of it, and how it ends."""

from __future__ import annotations

import asyncio
import random
import threading
from contextlib import aclosing, closing
from itertools import pairwise
from typing import TYPE_CHECKING, Any, cast

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.clients.django_fake import URL, FakeClock, answer_lost, no_connection, page, status
from tests.clients.inode.conftest import OWNER
from tests.clients.inode.fake_vendor import (
    API_KEY,
    CROWDSOURCED_LINK,
    DEVICE,
    DEVICES,
    LINKS,
    SENSOR_LINK,
    TOKEN_PATH,
    FakeVendor,
)

from vendorlab.clients.core.cadence import Cadence
from vendorlab.clients.core.reading import Node
from vendorlab.clients.core.steps import Call
from vendorlab.clients.inode import (
    AsyncINodeClient,
    Change,
    ClientError,
    INodeClient,
    KeyRefused,
    LinkStatus,
    LoginRefused,
    NetworkError,
    NotFound,
    NotJson,
    PermissionDenied,
    RetryPolicy,
    ServerError,
    Throttled,
    TokenRefused,
    UnexpectedResponse,
    UsageError,
)
from vendorlab.clients.inode.changes import Snapshot, compare
from vendorlab.clients.inode.models import read_link
from vendorlab.clients.inode.polling import Poll

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.clients.django_fake import Fault, Handler
    from tests.clients.faces import MakeFace

    from vendorlab.clients.inode import Options


class Ledger:
    """Stands before the vendor and notes when its links are asked for; `script` runs before each such request."""

    def __init__(self, vendor: FakeVendor, clock: FakeClock) -> None:
        self.vendor, self.clock = vendor, clock
        self.begun = clock.now
        self.times: list[float] = []
        self.script: Callable[[int], None] = lambda number: None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == LINKS:
            self.times.append(self.clock.now - self.begun)
            self.script(len(self.times))
        return self.vendor(request)

    def after(self, looks: int) -> Callable[[], bool]:
        """Give an `until` that ends the polling after so many looks."""
        return lambda: len(self.times) >= looks


@pytest.fixture
def ledger(vendor: FakeVendor, clock: FakeClock) -> Ledger:
    return Ledger(vendor, clock)


@pytest.fixture
def poll(make_face: MakeFace, ledger: Ledger) -> Callable[..., list[Change]]:
    """Polls with a key until so many looks have been made, and gives the changes; one send a look."""

    def run(looks: int, every: float = 60, **options: Any) -> list[Change]:
        told = {name: options.pop(name) for name in ("on_outage", "until") if name in options}
        retry = RetryPolicy(attempts=1, chance=random.Random(7))
        who: dict[str, Any] = {"api_key": API_KEY, "retry": retry, "transport": httpx.MockTransport(ledger)}
        changes: list[Change] = make_face(**(who | options))("poll", every, **({"until": ledger.after(looks)} | told))
        return changes

    return run


# What is told


def test_first_change_is_everything(poll: Callable[..., list[Change]]) -> None:
    (change,) = poll(1)
    assert [link.id for link in change.links.added] == [1042, 1077]
    assert [device.id for device in change.devices.added] == [311, 312]
    assert (change.links.removed, change.links.changed, change.devices.changed) == ((), (), ())
    assert change.snapshot == Snapshot(change.links.added, change.devices.added)


def test_first_change_is_told_even_of_an_empty_account(poll: Callable[..., list[Change]], vendor: FakeVendor) -> None:
    vendor.links = vendor.devices = []
    (change,) = poll(3)
    assert (bool(change), change.snapshot) == (False, Snapshot((), ()))


def test_look_that_finds_nothing_new_is_not_told(poll: Callable[..., list[Change]], ledger: Ledger) -> None:
    assert len(poll(5)) == 1
    assert len(ledger.times) == 5


def test_change_tells_what_was_added_removed_and_changed_from_what_to_what(
    poll: Callable[..., list[Change]], vendor: FakeVendor, ledger: Ledger
) -> None:
    def script(number: int) -> None:
        if number == 3:
            done = {"status": "collected", "last_travel_time": 240, "last_speed": 84.0}
            vendor.links = [CROWDSOURCED_LINK | done, SENSOR_LINK | {"id": 1100}]
            vendor.devices = [DEVICE, DEVICE | {"id": 312, "name": "Main & 5th", "online": False}]

    ledger.script = script
    _, change = poll(4)
    assert [link.id for link in change.links.added] == [1100]
    assert [link.id for link in change.links.removed] == [1042]
    (edit,) = change.links.changed
    assert (edit.before.status, edit.after.status) == (LinkStatus.COLLECTING, LinkStatus.COLLECTED)
    assert edit.fields == ("status", "last_travel_time", "last_speed_kmh")
    (fallen,) = change.devices.changed
    assert (fallen.before.id, fallen.fields, fallen.after.online) == (312, ("online",), False)
    assert (change.devices.added, change.devices.removed) == ((), ())


IDS = st.lists(st.tuples(st.integers(0, 5), st.sampled_from("ab")), unique_by=lambda pair: pair[0])


@given(before=IDS, after=IDS)
def test_a_change_applied_to_the_look_before_gives_the_look_after(
    before: list[tuple[int, str]], after: list[tuple[int, str]]
) -> None:
    old, new = looked(before), looked(after)
    change = compare(old, new)
    rebuilt = {link.id: link for link in old.links}
    for link in change.links.removed:
        del rebuilt[link.id]
    for edit in change.links.changed:
        assert rebuilt[edit.before.id] == edit.before
        rebuilt[edit.after.id] = edit.after
    for link in change.links.added:
        assert link.id not in rebuilt
        rebuilt[link.id] = link
    assert rebuilt == {link.id: link for link in new.links}
    assert bool(change) == (dict(before) != dict(after))


def looked(pairs: list[tuple[int, str]]) -> Snapshot:
    bodies = [SENSOR_LINK | {"id": key, "name": name} for key, name in pairs]
    return Snapshot(tuple(read_link(Node(Call("GET", LINKS), 200, body)) for body in bodies), ())


# When


def test_looks_keep_their_cadence_for_hours_without_drift(poll: Callable[..., list[Change]], ledger: Ledger) -> None:
    poll(301)
    assert ledger.times == [60.0 * n for n in range(301)]


def test_slow_answers_do_not_make_looks_drift(
    poll: Callable[..., list[Change]], clock: FakeClock, ledger: Ledger
) -> None:
    def script(number: int) -> None:
        clock.now += 7.3

    ledger.script = script
    poll(100)
    assert ledger.times == pytest.approx([60.0 * n for n in range(100)])


def test_looks_missed_meanwhile_are_left_out_and_not_made_up_for(
    poll: Callable[..., list[Change]], clock: FakeClock, ledger: Ledger
) -> None:
    def script(number: int) -> None:
        if number == 2:
            clock.now += 200

    ledger.script = script
    poll(5)
    assert ledger.times == [0, 60, 300, 360, 420]


def test_sleep_that_ends_a_little_early_makes_no_look_double(
    poll: Callable[..., list[Change]], clock: FakeClock, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    def early(seconds: float) -> None:
        clock.now += seconds - 1e-3

    monkeypatch.setattr(clock, "sleep", early)
    poll(10)
    assert ledger.times == pytest.approx([60.0 * n for n in range(10)], abs=0.01)


def test_reader_that_takes_its_time_does_not_make_looks_drift(
    vendor: FakeVendor, clock: FakeClock, ledger: Ledger
) -> None:
    def script(number: int) -> None:
        vendor.links = [SENSOR_LINK | {"last_count": number}]

    ledger.script = script
    transport = httpx.MockTransport(ledger)
    with INodeClient(URL, api_key=API_KEY, clock=clock, sleep=clock.sleep, transport=transport) as client:
        for _ in client.poll(every=60, until=ledger.after(50)):
            clock.now += 11
    assert ledger.times == [60.0 * n for n in range(50)]


@pytest.mark.parametrize("every", [0, -1, float("nan"), float("inf")])
@pytest.mark.parametrize("client", [INodeClient, AsyncINodeClient])
def test_cadence_that_is_none_is_refused_at_once(client: Any, every: float) -> None:
    with pytest.raises(UsageError, match="cadence"):
        client(URL, api_key=API_KEY).poll(every=every)


# Outages


def cut(request: httpx.Request, handler: Handler) -> httpx.Response:
    content = handler(request).content[:40]
    return httpx.Response(200, content=content, headers={"Content-Type": "application/json"})


def other_shape(request: httpx.Request, handler: Handler) -> httpx.Response:
    return httpx.Response(200, json=[{"id": "one"}])


OUTAGES: dict[str, tuple[Fault, type[ClientError]]] = {
    "refused": (no_connection, NetworkError),
    "lost": (answer_lost, NetworkError),
    "500": (status(500), ServerError),
    "503": (status(503), ServerError),
    "page": (page("<h1>Back soon</h1>"), NotJson),
    "cut": (cut, NotJson),
    "throttled": (status(429, Retry_After="90000"), Throttled),
}


@pytest.mark.parametrize("name", sorted(OUTAGES))
def test_outage_is_survived_and_told_of(
    poll: Callable[..., list[Change]], vendor: FakeVendor, ledger: Ledger, name: str
) -> None:
    fault, error = OUTAGES[name]
    told: list[tuple[ClientError, float]] = []

    def note(trouble: ClientError, delay: float) -> None:
        told.append((trouble, delay))

    def script(number: int) -> None:
        if number in (2, 3):
            vendor.faults.append(fault)
        vendor.links = [SENSOR_LINK | {"last_count": number}]

    ledger.script = script
    first, change = poll(4, on_outage=note)
    assert (first.failures, change.failures) == (0, 2)
    assert change.snapshot.links[0].last_count == 4
    assert [type(trouble) for trouble, _ in told] == [error, error]
    waits = [later - sooner for sooner, later in pairwise(ledger.times)]
    assert waits[1:3] == pytest.approx([delay for _, delay in told])


def test_outage_in_the_middle_of_a_look_tells_nothing_half(
    poll: Callable[..., list[Change]], vendor: FakeVendor, ledger: Ledger
) -> None:
    def script(number: int) -> None:
        vendor.links = [SENSOR_LINK | {"last_count": number}]
        if number == 2:
            vendor.faults.extend([None, status(503)])  # links come, devices do not

    ledger.script = script
    _, change = poll(3)
    assert change.links.changed[0].before.last_count == 1
    assert change.links.changed[0].after.last_count == 3


def test_waits_grow_during_an_outage_up_to_ten_minutes(
    poll: Callable[..., list[Change]], vendor: FakeVendor, ledger: Ledger
) -> None:
    vendor.faults.extend([status(503)] * 12)
    poll(12)
    waits = [later - sooner for sooner, later in pairwise(ledger.times)]
    for failures, wait in enumerate(waits, start=1):
        longest = min(600, 60 * 2 ** (failures - 1))
        assert longest / 2 <= wait <= longest


def test_slow_cadence_is_not_made_faster_by_an_outage(
    poll: Callable[..., list[Change]], vendor: FakeVendor, ledger: Ledger
) -> None:
    vendor.faults.extend([status(503)] * 5)
    poll(5, every=3_600)
    assert all(1_800 <= later - sooner <= 3_600 for sooner, later in pairwise(ledger.times))


def test_waits_come_from_the_chance_that_is_handed_in(
    poll: Callable[..., list[Change]], vendor: FakeVendor, ledger: Ledger
) -> None:
    def times(seed: int) -> list[float]:
        ledger.times.clear()
        ledger.begun = ledger.clock.now
        vendor.faults.extend([status(503)] * 6)
        poll(6, retry=RetryPolicy(attempts=1, chance=random.Random(seed)))
        return ledger.times[:]

    assert times(1) == pytest.approx(times(1))
    assert times(1) != pytest.approx(times(2))


def test_grid_holds_again_after_an_outage(
    poll: Callable[..., list[Change]], vendor: FakeVendor, ledger: Ledger
) -> None:
    ledger.script = lambda number: vendor.faults.append(status(503)) if 5 <= number < 9 else None
    poll(30)
    outage, after = ledger.times[4:9], ledger.times[9:]
    assert after[0] - outage[-1] >= 30  # not two looks in one breath
    assert [time % 60 for time in after] == pytest.approx([0.0] * len(after))
    assert [later - sooner for sooner, later in pairwise(after)] == pytest.approx([60.0] * (len(after) - 1))


class Patient(random.Random):
    """Chance that always takes nine tenths."""

    def uniform(self, a: float, b: float) -> float:
        return 0.9


def test_slot_right_after_an_outage_is_left_out(
    poll: Callable[..., list[Change]], vendor: FakeVendor, ledger: Ledger
) -> None:
    ledger.script = lambda number: vendor.faults.append(status(503)) if number == 2 else None
    poll(5, retry=RetryPolicy(attempts=1, chance=Patient()))
    assert ledger.times == pytest.approx([0, 60, 114, 180, 240])  # and not 120


def test_each_outage_begins_anew(poll: Callable[..., list[Change]], vendor: FakeVendor, ledger: Ledger) -> None:
    def script(number: int) -> None:
        vendor.links = [SENSOR_LINK | {"last_count": number}]
        if number in (2, 3, 6):
            vendor.faults.append(status(503))

    ledger.script = script
    changes = poll(7, retry=RetryPolicy(attempts=1, chance=Patient()))
    assert [change.failures for change in changes] == [0, 2, 0, 1]
    assert ledger.times == pytest.approx([0, 60, 114, 222, 300, 360, 414])


def test_vendor_that_comes_back_is_not_stormed(vendor: FakeVendor, clock: FakeClock) -> None:
    """A hundred pollers, cut off together for an hour, come back spread out, and ask no more often than before."""
    returned: list[float] = []
    outage = 3_600.0
    for seed in range(100):
        now = FakeClock(0.0)
        times: list[float] = []

        def transport(request: httpx.Request, now: FakeClock = now, times: list[float] = times) -> httpx.Response:
            if request.url.path == LINKS:
                times.append(now.now)
            return httpx.Response(503) if now.now < outage else httpx.Response(200, json=[])

        retry = RetryPolicy(attempts=1, chance=random.Random(seed))
        mock = httpx.MockTransport(transport)
        with INodeClient(URL, api_key=API_KEY, retry=retry, clock=now, sleep=now.sleep, transport=mock) as client:
            next(client.poll(every=60))
        assert len(times) < 20  # in place of 60
        returned.append(times[-1])
    assert max(returned) - outage <= 600
    busiest = max(sum(time // 10 == slot for time in returned) for slot in range(360, 421))
    assert busiest <= 10


def test_throttle_is_waited_out_for_as_long_as_the_vendor_asks(
    poll: Callable[..., list[Change]], vendor: FakeVendor, ledger: Ledger
) -> None:
    vendor.faults.append(status(429, Retry_After="5000"))
    poll(2, max_wait=100)
    assert ledger.times == [0, 5_001]


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (status(403), PermissionDenied),
        (status(404), NotFound),
        (status(401), KeyRefused),
        (other_shape, UnexpectedResponse),
    ],
    ids=["403", "404", "401", "field"],
)
def test_what_no_waiting_mends_ends_the_polling(
    poll: Callable[..., list[Change]], vendor: FakeVendor, ledger: Ledger, fault: Any, error: type[Exception]
) -> None:
    ledger.script = lambda number: vendor.faults.append(fault) if number == 2 else None
    with pytest.raises(error):
        poll(9)
    assert len(ledger.times) == 2


def test_on_outage_may_give_up(poll: Callable[..., list[Change]], vendor: FakeVendor, ledger: Ledger) -> None:
    def give_up(trouble: ClientError, delay: float) -> None:
        if delay > 200:
            raise trouble

    vendor.faults.extend([status(503)] * 9)
    with pytest.raises(ServerError):
        poll(9, on_outage=give_up)
    assert len(ledger.times) < 9


# Tokens


def owner_polls(make_face: MakeFace, ledger: Ledger, looks: int, every: float = 60, **options: Any) -> list[Change]:
    transport = httpx.MockTransport(ledger)
    owner: dict[str, Any] = {"transport": transport, **options}
    changes: list[Change] = make_face(**owner)("poll", every, until=ledger.after(looks))
    return changes


def test_five_days_of_looks_renew_the_token_before_it_expires(
    make_face: MakeFace, vendor: FakeVendor, ledger: Ledger
) -> None:
    looks = 5 * 24 + 5
    assert len(owner_polls(make_face, ledger, looks, every=3_600)) == 1
    assert vendor.grant_types() == ["password", "refresh_token"]
    assert len(vendor.asked(LINKS)) == len(vendor.asked(DEVICES)) == looks  # none was refused on the way


def test_token_that_expires_unseen_is_renewed_once_on_401(
    make_face: MakeFace, vendor: FakeVendor, ledger: Ledger
) -> None:
    ledger.script = lambda number: vendor.revoke_access() if number == 3 else None
    assert len(owner_polls(make_face, ledger, 5)) == 1
    assert vendor.grant_types() == ["password", "refresh_token"]


def test_outage_of_the_token_endpoint_is_survived_as_well(
    make_face: MakeFace, vendor: FakeVendor, ledger: Ledger
) -> None:
    def script(number: int) -> None:
        if number == 2:
            vendor.revoke_access()
            vendor.faults.extend([None, status(503), status(503)])

    ledger.script = script
    retry = RetryPolicy(attempts=2, chance=random.Random(7))
    assert len(owner_polls(make_face, ledger, 5, retry=retry)) == 1
    assert vendor.grant_types() == ["password", "refresh_token", "refresh_token", "refresh_token"]


def test_refused_login_ends_the_polling(make_face: MakeFace, vendor: FakeVendor, ledger: Ledger) -> None:
    with pytest.raises(LoginRefused):
        owner_polls(make_face, ledger, 5, password="wrong")
    assert [request.url.path for request in vendor.requests] == [TOKEN_PATH]


def test_token_that_is_refused_for_ever_ends_the_polling(
    make_face: MakeFace, vendor: FakeVendor, ledger: Ledger
) -> None:
    vendor.live = lambda token: False  # type: ignore[method-assign]
    with pytest.raises(TokenRefused):
        owner_polls(make_face, ledger, 5)
    assert vendor.grant_types() == ["password", "refresh_token"]


# The end


def test_polling_begins_when_the_first_change_is_asked_for(vendor: FakeVendor) -> None:
    with INodeClient(URL, api_key=API_KEY, transport=httpx.MockTransport(vendor)) as client:
        client.poll()
        assert vendor.requests == []


def test_loop_that_is_left_asks_no_more(vendor: FakeVendor, clock: FakeClock) -> None:
    transport = httpx.MockTransport(vendor)
    with (
        INodeClient(URL, api_key=API_KEY, clock=clock, sleep=clock.sleep, transport=transport) as client,
        closing(client.poll()) as changes,
    ):
        for _ in changes:
            break
    assert (len(vendor.requests), clock.slept) == (2, [])
    assert list(changes) == []


def test_until_is_asked_after_each_wait(poll: Callable[..., list[Change]], clock: FakeClock, ledger: Ledger) -> None:
    begun = clock()
    poll(0, until=lambda: clock() - begun >= 60)
    assert ledger.times == [0]


def test_interrupt_of_a_wait_comes_through(vendor: FakeVendor) -> None:
    def interrupted(seconds: float) -> None:
        raise KeyboardInterrupt

    with INodeClient(URL, api_key=API_KEY, sleep=interrupted, transport=httpx.MockTransport(vendor)) as client:
        changes = client.poll()
        next(changes)
        with pytest.raises(KeyboardInterrupt):
            next(changes)
        assert list(changes) == []
        assert len(client.links()) == 2


def test_another_thread_can_stop_a_long_wait(vendor: FakeVendor) -> None:
    stop, waiting = threading.Event(), threading.Event()

    def wait(seconds: float) -> None:
        waiting.set()
        stop.wait(seconds)

    def work() -> None:
        with INodeClient(URL, api_key=API_KEY, sleep=wait, transport=httpx.MockTransport(vendor)) as client:
            for _ in client.poll(every=3_600, until=stop.is_set):
                pass

    thread = threading.Thread(target=work)
    thread.start()
    assert waiting.wait(20)
    stop.set()
    thread.join(20)
    assert not thread.is_alive()
    assert len(vendor.requests) == 2


def test_cancelled_task_leaves_nothing_running(vendor: FakeVendor) -> None:
    async def story() -> int:
        waiting = asyncio.Event()

        async def wait(seconds: float) -> None:
            waiting.set()
            await asyncio.sleep(seconds)

        async def work(client: AsyncINodeClient) -> None:
            async with aclosing(client.poll(every=3_600)) as changes:
                async for _ in changes:
                    pass

        transport, owner = httpx.MockTransport(vendor), cast("Options", OWNER)
        async with AsyncINodeClient(URL, sleep=wait, transport=transport, **owner) as client:
            task = asyncio.ensure_future(work(client))
            await asyncio.wait_for(waiting.wait(), 20)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert len(await client.links()) == 2
        return len(asyncio.all_tasks())

    assert asyncio.run(story()) == 1


def test_two_polls_of_one_client_do_not_disturb_each_other(vendor: FakeVendor) -> None:
    async def story() -> list[int]:
        clock = FakeClock()
        transport = httpx.MockTransport(vendor)
        async with AsyncINodeClient(
            URL, api_key=API_KEY, clock=clock, sleep=clock.asleep, transport=transport
        ) as client:
            fast, slow = client.poll(every=60), client.poll(every=300)
            firsts = [await anext(fast), await anext(slow)]
            await fast.aclose()
            await slow.aclose()
            return [len(change.links.added) for change in firsts]

    assert asyncio.run(story()) == [2, 2]


def test_poll_without_a_client_is_steps_over_whatever_looks() -> None:
    def look() -> Any:
        return Snapshot((), ())
        yield

    poll = Poll(look, Cadence(every=1, clock=FakeClock(), chance=random.Random(7)))
    with pytest.raises(StopIteration) as end:
        next(poll.next())
    assert end.value.value == compare(None, Snapshot((), ()))
