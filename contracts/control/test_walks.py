"""Chains of calls that nobody thought of: what an answer names is asked for, along the links of ``openapi.yaml``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.control.description import spread
from vendorlab.contracts.core import expect, following
from vendorlab.contracts.core.openapi import Operation, Spec

if TYPE_CHECKING:
    from collections.abc import Mapping

    from vendorlab.contracts.control.api import Api, World

pytestmark = pytest.mark.vendorlab("control")

_SPEC = Spec(spread({**Spec.load("control").document, "security": []}))
"""The description with every place written out, and without its security, as in ``test_schema``."""
_GIVEN = {"timeout": 0}
_ENDS = ("GET", "DELETE")


def shown(api: Api) -> Mapping[str, str]:
    """Return the header with the token."""
    return {"Authorization": f"Bearer {api.token}"}


def reads_or_ends(operation: Operation) -> bool:
    """Whether an operation needs no body: it reads, or ends what an answer named."""
    return operation.method in _ENDS


@pytest.mark.claim("control.schema.links")
def test_what_an_answer_names_can_be_asked_for(api: Api) -> None:
    """Of the first world, and of the main one, which are only looked at."""
    following.follow(api.http, _SPEC, headers=shown(api), given=_GIVEN)


@pytest.mark.claim("control.schema.links")
@pytest.mark.needs("write")
def test_whatever_a_world_of_ones_own_names_can_be_asked_for_and_ended(api: Api, world: World) -> None:
    """With an exchange, tokens and a fault in it no link is left that names nothing."""
    world.whoami(world.login()["access"])
    fault = world.ask("POST", "/faults", {"action": {"kind": "empty"}})
    followed = following.follow(
        api.http,
        _SPEC,
        headers=shown(api),
        given={**_GIVEN, "world": world.name},
        may_ask=reads_or_ends,
        begin={"create-world": world.told, "add-fault-in-world": fault},
    )
    inside = {link.label for link in following.links(_SPEC, reads_or_ends) if _in_world(link.source)}
    expect.check(
        followed.keys() == inside, world.told, f"something named by each of {sorted(inside - followed.keys())}"
    )


def _in_world(operation: str) -> bool:
    return operation == "create-world" or operation.endswith("-in-world")
