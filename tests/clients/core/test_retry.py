"""Back-off and Retry-After."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vendorlab.clients.core.retry import RetryPolicy, retry_after


@given(failures=st.integers(1, 10_000), seed=st.integers())
def test_delay_is_positive_and_capped(failures: int, seed: int) -> None:
    policy = RetryPolicy(base=0.5, cap=30, chance=random.Random(seed))
    assert 0.25 <= policy.delay(failures) <= 30


def test_delay_doubles_up_to_the_cap() -> None:
    class Longest(random.Random):
        def uniform(self, a: float, b: float) -> float:
            return max(a, b)

    policy = RetryPolicy(base=0.5, cap=3, chance=Longest())
    assert [policy.delay(n) for n in (1, 2, 3, 4, 5)] == [0.5, 1, 2, 3, 3]


def test_delays_of_two_clients_differ() -> None:
    assert RetryPolicy(chance=random.Random(1)).delay(5) != RetryPolicy(chance=random.Random(2)).delay(5)


@given(st.integers(0, 999_999_999))
def test_whole_seconds_are_read(seconds: int) -> None:
    assert retry_after({"Retry-After": f" {seconds} "}) == seconds


@given(value=st.text(), date=st.text())
def test_nonsense_is_none_or_a_wait_and_never_an_error(value: str, date: str) -> None:
    wait = retry_after({"Retry-After": value, "Date": date})
    assert wait is None or wait >= 0


@pytest.mark.parametrize(
    ("value", "date", "wait"),
    [
        ("Wed, 21 Oct 2026 07:28:30 GMT", "Wed, 21 Oct 2026 07:28:00 GMT", 30),
        ("Wed, 21 Oct 2026 07:27:00 GMT", "Wed, 21 Oct 2026 07:28:00 GMT", 0),
        ("Wed, 21 Oct 2026 07:28:30 GMT", "", None),
        ("Wed, 21 Oct 2026 07:28:30 -0000", "Wed, 21 Oct 2026 07:28:00 GMT", None),
        ("-5", "", None),
        ("1.5", "", None),
        ("\u0665", "", None),
        ("", "", None),
    ],
)
def test_retry_after_table(value: str, date: str, wait: float | None) -> None:
    assert retry_after({"Retry-After": value, "Date": date}) == wait
