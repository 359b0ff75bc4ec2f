"""What the control API answers, as frozen dataclasses. Times are aware datetimes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from ..core.reading import Node


@dataclass(frozen=True, slots=True)
class Listener:
    """A place where a vendor listens."""

    world: str
    vendor: str
    url: str
    accepting: bool


@dataclass(frozen=True, slots=True)
class Health:
    """Whether all is well ("ok"), and every listener."""

    status: str
    listeners: tuple[Listener, ...]


@dataclass(frozen=True, slots=True)
class Version:
    """vendorlab's version, and that of the control API."""

    version: str
    api: int


@dataclass(frozen=True, slots=True)
class Vendor:
    """Where a vendor is, and credentials that it accepts (not shown in its repr).

    Attributes:
        ca: Over https, the file with the certificate authority to trust.
    """

    url: str
    credentials: Mapping[str, Any] = field(repr=False)
    ca: str | None = None


@dataclass(frozen=True, slots=True)
class Clock:
    """The world's clock: its time, its speed against the wall, and how many timers wait on it."""

    now: datetime
    rate: float
    frozen: bool
    timers: int


@dataclass(frozen=True, slots=True)
class Timer:
    """A timer that fired."""

    due: datetime
    name: str
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Advance:
    """What an advance of the clock led to.

    Attributes:
        clock: The clock after it.
        fired: The timers that fired, in order.
        more: How many more fired than are listed.
    """

    clock: Clock
    fired: tuple[Timer, ...]
    more: int


@dataclass(frozen=True, slots=True)
class Fault:
    """A rule that says what goes wrong, where and when.

    Attributes:
        action: `{"kind": "status", "status": 503}`, or another kind with its own members.
        match: Which exchanges: any of vendor, operation, method, principal, …
        when: Which of those: `{"nth": 3}`, `{"first": 2, "last": 5}`, `{"every": 4}` or `{"chance": 0.25}`.
        times: How often at most; None for no end.
        phase: "before" or "after" the vendor has handled the request.
        name: How to speak of the rule; given by the world if None.
        matched: How many exchanges it has counted, as the world tells.
        struck: How many of those it has struck, as the world tells.
    """

    action: Mapping[str, Any]
    match: Mapping[str, Any] | None = None
    when: Mapping[str, Any] | None = None
    times: int | None = None
    phase: str | None = None
    name: str | None = None
    matched: int = 0
    struck: int = 0

    def document(self) -> dict[str, Any]:
        """Return the rule as the API takes it, without what is not set."""
        members = {name: getattr(self, name) for name in ("name", "match", "when", "times", "action", "phase")}
        return {name: value for name, value in members.items() if value is not None}


@dataclass(frozen=True, slots=True)
class EventKind:
    """Something that may happen to a vendor's devices.

    Attributes:
        vendor: Whose.
        kind: What it is called.
        summary: What it is.
        fields: Its fields by name, as JSON Schema.
        required: Those that must be given.
    """

    vendor: str
    kind: str
    summary: str
    fields: Mapping[str, Any]
    required: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """One exchange on one protocol.

    Attributes:
        seq: Its number in the world, ascending.
        at: When, on the world's clock.
        vendor: Whose.
        protocol: "http", "coap", "mqtt" or "webhook".
        operation: The vendor's operation, such as "whoami".
        method: As sent.
        path: As sent.
        query: As sent, secrets masked.
        credential: Kind and fingerprint, such as "Bearer #3f9a2c1d"; None if there was none.
        principal: Who it stood for; None if nobody.
        status: The answer's; None where the protocol has none, or no answer was given.
        cause: "ok", or why not.
        fault: The fault rule that interfered, if any.
        duration: Seconds of the wall.
        detail: What the vendor adds.
    """

    seq: int
    at: datetime
    vendor: str
    protocol: str
    operation: str | None
    method: str | None
    path: str | None
    query: str | None
    credential: str | None
    principal: str | None
    status: int | None
    cause: str | None
    fault: str | None
    duration: float
    detail: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class JournalPage:
    """Entries, and how to go on.

    Attributes:
        entries: In order.
        next: What to pass as `after` to go on; None if the API does not say.
        dropped: Entries that the bounded journal has lost.
        matched: For a wait: whether enough came in time. None otherwise.
    """

    entries: tuple[JournalEntry, ...]
    next: int | None
    dropped: int
    matched: bool | None = None


@dataclass(frozen=True, slots=True)
class Token:
    """A token that a vendor has issued; `id` is its fingerprint, never the token."""

    vendor: str
    id: str
    kind: str
    user: str | None
    client: str | None
    scope: str | None
    expires: datetime | None
    state: str


@dataclass(frozen=True, slots=True)
class World:
    """A world and where its vendors are."""

    name: str
    vendors: Mapping[str, Vendor]


def read_health(node: Node) -> Health:
    """Read `GET /health`."""
    return Health(node.member("status").text(), tuple(map(_listener, node.member("listeners").items())))


def _listener(node: Node) -> Listener:
    return Listener(
        world=node.member("world").text(),
        vendor=node.member("vendor").text(),
        url=node.member("url").text(),
        accepting=node.member("accepting").boolean(),
    )


def read_version(node: Node) -> Version:
    """Read `GET /version`."""
    return Version(node.member("version").text(), node.member("api").count())


def read_vendors(node: Node) -> dict[str, Vendor]:
    """Read `GET /vendors`."""
    return {
        name: Vendor(vendor.member("url").text(), vendor.member("credentials").object(), _text(vendor, "ca"))
        for name, vendor in node.members()
    }


def read_clock(node: Node) -> Clock:
    """Read `GET /clock`."""
    return Clock(
        now=node.member("now").moment(),
        rate=node.member("rate").number(),
        frozen=node.member("frozen").boolean(),
        timers=node.member("timers").count(),
    )


def read_advance(node: Node) -> Advance:
    """Read `POST /clock/advance`."""
    more = node.maybe("more")
    return Advance(
        clock=read_clock(node),
        fired=tuple(map(_timer, node.member("fired").items())),
        more=0 if more is None else more.count(),
    )


def _timer(node: Node) -> Timer:
    detail = node.present("detail")
    return Timer(
        due=node.member("due").moment(),
        name=node.member("name").text(),
        detail={} if detail is None else detail.object(),
    )


def read_event_kind(node: Node) -> EventKind:
    """Read what may happen."""
    return EventKind(
        vendor=node.member("vendor").text(),
        kind=node.member("kind").text(),
        summary=node.member("summary").text(),
        fields=node.member("fields").object(),
        required=tuple(item.text() for item in node.member("required").items()),
    )


def read_fault(node: Node) -> Fault:
    """Read a fault rule."""
    match, when, times = node.present("match"), node.present("when"), node.present("times")
    matched, struck = node.present("matched"), node.present("struck")
    return Fault(
        action=node.member("action").object(),
        match=None if match is None else match.object(),
        when=None if when is None else when.object(),
        times=None if times is None else times.count(),
        phase=_text(node, "phase"),
        name=_text(node, "name"),
        matched=0 if matched is None else matched.count(),
        struck=0 if struck is None else struck.count(),
    )


def read_journal(node: Node) -> JournalPage:
    """Read `GET /journal` and `GET /journal/wait`."""
    following, matched = node.present("next"), node.present("matched")
    return JournalPage(
        entries=tuple(map(_journal_entry, node.member("entries").items())),
        next=None if following is None else following.integer(),
        dropped=node.member("dropped").count(),
        matched=None if matched is None else matched.boolean(),
    )


def _journal_entry(node: Node) -> JournalEntry:
    status, duration, detail = node.present("status"), node.present("duration"), node.present("detail")
    return JournalEntry(
        seq=node.member("seq").integer(),
        at=node.member("at").moment(),
        vendor=node.member("vendor").text(),
        protocol=node.member("protocol").text(),
        operation=_text(node, "operation"),
        method=_text(node, "method"),
        path=_text(node, "path"),
        query=_text(node, "query"),
        credential=_text(node, "credential"),
        principal=_text(node, "principal"),
        status=None if status is None else status.integer(),
        cause=_text(node, "cause"),
        fault=_text(node, "fault"),
        duration=0.0 if duration is None else duration.number(),
        detail={} if detail is None else detail.object(),
    )


def read_token(node: Node) -> Token:
    """Read one of `GET /tokens`."""
    expires = node.present("expires")
    return Token(
        vendor=node.member("vendor").text(),
        id=node.member("id").text(),
        kind=node.member("kind").text(),
        user=_text(node, "user"),
        client=_text(node, "client"),
        scope=_text(node, "scope"),
        expires=None if expires is None else expires.moment(),
        state=node.member("state").text(),
    )


def read_world(node: Node) -> World:
    """Read a world."""
    return World(node.member("name").text(), read_vendors(node.member("vendors")))


def _text(node: Node, name: str) -> str | None:
    member = node.present(name)
    return None if member is None else member.text()
