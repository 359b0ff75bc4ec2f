"""What goes in and out of the control API, as data: what is decoded is checked, and what is described is generated."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from ..journal import DEFAULT_SIZE
from ..rules import Rule
from ..world import WorldOptions

LONGEST_WAIT = 60.0
"""Seconds that a call may wait for the journal."""

TITLES = {
    400: "Bad request",
    401: "Not authenticated",
    403: "Forbidden",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    413: "Too large",
    415: "Unsupported media type",
    500: "vendorlab made a mistake",
    503: "Too busy",
}
"""Of problems, by status."""

Name = Annotated[str, Meta(pattern="^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Seed = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Sequence = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Moment = Annotated[datetime, Meta(extra_json_schema={"format": "date-time"})]
Some = str | UnsetType
"""A text that may be left out. Not ``str | None``: in a query ``null`` is a text like any other."""


class In(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A request's body or query: an unknown key is an error."""


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """An error (RFC 9457)."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str


class Listener(msgspec.Struct, frozen=True):
    """One listening address."""

    world: str
    vendor: str
    url: str
    accepting: bool


class Health(msgspec.Struct, frozen=True):
    """Whether everything listens: ``ok``, or ``starting`` while something does not."""

    status: str
    listeners: list[Listener]


class Version(msgspec.Struct, frozen=True):
    """Of vendorlab, and of this API."""

    version: str
    api: int


class Vendor(msgspec.Struct, frozen=True):
    """Where a vendor is and how to log in, as in the ready file; over https also the authority to trust, a file."""

    url: str | None
    credentials: dict[str, Any]
    ca: Some = UNSET


class Clock(msgspec.Struct, frozen=True):
    """The world's clock: UTC, world seconds per real second (0 while frozen), and how many timers wait."""

    now: str
    rate: float
    frozen: bool
    timers: int


class Fired(msgspec.Struct, frozen=True):
    """A timer that came due."""

    due: str
    name: str
    detail: dict[str, Any]


class Advanced(msgspec.Struct, frozen=True):
    """The clock after a move, the timers that fired on the way, and how many more than are listed."""

    now: str
    rate: float
    frozen: bool
    timers: int
    fired: list[Fired]
    more: int


class SetClock(In, frozen=True):
    """Any of: go to a moment, run at a rate, stand still or go on."""

    now: Moment | None = None
    rate: Annotated[float, Meta(ge=0, le=1_000_000)] | None = None
    frozen: bool | None = None


class Advance(In, frozen=True):
    """How far to go: seconds."""

    seconds: Annotated[float, Meta(gt=0, le=1e12)]


class CountedRule(Rule, frozen=True, kw_only=True):
    """A fault in force: how many exchanges it matched, and how many of them it struck."""

    matched: int
    struck: int


class Entry(msgspec.Struct, frozen=True):
    """One exchange of the journal."""

    seq: int
    at: str
    vendor: str
    protocol: str
    operation: str
    method: str
    path: str
    query: str
    credential: str
    principal: str
    status: int
    cause: str
    fault: str | None
    duration: float
    detail: dict[str, Any]


class Entries(msgspec.Struct, frozen=True):
    """Matching exchanges, oldest first; ``next`` is the ``after`` that goes on behind them."""

    entries: list[Entry]
    next: int
    dropped: int


class Waited(msgspec.Struct, frozen=True):
    """The same, and whether as many matched in time as were asked for."""

    entries: list[Entry]
    next: int
    dropped: int
    matched: bool


class JournalQuery(In, frozen=True):
    """Which exchanges; what is not given does not matter."""

    vendor: Some = UNSET
    protocol: Some = UNSET
    operation: Some = UNSET
    method: Some = UNSET
    principal: Some = UNSET
    status: int | UnsetType = UNSET
    cause: Some = UNSET
    fault: Some = UNSET
    after: Sequence = 0
    limit: Annotated[int, Meta(ge=1, le=DEFAULT_SIZE)] = 1_000


class WaitQuery(JournalQuery, frozen=True):
    """Which exchanges to wait for, how many, and how long in real seconds."""

    count: Annotated[int, Meta(ge=1, le=DEFAULT_SIZE)] = 1
    timeout: Annotated[float, Meta(ge=0, le=LONGEST_WAIT)] = 5.0


class ResetWorld(In, frozen=True):
    """Return to the start; with another seed if one is given."""

    seed: Seed | None = None


class Seeded(msgspec.Struct, frozen=True):
    """The world's seed."""

    seed: int


class SetSeed(In, frozen=True):
    """The seed to return to the start with."""

    seed: Seed


class Token(msgspec.Struct, frozen=True):
    """An OAuth token, named by its fingerprint."""

    vendor: str
    id: str
    kind: str
    user: str | None
    client: str
    scope: str
    expires: str | None
    state: str


class TokenQuery(In, frozen=True):
    """Which tokens to list."""

    vendor: Some = UNSET
    kind: Literal["access", "refresh"] | UnsetType = UNSET


class WhichTokens(In, frozen=True):
    """Tokens of a vendor: one by its text or its fingerprint, or all of a user. Exactly one of the three."""

    vendor: str
    token: str | None = None
    id: str | None = None
    user: str | None = None

    def __post_init__(self) -> None:
        """Refuse none or several."""
        if sum(way is not None for way in (self.token, self.id, self.user)) != 1:
            raise ValueError("give exactly one of `token`, `id` or `user`")


class EventKind(msgspec.Struct, frozen=True):
    """Something that may happen to a vendor's devices; ``fields`` by name, as JSON Schema."""

    vendor: str
    kind: str
    summary: str
    fields: dict[str, Any]
    required: list[str]


class EventQuery(In, frozen=True):
    """Whose events to list."""

    vendor: Some = UNSET


class NewEvent(In, frozen=True):
    """Something to happen to a device now: an event of one of the kinds, with its ``kind`` and its fields."""

    vendor: str
    event: dict[str, Any]


class Happened(msgspec.Struct, frozen=True):
    """What happened, with all its fields."""

    vendor: str
    event: dict[str, Any]


class Changed(msgspec.Struct, frozen=True):
    """How many tokens changed."""

    changed: int


class LimitQuery(In, frozen=True):
    """Whose limits to forget."""

    vendor: Some = UNSET


class NewWorld(In, frozen=True):
    """A world to make; it listens on free ports. No vendors means all."""

    name: Name
    vendors: list[str] = []
    seed: Seed = 0
    start: Moment | None = None
    rate: Annotated[float, Meta(ge=0, le=1_000_000)] = 1.0
    profiles: dict[str, str] = {}
    settings: dict[str, dict[str, Any]] = {}

    def options(self, host: str) -> WorldOptions:
        """The same for the kernel."""
        return WorldOptions(
            seed=self.seed, start=self.start, rate=self.rate, profiles=self.profiles, settings=self.settings, host=host
        )


class NewStory(In, frozen=True):
    """A story to play for somebody elsewhere, in a world of its own.

    Attributes:
        world: what to call that.
        name: of the story.
        story: the story itself: YAML.
        seed: another one than the story's own.
        pace: another one than the story's own, as `vendorlab run --pace` takes it.
        lease: real seconds; when nobody asked about it for so long, the world is deleted.
    """

    world: Name
    name: Annotated[str, Meta(min_length=1, max_length=200)]
    story: Annotated[str, Meta(min_length=1, max_length=1_000_000)]
    seed: Seed | None = None
    pace: Annotated[str, Meta(max_length=200)] | None = None
    lease: Annotated[float, Meta(gt=0, le=3_600)] = 30.0


class EndStory(In, frozen=True):
    """Why a story ends now, if it had not ended by itself; and the program's exit code where it ended by itself."""

    reason: Literal["ended", "stalled", "interrupted"] = "interrupted"
    code: Annotated[int, Meta(ge=-(2**31), le=2**31 - 1)] | None = None


class Staged(msgspec.Struct, frozen=True):
    """The world of a story, which has not begun; of vendors over TLS also the authority to trust, as PEM."""

    name: str
    vendors: dict[str, Vendor]
    authorities: dict[str, str]


class Progress(msgspec.Struct, frozen=True):
    """How far a story is: ``activity`` counts exchanges, ``now`` is the world's time."""

    story: str
    begun: bool
    over: bool
    activity: int
    now: str


class Evidence(msgspec.Struct, frozen=True):
    """What happened in a story, in order: its start, exchanges and moves, and its end."""

    evidence: list[dict[str, Any]]


class World(msgspec.Struct, frozen=True):
    """A world and its vendors."""

    name: str
    vendors: dict[str, Vendor]
