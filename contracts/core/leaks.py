"""What must not be written: the rules in ``recording.yaml``, and a sense for strings that look like tokens."""

from __future__ import annotations

import math
import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import yaml

from vendorlab.contracts.core.errors import LeakError
from vendorlab.contracts.core.redaction import MASK

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from vendorlab.contracts.core.redaction import Secrets

FILE = Path(__file__).with_name("recording.yaml")
_RUN = re.compile(r"[A-Za-z0-9+/_\-]{20,}={0,2}")
_BITS = 3.4
"""Bits for each letter, from which on a long run of letters and digits is taken for a token; words have fewer."""
_DIGITS = 3


class Rules:
    """The parsed file.

    Attributes:
        headers: Which headers' values are kept, and what they must look like.
        literals: For each name of a field the texts that are kept as they are.
        secrets: What looks like a secret, by name.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        headers: Mapping[str, str] = document["headers"]
        literals: Mapping[str, list[str]] = document["literals"]
        secrets: Mapping[str, str] = document["secrets"]
        self.headers = {name: re.compile(pattern) for name, pattern in headers.items()}
        self.literals = {name: frozenset(texts) for name, texts in literals.items()}
        self.secrets = {name: re.compile(pattern) for name, pattern in secrets.items()}

    def header_value(self, name: str, value: str) -> str | None:
        """Return a header's value if it may be kept; None if only its name may.

        Raises:
            LeakError: The header is known, and its value is of no known form.
        """
        pattern = self.headers.get(name)
        if pattern is None:
            return None
        if not pattern.fullmatch(value):
            raise LeakError(f"the header {name} has a value of no known form")
        return value

    def suspicion(self, text: str) -> str | None:
        """Return what a text looks like, if that is something that nobody may see."""
        for name, pattern in self.secrets.items():
            if pattern.search(text):
                return name
        return "a token" if any(_token_shaped(run) for run in _RUN.findall(text)) else None


@cache
def rules() -> Rules:
    """Return what the file beside this module says."""
    return Rules(yaml.safe_load(FILE.read_text(encoding="utf-8")))


def check_clean(document: Any, secrets: Secrets, known: frozenset[str] = frozenset()) -> None:
    """Expect that nothing in a document looks like a secret.

    Args:
        document: What is to be written, as JSON has it.
        secrets: Those that the run has met.
        known: Texts that are ours, and so cannot be anybody's secret.

    Raises:
        LeakError: Something does; the message says where and what it looks like, and not what it is.
    """
    for place, text in _texts("", document):
        if text in known:
            continue
        found = rules().suspicion(text)
        if found is None and (secrets.mask(text) != text or MASK in text):
            found = "one of the run's own secrets"
        if found:
            raise LeakError(f"{place.lstrip('.') or 'the text'} looks like {found}")


def _token_shaped(run: str) -> bool:
    """Whether a run is long, mixed, and as surprising as chance is."""
    counted = Counter(run.rstrip("="))
    size = counted.total()
    if sum(number for each, number in counted.items() if each.isdigit()) < _DIGITS:
        return False
    return -sum(number / size * math.log2(number / size) for number in counted.values()) >= _BITS


def _texts(place: str, value: Any) -> Iterator[tuple[str, str]]:
    """Give all texts, names of members included, each with its place; a suspicious name is no part of a place."""
    match value:
        case str():
            yield place, value
        case dict():
            for key, member in cast("dict[str, Any]", value).items():
                yield f"{place}: a name", key
                yield from _texts(f"{place}.{key}" if rules().suspicion(key) is None else place, member)
        case list():
            for number, member in enumerate(cast("Iterable[Any]", value)):
                yield from _texts(f"{place}[{number}]", member)
        case _:
            pass
