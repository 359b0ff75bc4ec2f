"""Secrets stay out of what a run prints or writes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from vendorlab.contracts.core.redaction import MASK, Secrets


def test_known_secrets_are_masked_everywhere() -> None:
    assert Secrets(["hunter2"]).mask("hunter2 and hunter2!") == f"{MASK} and {MASK}!"


def test_tokens_of_an_answer_are_learnt() -> None:
    secrets = Secrets()
    secrets.learn(b'{"access_token": "AAAABBBB", "expires_in": 86400,"refresh_token":"CCCCDDDD"}')
    secrets.learn(b'{"accessToken":"EEEE.FFFF.GGGG"}')
    assert secrets.mask("AAAABBBB CCCCDDDD EEEE.FFFF.GGGG 86400") == f"{MASK} {MASK} {MASK} 86400"


def test_longer_secret_is_masked_whole_though_it_holds_a_shorter_one() -> None:
    assert Secrets(["abcd", "abcdefgh"]).mask("abcdefgh") == MASK


def test_values_too_short_to_tell_from_text_are_left_alone() -> None:
    assert Secrets(["a", ""]).mask("a banana") == "a banana"


@given(st.text(min_size=4), st.text(), st.text())
def test_no_secret_survives(secret: str, before: str, after: str) -> None:
    masked = Secrets([secret]).mask(before + secret + after)
    assert secret not in masked.replace(MASK, "\0") or "*" in secret or "\0" in secret


@given(st.binary())
def test_any_body_can_be_learnt_from(body: bytes) -> None:
    Secrets().learn(body)
