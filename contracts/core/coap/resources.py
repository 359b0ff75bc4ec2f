"""A vendor's ``resources.yaml``: which resources there are, what they take, and with which codes they may answer.

CoAP has no such thing as OpenAPI, so this is a table of our own, in the order in which a request is looked up::

    refusals: {"4.02": "…"}       what any request may be refused with, and why
    operations:
      - name: POST /sessions      unique; a device's begin with its host
        method: POST
        host: gateway             gateway or device
        path: /sessions           a word in braces stands for one segment
        query: cfg=               what the first query begins with; without it there is none, or any
        takes: 0                  the Content-Format of the request's payload, if it has one
        codes: {"2.01": null}     each answer, and the Content-Format of its payload, null for none
        claims: [itron-coap.session.open]
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote, urlsplit

import yaml

from vendorlab.contracts.core.coap.message import Message, Option
from vendorlab.contracts.core.errors import SpecError
from vendorlab.contracts.core.suites import suite_folder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vendorlab.contracts.core.coap.line import Answer

FILE = "resources.yaml"
METHODS: Mapping[str, str] = {"0.01": "GET", "0.02": "POST", "0.03": "PUT", "0.04": "DELETE"}
GATEWAY, DEVICE = "gateway", "device"


@dataclass(frozen=True, slots=True)
class Operation:
    """One row.

    Attributes:
        name: Unique.
        method: In capitals.
        host: Who answers: ``gateway``, or a ``device`` behind it.
        path: A template.
        query: What the first query is or, where that ends with ``=``, begins with; None for any, or none.
        takes: The Content-Format of the request's payload.
        codes: Each code that it answers with, and the Content-Format of the payload, None for no payload.
        claims: The claims whose tests call it.
    """

    name: str
    method: str
    host: str
    path: str
    query: str | None
    takes: int | None
    codes: Mapping[str, int | None]
    claims: tuple[str, ...]

    def fits(self, where: Place) -> bool:
        """Whether a request is one of these."""
        if (self.method, self.host) != (where.method, where.host):
            return False
        pattern = re.sub(r"\\{[^/]+?\\}", "[^/]+", re.escape(self.path))
        if not re.fullmatch(pattern, where.path):
            return False
        if self.query is None:
            return True
        first = where.queries[0] if where.queries else ""
        return first.startswith(self.query) if self.query.endswith("=") else first == self.query


@dataclass(frozen=True, slots=True)
class Place:
    """What a request asks for, by whichever form.

    Attributes:
        method: In capitals; empty if there is no name for it.
        host: ``gateway`` or ``device``.
        path: Decoded.
        queries: Decoded, in order.
    """

    method: str
    host: str
    path: str
    queries: tuple[str, ...]

    @classmethod
    def of(cls, request: Message) -> Place | None:
        """Read a request; None if it is to be refused before anybody looks where it goes."""
        method = METHODS.get(request.code, "")
        whole = request.value(Option.PROXY_URI)
        try:
            if whole is not None:
                parts = urlsplit(whole.decode())
                queries = tuple(unquote(each) for each in parts.query.split("&")) if parts.query else ()
                return cls(method, DEVICE, unquote(parts.path) or "/", queries)
            path = "/" + "/".join(each.decode() for each in request.values(Option.URI_PATH))
            queries = tuple(each.decode() for each in request.values(Option.URI_QUERY))
        except ValueError:
            return None
        proxied = request.value(Option.PROXY_SCHEME) is not None or request.value(Option.URI_HOST) is not None
        return cls(method, DEVICE if proxied else GATEWAY, path, queries)


class Resources:
    """A vendor's table.

    Args:
        document: The parsed file.

    Attributes:
        operations: Its rows, in the order of the file.
        refusals: What any request may be refused with, and why.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.refusals: Mapping[str, str] = document["refusals"]
        self.operations = tuple(
            Operation(
                row["name"],
                row["method"],
                row["host"],
                row["path"],
                row.get("query"),
                row.get("takes"),
                dict(row["codes"]),
                tuple(row["claims"]),
            )
            for row in cast("list[dict[str, Any]]", document["operations"])
        )

    @classmethod
    def find(cls, vendor: str) -> Resources | None:
        """Read a vendor's ``resources.yaml``; None for an address that does not speak CoAP, and so has none.

        Raises:
            SpecError: It cannot be used.
        """
        path = suite_folder(vendor) / FILE
        if not path.exists():
            return None
        try:
            return cls(yaml.safe_load(path.read_text(encoding="utf-8")))
        except (OSError, yaml.YAMLError, KeyError, TypeError, ValueError) as error:
            raise SpecError(f"vendor {vendor!r} has no usable {FILE}: {error}") from error

    def match(self, request: Message) -> Operation | None:
        """Return the row that a request belongs to: the first that fits."""
        where = Place.of(request)
        return next((each for each in self.operations if where is not None and each.fits(where)), None)

    def check(self, answer: Answer) -> Operation | None:
        """Expect an answer that the table knows, and return the row that its request belongs to.

        Raises:
            AssertionError: The code is none of the row's and no refusal, or the payload is of another kind.
        """
        __tracebackhide__ = True
        operation = self.match(answer.request)
        if operation is None:
            return None
        codes = operation.codes
        answer.check(
            answer.code in codes or answer.code in self.refusals, f"of {operation.name} " + " or ".join(sorted(codes))
        )
        if codes.get(answer.code) is not None and answer.payload:
            kind = answer.message.uint(Option.CONTENT_FORMAT)
            # Without a Content-Format a payload's kind is not said, which text may leave it at.
            right = kind == codes[answer.code] or (kind is None and codes[answer.code] == 0)
            answer.check(right, f"a payload of Content-Format {codes[answer.code]}")
        return operation
