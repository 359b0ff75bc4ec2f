"""A world's chance: seeded streams from which ids, tokens and keys are drawn.

Each purpose has a stream of its own, named, so that one vendor's drawing more does not change what another draws.
"""

from __future__ import annotations

import hashlib
import random
import string
import uuid
from typing import Any

LETTERS_AND_DIGITS = string.ascii_letters + string.digits
UPPER_AND_DIGITS = string.ascii_uppercase + string.digits
HEX = "0123456789abcdef"


class Ids:
    """Seeded streams of chance, by name."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.run = 0
        self._streams: dict[str, random.Random] = {}

    def stream(self, name: str) -> random.Random:
        """The generator of one purpose; the same seed and name give the same draws."""
        stream = self._streams.get(name)
        if stream is None:
            run = f"/{self.run}" if self.run else ""
            stream = self._streams[name] = random.Random(f"{self.seed}/{name}{run}")
        return stream

    def text(self, name: str, length: int, alphabet: str = LETTERS_AND_DIGITS) -> str:
        """``length`` characters drawn from ``alphabet``."""
        return "".join(self.stream(name).choices(alphabet, k=length))

    def uuid(self, name: str) -> str:
        """A random UUID, in lower case."""
        return str(uuid.UUID(int=self.stream(name).getrandbits(128), version=4))

    def reset(self, seed: int) -> None:
        """Begin every stream anew, from another seed or the same."""
        self.seed = seed
        self.begin_run(0)

    def begin_run(self, run: int) -> None:
        """Begin every stream anew, as the next process does that goes on with a world: it draws nothing twice."""
        self.run = run
        self._streams.clear()

    def snapshot(self) -> dict[str, Any]:
        """Where every stream stands, as JSON-like data."""
        return {name: stream.getstate() for name, stream in self._streams.items()}

    def restore(self, document: dict[str, Any]) -> None:
        """Put every stream where ``snapshot`` found it."""
        self._streams.clear()
        for name, (version, state, gauss) in document.items():
            self.stream(name).setstate((version, tuple(state), gauss))


def fingerprint(secret: str) -> str:
    """A name for a secret that does not give it away: ``#`` and eight hex digits, the same for the same secret."""
    return "#" + hashlib.blake2b(secret.encode("utf-8", "surrogateescape"), digest_size=4).hexdigest()
