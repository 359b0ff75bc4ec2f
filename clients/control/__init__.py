"""The client for vendorlab's own control API: turn the clock, plan faults, read the journal, make worlds."""

from .client import ControlClient
from .errors import ControlError, ControlUnreachable
from .models import (
    Advance,
    Clock,
    EventKind,
    Fault,
    Health,
    JournalEntry,
    JournalPage,
    Listener,
    Timer,
    Token,
    Vendor,
    Version,
    World,
)
from .stories import StagedStory, StoryProgress

__all__ = [
    "Advance",
    "Clock",
    "ControlClient",
    "ControlError",
    "ControlUnreachable",
    "EventKind",
    "Fault",
    "Health",
    "JournalEntry",
    "JournalPage",
    "Listener",
    "StagedStory",
    "StoryProgress",
    "Timer",
    "Token",
    "Vendor",
    "Version",
    "World",
]
