"""What vendorlab logs of itself, for people and as JSON."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING

from vendorlab.cli.logs import shown

if TYPE_CHECKING:
    import pytest

LOG = logging.getLogger("vendorlab")


def make_a_mistake() -> None:
    try:
        _ = 1 / 0
    except ZeroDivisionError:
        LOG.exception("a mistake in %s", "slv")


def test_people_read_it_on_the_error_output_with_its_traceback(capfd: pytest.CaptureFixture[str]) -> None:
    with shown("text"):
        make_a_mistake()
        LOG.info("chatter")
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith("vendorlab: a mistake in slv\nTraceback ")
    assert err.endswith("ZeroDivisionError: division by zero\n")


def test_json_has_a_line_for_each_record(capfd: pytest.CaptureFixture[str]) -> None:
    with shown("json"):
        make_a_mistake()
        LOG.warning("no %s", "trace")
    out, err = capfd.readouterr()
    first, second = map(json.loads, out.splitlines())
    assert (first["event"], first["level"], first["message"]) == ("log", "error", "a mistake in slv")
    assert first["traceback"].endswith("ZeroDivisionError: division by zero")
    assert (second, err) == ({"event": "log", "level": "warning", "message": "no trace"}, "")


def test_nothing_is_printed_once_it_is_over(capfd: pytest.CaptureFixture[str]) -> None:
    before = list(LOG.handlers)
    with shown("json"):
        assert LOG.handlers != before
    LOG.warning("late")
    assert (LOG.handlers, capfd.readouterr().out) == (before, "")
