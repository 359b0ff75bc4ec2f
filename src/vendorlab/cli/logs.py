"""What vendorlab itself has to say while it runs: to people on the error output, or as further lines of JSON."""

from __future__ import annotations

import json
import logging
from contextlib import contextmanager
from typing import TYPE_CHECKING

import rich_click as click

if TYPE_CHECKING:
    from collections.abc import Generator

_PLAIN = logging.Formatter("vendorlab: %(message)s")
_TRACE = logging.Formatter()


class Lines(logging.Handler):
    """Prints what is logged, in one of the forms of ``--log-format``."""

    def __init__(self, log_format: str) -> None:
        super().__init__(logging.WARNING)
        self._json = log_format == "json"

    def emit(self, record: logging.LogRecord) -> None:
        """Print one record; with its traceback if it has one."""
        if not self._json:
            click.echo(_PLAIN.format(record), err=True)
            return
        told = {"event": "log", "level": record.levelname.lower(), "message": record.getMessage()}
        if record.exc_info:
            told["traceback"] = _TRACE.formatException(record.exc_info)
        click.echo(json.dumps(told))


@contextmanager
def shown(log_format: str) -> Generator[None]:
    """Print what vendorlab logs until the end."""
    log, lines = logging.getLogger("vendorlab"), Lines(log_format)
    log.addHandler(lines)
    try:
        yield
    finally:
        log.removeHandler(lines)
