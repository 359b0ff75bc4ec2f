"""What can be wrong with a story, or with what was kept of one.

ScenarioError
├── StoryError         the story makes no sense; the message begins with FILE:LINE:COLUMN
├── UnknownStoryError  there is none of that name
├── CannotHappenError  what the timeline wants to do cannot be done in the world as it is by then
└── EvidenceError      a kept journal cannot be read
"""

from __future__ import annotations


class ScenarioError(ValueError):
    """Something is wrong with a story; the message says what to change."""


class StoryError(ScenarioError):
    """A story makes no sense.

    Args:
        place: where, as ``file:line:column``.
        what: what is wrong there, and what to change.
    """

    def __init__(self, place: str, what: str) -> None:
        super().__init__(f"{place}: {what}")
        self.place = place


class UnknownStoryError(ScenarioError):
    """There is no story of that name, and no file either."""


class CannotHappenError(ScenarioError):
    """What the timeline wants to do cannot be done in the world as it is by then; a stage raises it."""


class EvidenceError(ScenarioError):
    """A kept journal cannot be read."""
