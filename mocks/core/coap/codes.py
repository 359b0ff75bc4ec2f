"""Message types, codes and content formats, by the numbers and names of the IANA registry.

Source: RFC 7252, sections 3 and 12.1; RFC 7959, section 2.9; RFC 8132; RFC 8516; RFC 8768;
`<https://www.iana.org/assignments/core-parameters/>`_.
"""

from __future__ import annotations

from enum import IntEnum


class Type(IntEnum):
    """What a message asks of the message layer."""

    CON = 0
    NON = 1
    ACK = 2
    RST = 3


TYPES = tuple(Type)
"""The types by number: quicker than calling the enumeration."""


class Code(IntEnum):
    """The codes that have a name; a message may carry any other of 0 to 255."""

    EMPTY = 0x00
    GET = 0x01
    POST = 0x02
    PUT = 0x03
    DELETE = 0x04
    FETCH = 0x05
    PATCH = 0x06
    IPATCH = 0x07
    CREATED = 0x41
    DELETED = 0x42
    VALID = 0x43
    CHANGED = 0x44
    CONTENT = 0x45
    CONTINUE = 0x5F
    BAD_REQUEST = 0x80
    UNAUTHORIZED = 0x81
    BAD_OPTION = 0x82
    FORBIDDEN = 0x83
    NOT_FOUND = 0x84
    METHOD_NOT_ALLOWED = 0x85
    NOT_ACCEPTABLE = 0x86
    REQUEST_ENTITY_INCOMPLETE = 0x88
    CONFLICT = 0x89
    PRECONDITION_FAILED = 0x8C
    REQUEST_ENTITY_TOO_LARGE = 0x8D
    UNSUPPORTED_CONTENT_FORMAT = 0x8F
    UNPROCESSABLE_ENTITY = 0x96
    TOO_MANY_REQUESTS = 0x9D
    INTERNAL_SERVER_ERROR = 0xA0
    NOT_IMPLEMENTED = 0xA1
    BAD_GATEWAY = 0xA2
    SERVICE_UNAVAILABLE = 0xA3
    GATEWAY_TIMEOUT = 0xA4
    PROXYING_NOT_SUPPORTED = 0xA5
    HOP_LIMIT_REACHED = 0xA8


METHODS = frozenset(code for code in Code if 0 < code < 0x20)
"""The request codes that have a name; any other gets 4.05."""

SAFE_METHODS = frozenset({Code.GET, Code.FETCH})
"""Methods that change nothing, so that asking again is harmless."""

RESERVED_CLASSES = frozenset({1, 6, 7})
"""Classes of code that no message over UDP may have: RFC 7252, section 4.2, rejects it as malformed."""


_DOTTED = tuple(f"{code >> 5}.{code & 31:02d}" for code in range(256))


def dotted(code: int) -> str:
    """A code as it is written: ``2.05``."""
    return _DOTTED[code]


def is_success(code: int) -> bool:
    """Whether a response code is of class 2."""
    return code >> 5 == 2


CONTENT_FORMATS = {
    0: "text/plain; charset=utf-8",
    16: 'application/cose; cose-type="cose-encrypt0"',
    17: 'application/cose; cose-type="cose-mac0"',
    18: 'application/cose; cose-type="cose-sign1"',
    40: "application/link-format",
    41: "application/xml",
    42: "application/octet-stream",
    47: "application/exi",
    50: "application/json",
    51: "application/json-patch+json",
    52: "application/merge-patch+json",
    60: "application/cbor",
    61: "application/cwt",
    62: "application/multipart-core",
    63: "application/cbor-seq",
    96: 'application/cose; cose-type="cose-encrypt"',
    97: 'application/cose; cose-type="cose-mac"',
    98: 'application/cose; cose-type="cose-sign"',
    101: "application/cose-key",
    102: "application/cose-key-set",
    110: "application/senml+json",
    111: "application/sensml+json",
    112: "application/senml+cbor",
    113: "application/sensml+cbor",
    114: "application/senml-exi",
    115: "application/sensml-exi",
    256: "application/coap-group+json",
    310: "application/senml+xml",
    311: "application/sensml+xml",
    320: "application/senml-etch+json",
    322: "application/senml-etch+cbor",
    11542: "application/vnd.oma.lwm2m+tlv",
    11543: "application/vnd.oma.lwm2m+json",
    11544: "application/vnd.oma.lwm2m+cbor",
}
"""Content formats by number; others are as good."""

TEXT, LINK_FORMAT, OCTET_STREAM, JSON, CBOR = 0, 40, 42, 50, 60
