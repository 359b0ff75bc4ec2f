"""What the pytest plugin's fixtures lend to tests: settings, worlds, and what is told when something went wrong."""

from __future__ import annotations

import logging
import os
from contextlib import contextmanager
from datetime import UTC, datetime
from inspect import signature
from typing import TYPE_CHECKING, Any, NoReturn, cast

import pytest

from vendorlab.lab import Lab, world
from vendorlab.mocks import registry
from vendorlab.mocks.core.clock import iso
from vendorlab.mocks.core.errors import WorldError
from vendorlab.mocks.core.settings import hint

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Mapping, Sequence

    from vendorlab.lab import VendorHandle
    from vendorlab.mocks.core.journal import Entry

ENVIRONMENT = "VENDORLAB_PYTEST_"

_ISOLATIONS = ("reset", "world")
_NESTED = ("profiles", "settings")


class Worlds:
    """The worlds of one test process: one for all tests, reset between them, and others for those that need their own.

    Args:
        config: where the settings are.
        settings: their names, and whether each may be repeated.
    """

    def __init__(self, config: pytest.Config, settings: Mapping[str, tuple[str, bool, str]]) -> None:
        for variable in [name for name in os.environ if name.startswith(ENVIRONMENT)]:
            if (name := variable.removeprefix(ENVIRONMENT).lower()) not in settings:
                _fail(f"${variable} is none of vendorlab's settings{hint(name, settings)}")
        found = {name: _setting(config, name, repeated=repeated) for name, (_, repeated, _) in settings.items()}
        self._shared: dict[str, Lab] = {}
        self._options = _options(found)
        self._isolation = found["isolation"] or "reset"
        if self._isolation not in _ISOLATIONS:
            _refuse("isolation", f"is one of {', '.join(_ISOLATIONS)}, not {self._isolation!r}")
        self._entries = _number("journal", found["journal"] or "20", int)

    def make(self, vendors: Sequence[str], options: Mapping[str, Any]) -> Lab:
        """A world of its own, as ``vendorlab.world`` makes it."""
        return world(*vendors, **options)

    @contextmanager
    def lend(self, markers: Sequence[pytest.Mark], options: Mapping[str, Any]) -> Generator[Lab]:
        """A clean world for one test.

        Args:
            markers: those of the test, nearest first; with any, the world is the test's own.
            options: on top of the run's settings.
        """
        vendors: Sequence[str] = next((mark.args for mark in markers if mark.args), ())
        of_all = _of(vendors, _merged([self._options, options]))
        merged = _merged([of_all, *(mark.kwargs for mark in reversed(markers))])
        if markers or self._isolation == "world":
            lab = self._made("the marker vendorlab_world" if markers else "vendorlab", vendors, merged)
            with lab, self.watched([lab]):
                yield lab
            return
        lab = self._clean(merged)
        with self.watched([lab]):
            yield lab

    @contextmanager
    def watched(self, labs: Sequence[Lab]) -> Generator[None]:
        """Fail a test during which a fake made a mistake: whatever it then saw proves nothing.

        A shared world is not used again after one.
        """
        log, mistakes = logging.getLogger("vendorlab"), _Mistakes()
        log.addHandler(mistakes)
        try:
            yield
        finally:
            log.removeHandler(mistakes)
        if mistakes.found:
            self._give_up(labs)
            told = "\n".join(mistakes.found)
            pytest.fail(
                "vendorlab itself made a mistake while this test ran; your program is not to blame. "
                f"Please report it with what follows.\n{told}",
                pytrace=False,
            )

    def sections(self, labs: Iterable[Lab]) -> list[tuple[str, str]]:
        """What to tell of worlds when a test failed: the time, the faults, and the last exchanges."""
        if not self._entries:
            return []
        return [
            (f"vendorlab journal{f' of world {number}' if number > 1 else ''}", _told(lab, self._entries))
            for number, lab in enumerate(labs, 1)
        ]

    def stop(self) -> None:
        """End every shared world."""
        while self._shared:
            self._shared.popitem()[1].stop()

    def _clean(self, options: Mapping[str, Any]) -> Lab:
        """The shared world for some options, as if it were new; no connection of an earlier test is left."""
        key = repr(sorted(options.items()))
        lab = self._shared.get(key)
        if lab is None:
            lab = self._shared[key] = self._made("vendorlab", (), options)
            return lab
        lab.world.hang_up()
        lab.reset(options.get("seed", 0))
        return lab

    def _made(self, what: str, vendors: Sequence[str], options: Mapping[str, Any]) -> Lab:
        """A world, or a failure of one line that says what is wrong with what was asked for."""
        known = [name for name, one in signature(world).parameters.items() if one.kind is one.KEYWORD_ONLY]
        for name in options:
            if name not in known:
                _fail(f"{what} does not take {name!r}{hint(name, known)}")
        try:
            return world(*vendors, **options)
        except (WorldError, TypeError, ValueError) as error:
            _fail(f"{what}: {error}")

    def _give_up(self, labs: Sequence[Lab]) -> None:
        for key, lab in list(self._shared.items()):
            if lab in labs:
                del self._shared[key]
                lab.stop()


def vendor(lab: Lab, name: str) -> VendorHandle:
    """A vendor for its fixture, or a failure of one line that says why there is none."""
    try:
        return lab.vendor(name)
    except (WorldError, ValueError) as error:
        _fail(f"the fixture {name}: {error}")


class _Mistakes(logging.Handler):
    """Collects what vendorlab logs as its own mistakes, with tracebacks."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[str] = []
        self.setFormatter(logging.Formatter("%(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        """Keep it."""
        self.found.append(self.format(record))


def _setting(config: pytest.Config, name: str, *, repeated: bool) -> Any:
    """A setting's text, or texts: from the command line, else the environment, else the configuration."""
    given: Any = config.getoption(f"--vendorlab-{name}")
    if not given:
        given = os.environ.get(f"{ENVIRONMENT}{name.upper()}", "")
        given = given.split() if repeated else given
    return given or config.getini(f"vendorlab_{name}")


def _options(found: Mapping[str, Any]) -> dict[str, Any]:
    """The settings as arguments for ``vendorlab.world``."""
    options: dict[str, Any] = {}
    if found["seed"]:
        options["seed"] = _number("seed", found["seed"], int)
    if found["rate"]:
        options["rate"] = _number("rate", found["rate"], float)
    if found["start"]:
        try:
            start = datetime.fromisoformat(found["start"])
        except ValueError:
            _refuse("start", f"is a time such as 2026-11-21T05:00:00Z, not {found['start']!r}")
        options["start"] = start if start.tzinfo else start.replace(tzinfo=UTC)
    if found["profile"]:
        options["profiles"] = dict(_pair("profile", text, "VENDOR=NAME") for text in found["profile"])
    for text in found["set"]:
        key, value = _pair("set", text, "VENDOR.KEY=VALUE")
        vendor, dot, name = key.partition(".")
        if not dot or not name:
            _refuse("set", f"takes VENDOR.KEY=VALUE, not {text!r}")
        options.setdefault("settings", {}).setdefault(vendor, {})[name] = value
    return options


def _number(name: str, text: str, kind: type[int | float]) -> Any:
    try:
        number = kind(text)
    except ValueError:
        number = -1
    if not number >= 0:
        _refuse(name, f"is a number that is not negative, not {text!r}")
    return number


def _pair(name: str, text: str, form: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not (key and equals and value):
        _refuse(name, f"takes {form}, not {text!r}")
    return key, value


def _refuse(name: str, what: str) -> NoReturn:
    """Say of a setting what it must be, and where it may come from."""
    places = f"--vendorlab-{name}, ${ENVIRONMENT}{name.upper()}, vendorlab_{name}"
    _fail(f"vendorlab's setting {name} {what} ({places})")


def _fail(what: str) -> NoReturn:
    """Fail the test with one line: where in vendorlab that was noticed helps nobody."""
    raise pytest.fail.Exception(what, pytrace=False) from None


def _merged(layers: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Arguments for ``vendorlab.world``, the later over the earlier; what is by vendor is merged by vendor."""
    merged: dict[str, Any] = {}
    for layer in layers:
        for name, value in layer.items():
            if name in _nested(merged) and name in _nested(layer):
                merged[name] = _merged_by_vendor(merged[name], cast("dict[str, Any]", value))
            else:
                merged[name] = value
    return merged


def _of(vendors: Sequence[str], options: Mapping[str, Any]) -> dict[str, Any]:
    """Arguments without what is for vendors that do not live in a world of these; none means all."""
    try:
        live, _ = registry.chosen(vendors)
    except KeyError:
        return dict(options)  # the world will say what is wrong with them
    absent = set(registry.vendors()) - set(live)
    kept = {
        name: {one: value for one, value in options[name].items() if one not in absent} for name in _nested(options)
    }
    return {**options, **kept}


def _nested(options: Mapping[str, Any]) -> list[str]:
    return [name for name in _NESTED if isinstance(options.get(name), dict)]


def _merged_by_vendor(earlier: Mapping[str, Any], later: Mapping[str, Any]) -> dict[str, Any]:
    both = dict(earlier)
    for vendor, value in later.items():
        both[vendor] = {**both[vendor], **value} if isinstance(value, dict) and vendor in both else value
    return both


def _told(lab: Lab, most: int) -> str:
    journal, clock = lab.journal, lab.clock
    entries = journal.find()
    lines = [f"world time {iso(clock.micros())}{', frozen' if clock.frozen else ''}, seed {lab.world.ids.seed}"]
    lines += [
        f"fault {rule['name']}: matched {rule['matched']}, struck {rule['struck']}" for rule in lab.faults.rules()
    ]
    shown = entries[-most:]
    if len(entries) > len(shown):
        lines.append(f"... {len(entries) - len(shown)} earlier exchanges")
    lines += [_line(entry) for entry in shown] or ["no exchange: nobody called a vendor"]
    return "\n".join(lines)


def _line(entry: Entry) -> str:
    query = f"?{entry.query}" if entry.query else ""
    fault = f" fault={entry.fault}" if entry.fault else ""
    credential = f" [{entry.credential}]" if entry.credential else ""
    return (
        f"{entry.seq:>5} {iso(entry.at)} {entry.vendor} {entry.method} {entry.path}{query} -> "
        f"{entry.status or 'silence'} {entry.cause}{fault} {entry.principal}{credential}"
    )
