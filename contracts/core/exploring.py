"""Questions nobody thought of: requests generated from ``openapi.yaml`` by Schemathesis, the same ones every time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from vendorlab.contracts.core import expect

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import httpx

    from vendorlab.contracts.core.openapi import Operation, Spec

POSITIVE, NEGATIVE = "positive", "negative"
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
)
"""What Schemathesis holds against an answer. It also knows whether valid requests should succeed, but an OpenAPI file
cannot say which keys exist and which windows make sense."""


def cases(spec: Spec) -> list[tuple[Operation, str]]:
    """Return each operation with the ways to ask it: sensibly, and, if it takes anything, senselessly."""
    return [
        (operation, mode)
        for operation in spec.operations
        for mode in (POSITIVE, NEGATIVE)
        if mode == POSITIVE or operation.method == "POST" or "{" in operation.path
    ]


def explore(
    http: httpx.Client,
    spec: Spec,
    operation: Operation,
    mode: str,
    *,
    headers: Mapping[str, str],
    existing: Mapping[str, str],
    checks: Sequence[str] = CHECKS,
    examples: int = 25,
) -> None:
    """Send generated requests until one is answered as it should not be; skips the test without Schemathesis.

    Args:
        http: The line to the target.
        spec: The vendor's description.
        operation: What to ask.
        mode: ``POSITIVE`` or ``NEGATIVE``.
        headers: What is sent besides, such as the login.
        existing: Path parameters that name something that exists.
        checks: What to hold against an answer: some of ``CHECKS``.
        examples: How many requests.
    """
    pytest.importorskip("schemathesis", reason="needs Schemathesis: pip install 'vendorlab[contracts]'")
    import hypothesis  # noqa: PLC0415 - comes with Schemathesis
    import schemathesis  # noqa: PLC0415

    description = cast("Any", schemathesis.openapi.from_dict(dict(spec.document)))
    generated = description[operation.path][operation.method].as_strategy(
        generation_mode=schemathesis.GenerationMode(mode),
        path_parameters=dict(existing),
    )

    @hypothesis.settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        report_multiple_bugs=False,
        # No shrinking: it would ask hundreds of times more, and run into the limits.
        phases=[hypothesis.Phase.generate],
        suppress_health_check=[hypothesis.HealthCheck.too_slow, hypothesis.HealthCheck.filter_too_much],
    )
    @hypothesis.given(case=generated)
    def ask(case: Any) -> None:
        response = send(http, case, headers)
        wrong = told(case, response, checks)
        expect.check(not wrong, response, f"what openapi.yaml says: {wrong}\nIt was asked {case!r}")

    ask()


def strategies() -> Any:
    """Return hypothesis' strategies; skips the test without hypothesis."""
    pytest.importorskip("hypothesis", reason="needs hypothesis: pip install 'vendorlab[contracts]'")
    from hypothesis import strategies as found  # noqa: PLC0415 - comes with Schemathesis

    return found


def attempt(drawn: Any, ask: Callable[[Any], None], examples: int) -> None:
    """Ask for some examples of a strategy, the same ones every time, and without shrinking."""
    __tracebackhide__ = True
    import hypothesis  # noqa: PLC0415 - comes with Schemathesis

    settings = hypothesis.settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=[hypothesis.HealthCheck.too_slow, hypothesis.HealthCheck.data_too_large],
    )
    given: Any = hypothesis.given
    tried: Any = settings(given(drawn)(ask))
    tried()


def told(case: Any, response: httpx.Response, checks: Sequence[str]) -> str:
    """Return what is wrong with the answer to a generated request; nothing if it is as described."""
    import schemathesis.checks  # noqa: PLC0415 - an extra
    from schemathesis.core.failures import FailureGroup  # noqa: PLC0415

    try:
        case.validate_response(response, checks=[getattr(schemathesis.checks, name) for name in checks])
    except FailureGroup as group:
        return "\n".join(str(failure) for failure in group.exceptions)
    return ""


def send(http: httpx.Client, case: Any, headers: Mapping[str, str]) -> httpx.Response:
    """Send a generated request over the suite's own line, which counts and watches it."""
    import requests  # noqa: PLC0415 - comes with Schemathesis, whose requests are made for it

    request = requests.Request(**case.as_transport_kwargs(base_url=str(http.base_url).rstrip("/"))).prepare()
    assert request.method is not None
    assert request.url is not None
    sent = dict(request.headers) | dict(headers)
    return http.request(request.method, request.url, headers=sent, content=request.body)
