"""Chains of calls: what one answer names, the next call asks for, along the links of ``openapi.yaml``.

A walk goes breadth first from where no link leads to, follows each link that an answer names something for, and asks
nothing twice; so it is the same every time. Only what reads is asked, so that a walk needs no leave to write, unless it
is told otherwise; it is short, so it needs none to exhaust. Schemathesis makes up what a call wants besides,
and holds the answers against the description.
"""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import unquote

import pytest

from vendorlab.contracts.core import expect
from vendorlab.contracts.core.errors import SpecError
from vendorlab.contracts.core.exploring import CHECKS, attempt, send, told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import httpx

    from vendorlab.contracts.core.openapi import Operation, Spec

MOST = 30
"""Requests of a walk."""
_BODY, _PATH, _QUERY = "$response.body#", "$request.path.", "$request.query."
_ABSENT = object()


@dataclass(frozen=True, slots=True)
class Link:
    """A link of a description.

    Attributes:
        name: Its own.
        source: The operation whose answer names something.
        status: Of that answer, as the description writes it.
        target: The operation to ask then.
        parameters: What to ask it with, as runtime expressions.
    """

    name: str
    source: str
    status: str
    target: str
    parameters: Mapping[str, str]

    @property
    def label(self) -> str:
        """What tells it from all others of a description."""
        return f"{self.source} -> {self.name}"


def reads(operation: Operation) -> bool:
    """Whether an operation only reads, where GET means that."""
    return operation.method == "GET"


def links(spec: Spec, may_ask: Callable[[Operation], bool] = reads) -> tuple[Link, ...]:
    """Return the links between operations that a walk may ask.

    Raises:
        SpecError: One leads to an operation that is not described.
    """
    operations = {operation.id: operation for operation in spec.operations}
    found = tuple(
        Link(name, operation.id, status, link["operationId"], link.get("parameters", {}))
        for operation in spec.operations
        for status, response in _details(spec, operation)["responses"].items()
        for name, link in resolved(spec, response).get("links", {}).items()
    )
    for link in found:
        if link.target not in operations:
            raise SpecError(f"the link {link.name} leads to {link.target}, which is no operation")
    return tuple(link for link in found if may_ask(operations[link.target]))


def parameters(spec: Spec, operation: Operation) -> Iterator[Mapping[str, Any]]:
    """Every parameter of an operation, be it said of it or of its path."""
    for each in (*spec.document["paths"][operation.path].get("parameters", ()),
                 *_details(spec, operation).get("parameters", ())):  # fmt: skip
        yield resolved(spec, each)


def resolved(spec: Spec, node: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return a part of a description, or what it refers to."""
    while "$ref" in node:
        target: Any = spec.document
        for step in str(node["$ref"]).removeprefix("#/").split("/"):
            target = target[step]
        node = target
    return node


def _details(spec: Spec, operation: Operation) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", spec.document["paths"][operation.path][operation.method.lower()])


def follow(
    http: httpx.Client,
    spec: Spec,
    *,
    headers: Mapping[str, str],
    given: Mapping[str, object],
    checks: Sequence[str] = CHECKS,
    may_ask: Callable[[Operation], bool] = reads,
    begin: Mapping[str, httpx.Response] | None = None,
) -> Counter[str]:
    """Walk until an answer is not as described, or what an answer named is not there; skips without Schemathesis.

    Args:
        http: The line to the target.
        spec: The vendor's description.
        headers: What is sent besides, such as the login.
        given: Parameters, of path or query, that are the same in every call.
        checks: What to hold against an answer: some of ``exploring.CHECKS``.
        may_ask: Which operations may be asked; what is asked by another method than GET comes last, and of that
            what was named first at the very end, as a thing goes before what it is in.
        begin: Answers to begin with, by operation; else a walk begins with what it may GET and no link leads to.

    Returns:
        How often each link was followed, by its label; the test is skipped if none could be, as nothing was named.
    """
    pytest.importorskip("schemathesis", reason="needs Schemathesis: pip install 'vendorlab[contracts]'")
    walk = _Walk(http, spec, headers, given, checks, may_ask)
    walk.go(begin)
    if not walk.followed:
        pytest.skip("no answer of the target names anything to ask for")
    return walk.followed


@dataclass(frozen=True, slots=True)
class _Call:
    """A call to make, and the link that led to it."""

    operation: Operation
    named: Mapping[str, object]
    link: Link | None = None


class _Walk:
    """What is to be asked yet, what was, and what came of it."""

    def __init__(
        self,
        http: httpx.Client,
        spec: Spec,
        headers: Mapping[str, str],
        given: Mapping[str, object],
        checks: Sequence[str],
        may_ask: Callable[[Operation], bool],
    ) -> None:
        import schemathesis  # noqa: PLC0415 - an extra

        self.followed: Counter[str] = Counter()
        self._http = http
        self._spec = spec
        self._headers = headers
        self._given = given
        self._checks = checks
        self._may_ask = may_ask
        self._links = links(spec, may_ask)
        self._operations = {operation.id: operation for operation in spec.operations}
        self._description = cast("Any", schemathesis.openapi.from_dict(dict(spec.document)))
        self._made_up: dict[str, Any] = {}
        self._asked: set[str] = set()
        self._next: deque[_Call] = deque()
        self._last: deque[_Call] = deque()

    def go(self, begin: Mapping[str, httpx.Response] | None) -> None:
        """Begin with answers, or where no link leads to, and go on until nothing is left or enough was asked."""
        for name, response in (begin or {}).items():
            call = _Call(self._operations[name], {})
            self._go_on(call, self._filled(call), response)
        if begin is None:
            self._next += [_Call(operation, {}) for operation in self._beginnings()]
        while (self._next or self._last) and len(self._asked) < MOST:
            self._ask(self._next.popleft() if self._next else self._last.pop())

    def _beginnings(self) -> list[Operation]:
        sources, targets = {link.source for link in self._links}, {link.target for link in self._links}
        first = [self._operations[name] for name in self._operations if name in sources - targets]
        return [each for each in first if reads(each) and self._may_ask(each)]

    def _ask(self, call: _Call) -> None:
        """Make a call, hold its answer against the description, and see what it names."""
        places = self._filled(call)
        case = self._description[call.operation.path][call.operation.method].Case(**places)
        asked = repr((call.operation.id, places))
        if asked not in self._asked:
            self._asked.add(asked)
            response = send(self._http, case, self._headers)
            came = "" if call.link is None else f"; the link {call.link.label} led here"
            wrong = told(case, response, self._checks)
            expect.check(not wrong, response, f"what openapi.yaml says: {wrong}\nIt was asked {case!r}{came}")
            if call.link is not None:
                there = f"200, for what an answer named: link {call.link.label}"
                expect.check(response.is_success, response, there)
            self._go_on(call, places, response)
        if call.link is not None:
            self.followed[call.link.label] += 1

    def _filled(self, call: _Call) -> dict[str, dict[str, Any]]:
        """Return a call's parameters: what was named, what is given, and, made up, what cannot be left out."""
        known = {**call.named, **self._given}
        places: dict[str, dict[str, Any]] = {"path_parameters": {}, "query": {}}
        for each in parameters(self._spec, call.operation):
            place = {"path": "path_parameters", "query": "query"}.get(each["in"])
            name = each["name"]
            if place is not None and name in known:
                places[place][name] = known[name]
            elif place is not None and each.get("required"):
                places[place][name] = getattr(self._drawn(call.operation), place)[name]
        return places

    def _drawn(self, operation: Operation) -> Any:
        """Return a sensible request of an operation, the same one every time."""
        import schemathesis  # noqa: PLC0415 - an extra

        if operation.id not in self._made_up:
            mode = schemathesis.GenerationMode.POSITIVE
            generated = self._description[operation.path][operation.method].as_strategy(generation_mode=mode)

            def keep(case: Any) -> None:
                self._made_up[operation.id] = case

            attempt(generated, keep, 1)
        return self._made_up[operation.id]

    def _go_on(self, call: _Call, places: Mapping[str, Mapping[str, Any]], response: httpx.Response) -> None:
        """Put down what an answer names, to be asked later."""
        for link in self._links:
            if (link.source, link.status) == (call.operation.id, str(response.status_code)):
                named = {name: _value(text, places, response) for name, text in link.parameters.items()}
                if all(value is not _ABSENT and value is not None for value in named.values()):
                    target = self._operations[link.target]
                    (self._next if reads(target) else self._last).append(_Call(target, named, link))


def _value(expression: str, places: Mapping[str, Mapping[str, Any]], response: httpx.Response) -> object:
    """Return what a runtime expression stands for, as far as our descriptions use them."""
    if expression.startswith(_PATH):
        return places["path_parameters"].get(expression.removeprefix(_PATH), _ABSENT)
    if expression.startswith(_QUERY):
        return places["query"].get(expression.removeprefix(_QUERY), _ABSENT)
    if expression.startswith(_BODY):
        return _at(response, expression.removeprefix(_BODY))
    raise SpecError(f"no walk knows what {expression!r} stands for")


def _at(response: httpx.Response, pointer: str) -> object:
    """Return what stands in a JSON answer at a pointer (RFC 6901)."""
    try:
        found: Any = response.json()
        for step in pointer.split("/")[1:]:
            key = unquote(step).replace("~1", "/").replace("~0", "~")
            found = found[int(key) if type(found) is list else key]
    except (ValueError, LookupError, TypeError):
        return _ABSENT
    return found
