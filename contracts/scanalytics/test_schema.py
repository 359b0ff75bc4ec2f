"""Questions nobody thought of: requests generated from ``openapi.yaml`` by Schemathesis, the same ones every time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from vendorlab.contracts.core import expect
from vendorlab.contracts.core.openapi import Operation, Spec

if TYPE_CHECKING:
    import httpx

    from vendorlab.contracts.core.control import Clock
    from vendorlab.contracts.scanalytics.api import Api

pytestmark = [pytest.mark.vendorlab("scanalytics"), pytest.mark.needs("clock", "exhaust", "spend")]

_SPEC = Spec.load("scanalytics")
_EXAMPLES = 25
_CASES = [
    (operation, mode)
    for operation in _SPEC.operations
    for mode in ("positive", "negative")
    if mode == "positive" or operation.method == "POST" or "{" in operation.path  # else nothing could be wrong
]
_CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "response_headers_conformance",
)
"""What Schemathesis holds against an answer. It also knows whether valid requests should succeed, but an OpenAPI file
cannot say which keys exist and which windows make sense."""


@pytest.mark.claim("scanalytics.schema.holds")
@pytest.mark.parametrize(("operation", "mode"), _CASES, ids=lambda value: getattr(value, "id", value))
def test_generated_requests_get_documented_answers(
    api: Api, token: str, allowance: Clock, operation: Operation, mode: str
) -> None:
    """Sensible requests, of real objects where keys are asked for, and senseless ones."""
    pytest.importorskip("schemathesis", reason="needs Schemathesis: pip install 'vendorlab[contracts]'")
    existing = _existing(api, token, operation) if mode == "positive" else {}
    _explore(api, token, operation, mode, existing)


def _existing(api: Api, token: str, operation: Operation) -> dict[str, str]:
    """Return path parameters that name something that exists, as far as the operation has such."""
    kinds = {"{arrayKey}": "array", "{key}": operation.path.split("/")[2]}
    for parameter, kind in kinds.items():
        if parameter in operation.path:
            rows = expect.json_objects(api.get(f"/v1/{kind}/list", token))
            return {parameter.strip("{}"): str(rows[0].get("key"))} if rows else {}
    return {}


def _explore(api: Api, token: str, operation: Operation, mode: str, existing: dict[str, str]) -> None:
    """Send generated requests until one is answered as it should not be."""
    import hypothesis  # noqa: PLC0415 - comes with Schemathesis
    import schemathesis.checks  # noqa: PLC0415
    from schemathesis.core.failures import FailureGroup  # noqa: PLC0415

    description = cast("Any", schemathesis.openapi.from_dict(dict(_SPEC.document)))
    generated = description[operation.path][operation.method].as_strategy(
        generation_mode=schemathesis.GenerationMode(mode),
        path_parameters=existing,
    )
    checks = [getattr(schemathesis.checks, name) for name in _CHECKS]

    @hypothesis.settings(
        max_examples=_EXAMPLES,
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
        response = _send(api, token, case)
        told = ""
        try:
            case.validate_response(response, checks=checks)
        except FailureGroup as group:
            told = "\n".join(str(failure) for failure in group.exceptions)
        expect.check(not told, response, f"what openapi.yaml says: {told}\nIt was asked {case!r}")

    ask()


def _send(api: Api, token: str, case: Any) -> httpx.Response:
    """Send a generated request over the suite's own line, which counts and watches it."""
    import requests  # noqa: PLC0415 - comes with Schemathesis, whose requests are made for it

    request = requests.Request(**case.as_transport_kwargs(base_url=str(api.http.base_url))).prepare()
    headers = dict(request.headers)
    if case.operation.path.startswith("/{version}/"):
        headers["Authorization"] = f"Bearer {token}"
    assert request.method is not None
    assert request.url is not None
    return api.http.request(request.method, request.url, headers=headers, content=request.body)
