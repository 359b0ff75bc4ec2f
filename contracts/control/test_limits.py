"""Limits: what was counted against them is forgotten on demand, and nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.control.api import VENDOR, World, nothing, problem

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [pytest.mark.vendorlab("control"), pytest.mark.needs("write")]

BESIDE, UNLIMITED = "inode", "slv"


@pytest.fixture
def spent(make_world: Callable[..., World]) -> tuple[World, str]:
    """A world in which one call a minute is allowed and was made, and the token that made it."""
    world = make_world(vendors=[VENDOR, BESIDE, UNLIMITED], settings={VENDOR: {"minute_limit": 1}})
    token = world.login()["access"]
    assert [world.whoami(token), world.whoami(token)] == [200, 429]
    return world, token


@pytest.mark.claim("control.limits.clear", "control.limits.of-one")
@pytest.mark.parametrize("query", ["", f"?vendor={VENDOR}"], ids=["all", "one"])
def test_cleared_limits_are_counted_anew(spent: tuple[World, str], query: str) -> None:
    """The token and the clock stay as they are."""
    world, token = spent
    before = world.clock()
    nothing(world.ask("DELETE", f"/limits{query}"))
    assert [world.whoami(token), world.whoami(token)] == [200, 429]
    assert world.clock() == before


@pytest.mark.claim("control.limits.of-one", "control.limits.refused")
def test_limits_of_others_stay(spent: tuple[World, str]) -> None:
    """Be they cleared or refused."""
    world, token = spent
    nothing(world.ask("DELETE", f"/limits?vendor={BESIDE}"))
    assert UNLIMITED in problem(world.ask("DELETE", f"/limits?vendor={UNLIMITED}"), 404)
    assert "nobody" in problem(world.ask("DELETE", "/limits?vendor=nobody"), 400)
    assert world.whoami(token) == 429
