"""A line to a CoAP target: one UDP socket, and the standard's patience with networks that lose datagrams.

A confirmable request is sent again as RFC 7252, section 4.2 has it; of messages that come twice one counts. Whatever
comes without having been asked for is the target's fault.
"""

from __future__ import annotations

import random
import socket
import time
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from vendorlab.contracts.core.coap.message import MalformedError, Message, Option, Type, told_options
from vendorlab.contracts.core.errors import UnreachableError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from vendorlab.contracts.core.access import Access
    from vendorlab.contracts.core.transcript import Entry

PORT = 5683
ACK_TIMEOUT, MAX_RETRANSMIT = 2.0, 4
PATIENCE, LOCAL_PATIENCE = 310.0, 30.0
"""Seconds to wait for an answer once its request has been acknowledged: as long as the vendor's own client does."""
NON_ATTEMPTS = 3
"""How often a non-confirmable request is asked anew: nothing says that it arrived."""
QUIET = 0.25
"""Seconds of silence on this machine after which nothing more is on its way."""
_LARGEST = 65_535
_EXCERPT = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of a request.

    Attributes:
        request: What was asked.
        message: The answer.
        early: Whether an empty acknowledgement came first.
    """

    request: Message
    message: Message
    early: bool = False

    @property
    def code(self) -> str:
        """The answer's code."""
        return self.message.code

    @property
    def payload(self) -> bytes:
        """The answer's payload."""
        return self.message.payload

    def check(self, holds: object, expected: str) -> None:
        """Fail unless something holds, telling what was asked, what was answered and what was expected."""
        __tracebackhide__ = True
        if not holds:
            raise AssertionError(f"{told(self.request)} was answered {told(self.message)}; expected {expected}")


@dataclass(slots=True)
class Heard:
    """Whether a target was ever heard, on any line of a run: one that never was is not there.

    Attributes:
        at_all: Whether.
    """

    at_all: bool = False


@dataclass(slots=True)
class _Wait:
    """When to stop waiting for an answer, and when to send again."""

    resend: Sequence[float]
    patience: float
    early: bool = False
    deadlines: deque[float] = field(default_factory=deque[float])

    def start(self, now: float) -> None:
        """Lay out when to send again, and when to give up."""
        for seconds in self.resend:
            now += seconds
            self.deadlines.append(now)

    def acknowledged(self, now: float) -> None:
        """Send no more; wait for the answer alone."""
        if not self.early:
            self.early = True
            self.deadlines = deque([now + self.patience])


class Line:
    """One UDP socket to a target.

    Args:
        access: What may be done to the target.
        heard: Shared by the lines of a run.

    Attributes:
        patience: Seconds to wait for an answer once its request has been acknowledged.
    """

    def __init__(self, access: Access, heard: Heard) -> None:
        self._access = access
        self._heard = heard
        self.patience = LOCAL_PATIENCE if access.target.loopback else PATIENCE
        self._socket = _connected(access.target.url)
        self._random = random.SystemRandom()
        self._mid = self._random.randrange(0x10000)
        self._sent: set[int] = set()
        self._tokens: set[bytes] = set()
        self._watched: set[bytes] = set()
        self._seen: deque[tuple[int, bytes]] = deque(maxlen=1_000)
        self._inbox: deque[Message] = deque()
        self._entry: Entry | None = None

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()

    @property
    def address(self) -> str:
        """This end's address, as ``127.0.0.1:40001``."""
        host, port = self._socket.getsockname()[:2]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    def mid(self) -> int:
        """Return a message ID that this line has not used lately."""
        self._mid = (self._mid + 1) & 0xFFFF
        return self._mid

    def token(self, length: int = 6) -> bytes:
        """Return a token; the vendor's client has six bytes."""
        return self._random.randbytes(length)

    def request(
        self,
        code: str,
        *options: tuple[int, bytes],
        payload: bytes = b"",
        kind: Type = Type.CON,
        token: bytes | None = None,
    ) -> Message:
        """Return a request of this line's own: nothing is sent."""
        return Message(kind, code, self.mid(), self.token() if token is None else token, options, payload)

    def ask(self, request: Message, *, owed: bool = False) -> Answer:
        """Send a request, again if need be, and return its answer.

        Args:
            request: Confirmable or not. One that is not is asked anew, with another message ID, so it should do no
                harm twice.
            owed: It must be sent though the budget be spent.

        Raises:
            AssertionError: There is no answer, it is no CoAP, or something came that nobody asked for.
            UnreachableError: Nothing answers at the target's address.
            BudgetSpentError: The request was one too many.
        """
        __tracebackhide__ = True
        self._entry = self._access.transcript.asked("coap", lambda: told(request))
        answer = None
        for attempt in range(1 if request.type is Type.CON else NON_ATTEMPTS):
            if attempt:
                request = self.request(
                    request.code, *request.options, payload=request.payload, kind=request.type, token=request.token
                )
            self._access.budget.take(owed=owed)
            if self._access.pacer is not None:
                self._access.pacer.wait()
            answer = self._exchange(request)
            if self._access.witness is not None:
                self._access.witness.coap(request, answer.message if answer else None)
            if answer is not None:
                break
        if answer is None:
            if not self._heard.at_all:
                raise UnreachableError(f"target unreachable: nothing answers at {self._access.target.url}")
            raise AssertionError(f"{told(request)} was not answered")
        return answer

    def send(self, datagram: bytes) -> None:
        """Send bytes as they are, and wait for nothing."""
        self._entry = self._access.transcript.asked(
            "coap", lambda: f"{len(datagram)} bytes: {datagram[:_EXCERPT].hex()}"
        )
        self._dispatch(datagram)

    def _dispatch(self, datagram: bytes) -> None:
        if len(datagram) >= 4:
            self._sent.add(int.from_bytes(datagram[2:4]))
            self._tokens.add(datagram[4 : 4 + (datagram[0] & 15)])
        self._put(datagram)

    def receive(self, timeout: float) -> Message | None:
        """Return the next message, whatever it is; None if none comes in time.

        Raises:
            AssertionError: What came is no CoAP.
        """
        if self._inbox:
            return self._inbox.popleft()
        return self._take(time.monotonic() + timeout)

    def expect_silence(self, what: str, seconds: float = QUIET) -> None:
        """Expect that nothing comes; what was asked for long ago may."""
        __tracebackhide__ = True
        deadline = time.monotonic() + seconds
        while (message := self._take(deadline)) is not None:
            self._keep(message)
        if self._inbox:
            raise AssertionError(f"{what}: there came {told(self._inbox[0])}; expected nothing")

    # --- messages that come by themselves ----------------------------------------------------------------------------

    def watch(self, token: bytes) -> None:
        """From now on messages with a token may come by themselves."""
        self._watched.add(token)

    def notification(self, token: bytes, timeout: float) -> Message | None:
        """Return the next message that came by itself with a token; None if none comes in time."""
        deadline = time.monotonic() + timeout
        while True:
            for message in self._inbox:
                if message.token == token:
                    self._inbox.remove(message)
                    return message
            arrived = self._take(deadline)
            if arrived is None:
                return None
            self._keep(arrived)

    # --- the message layer -------------------------------------------------------------------------------------------

    def _exchange(self, request: Message) -> Answer | None:
        """Send a request, be it several times; None if no answer comes."""
        datagram = request.encode()
        confirmable = request.type is Type.CON
        wait = _Wait(
            [ACK_TIMEOUT * 2**each for each in range(MAX_RETRANSMIT + 1)] if confirmable else [self.patience],
            self.patience,
        )
        wait.start(time.monotonic())
        self._dispatch(datagram)
        while wait.deadlines:
            message = self._take(wait.deadlines[0])
            if message is None:
                wait.deadlines.popleft()
                if wait.deadlines:
                    self._put(datagram)
            elif message.type is Type.ACK and message.empty and message.mid == request.mid and confirmable:
                wait.acknowledged(time.monotonic())
            elif self._answers(message, request):
                return Answer(request, message, wait.early)
            else:
                self._keep(message)
        return None

    def _answers(self, message: Message, request: Message) -> bool:
        """Whether a message is the answer to a request; acknowledges it where it asks for that."""
        if message.type in {Type.ACK, Type.RST} and message.mid == request.mid:
            right = message.type is Type.ACK and request.type is Type.CON and message.is_response
            if not right or message.token != request.token:
                raise AssertionError(f"{told(request)} was answered {told(message)}, which is no answer to it")
            return True
        if message.type not in {Type.CON, Type.NON} or message.token != request.token or not message.is_response:
            return False
        if request.token in self._watched and message.value(Option.OBSERVE) is not None and not _registers(request):
            return False  # a notification that crossed the request to end them
        if not self._new(message):
            return False
        self.acknowledge(message)
        return True

    def acknowledge(self, message: Message) -> None:
        """Acknowledge a message if it is confirmable."""
        if message.type is Type.CON:
            self._put(Message(Type.ACK, "0.00", message.mid).encode())

    def reset(self, message: Message) -> None:
        """Tell the target that a message of its is not wanted."""
        self._put(Message(Type.RST, "0.00", message.mid).encode())

    def _new(self, message: Message) -> bool:
        """Whether a message comes for the first time."""
        key = (message.mid, message.token)
        if key in self._seen:
            self.acknowledge(message)
            return False
        self._seen.append(key)
        return True

    def _keep(self, message: Message) -> None:
        """Keep what was not asked for just now, where it may come at all."""
        if message.type in {Type.ACK, Type.RST}:
            if message.mid not in self._sent:
                raise AssertionError(f"there came {told(message)}, and nothing with that message ID was sent")
            return  # an answer that came twice
        if message.token not in self._tokens or not message.is_response:
            raise AssertionError(f"there came {told(message)}, and nobody asked for it")
        if not self._new(message):
            return
        if message.token in self._watched:
            self._inbox.append(message)
        else:
            self.acknowledge(message)  # an answer so late that nobody waits for it any more

    def _take(self, deadline: float) -> Message | None:
        while (left := deadline - time.monotonic()) > 0:
            self._socket.settimeout(left)
            try:
                datagram = self._socket.recv(_LARGEST)
            except TimeoutError:
                return None
            except ConnectionRefusedError as error:
                if self._heard.at_all:
                    continue
                raise UnreachableError(f"target unreachable: {self._access.target.url}: {error}") from error
            self._heard.at_all = True
            try:
                return self._told(Message.decode(datagram))
            except MalformedError as error:
                raise AssertionError(f"there came no CoAP but {datagram[:_EXCERPT].hex()}: {error}") from None
        return None

    def _told(self, message: Message) -> Message:
        if self._entry is not None:
            self._entry.answered(lambda: told(message))
        return message

    def _put(self, datagram: bytes) -> None:
        try:
            self._socket.send(datagram)
        except ConnectionRefusedError as error:  # it is told of an earlier datagram
            if not self._heard.at_all:
                raise UnreachableError(f"target unreachable: {self._access.target.url}: {error}") from error


def told(message: Message) -> str:
    """Return a message as a person reads it."""
    text = f"{message.type.name} {message.code}"
    options = " ".join(told_options(message.options))
    payload = repr(message.payload[:_EXCERPT])[1:] if message.payload else "empty"
    return " ".join(part for part in (text, f"[{options}]" if options else "", payload) if part)


def _registers(request: Message) -> bool:
    return request.uint(Option.OBSERVE) == 0


def _connected(url: str) -> socket.socket:
    """Return a socket that hears the target and nobody else."""
    parts = urlsplit(url)
    try:
        found = socket.getaddrinfo(parts.hostname, parts.port or PORT, type=socket.SOCK_DGRAM)
    except OSError as error:
        raise UnreachableError(f"target unreachable: {url}: {error}") from error
    family, kind, protocol, _, address = found[0]
    opened = socket.socket(family, kind, protocol)
    opened.connect(address)
    return opened
