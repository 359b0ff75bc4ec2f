"""Settings of a vendor as data: a profile gives defaults, a user overrides by name, an unknown name is an error."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

S = TypeVar("S", bound=msgspec.Struct)
T = TypeVar("T")


class SettingsError(ValueError):
    """A setting or profile that does not exist, or a value that does not fit; the message names the remedy."""


def choose(kind: str, name: str, known: Mapping[str, T]) -> T:
    """The entry of a table by name; otherwise an error that lists what there is."""
    if name not in known:
        raise SettingsError(f"there is no {kind} {name!r}{hint(name, known)}; there are: {', '.join(sorted(known))}")
    return known[name]


def override(settings: S, changes: Mapping[str, Any]) -> S:
    """Settings with some values changed; text is read as the type that is due: it may come from a command line."""
    known = type(settings).__struct_fields__
    for name in changes:
        if name not in known:
            raise SettingsError(f"there is no setting {name!r}{hint(name, known)}; there are: {', '.join(known)}")
    try:
        return msgspec.convert(msgspec.to_builtins(settings) | dict(changes), type(settings), strict=False)
    except msgspec.ValidationError as error:
        raise SettingsError(f"a setting does not fit: {error}") from error


def hint(name: str, known: Iterable[str]) -> str:
    """What somebody may have meant by a name that is not known, for a message about it; empty if nothing is near."""
    close = get_close_matches(name, list(known), n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""
