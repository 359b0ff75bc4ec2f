"""Text that must not leak: passwords, secrets, keys and tokens.

Not a subclass of `str`, because such a value would still show itself in f-strings, JSON and logs.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass


class Secret:
    """A text that shows a mask wherever it is printed; `reveal()` is the only way to it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    @classmethod
    def of(cls, value: str | Secret | None) -> Secret | None:
        """Wrap a text; leave a secret and None as they are."""
        return cls(value) if isinstance(value, str) else value

    def reveal(self) -> str:
        """Return the text itself."""
        return self._text

    def __repr__(self) -> str:
        return "Secret('****')"

    __str__ = __repr__

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        return hmac.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        return hash(self._text)


@dataclass(frozen=True, slots=True)
class Credential:
    """What the Authorization header says.

    Attributes:
        scheme: Such as "Bearer" or "Token"; "" where the vendor wants the bare secret.
        secret: The token or key.
    """

    scheme: str
    secret: Secret

    def header(self) -> str:
        """Return the header's value, in the clear."""
        return f"{self.scheme} {self.secret.reveal()}" if self.scheme else self.secret.reveal()
