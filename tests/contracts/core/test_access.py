"""What a run may do to one target, put together."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest

from vendorlab.contracts.core.access import Access
from vendorlab.contracts.core.control import ControlAddress
from vendorlab.contracts.core.errors import BudgetSpentError, UsageError
from vendorlab.contracts.core.openapi import Spec
from vendorlab.contracts.core.pacing import REMOTE_BUDGET
from vendorlab.contracts.core.redaction import MASK
from vendorlab.contracts.core.target import Target

if TYPE_CHECKING:
    from pathlib import Path

HERE, AWAY = "http://127.0.0.1:7071", "https://query.example.com"
CONTROL = ControlAddress("http://127.0.0.1:7070", "control-token")
TRANSPORT = httpx.MockTransport(lambda request: httpx.Response(200 if request.url.path.endswith("/a") else 404))


def access(url: str, **options: object) -> Access:
    target = Target("acme", url, {"username": "ada@example.com", "password": "hunter2", "client_id": "public-app"})
    return Access(target, transport=TRANSPORT, **options)  # type: ignore[arg-type]


def test_target_elsewhere_has_a_budget_by_default() -> None:
    assert access(AWAY).budget.limit == REMOTE_BUDGET
    assert access(AWAY, budget=5).budget.limit == 5


@pytest.mark.parametrize("content", [None, "nothing"])
def test_authority_that_cannot_be_trusted_is_told(tmp_path: Path, content: str | None) -> None:
    ca = tmp_path / "ca.pem"
    if content is not None:
        ca.write_text(content)
    with pytest.raises(UsageError, match=r"ca\.pem is no certificate authority"):
        Access(Target("acme", AWAY, {}, str(ca)))
    Access(Target("acme", HERE, {}, str(ca))).close()  # plain http asks nobody


def test_target_on_this_machine_has_a_budget_only_if_told() -> None:
    assert access(HERE).budget.limit is None
    subject = access(HERE, budget=1)
    subject.exchange.get("/a")
    with pytest.raises(BudgetSpentError):
        subject.exchange.get("/a")


@pytest.mark.parametrize(
    ("url", "allow", "control", "paced"),
    [
        (HERE, (), CONTROL, False),
        (HERE, (), None, True),
        (HERE, ("none",), CONTROL, True),
        (AWAY, (), None, True),
        (AWAY, (), CONTROL, True),
        (AWAY, ("all",), None, True),
        (AWAY, ("all",), CONTROL, False),
    ],
)
def test_requests_are_paced_unless_limits_may_be_used_up_and_turned_away(
    url: str, allow: tuple[str, ...], control: ControlAddress | None, paced: bool
) -> None:
    assert access(url, allow=allow, control=control).exchange.paced is paced


def test_credentials_and_control_token_are_secret_but_public_names_are_not() -> None:
    masked = access(HERE, control=CONTROL).secrets.mask("hunter2 ada@example.com public-app control-token")
    assert masked == f"{MASK} {MASK} public-app {MASK}"


def test_clock_without_control_is_the_suites_own_fault() -> None:
    with pytest.raises(AssertionError, match="must say that it needs one"):
        _ = access(HERE).clock


def test_operations_are_counted_below_the_targets_own_path() -> None:
    spec = Spec({"paths": {"/a": {"get": {"operationId": "a"}}, "/b": {"get": {"operationId": "b"}}}})
    subject = access(f"{HERE}/api")
    subject.exchange.get("/a")
    subject.exchange.get("/a")
    subject.exchange.get("/nowhere")
    assert subject.operations_seen(spec) == {"GET /a": {"200": 2}, "GET /b": {}}
    subject.close()
