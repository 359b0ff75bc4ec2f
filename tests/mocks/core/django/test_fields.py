"""Date-times as DRF reads and writes them."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vendorlab.mocks.core.django.fields import parse_datetime, whole_seconds, write_datetime

ZONES: Any = st.none() | st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.datetimes(min_value=datetime(1000, 1, 1), timezones=ZONES), st.sampled_from("T "))  # noqa: DTZ001
def test_what_python_writes_is_read_as_it_was(moment: datetime, between: str) -> None:
    assert parse_datetime(moment.isoformat(between), dates=False) == moment


@pytest.mark.parametrize(
    ("text", "hour", "offset"),
    [
        ("2018-03-01T18:45", 18, None),
        ("2018-03-01 18:45:00", 18, None),
        ("2018-03-01T18:45:00Z", 18, 0),
        ("2018-03-01T18:45:00.5+05:00", 18, 300),
        ("2018-3-1T8:45 -0600", 8, -360),
        ("2018-03-01T18:45:00,123456789+05", 18, 300),
    ],
)
def test_forms_that_are_read(text: str, hour: int, offset: int | None) -> None:
    moment = parse_datetime(text, dates=False)
    assert moment.hour == hour
    assert moment.utcoffset() == (None if offset is None else timedelta(minutes=offset))


@pytest.mark.parametrize(
    "text", ["", "now", "1519929900", "2018-03-01", "2018-13-01T00:00", "2018-03-01T24:00", "2018-03-01T18:45:00+99:00",
             "२०१८-03-01T00:00", "2018-03-01T18:45:00 05:00", "T18:45", "2018-03-01T18:45:00ZZ"],
)  # fmt: skip
def test_anything_else_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  its message is nobody's business
        parse_datetime(text, dates=False)


def test_date_alone_is_read_where_the_stack_does_so() -> None:
    assert parse_datetime("2018-03-01", dates=True) == datetime(2018, 3, 1)  # noqa: DTZ001


@given(st.text(max_size=40), st.booleans())
def test_any_text_is_a_moment_or_a_value_error(text: str, dates: bool) -> None:
    with suppress(ValueError):
        assert isinstance(parse_datetime(text, dates=dates), datetime)


@given(st.integers(0, 253_402_300_799))
def test_what_is_written_is_read_as_the_same_second(seconds: int) -> None:
    text = write_datetime(seconds)
    assert len(text) == 20
    assert whole_seconds(parse_datetime(text, dates=False)) == seconds


def test_parts_of_a_second_round_up() -> None:
    assert whole_seconds(datetime(1970, 1, 1, 0, 0, 1, 1, UTC)) == 2
