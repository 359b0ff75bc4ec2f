"""``--record DIR``: what was answered, as shapes without values, dated; and for each claim the evidence on it.

A recorder fails closed. What it does not know it does not write, and what looks like a secret stops the whole write.
"""

from __future__ import annotations

import re
from io import BytesIO
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import cbor2

from vendorlab.contracts.core.coap.message import Option
from vendorlab.contracts.core.coap.resources import Resources
from vendorlab.contracts.core.errors import LeakError
from vendorlab.contracts.core.leaks import check_clean, rules
from vendorlab.contracts.core.mqtt.answers import Message as Publication
from vendorlab.contracts.core.openapi import Spec
from vendorlab.contracts.core.report import write
from vendorlab.contracts.core.shapes import OTHER, Shape
from vendorlab.contracts.core.witness import Witness

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime
    from pathlib import Path

    import httpx

    from vendorlab.contracts.core.access import Access
    from vendorlab.contracts.core.claims import Claim
    from vendorlab.contracts.core.coap.message import Message
    from vendorlab.contracts.core.mqtt.answers import Reply
    from vendorlab.contracts.core.report import Result, Verdict

FORMAT = 1
RECORDING, EVIDENCE = "recording", "evidence"
_CBOR, _TEXT = 60, 0


class Exchanges:
    """The exchanges of one test with one operation that had one status."""

    def __init__(self) -> None:
        self.count = 0
        self.queries: set[str] = set()
        self.always: set[str] | None = None
        self.headers: set[str] = set()
        self.values: dict[str, set[str]] = {}
        self.media: set[str] = set()
        self.shape = Shape(rules().literals)

    def add(self, queries: Iterable[str], headers: Mapping[str, str], media: str, body: Any) -> None:
        """Add one."""
        self.count += 1
        self.queries |= set(queries)
        names = set(headers)
        self.always = names if self.always is None else self.always & names
        self.headers |= names
        for name, value in headers.items():
            kept = rules().header_value(name, value)
            if kept is not None:
                self.values.setdefault(name, set()).add(kept)
        self.media.add(media)
        self.shape.add(body)

    def document(self) -> dict[str, Any]:
        """Return them as JSON has it."""
        always = self.always or set[str]()
        return {
            "count": self.count,
            "queries": sorted(self.queries),
            "headers": {"always": sorted(always), "sometimes": sorted(self.headers - always)},
            "values": {name: sorted(values) for name, values in sorted(self.values.items())},
            "media": sorted(self.media),
            "fields": self.shape.document(),
        }


class Recorder(Witness):
    """Keeps the shapes of what is answered.

    Args:
        vendor: Whose suite is run; what other addresses answer is not kept.
    """

    def __init__(self, vendor: str) -> None:
        self._vendor = vendor
        self._spec = Spec.find(vendor)
        self._resources = Resources.find(vendor)
        self._queries = frozenset(_queries(self._spec.document)) if self._spec else frozenset[str]()
        self._below = ""
        self._found: dict[tuple[str, str, str], Exchanges] = {}
        self._trouble: str | None = None

    def below(self, url: str) -> None:
        """Say where the target's paths begin."""
        self._below = urlsplit(url).path

    # --- what is watched ---------------------------------------------------------------------------------------------

    def http(self, vendor: str, request: httpx.Request, response: httpx.Response) -> None:
        """Keep the shape of an HTTP answer."""
        if vendor != self._vendor:
            return
        path = request.url.path.removeprefix(self._below)
        known = self._spec.match(request.method, path) if self._spec else None
        operation = known.name if known else f"{_method(request.method)} {self._template(path)}"
        headers = {name.lower(): value for name, value in response.headers.items()}
        media = headers.get("content-type", "").partition(";")[0].strip().lower()
        queries = {name if name in self._queries else OTHER for name in request.url.params}
        self._keep(operation, str(response.status_code), queries, headers, media, _body(response, media))

    def coap(self, request: Message, answer: Message | None) -> None:
        """Keep the shape of a CoAP answer."""
        known = self._resources.match(request) if self._resources else None
        operation = known.name if known else f"{request.code} {OTHER}"
        if answer is None:
            self._keep(operation, "none", (), {}, "", None)
            return
        names = {each.value: each.name.lower().replace("_", "-") for each in Option}
        headers = {names.get(number, f"option-{number}"): "" for number, _ in answer.options if number in names}
        kind = answer.uint(Option.CONTENT_FORMAT)
        body = _payload(answer.payload, kind)
        self._keep(operation, answer.code, (), headers, "" if kind is None else str(kind), body)

    def mqtt(self, found: Reply | Publication) -> None:
        """Keep the shape of a packet."""
        if isinstance(found, Publication):
            levels = f"PUBLISH to {found.topic.count('/') + 1} levels"
            status = f"qos {found.qos}{', retained' if found.retain else ''}"
            self._keep(levels, status, (), {}, "", _payload(found.payload, None))
            return
        status = ", ".join(f"{code:#04x}" for code in found.codes) or "sent"
        self._keep(found.kind.name, f"{status}{', session present' if found.present else ''}", (), {}, "", None)

    # --- what comes of it --------------------------------------------------------------------------------------------

    def recording(self, access: Access, results: Iterable[Result], verdicts: Mapping[str, Verdict | None],
                  at: datetime) -> dict[str, Any]:  # fmt: skip
        """Build the recording of the run.

        Raises:
            LeakError: Something in it is not to be written.
        """
        if self._trouble:
            raise LeakError(self._trouble)
        exchanges = [
            {"test": test, "operation": operation, "status": status, **found.document()}
            for (test, operation, status), found in sorted(self._found.items())
        ]
        results = list(results)
        names = [each.name for each in self._spec.operations] if self._spec else []
        names += [each.name for each in self._resources.operations] if self._resources else []
        tests = {each.test for each in results}
        for each in exchanges:
            try:
                check_clean(each, access.secrets, frozenset([*names, *tests]))
            except LeakError as error:
                where = f"{each['operation']} → {each['status']}, in {each['test'] or 'no test'}"
                raise LeakError(f"{where}: {error}") from None
        return {
            "format": FORMAT,
            "kind": RECORDING,
            "vendor": self._vendor,
            "target": access.target.url,
            "real": not access.target.loopback,
            "at": at.isoformat(timespec="seconds"),
            "capabilities": sorted(access.capabilities),
            "claims": {name: verdict.value if verdict else None for name, verdict in verdicts.items()},
            "tests": {each.test: {"verdict": each.verdict.value, "claims": list(each.claims)} for each in results},
            "exchanges": exchanges,
        }

    def _keep(
        self, operation: str, status: str, queries: Iterable[str], headers: Mapping[str, str], media: str, body: Any
    ) -> None:
        try:
            self._found.setdefault((self.test, operation, status), Exchanges()).add(queries, headers, media, body)
        except LeakError as error:
            self._trouble = self._trouble or f"{operation} → {status}, in {self.test or 'no test'}: {error}"

    def _template(self, path: str) -> str:
        """Return a path that is not documented, with nothing in it but words that are."""
        words = {word for each in (self._spec.operations if self._spec else ()) for word in each.path.split("/")}
        return "/".join(word if word in words or not word else OTHER for word in path.split("/"))


def evidence(recording: Mapping[str, Any], claims: Iterable[Claim]) -> dict[str, dict[str, Any]]:
    """Return for each claim that was asked what a recording says about it.

    Args:
        recording: As ``Recorder.recording`` has it.
        claims: The vendor's claims.
    """
    about = {key: recording[key] for key in ("format", "vendor", "target", "real", "at", "capabilities")}
    found: dict[str, dict[str, Any]] = {}
    for claim in claims:
        tests = {name: row["verdict"] for name, row in recording["tests"].items() if claim.id in row["claims"]}
        verdict = recording["claims"].get(claim.id)
        if verdict in (None, "skipped"):
            continue
        found[claim.id] = {
            **about,
            "kind": EVIDENCE,
            "claim": claim.id,
            "text": claim.text,
            "source": claim.source.value,
            "verdict": verdict,
            "observed": bool(recording["real"]) and verdict == "passed",
            "tests": tests,
            "exchanges": [each for each in recording["exchanges"] if each["test"] in tests],
        }
    return found


def write_recording(folder: Path, recording: Mapping[str, Any], claims: Iterable[Claim]) -> None:
    """Write a recording, ``VENDOR.json``, and the evidence, ``claims/CLAIM.json``, each whole or not at all."""
    write(folder / f"{recording['vendor']}.json", recording)
    for name, document in evidence(recording, claims).items():
        write(folder / "claims" / f"{name}.json", document)


def _method(name: str) -> str:
    return name if re.fullmatch(r"[A-Z]{3,7}", name) else OTHER


def _queries(node: Any) -> Iterator[str]:
    """Give the names of all query parameters that a description has, wherever they stand."""
    if isinstance(node, dict):
        members = cast("dict[str, Any]", node)
        if members.get("in") == "query":
            yield str(members["name"])
        for each in members.values():
            yield from _queries(each)
    elif isinstance(node, list):
        for each in cast("Iterable[Any]", node):
            yield from _queries(each)


def _body(response: httpx.Response, media: str) -> Any:
    if not response.content:
        return None
    if media.endswith("json"):
        try:
            return response.json()
        except ValueError:
            return b""
    return b"" if not media.startswith("text/") else "text"


def _payload(content: bytes, kind: int | None) -> Any:
    """What a payload says, as JSON has it, where that can be read; else bytes."""
    if not content:
        return None
    if kind == _CBOR or (kind is None and content[:1] == b"\xa2"):
        try:
            found: Any = cbor2.load(BytesIO(content))
        except (cbor2.CBORError, ValueError, TypeError, RecursionError, OverflowError, MemoryError):
            return b""
        return found
    if kind in (None, _TEXT):
        try:
            return content.decode()
        except UnicodeDecodeError:
            return b""
    return b""
