"""DRF's form fields, as far as callers fill them in: date-times, and the words with which a field is refused (3.6)."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone

REQUIRED = "This field is required."
WRONG_DATETIME = (
    "Datetime has wrong format. Use one of these formats instead: YYYY-MM-DDThh:mm[:ss[.uuuuuu]][+HH:MM|-HH:MM|Z]."
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_DATETIME = re.compile(
    r"([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})"
    r"[T ]([0-9]{1,2}):([0-9]{1,2})(?::([0-9]{1,2})(?:[.,]([0-9]{1,6})[0-9]{0,6})?)?"
    r"\s*(Z|[+-][0-9]{2}(?::?[0-9]{2})?)?",
    re.ASCII,
)
_DATE = re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}", re.ASCII)


def parse_datetime(text: str, *, dates: bool) -> datetime:
    """A date-time as DRF reads it, naive where it names no zone.

    Args:
        text: without blanks around it.
        dates: a date alone is midnight, as newer stacks take it.

    Raises:
        ValueError: for anything else, Unix seconds included.
    """
    if dates and _DATE.fullmatch(text):
        text += "T00:00"
    match = _DATETIME.fullmatch(text)
    if match is None:
        raise ValueError(text)
    year, month, day, hour, minute, second, fraction, offset = match.groups()
    micros = int((fraction or "").ljust(6, "0"))
    return datetime(
        int(year), int(month), int(day), int(hour), int(minute), int(second or 0), micros, tzinfo=_offset(offset)
    )


def whole_seconds(moment: datetime) -> int:
    """An aware moment in whole seconds since 1970, rounded up, as what happens falls on whole seconds."""
    return -((EPOCH - moment) // timedelta(seconds=1))


def write_datetime(seconds: int) -> str:
    """Whole seconds since 1970 as DRF writes them in UTC: ``2018-03-01T18:45:00Z``."""
    return f"{(EPOCH + timedelta(seconds=seconds)).isoformat()[:19]}Z"


def _offset(text: str | None) -> timezone | None:
    if text is None:
        return None
    if text == "Z":
        return UTC
    digits = text[1:].replace(":", "").ljust(4, "0")
    return timezone((-1 if text[0] == "-" else 1) * timedelta(hours=int(digits[:2]), minutes=int(digits[2:])))
