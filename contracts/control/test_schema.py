"""Questions nobody thought of: requests generated from ``openapi.yaml`` by Schemathesis, the same ones every time.

Each operation is asked about a world of its own, which may be turned and reset at will; worlds are deleted by
a name that none has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import pytest

from vendorlab.contracts.core import expect
from vendorlab.contracts.core.exploring import told
from vendorlab.contracts.core.openapi import Operation, Spec

if TYPE_CHECKING:
    from collections.abc import Callable

    import httpx

    from vendorlab.contracts.control.api import Api, World

pytestmark = [pytest.mark.vendorlab("control"), pytest.mark.needs("write", "exhaust")]

_SPEC = Spec.load("control")
_EXAMPLES, _WORLDS = 25, 10
"""Requests of each operation; a world that is made listens, mostly with every vendor in it."""
_OPEN = {name: part for name, part in _SPEC.document.items() if name != "security"}
"""The description without its security: the suite always shows the token here, and ``test_access`` sees to the rest."""


def _takes_something(operation: Operation) -> bool:
    item = _SPEC.document["paths"][operation.path]
    details = item[operation.method.lower()]
    parameters = [*item.get("parameters", []), *details.get("parameters", [])]
    return "requestBody" in details or any(each["in"] == "query" for each in parameters)


_CASES = [
    (operation, mode)
    for operation in _SPEC.operations
    for mode in ("positive", "negative")
    if mode == "positive" or _takes_something(operation)  # else nothing could be wrong
]
_CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
)
"""What Schemathesis holds against an answer. It also knows whether valid requests should succeed, but an OpenAPI file
cannot say which names exist and which moments a clock can be set to."""


@pytest.mark.claim("control.schema.holds")
@pytest.mark.parametrize(("operation", "mode"), _CASES, ids=lambda value: getattr(value, "id", value))
def test_generated_requests_get_documented_answers(
    api: Api, world: World, new_name: Callable[[], str], operation: Operation, mode: str
) -> None:
    """Sensible requests are answered as described, senseless ones refused."""
    pytest.importorskip("schemathesis", reason="needs Schemathesis: pip install 'vendorlab[contracts]'")
    import hypothesis  # noqa: PLC0415 - comes with Schemathesis
    import schemathesis  # noqa: PLC0415

    description = cast("Any", schemathesis.openapi.from_dict(_OPEN))
    generated = description[operation.path][operation.method].as_strategy(
        generation_mode=schemathesis.GenerationMode(mode)
    )

    @hypothesis.settings(
        max_examples=_WORLDS if operation.id == "create-world" else _EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        report_multiple_bugs=False,
        phases=[hypothesis.Phase.generate],
        suppress_health_check=[hypothesis.HealthCheck.too_slow, hypothesis.HealthCheck.filter_too_much],
    )
    @hypothesis.given(case=generated)
    def ask(case: Any) -> None:
        _keep_to_its_own(case, operation, new_name)
        response = _send(api, world, case, operation)
        if operation.id == "create-world" and response.status_code == 201:
            api.ask("DELETE", f"/worlds/{expect.json_object(response, 201).get('name')}")
        wrong = told(case, response, _CHECKS)
        expect.check(not wrong, response, f"what openapi.yaml says: {wrong}\nIt was asked {case!r}")

    ask()


def _keep_to_its_own(case: Any, operation: Operation, new_name: Callable[[], str]) -> None:
    """Wait for nothing, and touch no world that somebody else may have made."""
    query = cast("dict[str, Any]", case.query or {})
    if operation.id == "wait-for" and _number(query.get("timeout", 5)):
        case.query = {**query, "timeout": 0}
    if operation.id == "delete-world":
        case.path_parameters = {"name": new_name()}


def _number(value: Any) -> bool:
    try:
        float(value)
    except (TypeError, ValueError):
        return False
    return True


def _send(api: Api, world: World, case: Any, operation: Operation) -> httpx.Response:
    """Send a generated request over the suite's own line, about the suite's own world."""
    import requests  # noqa: PLC0415 - comes with Schemathesis, whose requests are made for it

    base = str(api.http.base_url).rstrip("/") + (world.below if operation.also_below else "")
    request = requests.Request(**case.as_transport_kwargs(base_url=base)).prepare()
    headers = dict(request.headers) | {"Authorization": f"Bearer {api.token}"}
    assert request.method is not None
    assert request.url is not None
    return api.http.request(request.method, request.url, headers=headers, content=request.body)
