"""Declared defects: each is planted and lifted again without a trace, and names claims that there are.

That the suites find them is for ``vendorlab check --mutants`` to show.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from vendorlab.contracts.core.claims import load_claims
from vendorlab.contracts.core.suites import suite_names
from vendorlab.mocks import registry
from vendorlab.mocks.core.mutants import answers, instead, never, with_header, with_json, with_status, with_text

if TYPE_CHECKING:
    from tests.mocks.conftest import MakeWorld

    from vendorlab.mocks.core.mutants import Mutant
    from vendorlab.mocks.core.world import World

ALL = [(vendor, mutant) for vendor in registry.vendors() for mutant in registry.mutants(vendor)]
START = datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_there_are_more_than_sixty() -> None:
    assert len(ALL) >= 60


@pytest.mark.parametrize("vendor", registry.vendors())
def test_names_and_texts_of_a_vendors_are_its_own(vendor: str) -> None:
    mutants = registry.mutants(vendor)
    assert len({one.name for one in mutants}) == len({one.text for one in mutants}) == len(mutants)


def test_every_claim_is_one() -> None:
    known = {claim.id for name in suite_names() for claim in load_claims(name)}
    assert {claim for _, mutant in ALL for claim in mutant.claims} <= known


@pytest.mark.parametrize(("vendor", "mutant"), ALL, ids=[f"{vendor}-{one.name}" for vendor, one in ALL])
def test_mutant_is_planted_and_lifted(world_of: MakeWorld, vendor: str, mutant: Mutant) -> None:
    planted: Any = mutant.plant(world_of(vendor).vendor(vendor))
    before = getattr(planted.getter(), planted.attribute)
    with planted:
        assert getattr(planted.getter(), planted.attribute) is not before
    after = getattr(planted.getter(), planted.attribute)
    assert after == before


# --- the tools that they are made with -------------------------------------------------------------------------------


def ask(world: World, path: str = "/v1/whoami") -> httpx.Response:
    with httpx.Client(transport=world.transport("scanalytics"), base_url="http://fake.example") as http:
        return http.get(path)


@pytest.fixture
def world(world_of: MakeWorld) -> World:
    return world_of("scanalytics")


def test_answers_of_one_vendor_are_changed_and_only_for_a_while(world: World) -> None:
    with answers("scanalytics", with_status(401, 418), path="/v1/"):
        assert ask(world).status_code == 418
        assert ask(world, "/v2/whoami").status_code == 401
    with answers("inode", with_status(401, 418)), answers("scanalytics", with_status(401, 419), operation="token"):
        assert ask(world).status_code == 401
    assert ask(world).status_code == 401


def test_answers_lose_and_gain_headers_and_words(world: World) -> None:
    with (
        answers("scanalytics", with_header("Vary", "Mood")),
        answers("scanalytics", with_text(b"credentials", b"cake")),
    ):
        found = ask(world)
    assert (found.headers["vary"], "Authentication cake" in found.text) == ("Mood", True)
    with answers("scanalytics", with_json(lambda _: "never")):
        assert "detail" in ask(world).json(), "a refusal is left as it is"


def test_something_stands_instead_of_something() -> None:
    class Thing:
        def say(self) -> str:
            return "hello"

    def loud(say: Any) -> Any:
        def said(thing: Thing) -> str:
            return str(say(thing)).upper()

        return said

    with instead(Thing, "say", loud):
        assert Thing().say() == "HELLO"
    with never(Thing, "say"):
        assert Thing().say() is None
    assert Thing().say() == "hello"
