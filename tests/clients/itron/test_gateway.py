"""Requests of the gateway's client: sessions, forms, slow answers, errors, blocks."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from tests.clients.itron import fake_gateway as fake
from tests.clients.itron.fake_gateway import ACK, CON, DELETE, GET, MAC, NON, POST, PUT, Bench, Out, Seen, until

from vendorlab.clients import itron
from vendorlab.clients.itron import Sensor, UsageError

URI = f"coap://SSN{MAC}.SG.YEL01.SSN.SSNSGS.NET:4849"

TOKENS: dict[str, Any] = {"tokens": "good"}
Story = Callable[[Bench], Awaitable[None]]


def play(story: Story, **options: Any) -> None:
    async def told() -> None:
        async with Bench.of(**options) as bench:
            await story(bench)

    asyncio.run(told())


def test_first_read_opens_a_session_and_asks_as_the_vendors_clients_do() -> None:
    async def story(bench: Bench) -> None:
        reading = await bench.client.read(MAC.upper(), Sensor.TEMPERATURE)
        assert (reading.value, reading.unit) == (72.5, "F")  # type: ignore[union-attr]
        opening, read = bench.gateway.seen
        assert (opening.method, opening.uri, opening.payload, opening.options[fake.FORMAT]) == (
            POST, "/sessions", b"good", b"",
        )  # fmt: skip
        assert read.uri == f"{URI}/snsr/arduino/temp?sens"
        assert read.options == {fake.PROXY_URI: read.uri.encode(), fake.BLOCK2: b"\x03"}
        assert opening.source == read.source
        assert (read.method, read.kind) == (GET, CON)

    play(story)


def test_session_is_kept_and_deleted_at_close() -> None:
    async def story(bench: Bench) -> None:
        await asyncio.gather(*(bench.client.read(MAC, Sensor.TEMPERATURE) for _ in range(5)))
        await bench.client.aclose()
        assert bench.gateway.to_sessions() == [POST, DELETE]
        assert bench.gateway.sessions == set()

    play(story)


def test_close_does_not_wait_for_a_gateway_that_is_gone() -> None:
    async def story(bench: Bench) -> None:
        await bench.client.ping(MAC)
        bench.gateway.on_session = [Out("0.00", kind=ACK)]
        await bench.turning(bench.client.aclose(), 2.0)

    play(story)


def test_closed_client_opens_nothing_again() -> None:
    async def story(bench: Bench) -> None:
        await bench.client.ping(MAC)
        await bench.client.aclose()
        with pytest.raises(UsageError, match="closed"):
            await bench.client.ping(MAC)

    play(story)


def test_lost_session_is_opened_anew_and_the_request_sent_once_more() -> None:
    async def story(bench: Bench) -> None:
        await bench.client.ping(MAC)
        bench.gateway.sessions.clear()
        await asyncio.gather(*(bench.client.ping(MAC) for _ in range(3)))
        assert bench.gateway.to_sessions() == [POST, POST]

    play(story)


def test_session_that_does_not_help_is_not_authorised() -> None:
    async def story(bench: Bench) -> None:
        bench.gateway.device = lambda _: [Out("4.01", b"no")]
        with pytest.raises(itron.NotAuthorised) as caught:
            await bench.client.ping(MAC)
        assert isinstance(caught.value, itron.TokenRefused)
        assert (caught.value.code, caught.value.status, caught.value.detail) == ("4.01", 401, "no")
        assert len(bench.gateway.to_devices()) == 2

    play(story)


def test_refused_token_is_replaced_once() -> None:
    async def story(bench: Bench) -> None:
        await bench.client.ping(MAC)
        assert bench.given == ["old", "good"]

    play(story, tokens=("old", "good"))


def test_tokens_that_are_all_refused_are_not_tried_for_ever() -> None:
    async def story(bench: Bench) -> None:
        with pytest.raises(itron.NotAuthorised, match="no such token"):
            await bench.client.ping(MAC)
        assert bench.given == ["bad", "bad"]

    play(story, tokens=("bad",))


def test_full_gateway_is_waited_out() -> None:
    async def story(bench: Bench) -> None:
        bench.gateway.on_session = [Out("5.03", options=((fake.AGE, b"\x07"),))]
        await bench.turning(bench.client.ping(MAC), 7.0)
        assert bench.gateway.to_sessions() == [POST, POST]

    play(story)


def test_full_gateway_is_not_waited_out_for_ever() -> None:
    async def story(bench: Bench) -> None:
        bench.gateway.on_session = [Out("5.03", options=((fake.AGE, b"\x79"),))]
        with pytest.raises(itron.GatewayBusy) as caught:
            await bench.client.ping(MAC)
        assert caught.value.retry_after == 121

    play(story)


def test_idle_session_is_renewed_before_its_end() -> None:
    async def story(bench: Bench) -> None:
        await bench.client.ping(MAC)
        bench.clock.turn(0.89 * 14_400)
        await bench.client.ping(MAC)
        bench.clock.turn(0.91 * 14_400)
        await bench.client.ping(MAC)
        assert [seen.method for seen in bench.gateway.seen] == [POST, GET, GET, POST, GET]

    play(story)


@pytest.mark.parametrize(
    ("kinds", "expected"),
    [((ACK,), "piggybacked"), ((CON,), "its own, acknowledged"), ((NON,), "its own"), ((NON, NON), "twice")],
)
def test_answer_after_an_empty_ack_is_found_by_its_token(kinds: tuple[int, ...], expected: str) -> None:
    async def story(bench: Bench) -> None:
        def slow(_: Seen) -> list[Out]:
            late = [Out("2.05", b"Milli5", kind=kind, mid=None if kind == ACK else 7) for kind in kinds]
            return late if ACK in kinds else [Out("0.00", kind=ACK), *late]

        bench.gateway.device = slow
        assert await bench.client.ping(MAC) == "Milli5"
        if CON in kinds:
            await until(lambda: (ACK, 7) in bench.gateway.empties)
        assert all(kind == ACK for kind, _ in bench.gateway.empties), expected

    play(story)


def test_answer_to_a_non_request_may_carry_the_requests_own_message_id() -> None:
    async def story(bench: Bench) -> None:
        bench.gateway.device = lambda seen: [Out("2.05", b"Milli5", mid=seen.mid)]
        answer = await bench.client.get(MAC, confirmable=False)
        assert answer.text == "Milli5"
        assert bench.gateway.seen[-1].kind == NON

    play(story)


def test_answer_of_its_own_ends_the_resending_when_the_ack_was_lost() -> None:
    async def story(bench: Bench) -> None:
        bench.gateway.device = lambda _: [Out("2.05", b"Milli5", kind=NON)]
        await bench.client.ping(MAC)
        sent = len(bench.gateway.to_devices())
        await asyncio.sleep(0.05)
        assert len(bench.gateway.to_devices()) == sent

    play(story, ack_timeout=0.01)


def test_lost_request_is_resent() -> None:
    async def story(bench: Bench) -> None:
        bench.gateway.device = lambda _: [Out("2.05")] if len(bench.gateway.to_devices()) == 2 else None
        await bench.client.ping(MAC)
        first, second = bench.gateway.to_devices()
        assert (first.mid, first.token) == (second.mid, second.token)

    play(story, ack_timeout=0.005)


def test_silent_gateway_is_a_network_error() -> None:
    async def story(bench: Bench) -> None:
        await bench.client.ping(MAC)
        bench.gateway.device = lambda _: None
        with pytest.raises(itron.NetworkError, match="never acknowledged"):
            await bench.client.ping(MAC)

    play(story, ack_timeout=0.001)


def test_port_without_a_gateway_is_a_network_error() -> None:
    async def story(bench: Bench) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        async with itron.AsyncGatewayClient(f"coap://127.0.0.1:{port}", tokens="good") as client:
            with pytest.raises(itron.NetworkError):
                await client.ping(MAC)

    play(story)


def test_device_that_never_answers_is_a_network_error_in_the_vendors_own_time() -> None:
    async def story(bench: Bench) -> None:
        bench.gateway.device = lambda _: [Out("0.00", kind=ACK)]
        with pytest.raises(itron.NetworkError, match="310 s"):
            await bench.turning(bench.client.ping(MAC), 310.0)

    play(story)


def test_request_that_is_given_up_leaves_others_alone() -> None:
    async def story(bench: Bench) -> None:
        await bench.client.ping(MAC)
        bench.gateway.device = lambda seen: None if "gone" in seen.uri else [Out("2.05")]
        task = asyncio.create_task(bench.client.get(MAC, "gone"))
        await until(lambda: len(bench.gateway.to_devices()) == 2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await bench.client.ping(MAC)
        sent = len(bench.gateway.seen)
        await asyncio.sleep(0.02)
        assert len(bench.gateway.seen) == sent, "it is not resent"

    play(story, ack_timeout=0.005)


def test_request_that_is_reset_is_a_network_error() -> None:
    async def story(bench: Bench) -> None:
        bench.gateway.device = lambda _: [Out("0.00", kind=fake.RST)]
        with pytest.raises(itron.NetworkError, match="reset"):
            await bench.client.ping(MAC)

    play(story)


def test_bytes_that_are_no_message_are_passed_over() -> None:
    async def story(bench: Bench) -> None:
        def noisy(seen: Seen) -> list[Out]:
            for noise in (b"", b"\x00", b"\xff" * 9, b"\x41\x45", b"\x60\x45\x00\x01\xff", b"\x5f\x45\x00\x01"):
                bench.gateway.transport.sendto(noise, seen.source)
            return [Out("2.05", b"Milli5")]

        bench.gateway.device = noisy
        assert await bench.client.ping(MAC) == "Milli5"

    play(story)


ERRORS = {
    "4.00": (itron.RequestRefused, itron.BadRequest),
    "4.02": (itron.RequestRefused, itron.BadRequest),
    "4.03": (itron.Forbidden, itron.PermissionDenied),
    "4.04": (itron.ResourceUnknown, itron.NotFound),
    "4.05": (itron.RequestRefused, itron.BadRequest),
    "4.06": (itron.RequestRefused, itron.BadRequest),
    "5.00": (itron.GatewayTrouble, itron.ServerError),
    "5.01": (itron.NotSupported, itron.ServerError),
    "5.02": (itron.DeviceUnknown, itron.ServerError),
    "5.03": (itron.GatewayBusy, itron.ServerError),
    "5.04": (itron.DeviceSilent, itron.ServerError),
    "5.08": (itron.GatewayTrouble, itron.ServerError),
}


@pytest.mark.parametrize("dotted", ERRORS)
def test_error_is_of_its_class_and_says_what_the_answer_says(dotted: str) -> None:
    async def story(bench: Bench) -> None:
        bench.gateway.device = lambda _: [Out(dotted, b"because\n")]
        kind, family = ERRORS[dotted]
        with pytest.raises(kind) as caught:
            await bench.client.read(MAC, Sensor.ECHO)
        assert isinstance(caught.value, family)
        assert isinstance(caught.value, itron.GatewayError)
        assert (caught.value.code, caught.value.detail) == (dotted, "because?")
        assert str(caught.value) == f"GET /snsr/arduino/echo: {dotted} because?"

    play(story)


def test_setting_travels_in_the_query_quoted() -> None:
    async def story(bench: Bench) -> None:
        bench.gateway.device = lambda _: [Out("2.04")]
        await bench.client.write_config(MAC, Sensor.ECHO, "Grüße & more: 1")
        written = bench.gateway.to_devices()[0]
        assert written.uri == f"{URI}/snsr/arduino/echo?cfg=Gr%C3%BC%C3%9Fe%20%26%20more:%201"
        assert (written.method, written.payload) == (PUT, b"")
        assert fake.BLOCK2 not in written.options

    play(story)


def test_setting_is_read_with_its_time() -> None:
    async def story(bench: Bench) -> None:
        bench.gateway.device = lambda _: [Out("2.05", bytes.fromhex("a2006474656d70016c313534303538343938322c46"))]
        config = await bench.client.read_config(MAC, Sensor.TEMPERATURE)
        assert (config.sensor, config.value) == ("temp", "F")
        assert config.at is not None
        assert config.at.timestamp() == 1540584982

    play(story)


def test_unreadable_reading_is_unexpected() -> None:
    async def story(bench: Bench) -> None:
        bench.gateway.device = lambda _: [Out("2.05", b"\xa2\x00")]
        with pytest.raises(itron.UnexpectedResponse, match="cannot be read"):
            await bench.client.read(MAC, "/snsr/arduino/temp")

    play(story)


def test_unwrapped_reading_is_known_by_its_path() -> None:
    async def story(bench: Bench) -> None:
        bench.gateway.device = lambda _: [Out("2.05", b"1540584982,22.50,C")]
        reading = await bench.client.read(MAC, "snsr/arduino/temp")
        assert isinstance(reading, itron.TemperatureReading)
        assert reading.celsius == 22.5

    play(story)


def test_links_of_a_board_and_of_the_gateway_are_read() -> None:
    async def story(bench: Bench) -> None:
        text = b'</sys>;if="sys";title="System";ct=42;rev=1;,</arduino>;if="arduino";title="Arduino Sensors";ct=42;,'
        bench.gateway.device = lambda seen: [Out("2.05", text if fake.PROXY_URI in seen.options else b"</sessions>")]
        assert [link.target for link in await bench.client.discover()] == ["/sessions"]
        assert bench.gateway.to_sessions() == [], "that takes no session"
        assert [(link.target, link.get("title")) for link in await bench.client.discover(MAC)] == [
            ("/sys", "System"),
            ("/arduino", "Arduino Sensors"),
        ]

    play(story)


def test_endpoint_id_goes_along() -> None:
    async def story(bench: Bench) -> None:
        await bench.client.ping(MAC)
        assert bench.gateway.to_devices()[0].options[124] == b"abcd"

    play(story, endpoint_id=b"abcd")


@pytest.mark.parametrize(
    "options",
    [
        {"endpoint_id": b""},
        {"endpoint_id": b"abcde"},
        {"block_size": 100},
        {"client_id": "a"},
        {"tokens": None},
        {"tokens": None, "client_id": "a", "client_secret": "b"},
    ],
)
def test_settings_that_make_no_sense_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        itron.AsyncGatewayClient("coap://127.0.0.1", **TOKENS | options)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1", "coap://", "coap://u@h", "coap://h/path", "coap://h?q", "h", "coaps://h"]
)
def test_address_that_is_no_gateways_is_refused(url: str) -> None:
    with pytest.raises(UsageError):
        itron.AsyncGatewayClient(url, tokens="good")


@pytest.mark.parametrize("mac", ["", "1", MAC + "0", "g" * 16, "../" + MAC[3:], MAC[:-1] + "Ⅷ"])
def test_mac_that_is_none_is_refused(mac: str) -> None:
    async def story(bench: Bench) -> None:
        with pytest.raises(UsageError):
            await bench.client.ping(mac)
        assert bench.gateway.seen == []

    play(story)


def test_mac_may_have_colons() -> None:
    async def story(bench: Bench) -> None:
        await bench.client.ping(":".join(MAC[i : i + 2] for i in range(0, 16, 2)))
        assert bench.gateway.to_devices()[0].uri == f"{URI}/"

    play(story)


def test_query_beyond_its_room_is_refused() -> None:
    async def story(bench: Bench) -> None:
        with pytest.raises(UsageError, match="255"):
            await bench.client.write_config(MAC, Sensor.ECHO, "x" * 252)
        with pytest.raises(UsageError, match="1034"):
            await bench.client.get(MAC, "x" * 1_000)

    play(story)


def test_synchronous_client_reads_observes_and_ends(no_threads_left: None) -> None:
    async def story(bench: Bench) -> None:
        def answers(seen: Seen) -> list[Out]:
            if fake.OBSERVE not in seen.options:
                return [Out("2.05", fake.TEMPERATURE)]
            if seen.options[fake.OBSERVE]:
                return [Out("2.05")]
            return [Out("2.03", options=((6, b"\x00\x00\x03"),)), fake.observed(4), fake.observed(5)]

        bench.gateway.device = answers

        def blocking() -> None:
            with itron.GatewayClient(bench.gateway.url, tokens="good") as client:
                assert client.read(MAC, Sensor.TEMPERATURE).value == 72.5  # type: ignore[union-attr]
                readings = client.observe(MAC, Sensor.TEMPERATURE)
                assert [next(readings).unit, next(readings).unit] == ["F", "F"]  # type: ignore[union-attr]
                readings.close()
                assert list(client.observe(MAC, Sensor.TEMPERATURE, timeout=0.03))[1:]
            with pytest.raises(UsageError):
                client.ping(MAC)
            client.close()

        await asyncio.to_thread(blocking)
        assert bench.gateway.to_sessions() == [POST, DELETE]
        assert [seen.options[fake.OBSERVE] for seen in bench.gateway.to_devices()[1:]] == [b"", b"\x01"] * 2

    play(story)
