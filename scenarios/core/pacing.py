"""Another pace for a story, as somebody at a command line gives it: for a program that does not turn the clock."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import msgspec

from vendorlab.scenarios.core.errors import ScenarioError
from vendorlab.scenarios.core.story import Pace

if TYPE_CHECKING:
    from vendorlab.scenarios.core.story import Story

FORMS = "program, rate=3600, each=1h or idle=100ms,step=1h"


def paced(story: Story, text: str) -> Story:
    """The same story at another pace.

    Args:
        story: whose pace is its own.
        text: one of ``FORMS``, with other numbers.

    Raises:
        ScenarioError: the text is none of them.
    """
    return replace(story, spec=msgspec.structs.replace(story.spec, pace=_read(text)))


def _read(text: str) -> Literal["program"] | Pace:
    if text == "program":
        return "program"
    found = {name: value for name, _, value in (part.partition("=") for part in text.split(","))}
    if set(found) not in ({"rate"}, {"each"}, {"idle", "step"}):
        raise ScenarioError(f"{text!r} is no pace; write {FORMS}")
    try:
        return msgspec.convert(found, Pace, strict=False)
    except msgspec.ValidationError as error:
        raise ScenarioError(f"{text!r} is no pace ({error}); write {FORMS}") from error
