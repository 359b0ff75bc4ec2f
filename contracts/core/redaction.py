"""Keeps credentials and tokens out of everything a run prints or writes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

MASK = "***"
_SHORTEST = 4
_JWT = re.compile(r"eyJ[\w-]{8,}(?:\.[\w-]*){0,2}", re.ASCII)
"""A token that tells by itself that it is one; texts show the beginning of some that were cut."""
_TOKENS = re.compile(rb'"(?:(?:access|refresh)_token|accessToken)"\s*:\s*"([^"\\]+)"')


class Secrets:
    """The secrets met so far; ``mask`` takes them out of a text.

    Args:
        values: Credentials known from the start. Those too short to be told from ordinary text are left alone.
    """

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._values: set[str] = set()
        for value in values:
            self.add(value)

    def add(self, value: str) -> None:
        """Remember one more secret."""
        if len(value) >= _SHORTEST:
            self._values.add(value)

    def learn(self, body: bytes) -> None:
        """Remember the tokens that a token endpoint's answer gives away."""
        for value in _TOKENS.findall(body):
            self.add(value.decode("utf-8", "replace"))

    def mask(self, text: str) -> str:
        """Return the text without any secret, the longest first since one may contain another."""
        for value in sorted(self._values, key=len, reverse=True):
            text = text.replace(value, MASK)
        return _JWT.sub(MASK, text)
