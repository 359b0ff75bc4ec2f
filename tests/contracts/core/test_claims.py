"""Claims: what the loader takes, and how it complains."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vendorlab.contracts.core.claims import Claim, Source, claim_id, load_claims, parse_claims
from vendorlab.contracts.core.errors import ClaimsError

GOOD = """
- id: acme.door.opens
  text: "The door opens: always."
  source: documented
  where: 'Manual, "Doors"'
  date: 2026-11-20
"""


def test_claim_is_read() -> None:
    assert parse_claims(GOOD, "acme") == (
        Claim("acme.door.opens", "The door opens: always.", Source.DOCUMENTED, 'Manual, "Doors"', date(2026, 11, 20)),
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("id: acme.door.opens", "id: other.door.opens"), "line 2: an id is acme.subject.behaviour"),
        (("id: acme.door.opens", "id: acme.door"), "line 2: an id is"),
        (("id: acme.door.opens", "id: acme.Door.opens"), "line 2: an id is"),
        (("id: acme.door.opens", "id: 7"), "line 2: an id is"),
        (("always.", "always"), "one sentence with a full stop"),
        (("source: documented", "source: gossip"), "unknown source 'gossip'; there are documented, observed, public"),
        (("source: documented", "source: [documented]"), "unknown source"),
        (("where: 'Manual, \"Doors\"'", "where: ''"), "'where' names"),
        (("date: 2026-11-20", "date: yesterday"), "a date is written"),
        (("date: 2026-11-20", "date: 2026-11-20T10:00:00Z"), "a date is written"),
        (("  source: documented\n", ""), "line 2: 'source' is missing"),
        (("  date:", "  mood: fine\n  date:"), "line 2: unknown key 'mood'"),
        (("  date:", "  source: public\n  date:"), "line 2: 'source' stands twice"),
    ],
)
def test_claim_that_breaks_a_rule_is_named_with_its_line(change: tuple[str, str], message: str) -> None:
    assert change[0] in GOOD
    with pytest.raises(ClaimsError) as caught:
        parse_claims(GOOD.replace(*change), "acme")
    assert message in str(caught.value)


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(ClaimsError) as caught:
        parse_claims("- id: nonsense\n- 5\n", "acme")
    told = str(caught.value)
    assert all(
        line in told for line in ("line 1: 'text' is missing", "line 1: 'date' is missing", "line 2: a claim is")
    )


def test_id_that_stands_twice_is_refused_with_both_lines() -> None:
    with pytest.raises(ClaimsError, match=r"line 8: acme\.door\.opens stands in line 2 already"):
        parse_claims(GOOD + GOOD, "acme")


@pytest.mark.parametrize("text", ["", "id: acme.door.opens", "- [", "- *nowhere", "- id: 2026-99-99", "\x00"])
def test_text_that_is_no_list_of_claims_is_refused(text: str) -> None:
    with pytest.raises(ClaimsError, match=r"claims\.yaml"):
        parse_claims(text, "acme")


def test_name_that_begins_with_a_dot_is_the_vendors_own() -> None:
    assert claim_id(".door.opens", "acme") == claim_id("acme.door.opens", "acme") == "acme.door.opens"


def test_vendor_without_claims_is_refused() -> None:
    with pytest.raises(ClaimsError, match="vendor 'acme' has no claims"):
        load_claims("acme")


@given(st.text())
def test_any_text_is_understood_or_refused(text: str) -> None:
    try:
        parse_claims(text, "acme")
    except ClaimsError:
        return


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda each: st.lists(each) | st.dictionaries(st.text(), each),
    )
)
def test_any_document_is_understood_or_refused(document: object) -> None:
    import json

    try:
        claims = parse_claims(json.dumps(document), "acme")
    except ClaimsError:
        return
    assert claims == ()
