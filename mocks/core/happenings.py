"""What may happen to a vendor's devices, whoever makes it happen: a test, the control API, a story's timeline.

A vendor lists its events as types, each a struct with its own fields; the ``kind`` by which documents name it is its
tag. So an event is data, and what is wrong with one is told before anything happens.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Protocol, Union

import msgspec

from .errors import WorldError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


class EventError(WorldError):
    """There is no such event, or its fields do not fit, or its device is not there."""


class Event(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind"):
    """Something that happens to a device; the first line of its docstring says what."""


class Happenings(Protocol):
    """The events that a vendor knows."""

    @property
    def kinds(self) -> Sequence[type[Event]]:
        """Every kind."""
        ...

    def happen(self, event: Any) -> None:
        """Let one happen now; called under the world's lock.

        Raises:
            EventError: there is no such device, or it cannot happen to it.
        """
        ...


def kind_of(event: type[Event]) -> str:
    """The name by which documents call a kind."""
    return str(event.__struct_config__.tag)


def parse(kinds: Sequence[type[Event]], document: Mapping[str, Any]) -> Event:
    """Read an event.

    Args:
        kinds: what may happen.
        document: its ``kind`` and its fields; numbers and truth may be texts, as a command line has them.

    Raises:
        EventError: it is none of these kinds, or its fields do not fit.
    """
    names = [kind_of(kind) for kind in kinds]
    name = document.get("kind")
    if name not in names:
        near = get_close_matches(str(name), names, 1)
        hint = f"did you mean {near[0]!r}?" if near else f"there are: {', '.join(names) or 'none'}"
        wrong = f"there is no event {name!r}" if "kind" in document else "an event has a `kind`"
        raise EventError(f"{wrong}; {hint}")
    try:
        found: Event = msgspec.convert(dict(document), Union[tuple(kinds)], strict=False)  # noqa: UP007  made at run time
    except msgspec.ValidationError as error:
        raise EventError(f"in the event {name!r}: {error}") from error
    return found


def describe(kind: type[Event]) -> dict[str, Any]:
    """A kind for whoever wants to know what may happen: its name, what it is, and its fields as JSON Schema."""
    schema = msgspec.json.schema(kind)
    reference = schema.get("$ref", "").rpartition("/")[2]
    members = dict((schema.get("$defs", {}).get(reference, schema))["properties"])
    members.pop("kind", None)
    needed = [field.name for field in msgspec.structs.fields(kind) if field.required]
    summary = (kind.__doc__ or "").strip().partition("\n")[0]
    return {"kind": kind_of(kind), "summary": summary, "fields": members, "required": needed}
