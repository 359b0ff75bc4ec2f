"""The numbers that an endpoint goes by: the timers of RFC 7252, section 4.8, and the bounds of everything it keeps."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Transmission:
    """Transmission parameters, in seconds of line time; the derived ones follow from them (section 4.8.2).

    Attributes:
        ack_timeout: how long at least to wait for an acknowledgement before the first repetition.
        ack_random_factor: at most how many times that.
        max_retransmit: repetitions; each waits twice as long as the one before.
        nstart: requests of ours under way to one peer at once; notifications do not count (see ``observe``).
        max_latency: the longest that a datagram may be on its way.
        acknowledge_after: how long a handler may take before an empty acknowledgement goes ahead of its answer.
    """

    ack_timeout: float = 2.0
    ack_random_factor: float = 1.5
    max_retransmit: int = 4
    nstart: int = 1
    max_latency: float = 100.0
    acknowledge_after: float = 1.0

    def __post_init__(self) -> None:
        if self.ack_timeout <= 0 or self.acknowledge_after < 0 or self.max_latency < 0:
            raise ValueError("a time-out lies above zero, and no other time below it")
        if self.ack_random_factor < 1 or self.max_retransmit < 0 or self.nstart < 1:
            raise ValueError("ack_random_factor and nstart are at least 1, max_retransmit at least 0")

    @property
    def max_transmit_span(self) -> float:
        """From the first transmission to the last: 45 s."""
        return self.ack_timeout * ((1 << self.max_retransmit) - 1) * self.ack_random_factor

    @property
    def max_transmit_wait(self) -> float:
        """From the first transmission until the sender gives up: 93 s."""
        return self.ack_timeout * ((2 << self.max_retransmit) - 1) * self.ack_random_factor

    @property
    def max_rtt(self) -> float:
        """The longest that an acknowledgement may take: 202 s."""
        return 2 * self.max_latency + self.ack_timeout

    @property
    def exchange_lifetime(self) -> float:
        """How long the message ID of a confirmable message means that message: 247 s."""
        return self.max_transmit_span + self.max_rtt

    @property
    def non_lifetime(self) -> float:
        """The same for a message that is not confirmable: 145 s."""
        return self.max_transmit_span + self.max_latency


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The bound of every table; whatever floods in, an endpoint keeps no more than this.

    Attributes:
        peers: addresses remembered. Those with nothing under way go first.
        rate: datagrams a second from one peer, with as many at once to begin with; more are dropped unread. The
            default is more than one program can send over loopback; put it low where amplification matters (RFC 7252,
            section 11.3).
        resets: rejections a second to one peer, so that two faulty endpoints cannot keep each other busy.
        exchanges, exchanges_per_peer: requests whose answer is still to come; more are refused with 5.03 and 4.29.
        longest_exchange: seconds after which a handler that has not answered is taken to be silent.
        remembered, remembered_bytes: answers kept for repeated requests. At their full rate a few seconds' worth;
            RFC 7252, section 4.2, lets an endpoint in need forget.
        sending: confirmable messages of ours that wait for an acknowledgement.
        requests, requests_per_peer: requests of ours without an answer yet; a queue for NSTART is within the latter.
        observations, observations_per_peer: registrations; beyond them a GET is answered and not registered, which
            RFC 7641, section 4.1, leaves to the server.
        largest_body: bytes that blocks may add up to; more gets 4.13.
        uploads, uploads_per_peer, uploads_bytes: unfinished uploads; a peer's oldest gives way, everybody else's
            does not.
        bodies, bodies_bytes: answers kept while a client fetches them in blocks; the oldest give way.
        block_szx: the largest blocks are ``16 << block_szx`` bytes.
    """

    peers: int = 20_000
    rate: int = 50_000
    resets: int = 100
    exchanges: int = 10_000
    exchanges_per_peer: int = 1_000
    longest_exchange: float = 3_600.0
    remembered: int = 100_000
    remembered_bytes: int = 32 << 20
    sending: int = 20_000
    requests: int = 10_000
    requests_per_peer: int = 1_000
    observations: int = 20_000
    observations_per_peer: int = 5_000
    largest_body: int = 1 << 20
    uploads: int = 256
    uploads_per_peer: int = 4
    uploads_bytes: int = 16 << 20
    bodies: int = 1_024
    bodies_bytes: int = 16 << 20
    block_szx: int = 6

    def __post_init__(self) -> None:
        if not 0 <= self.block_szx <= 6:
            raise ValueError("blocks are of 16 to 1024 bytes: block_szx lies between 0 and 6")
        if min(self.peers, self.rate, self.remembered) < 2:
            raise ValueError("an endpoint needs room for two peers, two datagrams a second and two answers")
