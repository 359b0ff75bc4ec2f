"""Options: the registry as a table, and a message's options as one immutable value.

Whether an option is critical, unsafe to forward or no part of a cache key is told by its number alone, so the table
says only what the number does not. An option whose length is out of bounds, that is repeated although it may not be, or
whose text is not UTF-8, counts as one that nobody recognises: it is kept for who forwards it, and never read.

Source: RFC 7252, sections 5.4 and 5.10; RFC 7641, 7959, 7967, 8768, 9175. 124 and 189 are nCoAP's own.
"""

from __future__ import annotations

from enum import Enum, IntEnum
from operator import itemgetter
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Value = int | str | bytes
"""An option's value as people write it; ``encode_value`` makes the bytes."""

HIGHEST = 0xFFFF
"""The highest option number: the registry ends there, though the encoding would not."""


class Option(IntEnum):
    """The options that the engine knows, by number."""

    IF_MATCH = 1
    URI_HOST = 3
    ETAG = 4
    IF_NONE_MATCH = 5
    OBSERVE = 6
    URI_PORT = 7
    LOCATION_PATH = 8
    URI_PATH = 11
    CONTENT_FORMAT = 12
    MAX_AGE = 14
    URI_QUERY = 15
    HOP_LIMIT = 16
    ACCEPT = 17
    LOCATION_QUERY = 20
    BLOCK2 = 23
    BLOCK1 = 27
    SIZE2 = 28
    PROXY_URI = 35
    PROXY_SCHEME = 39
    SIZE1 = 60
    ENDPOINT_ID_1 = 124
    ENDPOINT_ID_2 = 189
    ECHO = 252
    NO_RESPONSE = 258
    REQUEST_TAG = 292


class Format(Enum):
    """How an option's bytes are read."""

    EMPTY = "empty"
    OPAQUE = "opaque"
    UINT = "uint"
    STRING = "string"


class Definition(NamedTuple):
    """One row of the registry: what a number alone does not tell.

    Attributes:
        name: as registered.
        format: how the value is read.
        least, most: bytes of a value.
        repeatable: whether a message may carry it more than once.
    """

    name: str
    format: Format
    least: int
    most: int
    repeatable: bool = False


_O = Option
REGISTRY: dict[int, Definition] = {
    _O.IF_MATCH: Definition("If-Match", Format.OPAQUE, 0, 8, repeatable=True),
    _O.URI_HOST: Definition("Uri-Host", Format.STRING, 1, 255),
    _O.ETAG: Definition("ETag", Format.OPAQUE, 1, 8, repeatable=True),  # in requests
    _O.IF_NONE_MATCH: Definition("If-None-Match", Format.EMPTY, 0, 0),
    _O.OBSERVE: Definition("Observe", Format.UINT, 0, 3),
    _O.URI_PORT: Definition("Uri-Port", Format.UINT, 0, 2),
    _O.LOCATION_PATH: Definition("Location-Path", Format.STRING, 0, 255, repeatable=True),
    _O.URI_PATH: Definition("Uri-Path", Format.STRING, 0, 255, repeatable=True),
    _O.CONTENT_FORMAT: Definition("Content-Format", Format.UINT, 0, 2),
    _O.MAX_AGE: Definition("Max-Age", Format.UINT, 0, 4),
    _O.URI_QUERY: Definition("Uri-Query", Format.STRING, 0, 255, repeatable=True),
    _O.HOP_LIMIT: Definition("Hop-Limit", Format.UINT, 1, 1),
    _O.ACCEPT: Definition("Accept", Format.UINT, 0, 2),
    _O.LOCATION_QUERY: Definition("Location-Query", Format.STRING, 0, 255, repeatable=True),
    _O.BLOCK2: Definition("Block2", Format.UINT, 0, 3),
    _O.BLOCK1: Definition("Block1", Format.UINT, 0, 3),
    _O.SIZE2: Definition("Size2", Format.UINT, 0, 4),
    _O.PROXY_URI: Definition("Proxy-Uri", Format.STRING, 1, 1034),
    _O.PROXY_SCHEME: Definition("Proxy-Scheme", Format.STRING, 1, 255),
    _O.SIZE1: Definition("Size1", Format.UINT, 0, 4),
    _O.ENDPOINT_ID_1: Definition("Endpoint-ID-1", Format.OPAQUE, 0, 4),
    _O.ENDPOINT_ID_2: Definition("Endpoint-ID-2", Format.OPAQUE, 0, 4),
    _O.ECHO: Definition("Echo", Format.OPAQUE, 1, 40),
    _O.NO_RESPONSE: Definition("No-Response", Format.UINT, 0, 1),
    _O.REQUEST_TAG: Definition("Request-Tag", Format.OPAQUE, 0, 8, repeatable=True),
}

SPECIAL = frozenset({_O.OBSERVE, _O.HOP_LIMIT, _O.BLOCK1, _O.BLOCK2, _O.NO_RESPONSE})
"""Options of a request that the engine itself acts upon, whether or not it is for somebody behind."""

PROXIED = frozenset({_O.PROXY_URI, _O.PROXY_SCHEME})
"""Options of a request that is for somebody behind."""


def is_critical(number: int) -> bool:
    """Whether who does not know the option must refuse the message."""
    return number & 1 == 1


def is_unsafe(number: int) -> bool:
    """Whether a proxy that does not know the option must not forward the message."""
    return number & 2 == 2


def is_no_cache_key(number: int) -> bool:
    """Whether requests that differ in this option alone ask for the same; only safe options can say so."""
    return number & 0x1E == 0x1C


def name_of(number: int) -> str:
    """The registered name, or the number."""
    definition = REGISTRY.get(number)
    return definition.name if definition else str(number)


def encode_uint(value: int) -> bytes:
    """A number in as few bytes as it takes; 0 takes none."""
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def encode_value(value: Value) -> bytes:
    """The bytes of a value: a number as uint, a text as UTF-8."""
    if isinstance(value, bytes):
        return value
    return value.encode() if isinstance(value, str) else encode_uint(value)


class Options:
    """A message's options: immutable, in the order of their numbers, comparable.

    Args:
        items: pairs of number and value, in any order; those of one number keep theirs.

    Attributes:
        items: every option as pairs of number and bytes.
        wire: the options as they go over the line.
        values: the first value of every option that is there and recognised, by number.
        unrecognised: numbers to be treated as if unknown: not in the registry, out of bounds, or one too many.
        critical: numbers of the critical options that are recognised.
        proxied: whether the request is for somebody behind who gets it.
        plain: whether, but for that, there is nothing that the engine itself must look at.
    """

    __slots__ = ("_hash", "critical", "items", "plain", "proxied", "unrecognised", "values", "wire")

    items: tuple[tuple[int, bytes], ...]
    wire: bytes
    values: dict[int, bytes]
    unrecognised: tuple[int, ...]
    critical: frozenset[int]
    proxied: bool
    plain: bool
    _hash: int

    def __init__(self, items: Iterable[tuple[int, Value]] = ()) -> None:
        pairs = [(int(number), encode_value(value)) for number, value in items]
        pairs.sort(key=itemgetter(0))
        self.items = tuple(pairs)

    @classmethod
    def received(cls, items: list[tuple[int, bytes]], wire: bytes) -> Options:
        """The options of a message that was decoded, which are in order already."""
        options = cls.__new__(cls)
        options.items = tuple(items)
        options.wire = wire
        return options

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """Fill the slots that are made when first asked for; filled ones never come here."""
            if name == "wire":
                self.wire = encode_options(self.items)
            elif name in ("values", "unrecognised", "critical", "proxied", "plain"):
                self._examine()
            elif name == "_hash":
                self._hash = hash(self.items)
            else:
                raise AttributeError(name)
            return object.__getattribute__(self, name)

    def _examine(self) -> None:
        values: dict[int, bytes] = {}
        unrecognised: list[int] = []
        for number, value in self.items:
            definition = REGISTRY.get(number)
            if definition is None or not _fits(definition, value):
                unrecognised.append(number)
            elif number not in values:
                values[number] = value
            elif not definition.repeatable:
                unrecognised.append(number)
        self.values = values
        self.unrecognised = tuple(unrecognised)
        self.critical = frozenset(number for number in values if number & 1)
        self.proxied = not PROXIED.isdisjoint(values)
        self.plain = not unrecognised and SPECIAL.isdisjoint(values)

    def get(self, number: int) -> bytes | None:
        """The value of an option, or None when it is not there."""
        return self.values.get(number)

    def all(self, number: int) -> list[bytes]:
        """Every value of a repeatable option, in order."""
        if number not in self.values:
            return []
        definition = REGISTRY[number]
        return [value for found, value in self.items if found == number and _fits(definition, value)]

    def uint(self, number: int) -> int | None:
        """The value of an option as a number, whatever zeros lead it."""
        value = self.values.get(number)
        return None if value is None else int.from_bytes(value, "big")

    def text(self, number: int) -> str | None:
        """The value of an option as a text."""
        value = self.values.get(number)
        return None if value is None else value.decode()

    def texts(self, number: int) -> tuple[str, ...]:
        """Every value of a repeatable option as texts."""
        return tuple(value.decode() for value in self.all(number))

    @property
    def path(self) -> tuple[str, ...]:
        """The segments of the path: ``()`` is the root."""
        return self.texts(Option.URI_PATH)

    @property
    def query(self) -> tuple[str, ...]:
        """The parts of the query."""
        return self.texts(Option.URI_QUERY)

    def without(self, *numbers: int) -> Options:
        """The same without some."""
        return Options(item for item in self.items if item[0] not in numbers)

    def with_(self, *items: tuple[int, Value]) -> Options:
        """The same with options put in the place of those of their numbers."""
        numbers = {number for number, _ in items}
        return Options([*(item for item in self.items if item[0] not in numbers), *items])

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)

    def __contains__(self, number: object) -> bool:
        return number in self.values

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Options) and self.items == other.items)

    def __hash__(self) -> int:
        return self._hash

    def __repr__(self) -> str:
        return "Options(" + ", ".join(f"{name_of(number)}={value!r}" for number, value in self.items) + ")"


def _fits(definition: Definition, value: bytes) -> bool:
    if not definition.least <= len(value) <= definition.most:
        return False
    if definition.format is Format.STRING and not value.isascii():
        try:
            value.decode()
        except UnicodeDecodeError:
            return False
    return True


def _nibble(value: int) -> tuple[int, bytes]:
    """A delta or a length as its four bits and the bytes that extend them."""
    if value < 13:
        return value, b""
    if value < 269:
        return 13, bytes((value - 13,))
    return 14, (value - 269).to_bytes(2, "big")


def encode_options(items: Iterable[tuple[int, bytes]]) -> bytes:
    """Options in the order of their numbers as bytes: RFC 7252, section 3.1."""
    out = bytearray()
    last = 0
    for number, value in items:
        delta, more_delta = _nibble(number - last)
        length, more_length = _nibble(len(value))
        last = number
        out.append(delta << 4 | length)
        out += more_delta
        out += more_length
        out += value
    return bytes(out)


NONE = Options()
"""No options."""
