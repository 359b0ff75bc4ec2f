"""CoAP requests and answers as values, and the numbers that they are made of (RFC 7252, 7641, 7959)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote

from ..core.errors import UsageError
from .errors import ERRORS, GatewayBusy, GatewayError, GatewayTrouble, RequestRefused

GET, POST, PUT, DELETE = 1, 2, 3, 4
METHODS: Final = {GET: "GET", POST: "POST", PUT: "PUT", DELETE: "DELETE"}
VALID, CONTENT, CONTINUE = 0x43, 0x45, 0x5F
UNAUTHORIZED, TOO_LARGE = 0x81, 0x8D

ETAG, OBSERVE, URI_PATH, CONTENT_FORMAT, MAX_AGE = 4, 6, 11, 12, 14
BLOCK2, BLOCK1, PROXY_URI, ENDPOINT_ID = 23, 27, 35, 124
"""The last is nCoAP's own: what a client is called, should its socket change."""

TEXT, OCTETS, LINKS, CBOR = 0, 42, 40, 60
URI_LIMIT, QUERY_LIMIT, ENDPOINT_LIMIT = 1034, 255, 4
FRESHNESS: Final = 60.0
"""Seconds that an answer without Max-Age is fresh."""

DETAIL: Final = 200
"""Characters of a diagnostic that an error repeats."""


def uint(number: int) -> bytes:
    """Return a number as options have it: no leading zeros, and nothing at all for 0."""
    return number.to_bytes((number.bit_length() + 7) // 8)


@dataclass(frozen=True, slots=True)
class Block:
    """The value of Block1 or Block2.

    Attributes:
        number: Which block.
        more: Whether more follow.
        szx: The size's exponent: 0 for 16 bytes, 6 for 1024.
    """

    number: int
    more: bool
    szx: int

    @property
    def size(self) -> int:
        """Bytes in a block."""
        return 1 << (self.szx + 4)

    @property
    def value(self) -> bytes:
        """As the option has it."""
        return uint(self.number << 4 | self.more << 3 | self.szx)

    @classmethod
    def of(cls, value: bytes) -> Block | None:
        """Read an option; None for none that UDP has."""
        number = int.from_bytes(value)
        return None if len(value) > 3 or number & 7 == 7 else cls(number >> 4, bool(number & 8), number & 7)


@dataclass(frozen=True, slots=True)
class Ask:
    """A request.

    Attributes:
        method: Its code.
        path: For errors: what it is about.
        options: Numbers and raw values.
        payload: The body.
        confirmable: Whether it is sent until it is acknowledged.
    """

    method: int
    path: str
    options: tuple[tuple[int, bytes], ...] = ()
    payload: bytes = field(default=b"", repr=False)
    confirmable: bool = True

    def having(self, *options: tuple[int, bytes], payload: bytes | None = None) -> Ask:
        """Return the same with further options, in the place of any of their numbers."""
        numbers = {number for number, _ in options}
        kept = tuple(option for option in self.options if option[0] not in numbers)
        body = self.payload if payload is None else payload
        return Ask(self.method, self.path, kept + options, body, self.confirmable)

    def without(self, *numbers: int) -> Ask:
        """Return the same without options."""
        kept = tuple(option for option in self.options if option[0] not in numbers)
        return Ask(self.method, self.path, kept, self.payload, self.confirmable)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back.

    Attributes:
        code: Its code as a number.
        payload: The body, whole.
        options: Numbers and raw values.
    """

    code: int
    payload: bytes = b""
    options: tuple[tuple[int, bytes], ...] = ()

    @property
    def dotted(self) -> str:
        """The code as people write it, such as "2.05"."""
        return f"{self.code >> 5}.{self.code & 31:02}"

    @property
    def is_success(self) -> bool:
        """Whether it is a 2.xx."""
        return self.code >> 5 == 2

    @property
    def observe(self) -> int | None:
        """The number of a notification."""
        return self._number(OBSERVE, 3)

    @property
    def content_format(self) -> int | None:
        """Of the payload."""
        return self._number(CONTENT_FORMAT, 2)

    @property
    def max_age(self) -> float:
        """Seconds that the answer is fresh."""
        found = self._number(MAX_AGE, 4)
        return FRESHNESS if found is None else float(found)

    @property
    def text(self) -> str:
        """The payload as text, whatever it is."""
        return self.payload.decode(errors="replace")

    def option(self, number: int) -> bytes | None:
        """Return the first raw value of an option."""
        return next((value for found, value in self.options if found == number), None)

    def block(self, number: int) -> Block | None:
        """Return Block1 or Block2."""
        value = self.option(number)
        return None if value is None else Block.of(value)

    def _number(self, option: int, longest: int) -> int | None:
        value = self.option(option)
        return None if value is None or len(value) > longest else int.from_bytes(value)


def refusal(answer: Answer, ask: Ask) -> GatewayError:
    """Return the error that an answer is."""
    detail = "".join(mark if mark.isprintable() else "?" for mark in answer.text[:DETAIL])
    code, method = answer.dotted, METHODS[ask.method]
    message = f"{code} {detail}".strip()
    kind = ERRORS.get(code) or (RequestRefused if answer.code >> 5 == 4 else GatewayTrouble)
    if kind is GatewayBusy:
        return GatewayBusy(message, detail=detail, retry_after=answer.max_age, method=method, path=ask.path)
    return kind(message, code=code, detail=detail, method=method, path=ask.path)


def device_uri(host: str, port: int, path: str, query: str | tuple[str, ...]) -> str:
    """Return the address of a resource of a device, as one URI.

    Args:
        host: The device's name.
        port: Its port.
        path: Its path; not yet quoted.
        query: One argument or several; not yet quoted.

    Raises:
        UsageError: The URI, or an argument, is longer than CoAP has room for.
    """
    arguments = (query,) if isinstance(query, str) else query
    for argument in arguments:
        if len(argument.encode()) > QUERY_LIMIT:
            raise UsageError(f"an argument of a query has at most {QUERY_LIMIT} bytes")
    tail = "&".join(quote(argument, safe="=:,;@!$'()*+-._~/?") for argument in arguments)
    uri = f"coap://{host}:{port}/{quote(path.lstrip('/'), safe='/=:,;@!$&()*+-._~')}" + (f"?{tail}" if tail else "")
    if len(uri) > URI_LIMIT:
        raise UsageError(f"the address of a resource has at most {URI_LIMIT} bytes; this has {len(uri):,}")
    return uri
