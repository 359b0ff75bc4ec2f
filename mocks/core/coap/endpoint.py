"""The endpoint: takes datagrams, asks a handler, and sees to everything that RFC 7252 wants between the two.

No socket, no thread and no clock of its own: whoever drives it hands in datagrams, line time, chance and a way to
send, and calls ``run`` when ``next_due`` says so. Whatever comes in, nothing is raised.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Hashable
from typing import TYPE_CHECKING

from .blockwise import Block, Blocks
from .codes import METHODS, Type
from .errors import CoapError, MethodNotAllowedError, ProxyingNotSupportedError, TooManyRequestsError, UnavailableError
from .exchange import WAITING, Exchange, State
from .memory import Memory
from .message import Malformed, Message, decode
from .observe import End, Observations
from .options import NONE, Option, Options
from .outbox import Outbox, Outcome
from .peers import Peer, Peers
from .requests import Answered, Outgoing, Requests, Verdict
from .response import Response, refusal
from .rules import bad_option, next_hop_limit, refused_by_origin, refused_by_proxy
from .stats import Stats
from .timers import Schedule
from .transmission import Limits, Transmission

if TYPE_CHECKING:
    import random

_CON, _NON, _ACK, _RST = Type.CON, Type.NON, Type.ACK, Type.RST
_log = logging.getLogger("vendorlab")

Handler = Callable[[Message, Exchange], Response | None]
"""Answers a request; or returns None and answers later by the exchange. It may raise a ``CoapError``."""

Told = Callable[[Exchange, Response | None], None]
"""Hears how a request was answered; the block that was sent, if it was sent in blocks."""

UNDERSTOOD = frozenset(
    {
        Option.URI_HOST,
        Option.URI_PORT,
        Option.URI_PATH,
        Option.URI_QUERY,
        Option.ACCEPT,
        Option.BLOCK1,
        Option.BLOCK2,
        Option.PROXY_URI,
        Option.PROXY_SCHEME,
    }
)
"""The critical options that a handler is taken to understand; it says so itself where it heeds conditions too."""

_ADORNED = frozenset({Option.BLOCK1, Option.BLOCK2, Option.NO_RESPONSE})
"""Options of a request that say how its answer is sent."""

RETRY_AFTER = 1
"""Seconds of Max-Age with a refusal for want of room."""


def _nothing() -> None:
    """For who need not be told."""


class Endpoint:
    """A CoAP endpoint, server and client at once.

    Args:
        handle: answers requests.
        now: line time in seconds, never going back.
        chance: seeded; spreads repetitions, and begins message IDs and tokens.
        send: puts a datagram on the line to an address.
        woken: called when ``next_due`` became an earlier time.
        transmission: the timers.
        limits: the bounds.
        understood: the critical options that the handler heeds.
        proxy: hand requests with Proxy-Uri or Proxy-Scheme to the handler, too; otherwise they get 5.05.
        admit: asked with the first block of an upload before any of it is kept; what it returns or raises is the
            answer, and None lets the upload go on.
        told: hears once of every request how it was answered, by the handler or by the engine itself, as for a journal;
            None stands for a rejection or for silence.
    """

    def __init__(
        self,
        handle: Handler,
        *,
        now: Callable[[], float],
        chance: random.Random,
        send: Callable[[bytes, Hashable], object],
        woken: Callable[[], None] = _nothing,
        transmission: Transmission | None = None,
        limits: Limits | None = None,
        understood: frozenset[int] = UNDERSTOOD,
        proxy: bool = False,
        admit: Handler | None = None,
        told: Told | None = None,
    ) -> None:
        self.transmission = transmission or Transmission()
        self.limits = limits or Limits()
        self.now = now
        self.told = told
        self.stats = Stats()
        self.lifetime = self.transmission.exchange_lifetime
        self._lifetimes = (self.lifetime, self.transmission.non_lifetime)
        self._handle = handle
        self._put = send
        self._understood = understood
        self._proxy = proxy
        self._admit = admit
        self._open: dict[int, Exchange] = {}
        self._held = 0
        self.schedule = Schedule(woken)
        self.peers = Peers(self.limits, self.transmission, chance)
        self.memory = Memory(self.limits, self.lifetime)
        self.blocks = Blocks(self.limits, self.lifetime)
        self.block_size = self.blocks.size
        self.outbox = Outbox(self.transmission, chance, self.schedule, now, self.send)
        self.observations = Observations(
            self.limits, self.transmission, self.outbox, self.schedule, self.blocks, now, self.send
        )
        self.requests = Requests(self.limits, self.transmission, self.outbox, self.schedule, chance, now, self.send)

    # --- driving -------------------------------------------------------------------------------------------------

    def receive(self, data: bytes, address: Hashable) -> None:
        """A datagram has come."""
        now = self.now()
        stats = self.stats
        stats.received += 1
        peer = self.peers.fresh.get(address) or self.peers.find(address, now)
        if peer is None:
            stats.crowded += 1
            return
        if peer.credit <= 0 and not peer.refill(self.limits.rate, now):
            stats.limited += 1
            return
        peer.credit -= 1
        message = decode(data)
        if isinstance(message, Malformed):
            self._malformed(peer, message)
            return
        code, kind = message.code, message.type
        if kind is _CON or kind is _NON:
            if not code:
                self._ping(peer, message)
                return
            key = peer.base + message.mid
            memory = self.memory
            if (key in memory.fresh or key in memory.old or key in self._open) and self._again(peer, message, key, now):
                stats.repeated += 1
            elif code < 0x20:
                self._request(Exchange(self, peer, message, key, now), message)
            else:
                self._answered(peer, message, key, now)
        elif not code:
            self._settled(peer.base + message.mid, Outcome.ACKNOWLEDGED if kind is _ACK else Outcome.RESET)
        elif kind is _ACK and code >= 0x40:
            self._answered(peer, message, peer.base + message.mid, now)
        else:
            stats.unknown += 1

    def next_due(self) -> float | None:
        """When to call ``run``, in line time; None for as long as nothing waits."""
        return self.schedule.next_due()

    def run(self) -> None:
        """Do what is due."""
        self.schedule.run(self.now())

    # --- asking and telling --------------------------------------------------------------------------------------

    def request(
        self,
        address: Hashable,
        code: int,
        options: Options = NONE,
        payload: bytes = b"",
        *,
        answered: Answered,
        type_: Type = Type.CON,
        token: bytes | None = None,
        timeout: float | None = None,
    ) -> Outgoing | None:
        """Ask another endpoint.

        Args:
            address: where.
            code: the method.
            options: what. With Observe 0 it goes on hearing of news until it is cancelled.
            payload: with it, in one piece; ``transfer`` sends more.
            answered: gets each answer as a ``Message``, or once a ``RequestError``.
            type_: CON or NON.
            token: to give up an observation or to match another's; by default one that is not in use.
            timeout: seconds until there must be an answer; by default EXCHANGE_LIFETIME.

        Returns:
            What can be cancelled; None when there was no room, which ``answered`` has heard.
        """
        return self.requests.start(
            self.peers.find(address, self.now()),
            Message(type_, code, 0, token or b"", options, payload),
            answered,
            timeout or self.lifetime,
            chosen=token is not None,
        )

    def notify(self, topic: Hashable, response: Response, type_: Type | None = None) -> int:
        """Tell everybody who observes a topic of its new state; returns how many."""
        return self.observations.notify(topic, response, type_)

    def forget(self, address: Hashable) -> None:
        """End what a peer observes, without a word."""
        peer = self.peers.known(address)
        if peer is not None:
            self.observations.end_all(peer)

    def close(self, exchange: Exchange, key: int, first: bytes, second: bytes) -> None:
        """An exchange is over, and a repeated request gets this again."""
        if exchange.held:
            exchange.held = False
            exchange.peer.open -= 1
            self._held -= 1
            self.schedule.cancel(exchange)
            if self._open.get(key) is exchange:
                del self._open[key]
        until = exchange.arrived + self._lifetimes[exchange.request.type is not _CON]
        now = self.now()
        if now < until:  # afterwards the same ID may mean another request, whose answer must stay
            self.memory.keep(key, until, first, second, now)

    def hold(self, exchange: Exchange) -> None:
        """An exchange waits for its handler: for an acknowledgement, and then as long as it may."""
        if not exchange.held:
            exchange.held = True
            exchange.peer.open += 1
            self._held += 1
            self._open[exchange.peer.base + exchange.request.mid] = exchange
        waits = exchange.request.type is _CON and exchange.state is State.OPEN
        after = self.transmission.acknowledge_after if waits else self.limits.longest_exchange
        self.schedule.set(exchange, exchange.arrived + after)

    def send(self, data: bytes, address: Hashable) -> None:
        """Put a datagram on the line."""
        self.stats.sent += 1
        self._put(data, address)

    def reject(self, peer: Peer, mid: int) -> bool:
        """Send a rejection, unless the peer has had too many just now."""
        if not peer.may_be_reset(self.limits.resets, self.now()):
            return False
        self.send(bytes((0x70, 0)) + mid.to_bytes(2, "big"), peer.address)
        return True

    # --- the message layer ---------------------------------------------------------------------------------------

    def _malformed(self, peer: Peer, found: Malformed) -> None:
        """Reject what asks for an acknowledgement and cannot be read; pass over the rest: section 4.2 and 4.3."""
        self.stats.malformed += 1
        if found.type is _CON:
            self.reject(peer, found.mid)

    def _ping(self, peer: Peer, message: Message) -> None:
        """An empty confirmable message asks whether anybody is there: section 4.3."""
        if message.type is _CON:
            self.reject(peer, message.mid)

    def _again(self, peer: Peer, message: Message, key: int, now: float) -> bool:
        """Whether the message has come before; then it gets what it got then, and is not acted upon."""
        seen = self.memory.find(key, now)
        if seen is not None:
            # Section 4.5: a repeated message that is not confirmable is passed over.
            if message.type is _CON:
                for data in seen[1:]:
                    if data:
                        self.send(data, peer.address)
            return True
        exchange = self._open.get(key)
        if exchange is None or now >= exchange.arrived + self._lifetimes[message.type is not _CON]:
            return False
        exchange.repeated()
        return True

    def _settled(self, key: int, outcome: Outcome) -> None:
        """An empty acknowledgement, or a rejection."""
        if self.outbox.settle(key, outcome):
            return
        if outcome is Outcome.RESET and (self.observations.rejected(key) or self.requests.rejected(key)):
            return
        self.stats.unknown += 1

    def _answered(self, peer: Peer, message: Message, key: int, now: float) -> None:
        """An answer to a request of ours, or to nothing that we know."""
        verdict = self.requests.answered(peer, message)
        if message.type is _ACK:
            self.stats.unknown += verdict is not Verdict.TAKEN
        elif verdict is Verdict.TAKEN:
            ack = b""
            if message.type is _CON:
                ack = bytes((0x60, 0)) + message.mid.to_bytes(2, "big")
                self.send(ack, peer.address)
            self.memory.keep(key, now + self._lifetimes[message.type is not _CON], ack, b"", now)
        else:
            self.stats.unknown += verdict is Verdict.UNKNOWN
            self.reject(peer, message.mid)

    # --- requests ------------------------------------------------------------------------------------------------

    def _request(self, exchange: Exchange, message: Message) -> None:
        try:
            options = message.options
            if not self._held and self._is_plain(options) and message.code in METHODS:
                response = self._handle(message, exchange)
            else:
                response = self._checked(message, exchange)
        except CoapError as error:
            response = refusal(error)
        except Exception:  # noqa: BLE001
            # A mistake of ours must neither stop the reader nor pass unseen.
            _log.exception("vendorlab made a mistake in a CoAP handler")
            self.stats.defects += 1
            response = refusal(CoapError())
        if response is not None:
            exchange.reply(response)
        elif exchange.state in WAITING and not exchange.held:
            self.hold(exchange)

    def _checked(self, request: Message, exchange: Exchange) -> Response | None:
        """A request that the engine itself has to look at before its handler may."""
        if exchange.peer.open >= self.limits.exchanges_per_peer:
            raise TooManyRequestsError("too many requests at once", RETRY_AFTER)
        if self._held >= self.limits.exchanges:
            raise UnavailableError("too many requests at once", RETRY_AFTER)
        if request.code not in METHODS:
            raise MethodNotAllowedError("not a method that is known")
        options = request.options
        if self._is_plain(options):
            return self._handle(request, exchange)
        if not self._heeded(request, options.proxied):
            exchange.reset()
            return None
        if options.uint(Option.OBSERVE) == 1:
            observation = self.observations.find(exchange.peer, request.token)
            if observation is not None:
                observation.cancel(End.DEREGISTERED)
        exchange.special = not _ADORNED.isdisjoint(options.values)
        if exchange.special:
            return self._in_blocks(request, exchange)
        return self._handle(request, exchange)

    def _is_plain(self, options: Options) -> bool:
        """Whether a request is nobody's business but the handler's."""
        return options.plain and options.critical <= self._understood and (self._proxy or not options.proxied)

    def _heeded(self, request: Message, proxied: bool) -> bool:
        """Whether the options allow for an answer; False to reject, as section 5.4.1 has it for some requests."""
        options = request.options
        if proxied and not self._proxy:
            raise ProxyingNotSupportedError("not a proxy")
        if options.unrecognised or not options.critical <= self._understood:
            refused = (refused_by_proxy if proxied else refused_by_origin)(options, self._understood)
            if refused and not proxied and request.type is _NON:
                return False
            if refused:
                raise bad_option(refused)
        if proxied and Option.HOP_LIMIT in options.values:
            next_hop_limit(options)
        return True

    def _in_blocks(self, request: Message, exchange: Exchange) -> Response | None:
        """Ask the handler, once the request is whole, and unless the answer is there already."""
        peer, now = exchange.peer, exchange.arrived
        block = Block.of(request.options, Option.BLOCK1)
        if block is not None:
            exchange.block1 = block._replace(szx=min(block.szx, self.limits.block_szx))
            if self._admit is not None and block.number == 0 and block.more:
                refused = self._admit(request, exchange)
                if refused is not None:
                    return refused
            taken = self.blocks.collect(peer, request, block, now)
            if isinstance(taken, Response):
                return taken
            exchange.request = request = taken
        exchange.block2 = block = Block.of(request.options, Option.BLOCK2)
        if block is not None and block.number:
            kept = self.blocks.kept(peer, request, block, now)
            if kept is not None:
                return kept
        return self._handle(request, exchange)
