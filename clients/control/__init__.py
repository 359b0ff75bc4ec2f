"""The client for vendorlab's own control API: turn the clock, plan faults, read the journal, make worlds."""

from .client import ControlClient
from .errors import ControlError, ControlUnreachable
from .models import (
    Advance,
    Clock,
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

__all__ = [
    "Advance",
    "Clock",
    "ControlClient",
    "ControlError",
    "ControlUnreachable",
    "Fault",
    "Health",
    "JournalEntry",
    "JournalPage",
    "Listener",
    "Timer",
    "Token",
    "Vendor",
    "Version",
    "World",
]
