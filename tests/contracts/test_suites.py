"""Each suite itself: its claims, its description of the API, and what it says of targets that are wrong."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from openapi_spec_validator import validate
from tests.contracts.alike import condemn

from vendorlab.contracts.core import following
from vendorlab.contracts.core.capabilities import CAPABILITIES
from vendorlab.contracts.core.claims import Source, load_claims
from vendorlab.contracts.core.inventory import discrepancies, suite_modules, suite_tests
from vendorlab.contracts.core.openapi import Spec
from vendorlab.contracts.core.suites import suite_names

if TYPE_CHECKING:
    from pathlib import Path

SUITES = suite_names()
SPEAKING_OTHERWISE = {"itron-coap", "itron-mqtt"}
"""Suites of addresses that do not speak HTTP."""


@pytest.fixture(params=SUITES)
def vendor(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=[name for name in SUITES if name not in SPEAKING_OTHERWISE])
def http_vendor(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_every_claim_has_a_test_and_every_test_a_claim(vendor: str) -> None:
    assert discrepancies(load_claims(vendor), suite_tests(suite_modules(vendor))) == []


def test_claims_tell_what_is_documented_from_what_is_inferred_and_no_two_say_the_same(vendor: str) -> None:
    claims = load_claims(vendor)
    assert {claim.source for claim in claims} >= {Source.DOCUMENTED, Source.INFERRED}
    assert [text for text, number in Counter(claim.text for claim in claims).items() if number > 1] == []


def test_every_test_says_whose_suite_it_belongs_to(vendor: str) -> None:
    assert {test.vendors for test in suite_tests(suite_modules(vendor))} == {(vendor,)}


def test_needs_are_known_capabilities_and_none_is_idle() -> None:
    tests = [test for vendor in SUITES for test in suite_tests(suite_modules(vendor))]
    assert {need for test in tests for need in test.needs} == CAPABILITIES.keys()


def test_description_is_valid_openapi(http_vendor: str) -> None:
    validate(Spec.load(http_vendor).document)


def test_every_operation_names_claims_whose_tests_exercise_it(http_vendor: str) -> None:
    """That the requests are really made is seen in a run: the report counts them by operation."""
    spec = Spec.load(http_vendor)
    claims = {claim.id for claim in load_claims(http_vendor)}
    assert len({operation.id for operation in spec.operations}) == len(spec.operations)
    for operation in spec.operations:
        assert operation.claims, f"{operation.name} names no claim"
        assert set(operation.claims) <= claims, operation.name


WALKED = ("inode", "itron-platform", "scanalytics", "slv")


@pytest.mark.parametrize("walked", WALKED)
def test_links_name_all_that_the_paths_of_their_operations_take(walked: str) -> None:
    spec = Spec.load(walked)
    paths = {operation.id: operation.path for operation in spec.operations}
    found = following.links(spec)
    assert found
    for link in found:
        missing = set(re.findall(r"{(\w+)}", paths[link.target])) - link.parameters.keys() - {"metric", "bucket"}
        assert not missing, f"{link.name} leads to {paths[link.target]} without {missing}"  # those two are given


# --- targets that are wrong ------------------------------------------------------------------------------------------


TOKEN = json.dumps(
    {"access_token": "a" * 30, "expires_in": 86_400, "token_type": "Bearer", "scope": "read", "refresh_token": "b" * 30}
).encode()


ALIKE = {
    "empty object": (200, "application/json", b"{}"),
    "odd array": (200, "application/json", b"[[null]]"),
    "a token to everything": (200, "application/json", TOKEN),
    "half a list": (200, "application/json", b'[{"id": 1, "arrays": [{"key": "AAAAA"}]}]'),
    "not json": (401, "application/json", b"no json"),
    "server error": (500, "text/html", b"<h1>Server Error (500)</h1>"),
}


@pytest.mark.slow
@pytest.mark.parametrize("kind", ALIKE)
def test_wrong_target_fails_and_never_breaks_the_suite(http_vendor: str, kind: str, tmp_path: Path) -> None:
    """Whatever a target answers, the suite must say that the target is wrong, not trip over it."""
    condemn(http_vendor, ALIKE[kind], tmp_path)
