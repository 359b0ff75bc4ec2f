"""Events: read from documents, described, and refused where they make no sense."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import pytest
from msgspec import Meta

from vendorlab.mocks.core.happenings import Event, EventError, describe, parse


class Reboot(Event, frozen=True, tag="reboot"):
    """A device starts anew.

    Attributes:
        device: which.
        seconds: until it is back.
    """

    device: str
    seconds: Annotated[int, Meta(ge=0, le=60)] = 5


class Move(Event, frozen=True, tag="move"):
    """A device gets another address."""

    device: str
    how: Literal["quickly", "slowly"] = "quickly"


KINDS = (Reboot, Move)


def test_event_is_read_with_its_defaults() -> None:
    assert parse(KINDS, {"kind": "reboot", "device": "a"}) == Reboot(device="a", seconds=5)
    assert parse(KINDS, {"kind": "move", "device": "a", "how": "slowly"}) == Move(device="a", how="slowly")


def test_numbers_may_be_texts_as_a_command_line_has_them() -> None:
    assert parse(KINDS, {"kind": "reboot", "device": "a", "seconds": "7"}) == Reboot(device="a", seconds=7)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({}, "there are: reboot, move"),
        ({"kind": "rebot"}, "did you mean 'reboot'?"),
        ({"kind": ["reboot"]}, "there is no event"),
        ({"kind": "reboot"}, "`device`"),
        ({"kind": "reboot", "device": "a", "seconds": 61}, "`int` <= 60"),
        ({"kind": "reboot", "device": "a", "second": 6}, "`second`"),
        ({"kind": "move", "device": "a", "how": "never"}, "never"),
    ],
)
def test_event_that_makes_no_sense_is_refused(document: dict[str, Any], said: str) -> None:
    with pytest.raises(EventError, match=said.replace("?", r"\?")):
        parse(KINDS, document)


def test_without_kinds_there_is_no_event() -> None:
    with pytest.raises(EventError, match="there are: none"):
        parse((), {"kind": "reboot"})


def test_kind_is_described_with_fields_and_what_must_be_given() -> None:
    found = describe(Reboot)
    assert (found["kind"], found["summary"], found["required"]) == ("reboot", "A device starts anew.", ["device"])
    assert found["fields"] == {
        "device": {"type": "string"},
        "seconds": {"type": "integer", "minimum": 0, "maximum": 60, "default": 5},
    }
