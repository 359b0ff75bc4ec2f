"""A caller's trace: what is read as one, what is passed on of it, and how spans are named."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vendorlab.mocks.core.ids import HEX, Ids
from vendorlab.mocks.core.traces import Span, Spans, noted, read

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
CALLER = Span(TRACE, PARENT, "01", "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7")


def headers(parent: str, **more: str) -> dict[str, str]:
    return {"traceparent": parent, **more}


def test_callers_span_is_read_with_what_other_tracers_say() -> None:
    assert read(dict(CALLER.headers)) == CALLER
    assert read({}) is None


@pytest.mark.parametrize(
    "parent",
    [
        "",
        "secret",
        f"00-{TRACE}-{PARENT}",
        f"00-{TRACE}-{PARENT}-01x",
        f"00-{TRACE}-{PARENT}-01-more",
        f"00-{TRACE.upper()}-{PARENT}-01",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"ff-{TRACE}-{PARENT}-01",
        f"00-{TRACE}-{PARENT}-01,00-{TRACE}-{PARENT}-01",
    ],
)
def test_what_is_no_trace_is_none(parent: str) -> None:
    assert read(headers(parent, tracestate="a=b")) is None


def test_later_version_is_read_as_far_as_this_one_knows_it() -> None:
    assert read(headers(f"01-{TRACE}-{PARENT}-ff-more")) == Span(TRACE, PARENT, "03")


@pytest.mark.parametrize("state", ["a=b\r\nx: y", "ä=b", "a" * 5_000])
def test_state_that_cannot_be_passed_on_is_left_out_and_the_trace_goes_on(state: str) -> None:
    assert read(headers(CALLER.parent, tracestate=state)) == CALLER._replace(state="")


PARTS = st.sampled_from(["00", "01", "ff", TRACE, PARENT, "0" * 32, "0" * 16, "", "-", "é"]) | st.text(max_size=3)


@given(st.lists(PARTS, min_size=3, max_size=5), st.text(max_size=9))
def test_whatever_is_read_can_be_passed_on(parts: list[str], state: str) -> None:
    found = read(headers("-".join(parts), tracestate=state))
    assert found is None or read(dict(found.headers)) == found


@given(
    st.text(HEX, min_size=32, max_size=32).filter(lambda text: text.strip("0")),
    st.text(HEX, min_size=16, max_size=16).filter(lambda text: text.strip("0")),
    st.sampled_from(["00", "01", "02", "03"]),
    st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=100),
)
def test_what_is_passed_on_is_read_as_it_was(trace: str, span: str, flags: str, state: str) -> None:
    one = Span(trace, span, flags, state)
    assert read(dict(one.headers)) == one


def test_span_has_its_own_name_in_the_trace_of_its_cause_and_the_seed_says_which() -> None:
    spans, same, other = Spans(Ids(7)), Spans(Ids(7)), Spans(Ids(8))
    first, second = spans.begin(CALLER), spans.begin(CALLER, out=True)
    assert first is not None
    assert second is not None
    assert len({CALLER.id, first.id, second.id}) == 3
    assert first._replace(id=PARENT) == second._replace(id=PARENT) == CALLER
    assert (same.begin(CALLER), other.begin(CALLER) != first) == (first, True)


def test_without_a_cause_there_is_a_span_only_if_somebody_records_it() -> None:
    spans = Spans()
    assert spans.begin(None) is None
    spans.recorder = lambda cause, out: Span(TRACE, PARENT) if cause is None and out else None
    assert spans.begin(None, out=True) == Span(TRACE, PARENT)
    assert spans.begin(CALLER) is None


def test_journal_is_told_of_a_span_and_what_it_is_below_and_not_of_others_state() -> None:
    below = CALLER._replace(id="1" * 16)
    assert noted(CALLER, below) == {"traceparent": f"00-{TRACE}-{PARENT}-01", "span": f"00-{TRACE}-{'1' * 16}-01"}
    assert noted(None, None) == {}
