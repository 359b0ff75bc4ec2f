"""``vendorlab diff``: what changed between two recordings, or two reports, and how grave it is."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import yaml

from vendorlab.contracts.core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

FILE = Path(__file__).with_name("drift.yaml")
REPORT, RECORDING = "report", "recording"
_JUDGED = ("passed", "failed")


class Level(StrEnum):
    """How grave a change is, the gravest first."""

    ERR = "ERR"
    WARN = "WARN"
    INFO = "INFO"


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """One change.

    Attributes:
        level: How grave it is.
        where: Operation and status, a test, or a claim.
        kind: The rule's name for it.
        text: What was there, and what is.
    """

    level: Level
    where: str
    kind: str
    text: str


class Rules:
    """What does not count, and how grave the rest is.

    Args:
        document: The parsed file.

    Raises:
        UsageError: It lacks something, or has what is not known.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        try:
            ignored = document["ignore"]
            self._headers = tuple(str(each) for each in ignored["headers"])
            self._fields = tuple((str(each["operation"]), str(each["path"])) for each in ignored["fields"])
            self._operations = tuple(str(each) for each in ignored["operations"])
            self.alike = frozenset(str(each) for each in document["alike"])
            self._levels = {str(kind): Level(level) for kind, level in document["severity"].items()}
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            wrong = f"they lack {error}" if isinstance(error, KeyError) else str(error)
            raise UsageError(f"the rules of a diff cannot be used: {wrong}; {FILE.name} shows their form") from error

    @classmethod
    def load(cls, path: Path | None = None) -> Rules:
        """Read rules; None reads those beside this module.

        Raises:
            UsageError: They cannot be used.
        """
        try:
            return cls(yaml.safe_load((path or FILE).read_text(encoding="utf-8")))
        except (OSError, yaml.YAMLError) as error:
            raise UsageError(f"the rules in {path} cannot be read: {error}") from error

    def change(self, kind: str, where: str, text: str) -> Change:
        """Return a change with its severity."""
        level = self._levels.get(kind)
        if level is None:
            raise UsageError(f"the rules of a diff do not say how grave {kind} is")
        return Change(level, where, kind, text)

    def headers(self, names: Iterable[str]) -> set[str]:
        """Return the headers that count."""
        return {name for name in names if not any(fnmatchcase(name, each) for each in self._headers)}

    def counts(self, operation: str) -> bool:
        """Whether an operation counts."""
        return not any(_fits(operation, each) for each in self._operations)

    def field_counts(self, operation: str, path: str) -> bool:
        """Whether a field counts."""
        return not any(_fits(operation, each) and _fits(path, pattern) for each, pattern in self._fields)

    def form(self, kind: str) -> str:
        """Return a type with its form, but for forms that wander."""
        base, colon, form = kind.partition(":")
        return base if not colon or form in self.alike else kind


def load(path: Path) -> tuple[str, dict[str, Any]]:
    """Read a recording or a report.

    Returns:
        ``RECORDING`` or ``REPORT``, and the document.

    Raises:
        UsageError: It is neither.
    """
    try:
        found: Any = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from error
    document = cast("dict[str, Any]", found) if isinstance(found, dict) else {}
    if document.get("format") == 1 and document.get("kind") == RECORDING:
        return RECORDING, document
    if document.get("format") == 1 and isinstance(document.get("vendors"), dict):
        return REPORT, document
    raise UsageError(f"{path} is neither a recording nor a report of vendorlab")


def compare(before: Mapping[str, Any], after: Mapping[str, Any], kind: str, rules: Rules) -> list[Change]:
    """Return what changed between two documents of one kind, the gravest first.

    Raises:
        UsageError: They are about different vendors.
    """
    if kind == REPORT:
        return sorted(_reports(before["vendors"], after["vendors"], rules), key=_order)
    if before["vendor"] != after["vendor"]:
        raise UsageError(f"one recording is of {before['vendor']}, the other of {after['vendor']}")
    return sorted(_recordings(before, after, rules), key=_order)


def _order(change: Change) -> tuple[int, str, str, str]:
    return list(Level).index(change.level), change.where, change.kind, change.text


# --- reports ---------------------------------------------------------------------------------------------------------


def _reports(before: Mapping[str, Any], after: Mapping[str, Any], rules: Rules) -> Iterator[Change]:
    if not before.keys() & after.keys():
        raise UsageError("the reports have no vendor in common")
    for vendor in sorted(before.keys() & after.keys()):
        one, other = before[vendor], after[vendor]
        yield from _verdicts(_by(one["claims"], "id"), _by(other["claims"], "id"), rules, {})
        yield from _verdicts(
            _by(one["tests"], "name"), _by(other["tests"], "name"), rules, _by(other["tests"], "name", "reason")
        )
        for name in sorted(one["operations"].keys() & other["operations"].keys()):
            was, now = set(one["operations"][name]["statuses"]), set(other["operations"][name]["statuses"])
            # Not every status has been asked for on both: only the lot of one can be told from the lot of the other.
            if was and now and not was & now:
                yield rules.change("status", f"{vendor}: {name}", _both(was, now))


def _by(rows: Iterable[Mapping[str, Any]], key: str, value: str = "verdict") -> dict[str, Any]:
    return {row[key]: row[value] for row in rows}


def _verdicts(
    before: Mapping[str, str | None], after: Mapping[str, str | None], rules: Rules, reasons: Mapping[str, str]
) -> Iterator[Change]:
    for name in sorted(before.keys() | after.keys()):
        was, now = before.get(name), after.get(name)
        if was == now:
            continue
        if was in _JUDGED and now in _JUDGED:
            kind = "verdict-worse" if now == "failed" else "verdict-better"
        elif now in _JUDGED:
            kind = "verdict-found" if now == "passed" else "verdict-worse"
        elif was in _JUDGED:
            kind = "verdict-lost"
        else:
            continue
        reason = reasons.get(name, "").partition("\n")[0]
        yield rules.change(kind, name, f"{was or 'unasked'} → {now or 'unasked'}{': ' + reason if reason else ''}")


# --- recordings ------------------------------------------------------------------------------------------------------


def _recordings(before: Mapping[str, Any], after: Mapping[str, Any], rules: Rules) -> Iterator[Change]:
    one, other = before["tests"], after["tests"]
    yield from _verdicts(
        {name: row["verdict"] for name, row in one.items()},
        {name: row["verdict"] for name, row in other.items()},
        rules,
        {},
    )
    common = {name for name in one.keys() & other.keys()
              if one[name]["verdict"] in _JUDGED and other[name]["verdict"] in _JUDGED}  # fmt: skip
    was = [each for each in before["exchanges"] if each["test"] in common and rules.counts(each["operation"])]
    now = [each for each in after["exchanges"] if each["test"] in common and rules.counts(each["operation"])]
    yield from _statuses(was, now, rules)
    left, right = _grouped(was), _grouped(now)
    for operation, status in sorted(left.keys() & right.keys()):
        a, b = left[operation, status], right[operation, status]
        where = f"{operation} → {status}"
        yield from _headers(where, a, b, rules)
        yield from _fields(where, operation, _merged(a), _merged(b), rules)


def _statuses(was: list[Any], now: list[Any], rules: Rules) -> Iterator[Change]:
    """Give what one test was answered differently, told once for all tests of an operation."""
    left, right = _statuses_of(was), _statuses_of(now)
    found: Counter[tuple[str, str]] = Counter()
    example: dict[tuple[str, str], str] = {}
    for test, operation in sorted(left.keys() & right.keys()):
        if left[test, operation] != right[test, operation]:
            key = (operation, _both(left[test, operation], right[test, operation]))
            found[key] += 1
            example.setdefault(key, test)
    for (operation, text), number in found.items():
        more = f" and {number - 1} more" if number > 1 else ""
        yield rules.change("status", operation, f"{text}, in {example[operation, text]}{more}")


def _statuses_of(exchanges: list[Any]) -> dict[tuple[str, str], set[str]]:
    found: dict[tuple[str, str], set[str]] = {}
    for each in exchanges:
        found.setdefault((each["test"], each["operation"]), set()).add(each["status"])
    return found


def _grouped(exchanges: list[Any]) -> dict[tuple[str, str], list[Any]]:
    found: dict[tuple[str, str], list[Any]] = {}
    for each in exchanges:
        found.setdefault((each["operation"], each["status"]), []).append(each)
    return found


def _headers(where: str, was: list[Any], now: list[Any], rules: Rules) -> Iterator[Change]:
    always = set[str].intersection(*(set[str](each["headers"]["always"]) for each in was))
    before = {name for each in was for names in each["headers"].values() for name in names}
    after = {name for each in now for names in each["headers"].values() for name in names}
    for name in sorted(rules.headers(always - after)):
        yield rules.change("header-gone", where, f"the header {name} was always there")
    for name in sorted(rules.headers(after - before)):
        yield rules.change("header-new", where, f"the header {name}")
    for name in sorted(rules.headers(before & after)):
        left, right = _values(was, name), _values(now, name)
        if left and right and left != right and name != "content-type":
            yield rules.change("header-value", where, f"{name}: {_both(left, right)}")
    media = {kind for each in was for kind in each["media"]}, {kind for each in now for kind in each["media"]}
    if media[0] != media[1]:
        yield rules.change("media", where, _both(*({each or "none" for each in side} for side in media)))


def _values(exchanges: list[Any], name: str) -> set[str]:
    return {value for each in exchanges for value in each["values"].get(name, ())}


def _merged(exchanges: list[Any]) -> dict[str, tuple[set[str], bool]]:
    """Return for each field its types, and whether it is optional: where one exchange lacks it, or says so."""
    found: dict[str, tuple[set[str], bool]] = {}
    for each in exchanges:
        for path, row in each["fields"].items():
            kinds, optional = found.get(path, (set[str](), False))
            found[path] = (kinds | set(row["types"]), optional or bool(row.get("optional")))
    for path, (kinds, optional) in found.items():
        holder = path.rpartition(".")[0]
        lacking = any(
            path not in each["fields"] and "object" in each["fields"].get(holder, {"types": ()})["types"]
            for each in exchanges
        )
        found[path] = (kinds, optional or lacking)
    return found


def _fields(
    where: str,
    operation: str,
    was: Mapping[str, tuple[set[str], bool]],
    now: Mapping[str, tuple[set[str], bool]],
    rules: Rules,
) -> Iterator[Change]:
    for path in sorted(was.keys() | now.keys()):
        if not rules.field_counts(operation, path):
            continue
        if path not in now or path not in was:
            there, here = (was, "field-gone") if path not in now else (now, "field-new")
            if _holder_seen(path, now if path not in now else was):
                yield rules.change(here, where, f"{path}: {', '.join(sorted(there[path][0]))}")
            continue
        (before, sometimes), (after, maybe) = was[path], now[path]
        yield from _types(where, path, before, after, rules)
        if sometimes != maybe:
            kind = "field-optional" if maybe else "field-always"
            yield rules.change(kind, where, f"{path} is {'not always' if maybe else 'always'} there")


def _types(where: str, path: str, was: set[str], now: set[str], rules: Rules) -> Iterator[Change]:
    left, right = {_base(each) for each in was}, {_base(each) for each in now}
    if right - left:
        yield rules.change("type", where, f"{path}: {_both(left, right)}")
    elif left - right:
        yield rules.change("type-gone", where, f"{path}: {_both(left, right)}")
    elif (a := {rules.form(each) for each in was}) != (b := {rules.form(each) for each in now}):
        yield rules.change("form", where, f"{path}: {_both(a, b)}")


def _holder_seen(path: str, fields: Mapping[str, tuple[set[str], bool]]) -> bool:
    """Whether what would hold a field was there at all: an empty array says nothing about its elements."""
    holder = path[:-2] if path.endswith("[]") else path.rpartition(".")[0]
    if path.endswith("[]"):
        return False
    return not holder or "object" in fields.get(holder, (set[str](), False))[0]


def _base(kind: str) -> str:
    return kind.partition(":")[0].partition("=")[0]


def _both(was: Iterable[str], now: Iterable[str]) -> str:
    return f"{', '.join(sorted(was)) or 'nothing'} → {', '.join(sorted(now)) or 'nothing'}"


def _fits(text: str, pattern: str) -> bool:
    """Whether a shell pattern fits; square brackets are no sets here, since paths of fields have them."""
    return fnmatchcase(text, pattern.replace("[", "[[]"))
