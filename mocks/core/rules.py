"""A rule of a fault plan, as data: which traffic it counts, which of that it strikes, and what happens then.

Over HTTP an exchange is counted, over CoAP or plain UDP a datagram, over MQTT a packet, of webhooks each attempt. A
rule whose parts belong to different protocols could strike nothing, and is refused when it is made.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

import msgspec

from .actions import (
    COAP,
    HTTP,
    MESSAGES,
    MQTT,
    WEBHOOK,
    Action,
    Cut,
    Data,
    Empty,
    Protocol,
    Refuse,
    Reset,
    Status,
    kind,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

Count = Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]
# A bare `$` lets a line break follow.
Name = Annotated[str, msgspec.Meta(pattern=r"^([A-Za-z0-9][A-Za-z0-9._-]{0,63})?$(?!\n)")]
Code = Annotated[str, msgspec.Meta(pattern=r"^[0-7]\.([0-2][0-9]|3[01])$(?!\n)")]
Direction = Literal["in", "out"]
CoapType = Literal["CON", "NON", "ACK", "RST"]
PacketType = Literal[
    "CONNECT", "CONNACK", "PUBLISH", "PUBACK", "PUBREC", "PUBREL", "PUBCOMP", "SUBSCRIBE", "SUBACK", "UNSUBSCRIBE",
    "UNSUBACK", "PINGREQ", "PINGRESP", "DISCONNECT", "AUTH",
]  # fmt: skip
Scope = Literal["world", "exchange", "session", "device", "peer"]

_REFUSABLE = ("CONNECT", "PUBLISH", "SUBSCRIBE")
_WHERE = {
    "operation": HTTP | COAP | MQTT | WEBHOOK,
    "method": HTTP | COAP | WEBHOOK,
    "principal": HTTP | COAP | MQTT | WEBHOOK,
    "direction": MESSAGES,
    "code": COAP,
    "device": COAP | WEBHOOK,
    "session": COAP | MQTT,
    "peer": MESSAGES,
    "topic": MQTT,
}
"""The protocols on which there is such a thing to match."""
_TOWARDS_US = ("direction", "in")
"""The way that no webhook goes."""
_SCOPES = {"exchange": COAP | WEBHOOK, "session": COAP | MQTT, "device": COAP | WEBHOOK, "peer": MESSAGES}
"""The protocols on which it can be counted by itself."""


class FaultError(ValueError):
    """A plan that makes no sense; the message says what to change."""


class FaultConflictError(FaultError):
    """The rules that are there stand in the way of another."""


class Match(Data, frozen=True):
    """Which traffic a rule counts; what is not given does not matter.

    Attributes:
        vendor, operation, principal: as in the journal.
        protocol: ``udp`` is any datagram, of CoAP too; ``webhook`` is what a fake sends to a customer's own server.
        direction: of a message: ``in``, towards the fake (through a relay, towards the server), or ``out``.
        method: of an HTTP or CoAP request.
        type: of a CoAP message or an MQTT packet.
        code: of a CoAP message, as ``2.05``; requests have ``0.01`` and so on, and an empty message ``0.00``.
        device: that a CoAP message is to or from, or a webhook tells of.
        session: the MQTT client's id, or what a CoAP vendor calls a session.
        peer: the other side's address, as ``127.0.0.1:5683``.
        topic: of a PUBLISH, or in a SUBSCRIBE; may hold MQTT's wildcards ``+`` and ``#``.
    """

    vendor: str | None = None
    protocol: Protocol | None = None
    operation: str | None = None
    method: str | None = None
    principal: str | None = None
    direction: Direction | None = None
    type: Literal[CoapType, PacketType] | None = None
    code: Code | None = None
    device: str | None = None
    session: str | None = None
    peer: str | None = None
    topic: str | None = None

    def __post_init__(self) -> None:
        """Refuse a topic filter that MQTT would."""
        levels = (self.topic or "").split("/")
        wild = [level for level in levels if level not in ("+", "#") and ("+" in level or "#" in level)]
        if wild or "#" in levels[:-1] or self.topic == "":
            raise ValueError("in `topic`, `+` stands for one whole level and `#` for all that follow, at the end")

    @property
    def given(self) -> tuple[tuple[str, str], ...]:
        """What must be so: names and values, those that are known without looking into a message first."""
        return tuple((name, value) for name in _CHEAP_FIRST if (value := getattr(self, name)) is not None)


_TOLD_BY_REQUEST = ("operation", "method", "device")
"""What an answer does not say of itself."""

_CHEAP_FIRST = (
    "vendor", "direction", "peer", "type", "code", "method", "operation", "topic", "session", "device", "principal",
)  # fmt: skip
"""The names of a match but ``protocol``, which every rule has: its own or those that it fits."""


class When(Data, frozen=True):
    """Which of the matching exchanges or messages a rule strikes: one of four ways; none given strikes all.

    Attributes:
        nth: only this one, counted from 1.
        first: from this one on (with ``last``, a range with both ends).
        last: up to this one.
        every: each k-th.
        chance: each with this probability, from the world's seed and the rule's name.
        per: count by itself each ``exchange`` (a CoAP request and all that belongs to it; a webhook's delivery with all
            its attempts), ``session``, ``device`` or ``peer``. By default all are counted together: the ``world``.
    """

    nth: Count | None = None
    first: Count | None = None
    last: Count | None = None
    every: Count | None = None
    chance: Annotated[float, msgspec.Meta(ge=0, le=1)] | None = None
    per: Scope = "world"

    def __post_init__(self) -> None:
        """Refuse two ways at once."""
        ways = [self.nth, self.every, self.chance, self.first or self.last]
        if sum(way is not None for way in ways) > 1:
            raise ValueError("`when` takes one of nth, first/last, every or chance")
        if self.first and self.last and self.first > self.last:
            raise ValueError("`first` lies after `last`")

    def strikes(self, number: int, lot: str) -> bool:
        """Whether the one with this number is struck; ``lot`` is what chance is drawn from, the same for the same."""
        if self.nth is not None:
            return number == self.nth
        if self.every is not None:
            return number % self.every == 0
        if self.chance is not None:
            return fraction(f"{lot}/{number}") < self.chance
        return (self.first or 1) <= number <= (self.last or number)


class Rule(Data, frozen=True):
    """One fault.

    Attributes:
        name: to list and remove it by; made when absent.
        match: which exchanges or messages count.
        when: which of these are struck.
        times: strike at most so often.
        action: what happens to them.
        phase: ``before`` the vendor's handler ran (the packet got through, for ``cut``), so that nothing changed there,
            or ``after``, so that the change stands and only the answer is lost. By default a status strikes before and
            the rest after.
    """

    action: Action
    name: Name = ""
    match: Match = Match()
    when: When = When()
    times: Count | None = None
    phase: Literal["before", "after"] | None = None

    def __post_init__(self) -> None:
        """Refuse what fits no protocol, and an answer to be spoiled that nobody made."""
        if not self.protocols:
            raise ValueError(self._misfit())
        if self.phase is not None and not self.protocols & HTTP and not isinstance(self.action, Cut):
            raise ValueError(f"phase goes with http and with `cut`; `{kind(self.action)}` of a message has none")
        action = self.action
        silent = isinstance(action, Status | Empty | Cut) or (isinstance(action, Reset) and not action.after)
        if self.phase == "before" and not silent:
            raise ValueError(
                "phase `before` goes with status, empty, cut, and reset after 0 bytes: the rest spoil an answer"
            )
        if isinstance(action, Refuse) and not (self.match.type is None or self.match.type in _REFUSABLE):
            raise ValueError(f"`refuse` answers {_words(_REFUSABLE)}, and no {self.match.type}")

    @property
    def runs_handler(self) -> bool:
        """Whether the vendor's handler runs all the same."""
        return (self.phase or ("before" if isinstance(self.action, Status) else "after")) == "after"

    @property
    def follows(self) -> bool:
        """Whether it can tell what an answer is only by the request before it."""
        return self.when.per in ("exchange", "device") or any(getattr(self.match, name) for name in _TOLD_BY_REQUEST)

    @property
    def protocols(self) -> frozenset[str]:
        """The protocols on which it can strike: those that every part of it fits."""
        found = self.action.fits
        for _, fits in self._parts():
            found &= fits
        return found

    def _parts(self) -> Iterator[tuple[str, frozenset[str]]]:
        """What narrows it down: the words for it, and the protocols that it leaves."""
        yield f"`{kind(self.action)}`", self.action.fits
        if self.match.protocol is not None:
            # Whoever says udp means every datagram, so a rule for udp may say what is true of any.
            yield "this rule", frozenset({self.match.protocol})
        if self.match.type is not None:
            yield f"type {self.match.type}", COAP if self.match.type in get_args(CoapType) else MQTT
        for name, value in self.match.given:
            if name in _WHERE:
                yield f"`{name}` {value!r}", _WHERE[name] - (WEBHOOK if (name, value) == _TOWARDS_US else frozenset())
        if self.when.per != "world":
            yield f"`per` {self.when.per}", _SCOPES[self.when.per]

    def _misfit(self) -> str:
        """Which two of its parts do not go together."""
        parts = list(self._parts())
        for number, (one, fits) in enumerate(parts):
            for other, others in parts[:number]:
                if not fits & others:
                    return f"{other} goes with {_words(sorted(others))}, and {one} with {_words(sorted(fits))}"
        return "no protocol has all that this rule speaks of"


def parse(document: Any) -> Rule:
    """A rule from its JSON form; an unknown key or a wrong value raises ``FaultError`` and names its place."""
    try:
        return msgspec.convert(document, Rule)
    except msgspec.ValidationError as error:
        raise FaultError(f"this fault makes no sense: {error}") from error


def fraction(lot: str) -> float:
    """A number from 0 up to but not including 1, evenly spread over all texts, and always the same for the same one."""
    return (int.from_bytes(hashlib.blake2b(lot.encode(), digest_size=8).digest()) >> 11) / 2**53


def topic_fits(pattern: str, topic: str) -> bool:
    """Whether a topic lies under a filter, by MQTT's rules (5.0, section 4.7)."""
    wanted, levels = pattern.split("/"), topic.split("/")
    if topic.startswith("$") and wanted[0] in ("+", "#"):
        return False
    for number, level in enumerate(wanted):
        if level == "#":
            return True
        if number >= len(levels) or level not in ("+", levels[number]):
            return False
    return len(levels) == len(wanted)


def _words(items: Any) -> str:
    *most, last = items
    return f"{', '.join(most)} and {last}" if most else str(last)
