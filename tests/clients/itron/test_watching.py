"""Observations: what may come in between, and what ends one in silence."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING, Any

import pytest
from tests.clients.itron import fake_gateway as fake
from tests.clients.itron.fake_gateway import CON, MAC, NON, POST, Bench, Out, Seen, observed, until

from vendorlab.clients import itron
from vendorlab.clients.itron import ClientError, Sensor, TemperatureReading, UndecodedReading

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

REGISTERED = Out("2.03", options=((fake.OBSERVE, b"\x00\x00\x03"),))


def temperature(value: int) -> bytes:
    text = f"1540584982,{value}.00,F".encode()
    return b"\xa2\x00\x64temp\x01" + bytes([0x60 + len(text)]) + text


class Board:
    """One sensor as the vendor's firmware has it: a registration without a value, then notifications to order."""

    def __init__(self, bench: Bench) -> None:
        self.bench = bench
        self.registrations: list[Seen] = []
        self.cancelled: list[Seen] = []
        self.answer: Callable[[Seen], list[Out]] = lambda _: [REGISTERED]
        bench.gateway.device = self

    def __call__(self, seen: Seen) -> list[Out]:
        if seen.options.get(fake.OBSERVE) == b"":
            self.registrations.append(seen)
            return self.answer(seen)
        if seen.options.get(fake.OBSERVE) == b"\x01":
            self.cancelled.append(seen)
            return [Out("2.05")]
        return [Out("2.05", fake.TEMPERATURE)]

    def notify(self, number: int, value: int, **changes: Any) -> None:
        out = observed(number, temperature(value))
        out = Out(out.dotted, out.payload, out.options, NON, changes.get("mid"))
        self.bench.gateway.send(self.registrations[-1], out)

    async def registered(self, times: int) -> None:
        await until(lambda: len(self.registrations) == times)


class Reader:
    """Takes readings in the background."""

    def __init__(self, bench: Bench, **options: Any) -> None:
        self.values: list[float] = []
        self.others: list[Any] = []
        self.lost: list[str] = []
        self.items = bench.client.observe(MAC, Sensor.TEMPERATURE, on_lost=self._on_lost, **options)
        self.task = asyncio.create_task(self._run(self.items))

    def _on_lost(self, why: ClientError) -> None:
        self.lost.append(why.message)

    async def _run(self, items: AsyncGenerator[Any, None]) -> None:
        async with aclosing(items):
            async for reading in items:
                if isinstance(reading, TemperatureReading):
                    self.values.append(reading.value)
                else:
                    self.others.append(reading)

    async def has(self, *values: float) -> None:
        await until(lambda: len(self.values) >= len(values) or self.task.done())
        assert self.values == list(values)

    async def has_lost(self, times: int) -> None:
        await until(lambda: len(self.lost) == times)

    async def leave(self) -> None:
        self.task.cancel()
        with suppress(asyncio.CancelledError):
            await self.task


Story = Callable[[Bench, Board, Reader], Awaitable[None]]


def play(story: Story, **options: Any) -> None:
    async def told() -> None:
        async with Bench.of() as bench:
            board = Board(bench)
            reader = Reader(bench, **options)
            await board.registered(1)
            try:
                await story(bench, board, reader)
            finally:
                await reader.leave()

    asyncio.run(told())


def test_registration_without_a_value_is_one_and_notifications_are_told() -> None:
    async def story(bench: Bench, board: Board, reader: Reader) -> None:
        board.notify(4, 70)
        board.notify(5, 71)
        await reader.has(70, 71)
        asked = board.registrations[0]
        assert asked.uri.endswith("/snsr/arduino/temp?sens")
        assert {number: asked.options[number] for number in (fake.OBSERVE, fake.BLOCK2)} == {6: b"", 23: b"\x03"}

    play(story)


def test_observation_is_ended_on_its_own_token() -> None:
    async def story(bench: Bench, board: Board, reader: Reader) -> None:
        board.notify(4, 70)
        await reader.has(70)
        await reader.leave()
        assert [seen.token for seen in board.cancelled] == [board.registrations[0].token]
        assert board.cancelled[0].source == board.registrations[0].source

    play(story)


def test_leaving_does_not_wait_long_for_a_silent_device() -> None:
    async def story(bench: Bench, board: Board, reader: Reader) -> None:
        board.notify(4, 70)
        await reader.has(70)
        bench.gateway.device = lambda _: [Out("0.00", kind=fake.ACK)]
        await bench.turning(reader.leave(), 2.0)

    play(story)


def test_late_and_doubled_notifications_are_left_out() -> None:
    async def story(bench: Bench, board: Board, reader: Reader) -> None:
        for number, value in ((5, 71), (4, 70), (5, 71), (3, 69), (6, 72)):
            board.notify(number, value)
        await reader.has(71, 72)

    play(story)


def test_notification_that_overtakes_the_registrations_answer_is_told() -> None:
    async def story(bench: Bench, board: Board, reader: Reader) -> None:
        board.answer = lambda _: [observed(4, temperature(70)), REGISTERED, observed(5, temperature(71))]
        second = Reader(bench)
        await second.has(70, 71)
        await second.leave()

    play(story)


def test_counter_may_wrap() -> None:
    async def story(bench: Bench, board: Board, reader: Reader) -> None:
        for number in (2**23 + 2, 2**24 - 1, 2, 3):
            board.notify(number, number % 100)
        await reader.has(10, 15, 2, 3)

    play(story)


def test_number_does_not_count_after_two_minutes() -> None:
    async def story(bench: Bench, board: Board, reader: Reader) -> None:
        board.notify(500, 70)
        await reader.has(70)
        bench.clock.turn(129)
        board.notify(3, 71)
        await reader.has(70, 71)

    play(story)


def test_silence_registers_again_with_a_new_token_and_each_in_vain_doubles_the_next() -> None:
    async def story(bench: Bench, board: Board, reader: Reader) -> None:
        for times, silence in ((2, 300), (3, 600), (4, 1_200), (5, 2_400), (6, 3_600), (7, 3_600)):
            await bench.clock.turned(silence)
            await board.registered(times)
        board.notify(4, 70)
        await reader.has(70)
        await until(lambda: bench.clock.waits(300))
        assert len({seen.token for seen in board.registrations}) == 7
        assert reader.lost[0] == "nothing heard for 300 s"
        assert board.cancelled == [], "boards would take it for the new one's"

    play(story)


def test_silence_is_three_times_max_age_where_that_is_longer() -> None:
    async def story(bench: Bench, board: Board, reader: Reader) -> None:
        board.notify(4, 70)
        await reader.has(70)
        await until(lambda: bench.clock.waits(270))

    play(story, silence=10)


def test_rebooted_board_counts_from_three_again() -> None:
    async def story(bench: Bench, board: Board, reader: Reader) -> None:
        board.notify(500, 70)
        await reader.has(70)
        await bench.clock.turned(300)
        await board.registered(2)
        board.notify(4, 71)
        await reader.has(70, 71)

    play(story)


def test_old_registrations_late_notification_is_not_told() -> None:
    async def story(bench: Bench, board: Board, reader: Reader) -> None:
        board.notify(4, 70)
        await reader.has(70)
        await bench.clock.turned(300)
        await board.registered(2)
        bench.gateway.send(board.registrations[0], observed(900, temperature(69)))
        board.notify(5, 71)
        await reader.has(70, 71)

    play(story)


def test_session_that_others_find_gone_is_registered_in_again_at_once() -> None:
    async def story(bench: Bench, board: Board, reader: Reader) -> None:
        board.notify(4, 70)
        await reader.has(70)
        bench.gateway.sessions.clear()
        await bench.client.ping(MAC)
        await board.registered(2)
        board.notify(5, 71)
        await reader.has(70, 71)
        assert reader.lost == ["the session is gone"]

    play(story)


def test_session_that_is_gone_is_found_by_silence() -> None:
    async def story(bench: Bench, board: Board, reader: Reader) -> None:
        bench.gateway.sessions.clear()
        await bench.clock.turned(300)
        await board.registered(2)
        assert bench.gateway.to_sessions() == [POST, POST]

    play(story)


def test_session_of_one_who_only_listens_is_renewed() -> None:
    async def story(bench: Bench, board: Board, reader: Reader) -> None:
        await bench.clock.turned(0.9 * 14_400)
        await until(lambda: bench.gateway.to_sessions() == [POST, POST])
        board.notify(4, 70)
        await reader.has(70)
        assert len(board.registrations) == 1
        assert reader.lost == []

    play(story, silence=20_000)


@pytest.mark.parametrize("answer", [Out("5.04", b"silent"), Out("5.00"), Out("5.03", options=((fake.AGE, b"\x01"),))])
def test_passing_trouble_is_waited_out_with_a_growing_back_off(answer: Out) -> None:
    async def story(bench: Bench, board: Board, reader: Reader) -> None:
        board.answer = lambda _: [answer]
        await bench.clock.turned(300)
        for times in (2, 3, 4):
            await board.registered(times)
            await reader.has_lost(times)
            if times == 4:
                board.answer = lambda _: [REGISTERED, observed(4, temperature(70))]
            bench.clock.turn(8)
        await reader.has(70)

    play(story)


@pytest.mark.parametrize(
    ("dotted", "kind"),
    [
        ("4.03", itron.Forbidden),
        ("4.04", itron.ResourceUnknown),
        ("5.01", itron.NotSupported),
        ("5.02", itron.DeviceUnknown),
    ],
)
def test_refusal_that_no_waiting_mends_is_raised(dotted: str, kind: type[ClientError]) -> None:
    async def story(bench: Bench, board: Board, reader: Reader) -> None:
        board.answer = lambda _: [Out(dotted)]
        with pytest.raises(kind):
            await anext(bench.client.observe(MAC, Sensor.ECHO))
        assert board.cancelled == []

    play(story)


def test_resource_that_is_not_observed_is_unexpected() -> None:
    async def story(bench: Bench, board: Board, reader: Reader) -> None:
        board.answer = lambda _: [Out("2.05", fake.TEMPERATURE)]
        with pytest.raises(itron.UnexpectedResponse, match="not observed"):
            await anext(bench.client.observe(MAC, Sensor.ECHO))

    play(story)


def test_device_that_has_become_unknown_is_waited_for() -> None:
    async def story(bench: Bench, board: Board, reader: Reader) -> None:
        board.answer = lambda _: [Out("5.02")]
        await bench.clock.turned(300)
        await until(lambda: len(reader.lost) == 2)
        assert not reader.task.done()

    play(story)


@pytest.mark.parametrize("end", [Out("4.04", kind=CON), Out("5.00", kind=NON), Out("2.05", fake.TEMPERATURE, kind=NON)])
def test_observation_that_the_other_side_ends_is_registered_again(end: Out) -> None:
    async def story(bench: Bench, board: Board, reader: Reader) -> None:
        bench.gateway.send(board.registrations[0], end)
        await until(lambda: reader.lost)
        assert "ended" in reader.lost[0]
        await until(lambda: 0.4 < bench.clock.slept[-1] <= 1)
        bench.clock.turn(1)
        await board.registered(2)

    play(story)


def test_payload_that_cannot_be_read_is_told_as_it_is() -> None:
    async def story(bench: Bench, board: Board, reader: Reader) -> None:
        bench.gateway.send(board.registrations[0], observed(4, b"\xa2\x00"))
        board.notify(5, 70)
        await reader.has(70)
        assert [type(other) for other in reader.others] == [UndecodedReading]
        assert reader.others[0].data == b"\xa2\x00"

    play(story)


def test_confirmable_notification_is_acknowledged() -> None:
    async def story(bench: Bench, board: Board, reader: Reader) -> None:
        first = observed(4, temperature(70))
        bench.gateway.send(board.registrations[0], Out("2.05", first.payload, first.options, CON, 99))
        await reader.has(70)
        await until(lambda: (fake.ACK, 99) in bench.gateway.empties)

    play(story)


def test_notification_in_blocks_is_fetched_whole() -> None:
    async def story(bench: Bench, board: Board, reader: Reader) -> None:
        whole = b"\xa2\x00\x64temp\x01\x78\xc8" + b"1540584982,7" + b"0" * 5 + b".0"
        whole += b"0" * (9 + 200 - len(whole) - 2) + b",F"

        def device(seen: Seen) -> list[Out]:
            if fake.OBSERVE in seen.options:
                return board(seen)
            assert seen.options[fake.BLOCK2] == b"\x13"
            return [Out("2.05", whole[128:], ((fake.BLOCK2, b"\x13"),))]

        bench.gateway.device = device
        options = ((fake.OBSERVE, b"\x04"), (fake.BLOCK2, b"\x0b"))
        bench.gateway.send(board.registrations[0], Out("2.05", whole[:128], options, NON))
        await until(lambda: reader.others or reader.values or reader.task.done())
        assert reader.others[0].data == whole

    play(story)


def test_time_without_a_reading_may_end_it() -> None:
    async def story(bench: Bench, board: Board, reader: Reader) -> None:
        await bench.clock.turned(5)
        await until(reader.task.done)
        assert reader.task.exception() is None
        assert len(board.cancelled) == 1

    play(story, timeout=5)


def test_no_task_is_left_when_all_is_closed() -> None:
    async def story(bench: Bench, board: Board, reader: Reader) -> None:
        board.notify(4, 70)
        await reader.has(70)
        await reader.leave()
        await bench.client.aclose()
        assert asyncio.all_tasks() == {asyncio.current_task()}

    play(story)
