"""The table of the control API's operations; its routes and its description are both made from it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..rules import Rule
from . import handlers, models, stories

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, slots=True)
class Link:
    """What an answer names, and which operation can be asked about it.

    Attributes:
        target: the operation's name. What is about a world is asked of the same world, unless ``given`` names another.
        given: its parameters, each the JSON pointer to what the answer names.
    """

    target: str
    given: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation: where it is, what goes in and what comes out.

    Attributes:
        scoped: it is about one world, and there for every world under ``/worlds/<world>``.
        public: it needs no token.
        blocking: it may wait.
        refuses: statuses of its own refusals; those that all calls share go without saying.
        links: what can be asked about what its answer names, by the link's name.
    """

    method: str
    path: str
    name: str
    summary: str
    handler: Callable[[handlers.Call], Any]
    body: Any = None
    query: Any = None
    answer: Any = None
    status: int = 200
    scoped: bool = True
    public: bool = False
    blocking: bool = False
    refuses: tuple[int, ...] = ()
    links: Mapping[str, Link] = field(default_factory=dict[str, Link])


def _about_world(where: str) -> dict[str, Link]:
    """What can be asked about a world whose name stands at a pointer."""
    asked = ("vendors", "clock", "list-events", "list-faults", "journal", "state", "list-tokens")
    return {f"{name.removeprefix('list-')}OfWorld": Link(name, {"world": where}) for name in asked}


OPERATIONS = (
    Operation(
        "GET",
        "/health",
        "health",
        "Every listener",
        handlers.health,
        answer=models.Health,
        scoped=False,
        public=True,
        links={
            "stateOfFirstVendor": Link("vendor-state", {"world": "/listeners/0/world", "vendor": "/listeners/0/vendor"})
        },
    ),
    Operation(
        "GET", "/version", "version", "Versions", handlers.version, answer=models.Version, scoped=False, public=True
    ),
    Operation(
        "GET",
        "/openapi.json",
        "openapi",
        "This description",
        handlers.openapi,
        answer=dict[str, Any],
        scoped=False,
        public=True,
    ),
    Operation("GET", "/metrics", "metrics", "Metrics for Prometheus", handlers.metrics, answer=str, scoped=False),
    Operation(
        "GET",
        "/worlds",
        "list-worlds",
        "Every world",
        handlers.list_worlds,
        answer=list[models.World],
        scoped=False,
        links=_about_world("/0/name"),
    ),
    Operation(
        "POST",
        "/worlds",
        "create-world",
        "Make a world",
        handlers.create_world,
        body=models.NewWorld,
        answer=models.World,
        status=201,
        scoped=False,
        blocking=True,
        refuses=(409,),
        links={**_about_world("/name"), "end": Link("delete-world", {"name": "/name"})},
    ),
    Operation(
        "DELETE",
        "/worlds/<name>",
        "delete-world",
        "End a world",
        handlers.delete_world,
        status=204,
        scoped=False,
        blocking=True,
        refuses=(404, 409),
    ),
    Operation(
        "POST",
        "/stories",
        "stage-story",
        "Make the world of a story",
        stories.stage,
        body=models.NewStory,
        answer=models.Staged,
        status=201,
        scoped=False,
        blocking=True,
        refuses=(404, 409),
    ),
    Operation("GET", "/story", "story", "How far a story is", stories.look, answer=models.Progress, refuses=(404,)),
    Operation(
        "POST",
        "/story/begin",
        "begin-story",
        "Begin a story",
        stories.begin,
        answer=models.Progress,
        blocking=True,
        refuses=(404, 409),
    ),
    Operation(
        "POST",
        "/story/end",
        "end-story",
        "End a story, and learn what happened",
        stories.end,
        body=models.EndStory,
        answer=models.Evidence,
        blocking=True,
        refuses=(404,),
    ),
    Operation(
        "GET", "/vendors", "vendors", "Addresses and credentials", handlers.vendors, answer=dict[str, models.Vendor]
    ),
    Operation("GET", "/clock", "clock", "The clock", handlers.clock, answer=models.Clock),
    Operation(
        "PUT", "/clock", "set-clock", "Turn the clock", handlers.set_clock, body=models.SetClock, answer=models.Clock
    ),
    Operation(
        "POST",
        "/clock/advance",
        "advance",
        "Move the clock forward",
        handlers.advance,
        body=models.Advance,
        answer=models.Advanced,
        blocking=True,
    ),
    Operation(
        "GET",
        "/events",
        "list-events",
        "What may happen to devices",
        handlers.list_events,
        query=models.EventQuery,
        answer=list[models.EventKind],
        links={
            "eventsOfFirstVendor": Link("list-events", {"vendor": "/0/vendor"}),
            "stateOfFirstVendor": Link("vendor-state", {"vendor": "/0/vendor"}),
        },
    ),
    Operation(
        "POST",
        "/events",
        "happen",
        "Let something happen to a device",
        handlers.happen,
        body=models.NewEvent,
        answer=models.Happened,
    ),
    Operation(
        "GET",
        "/faults",
        "list-faults",
        "Every fault",
        handlers.list_faults,
        answer=list[models.CountedRule],
        links={"removalOfFirst": Link("remove-fault", {"name": "/0/name"})},
    ),
    Operation(
        "POST",
        "/faults",
        "add-fault",
        "Add a fault",
        handlers.add_fault,
        body=Rule,
        answer=Rule,
        status=201,
        refuses=(409,),
        links={"removal": Link("remove-fault", {"name": "/name"})},
    ),
    Operation("DELETE", "/faults", "clear-faults", "Remove every fault", handlers.clear_faults, status=204),
    Operation(
        "DELETE", "/faults/<name>", "remove-fault", "Remove a fault", handlers.remove_fault, status=204, refuses=(404,)
    ),
    Operation(
        "DELETE",
        "/limits",
        "clear-limits",
        "Forget what was counted against limits",
        handlers.clear_limits,
        query=models.LimitQuery,
        status=204,
        refuses=(404,),
    ),
    Operation(
        "GET",
        "/journal",
        "journal",
        "Exchanges that match",
        handlers.journal,
        query=models.JournalQuery,
        answer=models.Entries,
        links={
            "more": Link("journal", {"after": "/next"}),
            "waitForMore": Link("wait-for", {"after": "/next"}),
            "stateOfFirstVendor": Link("vendor-state", {"vendor": "/entries/0/vendor"}),
        },
    ),
    Operation("DELETE", "/journal", "clear-journal", "Forget every exchange", handlers.clear_journal, status=204),
    Operation(
        "GET",
        "/journal/wait",
        "wait-for",
        "Wait for exchanges",
        handlers.wait_for,
        query=models.WaitQuery,
        answer=models.Waited,
        blocking=True,
        refuses=(503,),
        links={"more": Link("journal", {"after": "/next"})},
    ),
    Operation(
        "POST", "/reset", "reset", "Return to the start", handlers.reset, body=models.ResetWorld, answer=models.Seeded
    ),
    Operation(
        "PUT", "/seed", "set-seed", "Return to another start", handlers.reset, body=models.SetSeed, answer=models.Seeded
    ),
    Operation(
        "GET", "/snapshot", "snapshot", "The whole state", handlers.snapshot, answer=dict[str, Any], blocking=True
    ),
    Operation(
        "PUT",
        "/snapshot",
        "restore",
        "Take up a state",
        handlers.restore,
        body=dict,
        status=204,
        blocking=True,
        refuses=(409,),
    ),
    Operation("GET", "/state", "state", "What is in every vendor", handlers.state, answer=dict[str, Any]),
    Operation(
        "GET",
        "/state/<vendor>",
        "vendor-state",
        "What is in one vendor",
        handlers.vendor_state,
        answer=dict[str, Any],
        refuses=(404,),
    ),
    Operation(
        "GET",
        "/tokens",
        "list-tokens",
        "Every token",
        handlers.list_tokens,
        query=models.TokenQuery,
        answer=list[models.Token],
        links={
            "tokensOfFirstVendor": Link("list-tokens", {"vendor": "/0/vendor"}),
            "stateOfFirstVendor": Link("vendor-state", {"vendor": "/0/vendor"}),
        },
    ),
    Operation(
        "POST",
        "/tokens/revoke",
        "revoke-tokens",
        "End tokens",
        handlers.revoke_tokens,
        body=models.WhichTokens,
        answer=models.Changed,
        refuses=(404,),
    ),
    Operation(
        "POST",
        "/tokens/expire",
        "expire-tokens",
        "Let tokens expire",
        handlers.expire_tokens,
        body=models.WhichTokens,
        answer=models.Changed,
        refuses=(404,),
    ),
)
"""Everything that there is."""

BY_NAME = {operation.name: operation for operation in OPERATIONS}
