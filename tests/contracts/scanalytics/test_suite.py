"""The Scanalytics suite itself: its claims, its description of the API, and what it says of targets that are wrong."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

import pytest
from openapi_spec_validator import validate
from tests.contracts.alike import serving

from vendorlab.contracts.core.capabilities import CAPABILITIES
from vendorlab.contracts.core.claims import Source, load_claims
from vendorlab.contracts.core.control import ControlAddress
from vendorlab.contracts.core.inventory import discrepancies, suite_modules, suite_tests
from vendorlab.contracts.core.openapi import Spec
from vendorlab.contracts.core.run import run_suite
from vendorlab.contracts.core.target import Target

if TYPE_CHECKING:
    from pathlib import Path

VENDOR = "scanalytics"
TESTS = suite_tests(suite_modules(VENDOR))
CLAIMS = {claim.id: claim for claim in load_claims(VENDOR)}


def test_every_claim_has_a_test_and_every_test_a_claim() -> None:
    assert discrepancies(CLAIMS.values(), TESTS) == []


def test_claims_are_of_every_source_and_no_two_say_the_same() -> None:
    assert {claim.source for claim in CLAIMS.values()} == set(Source)
    assert [text for text, number in Counter(claim.text for claim in CLAIMS.values()).items() if number > 1] == []


def test_every_test_says_whose_suite_it_belongs_to() -> None:
    assert {test.vendors for test in TESTS} == {(VENDOR,)}


def test_needs_are_known_capabilities_and_none_is_idle() -> None:
    assert {need for test in TESTS for need in test.needs} == CAPABILITIES.keys()


def test_description_is_valid_openapi() -> None:
    validate(Spec.load(VENDOR).document)


def test_every_operation_names_claims_whose_tests_exercise_it() -> None:
    """That the requests are really made is seen in a run: the report counts them by operation."""
    spec = Spec.load(VENDOR)
    assert len({operation.id for operation in spec.operations}) == len(spec.operations)
    for operation in spec.operations:
        assert operation.claims, f"{operation.name} names no claim"
        assert set(operation.claims) <= CLAIMS.keys(), operation.name


# --- targets that are wrong ------------------------------------------------------------------------------------------


CLOCK = (200, "application/json", b'{"now": "2026-11-21T05:00:00.000000Z", "rate": 1.0, "frozen": false, "timers": 0}')
TOKEN = json.dumps(
    {"access_token": "a" * 30, "expires_in": 86_400, "token_type": "Bearer", "scope": "read", "refresh_token": "b" * 30}
).encode()


@pytest.mark.slow
@pytest.mark.parametrize(
    "answer",
    [
        (200, "application/json", b"{}"),
        (200, "application/json", b"[[null]]"),
        (200, "application/json", b'[{"arrays": [{"key": "AAAAA"}]}]'),
        (200, "application/json", TOKEN),
        (401, "application/json", b"no json"),
        (500, "text/html", b"<h1>Server Error (500)</h1>"),
    ],
    ids=["empty object", "odd array", "half a list", "a token to everything", "not json", "server error"],
)
def test_wrong_target_fails_and_never_breaks_the_suite(answer: tuple[int, str, bytes], tmp_path: Path) -> None:
    """Whatever a target answers, the suite must say that the target is wrong, not trip over it."""
    names = ("username", "password", "client_id", "confidential_client_id", "confidential_client_secret",
             "credentials_client_id", "credentials_client_secret", "second_username", "second_password")  # fmt: skip
    with serving(*answer) as url, serving(*CLOCK) as control:
        status = run_suite(
            VENDOR,
            targets={VENDOR: Target(VENDOR, url, dict.fromkeys(names, "made-up"))},
            control=ControlAddress(control, "made-up"),
            json_path=tmp_path / "report.json",
            extra_args=["-q", "--no-summary", "--tb=no"],
        )
    report = json.loads((tmp_path / "report.json").read_text())["vendors"][VENDOR]
    assert status == 1
    assert [(test["name"], test["reason"]) for test in report["tests"] if test["verdict"] == "error"] == []
    verdicts = Counter(test["verdict"] for test in report["tests"])
    assert verdicts["failed"] > 0.85 * len(report["tests"]), verdicts
