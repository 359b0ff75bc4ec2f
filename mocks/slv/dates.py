"""Dates as SLV has them: whole seconds without an offset, in the server's zone. Two forms are read, one is written."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import tzinfo

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = 253_402_214_400
"""9999-12-31T00:00Z: later than that some zones cannot write."""

_ISO = re.compile(
    r"(?P<year>\d{4})-(?P<month>\d{2})-(?P<day>\d{2}) (?P<hour>\d{2}):(?P<minute>\d{2}):(?P<second>\d{2})", re.ASCII
)
_EUROPEAN = re.compile(
    r"(?P<day>\d{2})/(?P<month>\d{2})/(?P<year>\d{4}) (?P<hour>\d{2}):(?P<minute>\d{2}):(?P<second>\d{2})", re.ASCII
)


def read_date(text: str, zone: tzinfo) -> int:
    """Seconds since 1970 for ``yyyy-MM-dd HH:mm:ss`` or ``dd/MM/yyyy HH:mm:ss`` (public).

    A time that a zone has twice is the earlier one, and one that it leaves out is as much later as it lies within
    the gap.

    Raises:
        ValueError: It is neither, or no time that there is, or lies before 1970.
    """
    match = _ISO.fullmatch(text) or _EUROPEAN.fullmatch(text)
    if match is None:
        raise ValueError("neither yyyy-MM-dd HH:mm:ss nor dd/MM/yyyy HH:mm:ss")
    local = datetime(**{name: int(digits) for name, digits in match.groupdict().items()}, tzinfo=zone)
    try:
        seconds = (local - _EPOCH) // timedelta(seconds=1)
    except OverflowError:
        raise ValueError("beyond the year 9999") from None
    if not 0 <= seconds <= _LAST:
        raise ValueError("before 1970, or beyond the year 9999")
    return seconds


def write_date(seconds: int, zone: tzinfo) -> str:
    """``yyyy-MM-dd HH:mm:ss`` (public)."""
    moment = _EPOCH + timedelta(seconds=min(max(seconds, 0), _LAST))
    return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
