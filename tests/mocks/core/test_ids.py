"""A world's chance: seeded, apart by purpose, and carried through snapshots."""

from __future__ import annotations

import json
import string

from hypothesis import given
from hypothesis import strategies as st

from vendorlab.mocks.core.ids import HEX, Ids, fingerprint


def test_same_seed_and_name_draw_the_same() -> None:
    assert Ids(7).text("tokens", 30) == Ids(7).text("tokens", 30)


def test_other_seed_or_name_draws_otherwise() -> None:
    draws = {Ids(7).text("tokens", 30), Ids(8).text("tokens", 30), Ids(7).text("keys", 30)}
    assert len(draws) == 3


def test_streams_do_not_disturb_each_other() -> None:
    alone, beside = Ids(7), Ids(7)
    beside.text("other", 1_000)
    assert alone.text("tokens", 30) == beside.text("tokens", 30)


@given(st.integers(0, 200), st.sampled_from([HEX, string.ascii_uppercase]))
def test_text_has_the_length_and_alphabet_asked_for(length: int, alphabet: str) -> None:
    text = Ids(7).text("any", length, alphabet)
    assert len(text) == length
    assert set(text) <= set(alphabet)


def test_reset_begins_every_stream_anew() -> None:
    ids = Ids(7)
    first = ids.text("tokens", 30)
    ids.reset(8)
    second = ids.text("tokens", 30)
    ids.reset(7)
    assert ids.text("tokens", 30) == first != second


def test_a_snapshot_through_json_goes_on_where_it_stood() -> None:
    ids = Ids(7)
    ids.text("tokens", 11)
    ids.stream("normal").gauss(0, 1)  # leaves a half-used pair behind
    document = json.loads(json.dumps(ids.snapshot()))
    other = Ids(7)
    other.text("fresh", 5)
    other.restore(document)
    assert other.text("tokens", 30) == ids.text("tokens", 30)
    assert other.stream("normal").gauss(0, 1) == ids.stream("normal").gauss(0, 1)
    assert other.text("fresh", 5) == Ids(7).text("fresh", 5)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_fingerprint_names_a_secret_without_showing_it(secret: str) -> None:
    name = fingerprint(secret)
    assert name == fingerprint(secret)
    assert len(name) == 9
    assert name[0] == "#"
    assert set(name[1:]) <= set(HEX)


def test_fingerprints_of_many_tokens_rarely_meet() -> None:
    ids = Ids(7)
    assert len({fingerprint(ids.text("tokens", 30)) for _ in range(1_000)}) == 1_000
