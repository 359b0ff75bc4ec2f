"""The suites' line to a CoAP target: what it sends again, what it takes for an answer, and what for a fault."""

from __future__ import annotations

import socket
import threading
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.core.access import Access
from vendorlab.contracts.core.coap import line as lines
from vendorlab.contracts.core.coap.line import Answer, Heard, Line, told
from vendorlab.contracts.core.coap.message import Message, Option, Type
from vendorlab.contracts.core.errors import BudgetSpentError, UnreachableError
from vendorlab.contracts.core.target import Target

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable

    Script = Callable[[Message, int], Iterable[bytes]]


class Server:
    """Answers by a script, which sees each message and how often it came."""

    def __init__(self, script: Script) -> None:
        self.heard: list[Message] = []
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.address: tuple[str, int] = self.socket.getsockname()
        self._script = script
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        times: Counter[Message] = Counter()
        while True:
            datagram, peer = self.socket.recvfrom(65_535)
            if peer == self.address:
                return
            message = Message.decode(datagram)
            self.heard.append(message)
            times[message] += 1
            for answer in self._script(message, times[message]):
                self.socket.sendto(answer, peer)

    def close(self) -> None:
        self.socket.sendto(b"", self.address)
        self._thread.join()
        self.socket.close()


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "ACK_TIMEOUT", 0.02)
    monkeypatch.setattr(lines, "LOCAL_PATIENCE", 0.1)


@contextmanager
def talking(script: Script, *, budget: int | None = None) -> Generator[tuple[Line, Server]]:
    server = Server(script)
    access = Access(Target("itron-coap", f"coap://127.0.0.1:{server.address[1]}"), budget=budget)
    line = Line(access, Heard())
    try:
        yield line, server
    finally:
        line.close()
        server.close()
        access.close()


def piggybacked(message: Message, code: str = "2.05") -> bytes:
    return Message(Type.ACK, code, message.mid, message.token, (), b"x").encode()


def empty(kind: Type, message: Message) -> bytes:
    return Message(kind, "0.00", message.mid).encode()


def own(message: Message, kind: Type, mid: int, *options: tuple[int, bytes]) -> bytes:
    return Message(kind, "2.05", mid, message.token, options, b"x").encode()


def is_request(message: Message) -> bool:
    return message.code[0] == "0" and not message.empty


# --- answers ---------------------------------------------------------------------------------------------------------


def test_answer_in_the_acknowledgement_is_taken() -> None:
    with talking(lambda message, _: [piggybacked(message)]) as (line, server):
        answer = line.ask(line.request("0.01"))
    assert (answer.code, answer.payload, answer.early) == ("2.05", b"x", False)
    assert len(server.heard) == 1


def test_separate_answer_is_acknowledged() -> None:
    def script(message: Message, _: int) -> list[bytes]:
        return [empty(Type.ACK, message), own(message, Type.CON, 7)] if is_request(message) else []

    with talking(script) as (line, server):
        answer = line.ask(line.request("0.01"))
        assert (answer.code, answer.early, answer.message.mid) == ("2.05", True, 7)
    assert (server.heard[-1].type, server.heard[-1].mid, server.heard[-1].code) == (Type.ACK, 7, "0.00")


def test_confirmable_request_is_sent_again_until_it_is_acknowledged() -> None:
    with talking(lambda message, times: [piggybacked(message)] if times == 3 else []) as (line, server):
        line.ask(line.request("0.01"))
    assert len(server.heard) == 3
    assert len(set(server.heard)) == 1


def test_request_that_is_acknowledged_is_not_sent_again() -> None:
    def script(message: Message, _: int) -> list[bytes]:
        return [empty(Type.ACK, message)]

    with talking(script) as (line, server), pytest.raises(AssertionError, match="was not answered"):
        line.ask(line.request("0.01"))
    assert len(server.heard) == 1


def test_other_request_is_asked_anew_with_another_message_id() -> None:
    with talking(lambda message, _: [own(message, Type.NON, 9)] if len(server.heard) == 2 else []) as (line, server):
        answer = line.ask(line.request("0.01", kind=Type.NON))
    assert answer.message.mid == 9
    first, second = server.heard
    assert (first.token, first.options) == (second.token, second.options)
    assert first.mid != second.mid


def test_answer_that_comes_twice_counts_once() -> None:
    def script(message: Message, _: int) -> list[bytes]:
        return [own(message, Type.CON, 7)] * 2 if is_request(message) else []

    with talking(script) as (line, server):
        line.ask(line.request("0.01"))
        line.ask(line.request("0.01"))
        line.expect_silence("nothing more")
    assert [each.code for each in server.heard].count("0.00") >= 3


# --- what is held against a target -----------------------------------------------------------------------------------


NO_ANSWERS: dict[str, tuple[Callable[[Message], bytes], str]] = {
    "text": (lambda _: b"no CoAP at all", "there came no CoAP but 6e6f"),
    "reset": (lambda asked: empty(Type.RST, asked), "which is no answer to it"),
    "another token": (lambda asked: Message(Type.ACK, "2.05", asked.mid, b"other").encode(), "no answer to it"),
    "a request in it": (lambda asked: Message(Type.ACK, "0.01", asked.mid, asked.token).encode(), "no answer to it"),
    "another message ID": (
        lambda asked: Message(Type.ACK, "2.05", asked.mid ^ 1, asked.token).encode(),
        "nothing with that message ID",
    ),
    "what was asked": (lambda asked: asked.encode(), "nobody asked for it"),
    "of nobody's": (lambda _: Message(Type.NON, "2.05", 1, b"other").encode(), "nobody asked for it"),
    "a ping": (lambda _: Message(Type.CON, "0.00", 1).encode(), "nobody asked for it"),
}


@pytest.mark.parametrize("kind", NO_ANSWERS)
def test_what_is_no_answer_is_the_targets_fault(kind: str) -> None:
    answer, message = NO_ANSWERS[kind]
    with talking(lambda asked, _: [answer(asked)]) as (line, _), pytest.raises(AssertionError, match=message):
        line.ask(line.request("0.01"))


def test_acknowledgement_of_a_request_that_asked_for_none_is_the_targets_fault() -> None:
    with talking(lambda asked, _: [piggybacked(asked)]) as (line, _), pytest.raises(AssertionError, match="no answer"):
        line.ask(line.request("0.01", kind=Type.NON))


def test_silence_is_broken_by_what_nobody_asked_for() -> None:
    with talking(lambda asked, _: [piggybacked(asked), own(asked, Type.NON, 5)]) as (line, _):
        request = line.request("0.01")
        line.watch(request.token)
        line.ask(request)
        with pytest.raises(AssertionError, match="after that: there came NON"):
            line.expect_silence("after that")


def test_answer_tells_what_was_asked_and_what_was_expected() -> None:
    asked = Message(Type.CON, "0.01", 1, b"", ((Option.URI_PATH, b"sessions"),))
    answer = Answer(asked, Message(Type.ACK, "4.04", 1, b"", (), b"none"))
    with pytest.raises(AssertionError) as failed:
        answer.check(False, "2.05")
    assert str(failed.value) == "CON 0.01 [URI_PATH=sessions] empty was answered ACK 4.04 'none'; expected 2.05"
    assert told(answer.message) == "ACK 4.04 'none'"


# --- nobody there ----------------------------------------------------------------------------------------------------


def test_target_that_was_never_heard_is_unreachable() -> None:
    with (
        talking(lambda message, times: []) as (line, server),
        pytest.raises(UnreachableError, match="nothing answers at coap://"),
    ):
        line.ask(line.request("0.01"))
    assert len(server.heard) == 5


def test_closed_port_is_unreachable() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    access = Access(Target("itron-coap", f"coap://127.0.0.1:{port}"))
    line = Line(access, Heard())
    with pytest.raises(UnreachableError, match=str(port)):
        line.ask(line.request("0.01"))
    line.close()
    access.close()


def test_target_that_falls_silent_is_wrong() -> None:
    with talking(lambda message, _: [piggybacked(message)] if len(server.heard) == 1 else []) as (line, server):
        line.ask(line.request("0.01"))
        with pytest.raises(AssertionError, match="was not answered"):
            line.ask(line.request("0.01"))


def test_requests_count_against_the_budget_and_those_that_are_owed_do_not_stop_at_it() -> None:
    with talking(lambda message, _: [piggybacked(message)], budget=1) as (line, _):
        line.ask(line.request("0.01"))
        with pytest.raises(BudgetSpentError):
            line.ask(line.request("0.01"))
        line.ask(line.request("0.01"), owed=True)


# --- observing -------------------------------------------------------------------------------------------------------


def test_notifications_are_kept_apart_from_answers_and_from_each_other() -> None:
    number = (Option.OBSERVE.value, b"\x04")

    def script(message: Message, _: int) -> list[bytes]:
        if message.value(Option.OBSERVE) == b"\x01":  # a notification crosses the request to end them
            return [own(message, Type.NON, 3, number), piggybacked(message)]
        return [piggybacked(message), own(message, Type.NON, 2, number), own(message, Type.NON, 2, number)]

    with talking(script) as (line, _):
        token = line.token()
        line.watch(token)
        line.ask(line.request("0.01", (Option.OBSERVE, b""), token=token))
        first = line.notification(token, 1.0)
        assert first is not None
        assert first.mid == 2
        assert line.notification(token, 0.02) is None
        answer = line.ask(line.request("0.01", (Option.OBSERVE, b"\x01"), token=token))
        assert answer.message.type is Type.ACK
        second = line.notification(token, 1.0)
        assert second is not None
        assert second.mid == 3
