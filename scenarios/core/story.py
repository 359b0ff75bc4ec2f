"""A story as data: the world at its start, a timeline, and the rules that judge; read from YAML and checked whole.

Nothing here starts anything. What only a world knows (its vendors, their switches, faults and events) is checked by
whoever has one, through ``Story.error``, which knows where everything stands in the file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import msgspec

from vendorlab.scenarios.core import source as sources
from vendorlab.scenarios.core.durations import Span, seconds
from vendorlab.scenarios.core.errors import StoryError, UnknownStoryError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vendorlab.scenarios.core.rules import Rule
    from vendorlab.scenarios.core.source import Source

PACKAGE = "vendorlab.scenarios.stories"
"""Where the stories are that come with vendorlab."""

Count = Annotated[int, msgspec.Meta(ge=1, le=1_000_000)]


class Data(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Part of a story; unknown keys are mistakes."""


class Setting(Data, frozen=True, kw_only=True):
    """The world at its start.

    Attributes:
        start: where the clock starts, ISO 8601 with a zone.
        seed: all chance comes from it; ``vendorlab run --seed`` takes another.
        profiles: a dated behaviour by vendor.
        settings: switches by vendor.
    """

    start: str
    seed: Annotated[int, msgspec.Meta(ge=0)] = 0
    profiles: dict[str, str] = {}
    settings: dict[str, dict[str, Any]] = {}


class Pace(Data, frozen=True, kw_only=True):
    """How the world's time passes, if not at the program's own bidding (one of the three).

    Attributes:
        rate: so many world seconds a second of the wall.
        each: every exchange that ``of`` matches takes so long.
        of: which exchanges take time; all of them if absent.
        idle: whenever the program asked for nothing for so long (of the wall), ``step`` goes by.
        step: how much, then.
    """

    rate: Annotated[float, msgspec.Meta(gt=0, le=1_000_000)] | None = None
    each: Span | None = None
    of: Where | None = None
    idle: Span | None = None
    step: Span | None = None


class Where(Data, frozen=True, kw_only=True):
    """Which exchanges are meant: what is given must stand in the journal just so; ``path`` may be its beginning."""

    vendor: str | None = None
    protocol: Literal["http", "coap", "mqtt", "webhook"] | None = None
    operation: str | None = None
    method: str | None = None
    principal: str | None = None
    status: int | None = None
    cause: str | None = None
    fault: str | None = None
    path: str | None = None
    detail: dict[str, Any] = {}


class After(Where, frozen=True, kw_only=True):
    """The moment after an exchange.

    Attributes:
        count: the how many'th that matches, from 1.
    """

    count: Count = 1


class Jump(Data, frozen=True, kw_only=True):
    """The clock of the world is turned: ``jump`` at once, or it goes on at ``rate``."""

    jump: Span | None = None
    rate: Annotated[float, msgspec.Meta(ge=0, le=1_000_000)] | None = None


class TokenChange(Data, frozen=True, kw_only=True):
    """Tokens end before their time.

    Attributes:
        vendor: whose.
        change: access tokens ``expire``; any may be ``revoke``d.
        kind: only those; all if absent.
        user: only theirs.
    """

    vendor: str
    change: Literal["expire", "revoke"]
    kind: Literal["access", "refresh"] | None = None
    user: str | None = None


class ClearLimits(Data, frozen=True, kw_only=True):
    """What was counted against the limits of one vendor is forgotten.

    Attributes:
        limits: whose.
    """

    limits: str


class Entry(Data, frozen=True, kw_only=True):
    """Something that happens in a story: when, and what. One of ``at`` and ``after``, and one action.

    Attributes:
        at: so long after the start, by the world's clock.
        after: right after an exchange, before its answer arrives.
        later: so much later than that, by the world's clock.
        say: what it is, for people.
        clock: the clock is turned.
        fault: a rule is added, as in docs/control.md.
        clear: rules go: ``faults`` for all of them, or the name of one; or ``limits``, what was counted against them,
            of all vendors or of one.
        tokens: tokens end.
        event: something happens to a device: ``vendor``, ``kind`` and its fields.
        program: ``restart`` kills the program as kill -9 does, and starts it again.
    """

    at: Span | None = None
    after: After | None = None
    later: Span | None = None
    say: str | None = None
    clock: Jump | None = None
    fault: dict[str, Any] | None = None
    clear: str | ClearLimits | None = None
    tokens: TokenChange | None = None
    event: dict[str, Any] | None = None
    program: Literal["restart"] | None = None

    @property
    def action(self) -> str:
        """The name of what happens."""
        return next(name for name in ACTIONS if getattr(self, name) is not None)


ACTIONS = ("clock", "fault", "clear", "tokens", "event", "program")

Text = Annotated[str, msgspec.Meta(min_length=1)]
Named = str | dict[str, dict[str, Any]]


class Spec(Data, frozen=True, kw_only=True):
    """A story as it is written.

    Attributes:
        title: in one line.
        vendor: what happens at the vendor.
        hurts: why that hurts.
        good: how a good client acts.
        program: what the program is to do meanwhile.
        vendors: who lives in the world.
        world: how it is at its start.
        pace: how its time passes: ``program`` lets the program turn the clock where it would sleep.
        timeline: what happens.
        until: when it ends: so long after the start, or after an exchange.
        rules: those that it is about, which the program must have met; a name, or a name with settings.
    """

    title: Text
    vendor: Text
    hurts: Text
    good: Text
    program: Text
    vendors: Annotated[list[str], msgspec.Meta(min_length=1)]
    world: Setting
    until: Span | After
    rules: Annotated[list[Named], msgspec.Meta(min_length=1)]
    pace: Literal["program"] | Pace = "program"
    timeline: list[Entry] = []


@dataclass(frozen=True)
class Story:
    """A story that makes sense.

    Attributes:
        name: by which it is called.
        spec: as it is written.
        rules: those that it is about, each with its settings.
        source: where everything stands.
    """

    name: str
    spec: Spec
    rules: tuple[tuple[Rule, Any], ...]
    source: Source

    @property
    def start(self) -> datetime:
        """Where the clock starts."""
        return moment(self.spec.world.start)

    @property
    def needs_program(self) -> bool:
        """Whether it does things to the program that only ``vendorlab run`` can."""
        return any(entry.program for entry in self.spec.timeline)

    def error(self, path: tuple[str | int, ...], what: str) -> StoryError:
        """A mistake at a place in the file."""
        return self.source.error(path, what)


def moment(text: str) -> datetime:
    """An aware moment from ISO 8601; ``ValueError`` when it has no zone."""
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(f"{text!r} has no zone; write {found.isoformat()}Z")
    return found.astimezone(UTC)


def find(name: str) -> Story:
    """A story that comes with vendorlab by its name, or one in a file.

    Raises:
        UnknownStoryError: there is none.
        StoryError: it makes no sense.
    """
    if name in (known := names()):
        return parse((files(PACKAGE) / f"{name}.yaml").read_text(encoding="utf-8"), f"{name}.yaml", name)
    path = Path(name)
    if path.suffix not in (".yaml", ".yml") and not path.is_file():
        raise UnknownStoryError(f"there is no story {name!r}; {sources.hint(name, known)}")
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UnknownStoryError(f"the story {name} cannot be read: {error}") from error
    return parse(text, name, path.stem)


def names() -> list[str]:
    """The stories that come with vendorlab."""
    found = (item.name for item in files(PACKAGE).iterdir())
    return sorted(name.removesuffix(".yaml") for name in found if name.endswith(".yaml"))


def parse(text: str, file: str, name: str) -> Story:
    """Read and check a story.

    Args:
        text: the YAML.
        file: its name, for messages.
        name: by which the story is called.

    Raises:
        StoryError: it makes no sense; the message begins with file, line and column.
    """
    source = sources.read(text, file)
    spec = source.convert(Spec)
    _check_setting(spec, source)
    for number, entry in enumerate(spec.timeline):
        _check_entry(entry, ("timeline", number), spec, source)
    _check_clearing(spec, source)
    return Story(name, spec, _rules(spec, source), source)


def schema() -> dict[str, Any]:
    """JSON Schema of a story, for editors."""
    from vendorlab.scenarios.core.rules import RULES  # noqa: PLC0415  rules stand on evidence, which stands on this

    document = msgspec.json.schema(Spec)
    items = document["$defs"]["Spec"]["properties"]["rules"]["items"]
    known = {name: msgspec.json.schema(rule.settings) for name, rule in RULES.items()}
    for one in items["anyOf"]:
        if one["type"] == "string":
            one["enum"] = sorted(known)
        else:
            one |= {"additionalProperties": False, "minProperties": 1, "maxProperties": 1}
            one["properties"] = {name: _alone(found) for name, found in known.items()}
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "A vendorlab story", **document}


def _alone(found: dict[str, Any]) -> dict[str, Any]:
    """A rule's settings without references."""
    return next(iter(found["$defs"].values())) if "$defs" in found else found


def _check_setting(spec: Spec, source: Source) -> None:
    try:
        moment(spec.world.start)
    except ValueError as error:
        raise source.error(("world", "start"), f"{error}") from error
    pace = spec.pace
    if isinstance(pace, Pace):
        ways = [pace.rate is not None, pace.each is not None, pace.idle is not None]
        if sum(ways) != 1 or (pace.idle is None) != (pace.step is None) or (pace.of and not pace.each):
            raise source.error(("pace",), "a pace is `rate`, or `each` (and `of`), or `idle` with `step`")


def _check_entry(entry: Entry, path: tuple[str | int, ...], spec: Spec, source: Source) -> None:
    given = [name for name in ACTIONS if getattr(entry, name) is not None]
    if len(given) != 1:
        raise source.error(
            path, f"an entry does one thing of {', '.join(ACTIONS)}; this one: {', '.join(given) or 'nothing'}"
        )
    if (entry.at is None) == (entry.after is None):
        raise source.error(path, "an entry has one of `at` and `after`")
    if entry.later is not None and entry.after is None:
        raise source.error((*path, "later"), "`later` goes with `after`", key=True)
    if entry.at is not None and isinstance(spec.until, str) and seconds(entry.at) >= seconds(spec.until):
        raise source.error((*path, "at"), f"the story has ended by then, at {spec.until}")
    if entry.clock is not None and (entry.clock.jump is None) == (entry.clock.rate is None):
        raise source.error((*path, "clock"), "turn the clock by one of `jump` and `rate`")
    if entry.event is not None and not {"vendor", "kind"} <= entry.event.keys():
        raise source.error((*path, "event"), "an event has a `vendor` and a `kind`")


def _check_clearing(spec: Spec, source: Source) -> None:
    """See that what is cleared by its name is the name of a fault."""
    names = [str(entry.fault["name"]) for entry in spec.timeline if entry.fault and "name" in entry.fault]
    for number, entry in enumerate(spec.timeline):
        if isinstance(entry.clear, str) and entry.clear not in ("faults", "limits", *names):
            nearest = sources.hint(entry.clear, ["faults", "limits", *names])
            raise source.error(("timeline", number, "clear"), f"no fault here is named {entry.clear!r}; {nearest}")


def _rules(spec: Spec, source: Source) -> tuple[tuple[Rule, Any], ...]:
    from vendorlab.scenarios.core.rules import RULES  # noqa: PLC0415  rules stand on evidence, which stands on this

    found: list[tuple[Rule, Any]] = []
    for number, named in enumerate(spec.rules):
        path: tuple[str | int, ...] = ("rules", number)
        if isinstance(named, dict) and len(named) != 1:
            raise source.error(path, "one rule in each item")
        name, given = (named, {}) if isinstance(named, str) else next(iter(named.items()))
        rule = RULES.get(name)
        if rule is None:
            raise source.error((*path, name), f"there is no rule {name!r}; {sources.hint(name, RULES)}", key=True)
        try:
            settings = msgspec.convert(given, rule.settings)
        except msgspec.ValidationError as error:
            under = path if isinstance(named, str) else (*path, name)
            raise source.misfit(error, under, rule.settings) from error
        if any(rule is other for other, _ in found):
            raise source.error(path, f"the rule {name} stands here twice")
        found.append((rule, settings))
    return tuple(found)


def fits(where: Where, values: Mapping[str, Any]) -> bool:
    """Whether an exchange, as the journal's JSON has it, is one of those meant."""
    for name in _EXACT:
        wanted = getattr(where, name)
        if wanted is not None and values.get(name) != wanted:
            return False
    if where.path is not None and not re.match(re.escape(where.path), str(values.get("path"))):
        return False
    detail: Any = values.get("detail") or {}
    return all(detail.get(name) == wanted for name, wanted in where.detail.items())


_EXACT = ("vendor", "protocol", "operation", "method", "principal", "status", "cause", "fault")
