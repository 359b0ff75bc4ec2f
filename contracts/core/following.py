"""Chains of calls: what one answer names, the next call asks for, along the links of ``openapi.yaml``.

Schemathesis walks them as a state machine, the same way every time. Only what reads is asked (GET), so a walk needs no
leave to write; it is short, so it needs none to exhaust.
"""

from __future__ import annotations

import copy
import re
from collections import Counter
from typing import TYPE_CHECKING, Any, cast

import pytest

from vendorlab.contracts.core import expect
from vendorlab.contracts.core.exploring import CHECKS, send

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    import httpx

    from vendorlab.contracts.core.openapi import Spec

WALKS, STEPS = 5, 6
"""A walk begins where no link leads to; that many requests are made at most: one times the other."""


def reading(spec: Spec) -> dict[str, Any]:
    """Return what of a description only reads: its GET operations, and the links between them."""
    document = copy.deepcopy(dict(spec.document))
    kept: set[str] = {operation.id for operation in spec.operations if operation.method == "GET"}
    document["paths"] = {
        path: {name: part for name, part in item.items() if name in ("get", "parameters")}
        for path, item in document["paths"].items()
        if "get" in item
    }
    for response in responses(document):
        found = response.get("links", {})
        response["links"] = {name: link for name, link in found.items() if link["operationId"] in kept}
    return document


def links(spec: Spec) -> frozenset[str]:
    """Return the names of the links that a walk may follow."""
    return frozenset(name for response in responses(reading(spec)) for name in response["links"])


def responses(document: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Every response that is written out, be it in its operation or among the components."""
    for item in document["paths"].values():
        yield from (each for each in item["get"]["responses"].values() if "$ref" not in each)
    yield from document["components"].get("responses", {}).values()


def follow(
    http: httpx.Client,
    spec: Spec,
    *,
    headers: Mapping[str, str],
    given: Mapping[str, object],
    checks: Sequence[str] = CHECKS,
    walks: int = WALKS,
) -> Counter[str]:
    """Walk until an answer is not as described, or what an answer named is not there; skips without Schemathesis.

    Args:
        http: The line to the target.
        spec: The vendor's description.
        headers: What is sent besides, such as the login.
        given: Parameters, of path or query, that are the same in every call.
        checks: What to hold against an answer: some of ``exploring.CHECKS``.
        walks: How many.

    Returns:
        How often each link was followed; the test is skipped if none could be, for want of anything to name.
    """
    pytest.importorskip("schemathesis", reason="needs Schemathesis: pip install 'vendorlab[contracts]'")
    import hypothesis  # noqa: PLC0415 - comes with Schemathesis
    import schemathesis.checks  # noqa: PLC0415

    document = reading(spec)
    description = cast("Any", schemathesis.openapi.from_dict(document))
    description.config.generation.update(modes=[schemathesis.GenerationMode.POSITIVE])
    description.config.phases.stateful.inference.algorithms = []  # links are what openapi.yaml says, no guesses
    held = [getattr(schemathesis.checks, name) for name in checks]
    walk = _Walk(http, headers, given, held)
    machine = _machine(description.as_state_machine(), walk, _named(document))
    settings = hypothesis.settings(
        max_examples=walks,
        stateful_step_count=STEPS,
        derandomize=True,
        database=None,
        deadline=None,
        report_multiple_bugs=False,
        phases=[hypothesis.Phase.generate],  # no shrinking, as in exploring.py
        suppress_health_check=[hypothesis.HealthCheck.too_slow, hypothesis.HealthCheck.filter_too_much],
    )
    try:
        machine.run(settings=settings)
    except Exception:
        if walk.failure is None:
            raise
    if walk.failure is not None:
        raise walk.failure
    if not walk.followed:
        pytest.skip("no answer of the target names anything to ask for")
    return walk.followed


def _named(document: Mapping[str, Any]) -> frozenset[str]:
    """Return the operations, by method and path, that links lead to."""
    targets = {link["operationId"] for response in responses(document) for link in response["links"].values()}
    return frozenset(f"GET {path}" for path, item in document["paths"].items() if item["get"]["operationId"] in targets)


class _Walk:
    """What a state machine asks, and what came of it."""

    def __init__(self, http: httpx.Client, headers: Mapping[str, str], given: Mapping[str, object], held: Any) -> None:
        self.followed: Counter[str] = Counter()
        self.failure: BaseException | None = None
        self._http = http
        self._headers = headers
        self._given = given
        self._held = held

    def fill(self, case: Any, applied: Collection[str]) -> None:
        """Write into a case what is given, and leave out what nobody asked for: a walk is about what is named."""
        for place in ("path_parameters", "query"):
            declared = {each.name: each.is_required for each in getattr(case.operation, place)}
            known = {name: value for name, value in self._given.items() if name in declared}
            drawn: dict[str, Any] = getattr(case, place) or {}
            kept = {name: value for name, value in drawn.items() if declared.get(name) or name in applied}
            setattr(case, place, kept | known)

    def ask(self, case: Any) -> httpx.Response:
        """Send a case; what goes wrong on the way, as a spent budget, is kept for whoever runs the walk."""
        try:
            return send(self._http, case, self._headers)
        except BaseException as error:
            self.failure = self.failure or error
            raise

    def judge(self, case: Any, response: httpx.Response, link: str | None) -> None:
        """Hold an answer against the description and, if a link led here, against what was named."""
        from schemathesis.core.failures import FailureGroup  # noqa: PLC0415

        told = ""
        try:
            case.validate_response(response, checks=self._held)
        except FailureGroup as group:
            told = "\n".join(str(failure) for failure in group.exceptions)
        came = f"; the link {link} led here" if link else ""
        try:
            expect.check(not told, response, f"what openapi.yaml says: {told}\nIt was asked {case!r}{came}")
            if link is not None:
                expect.check(response.status_code == 200, response, f"200, for what an answer named: link {link}")
        except AssertionError as error:
            self.failure = self.failure or error
            raise
        if link is not None:
            self.followed[link] += 1


def _machine(base: Any, walk: _Walk, named: frozenset[str]) -> Any:
    """Have a state machine of Schemathesis ask over the suite's own line, which counts and watches."""
    from schemathesis.core.transport import Response  # noqa: PLC0415
    from schemathesis.generation.stateful.state_machine import StepOutput  # noqa: PLC0415

    def step(self: Any, input: Any) -> Any:  # noqa: A002 - Schemathesis calls it so
        case = input.case
        walk.fill(case, _applied(input))
        response = walk.ask(case)
        walk.judge(case, response, _link(input))
        seen = Response.from_httpx(response, verify=True)
        self.recorder.record_response(case_id=case.id, response=seen)
        return StepOutput(seen, case)

    machine: Any = type("Machine", (base,), {"step": step})
    _begin(machine, named)
    return machine


def _begin(machine: Any, named: frozenset[str]) -> None:
    """Let walks begin only where no link leads to; a key that is drawn at random would be a walk's early end."""
    known = {_squeezed(f"RANDOM -> {label}") for label in named}
    idle = {name for name in getattr(machine, "root_rules", ()) if _squeezed(name) in known}
    if idle != machine.root_rules:
        for name in idle:
            setattr(machine, name, None)
        machine.root_rules -= idle


def _squeezed(name: str) -> str:
    return re.sub(r"[\W_]", "", name)


def _applied(step: Any) -> set[str]:
    return {name for _, name in step.applied_parameters}


def _link(step: Any) -> str | None:
    """The name of the link that led to a step, if all that it names went into the request."""
    if step.transition is None:
        return None
    named = {name for values in step.transition.parameters.values() for name in values}
    return str(step.transition.id).split(" -> ")[1].partition("] ")[2] if named == _applied(step) else None
