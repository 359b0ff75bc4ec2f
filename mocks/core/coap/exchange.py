"""One request of somebody else's, from its arrival to its answer, and how that goes over the line.

A request that its handler answers at once is answered in the acknowledgement. One that takes longer is acknowledged
empty, and its answer follows in a message of its own (RFC 7252, section 5.2). What devices do against the rules can be
done on purpose: any type and message ID, an acknowledgement that nothing follows, silence.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

from .codes import Type, is_success
from .errors import CoapError
from .message import encode
from .observe import DEFAULT, End, Manner, Observation
from .options import Option
from .outbox import Outcome
from .response import Response, refusal
from .rules import is_unwanted

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

    from .blockwise import Block
    from .endpoint import Endpoint
    from .message import Message
    from .peers import Peer

_CON, _NON, _ACK, _RST = Type.CON, Type.NON, Type.ACK, Type.RST


class State(IntEnum):
    """Where an exchange stands."""

    OPEN = 0
    ACKNOWLEDGED = 1
    ANSWERED = 2
    SILENT = 3


NEXT: dict[State, frozenset[State]] = {
    State.OPEN: frozenset({State.ACKNOWLEDGED, State.ANSWERED, State.SILENT}),
    State.ACKNOWLEDGED: frozenset({State.ANSWERED, State.SILENT}),
    State.ANSWERED: frozenset(),
    State.SILENT: frozenset(),
}
"""What may follow what. Whoever comes too late is told so by a False, for the engine may have given up meanwhile."""

WAITING = frozenset(state for state, following in NEXT.items() if following)
"""States in which an answer may still come."""

_OPEN, _ACKNOWLEDGED, _ANSWERED, _SILENT = State

_USUAL = {(True, _OPEN): _ACK, (True, _ACKNOWLEDGED): _CON, (False, _OPEN): _NON}
"""The type of an answer, by whether the request was confirmable and where the exchange stands: section 5.2."""


class Exchange:
    """What a handler is given besides the request.

    Attributes:
        peer: who asks; ``peer.address`` is where.
        request: what is asked, put together if it came in blocks.
        state: where it stands.
        arrived: when, in line time.
        held: whether it waits for its handler.
        special: whether blocks, an observation or No-Response have a say in how it is answered.
        block1: the block that it came in, when it came in several.
        block2: the block of the answer that is asked for.
        due: when it is next looked at.
        observation: what the request registered, if it did.
    """

    # Most exchanges are over before they need any of these, and every request makes one: so they are the class's.
    state = State.OPEN
    due: float | None = None
    held = False
    special = False
    block1: Block | None = None
    block2: Block | None = None
    observation: Observation | None = None
    _delivered: Callable[[Outcome], None] | None = None

    def __init__(self, endpoint: Endpoint, peer: Peer, request: Message, key: int, arrived: float) -> None:
        self._endpoint = endpoint
        self._key = key
        self.peer = peer
        self.request = request
        self.arrived = arrived

    # --- what handlers do ----------------------------------------------------------------------------------------

    def reply(
        self,
        response: Response,
        *,
        type_: Type | None = None,
        mid: int | None = None,
        delivered: Callable[[Outcome], None] | None = None,
    ) -> bool:
        """Answer; False when it is too late for that.

        Args:
            response: the answer.
            type_: of the message; by default what RFC 7252 has: in the acknowledgement, or as the request came.
            mid: the message ID; by default the acknowledged one, or one of our own.
            delivered: hears what became of an answer in a confirmable message of its own.
        """
        state = self.state
        if _ANSWERED not in NEXT[state]:
            return False
        request = self.request
        if state is _OPEN and type_ is None and not self.special and request.type is _CON:
            endpoint = self._endpoint
            if len(response.payload) <= endpoint.block_size:  # the way of almost all answers, and so the short one
                self.state = _ANSWERED
                data = encode(_ACK, response.code, request.mid, request.token, response.options.wire, response.payload)
                endpoint.close(self, self._key, data, b"")
                if endpoint.told is not None:
                    endpoint.told(self, response)
                endpoint.send(data, self.peer.address)
                return True
        return self._reply(response, type_, mid, delivered)

    def fail(self, error: CoapError) -> bool:
        """Answer with a refusal; False when it is too late for that."""
        return self.reply(refusal(error))

    def acknowledge(self) -> bool:
        """Send the empty acknowledgement now; False when there is nothing to acknowledge."""
        if self.request.type is not _CON or _ACKNOWLEDGED not in NEXT[self.state]:
            return False
        self.state = _ACKNOWLEDGED
        self._endpoint.send(self._ack(), self.peer.address)
        return True

    def silent(self) -> bool:
        """Never answer, nor acknowledge what has not been; False when it is too late for that."""
        if _SILENT not in NEXT[self.state]:
            return False
        self._end(self._ack() if self.state is _ACKNOWLEDGED else b"")
        self.state = _SILENT
        self._tell(None)
        return True

    def reset(self) -> bool:
        """Reject the request as one that makes no sense here; False when it is too late for that."""
        if self.state is not _OPEN:
            return False
        self.state = _ANSWERED
        rst = bytes((0x70, 0)) + self.request.mid.to_bytes(2, "big")
        if self._endpoint.reject(self.peer, self.request.mid):
            self._end(rst)
        else:
            self._end(b"")
        self._tell(None)
        return True

    def observe(
        self,
        topic: Hashable,
        manner: Manner = DEFAULT,
        ended: Callable[[Observation, End], None] | None = None,
    ) -> Observation | None:
        """Register whoever asked for a topic, if that was asked for and there is room; else None.

        A successful answer then carries the observation's first number.
        """
        if self.request.options.uint(Option.OBSERVE) != 0:
            return None
        self.special = True
        self.observation = self._endpoint.observations.register(self.peer, self.request, topic, manner, ended)
        return self.observation

    def notify(self, response: Response, type_: Type | None = None) -> None:
        """Send a new state to whoever asked, if this registered an observation."""
        if self.observation is not None:
            self.observation.notify(response, type_)

    # --- what the endpoint does ----------------------------------------------------------------------------------

    def repeated(self) -> None:
        """The request has come again before it was answered."""
        if self.state is _ACKNOWLEDGED:
            self._endpoint.send(self._ack(), self.peer.address)

    def fire(self) -> None:
        """The handler takes its time: acknowledge; or it has had all the time there is."""
        if self.state is _OPEN and self.acknowledge():
            self._endpoint.hold(self)
        else:
            self.silent()

    def settled(self, outcome: Outcome) -> None:
        """What became of an answer in a confirmable message of its own."""
        if outcome is not Outcome.ACKNOWLEDGED and self.observation is not None:
            self.observation.cancel(End.RESET if outcome is Outcome.RESET else End.TIMED_OUT)
        if self._delivered is not None:
            self._delivered(outcome)

    def renewed(self) -> tuple[int, bytes] | None:
        """An answer is repeated as it is."""
        return None

    # --- inside --------------------------------------------------------------------------------------------------

    def _reply(
        self, response: Response, type_: Type | None, mid: int | None, delivered: Callable[[Outcome], None] | None
    ) -> bool:
        request, state = self.request, self.state
        unwanted = False
        if self.special or len(response.payload) > self._endpoint.block_size:
            response = self._dressed(response)
            unwanted = is_unwanted(request.options, response.code)
        self.state = _ANSWERED
        if delivered is not None:
            self._delivered = delivered
        if type_ is None:
            type_ = _USUAL[request.type is _CON, state]
        self._tell(response)  # before it leaves: whoever has the answer may ask what was told of it
        if unwanted:
            # A confirmable request is acknowledged all the same: RFC 7967, section 2.
            ack = self._ack() if request.type is _CON else b""
            if ack and state is _OPEN:
                self._endpoint.send(ack, self.peer.address)
            self._end(ack)
        elif type_ is _ACK or type_ is _RST:
            mid = request.mid if mid is None else mid
            data = encode(type_, response.code, mid, request.token, response.options.wire, response.payload)
            endpoint = self._endpoint
            endpoint.close(self, self._key, data, b"")
            endpoint.send(data, self.peer.address)
        else:
            self._separate(response, type_, mid, acknowledged=state is _ACKNOWLEDGED)
        return True

    def _dressed(self, response: Response) -> Response:
        """The answer with what blocks and observation add to it."""
        endpoint = self._endpoint
        try:
            response = endpoint.blocks.answer(self.peer, self.request, response, self.block2, endpoint.now())
        except CoapError as error:
            response = refusal(error)
        observation = self.observation
        if observation is not None and observation.live:
            if not is_success(response.code):
                observation.cancel(End.ERROR)
            elif Option.OBSERVE not in response.options:
                number = (Option.OBSERVE, observation.next_number())
                response = response._replace(options=response.options.with_(number))
        if self.block1 is not None and Option.BLOCK1 not in response.options:
            response = response._replace(options=response.options.with_((Option.BLOCK1, self.block1.value)))
        return response

    def _separate(self, response: Response, type_: Type, mid: int | None, *, acknowledged: bool) -> None:
        endpoint, peer = self._endpoint, self.peer
        first = self._ack() if acknowledged else b""
        if mid is None:
            mid = peer.next_mid(endpoint.lifetime, endpoint.now())
        if mid is None:
            endpoint.stats.unsent += 1
            self._end(first)
            return
        if type_ is _CON and not endpoint.observations.may_wait:
            type_ = _NON
        data = encode(type_, response.code, mid, self.request.token, response.options.wire, response.payload)
        if type_ is _CON:
            self._end(first)
            endpoint.outbox.post(peer, mid, data, self)
            return
        # Nobody repeats this one by itself, so it goes again with what acknowledged a request that is repeated.
        self._end(first, data if self.request.type is _CON else b"")
        endpoint.send(data, peer.address)

    def _tell(self, response: Response | None) -> None:
        if self._endpoint.told is not None:
            self._endpoint.told(self, response)

    def _ack(self) -> bytes:
        return bytes((0x60, 0)) + self.request.mid.to_bytes(2, "big")

    def _end(self, first: bytes, second: bytes = b"") -> None:
        """Over: from now on a repeated request gets what is said here."""
        self._endpoint.close(self, self._key, first, second)
