"""What the control API does: one function for each operation, over a world or over all of them.

Each takes a ``Call`` and returns data; refusals are the kernel's own errors, and ``app`` knows their statuses.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import msgspec
from msgspec import UNSET

from ..clock import checked, iso, to_micros
from ..errors import WorldError
from ..happenings import describe as describe_event
from ..ids import fingerprint
from ..journal import Query
from ..rules import FaultError
from ..web.message import Answer
from ..worlds import MAIN
from . import models

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from threading import Semaphore

    from ..vendor import Token, Tokens
    from ..world import World
    from ..worlds import Worlds
    from .stories import Stories

API_VERSION = 1
MOST_FIRED_LISTED = 1_000
MOST_WAITING = 200
"""Calls that may wait at once. Each holds a thread, and others need one too (``edges.loop.MOST_THREADS``)."""


@dataclass(frozen=True)
class Call:
    """One call of an operation, decoded.

    Attributes:
        world_name: of the world that it is about.
        params: the path's other parameters.
        query, body: what the operation's models made of them.
        version: vendorlab's.
        host: where the control API listens.
        waiting: places for calls that wait.
        stories: who plays them, if anybody does.
    """

    worlds: Worlds
    world_name: str
    params: dict[str, str]
    query: Any
    body: Any
    version: str
    host: str
    waiting: Semaphore
    stories: Stories | None = None

    @cached_property
    def world(self) -> World:
        """The world that the call is about: the same to its end, though it may be deleted meanwhile."""
        return self.worlds.get(self.world_name)


class NoSuchThingError(WorldError):
    """The named thing is not there."""


class TooManyWaitingError(WorldError):
    """All places for calls that wait are taken."""


# --- about the process -----------------------------------------------------------------------------------------------


def health(call: Call) -> models.Health:
    """Every listener and whether it accepts."""
    listeners = [
        models.Listener(name, face, url, accepting)
        for name, world in call.worlds.all().items()
        for face, url, accepting in world.listeners()
    ]
    return models.Health("ok" if all(listener.accepting for listener in listeners) else "starting", listeners)


def version(call: Call) -> models.Version:
    """Versions."""
    return models.Version(call.version, API_VERSION)


def metrics(call: Call) -> Answer:
    """All worlds, as Prometheus reads them."""
    from .metrics import CONTENT_TYPE, render  # noqa: PLC0415  few ask for them

    return Answer(
        200, render(call.worlds, call.version), [("Content-Type", CONTENT_TYPE), ("Cache-Control", "no-store")]
    )


def openapi(call: Call) -> dict[str, Any]:
    """This API's description."""
    from .openapi import describe as describe_api  # noqa: PLC0415  it reads the table below; few ask for it

    return describe_api(call.version)


def list_worlds(call: Call) -> list[models.World]:
    """Every world."""
    return [models.World(name, describe(world)) for name, world in call.worlds.all().items()]


def create_world(call: Call) -> models.World:
    """Make a world and let it listen."""
    wanted: models.NewWorld = call.body
    main = call.worlds.get(MAIN).options
    options = replace(wanted.options(call.host), tls=main.tls, known_as=main.known_as)
    world = call.worlds.open(wanted.name, wanted.vendors, options)
    return models.World(wanted.name, describe(world))


def delete_world(call: Call) -> None:
    """End a world."""
    call.worlds.delete(call.params["name"])


# --- about one world -------------------------------------------------------------------------------------------------


def describe(world: World) -> dict[str, models.Vendor]:
    """Where each vendor of a world is and how to log in."""
    return {
        face.name: models.Vendor(world.url(face.name), dict(face.credentials()), world.ca(face.name) or UNSET)
        for face in world.faces()
    }


def vendors(call: Call) -> dict[str, models.Vendor]:
    """Where each vendor is and how to log in."""
    return describe(call.world)


def clock(call: Call) -> models.Clock:
    """The clock."""
    found = call.world.clock
    return models.Clock(iso(found.micros()), found.rate, found.frozen, found.timers)


def set_clock(call: Call) -> models.Clock:
    """Turn the clock: rate first, then standing still or going on, then the moment; all of it or nothing."""
    wanted: models.SetClock = call.body
    found = call.world.clock
    moment = None if wanted.now is None else checked(wanted.now)
    with found.lock:
        if wanted.rate is not None:
            found.run(wanted.rate)
        if wanted.frozen is not None:
            (found.freeze if wanted.frozen else found.resume)()
        if moment is not None:
            found.set(moment)
        return clock(call)


def advance(call: Call) -> models.Advanced:
    """Move the clock forward, timer by timer, and let what is sent from it arrive."""
    fired = call.world.clock.advance(call.body.seconds)
    call.world.settle()
    now = clock(call)
    listed = [models.Fired(iso(to_micros(one.due)), one.name, dict(one.detail)) for one in fired[:MOST_FIRED_LISTED]]
    return models.Advanced(now.now, now.rate, now.frozen, now.timers, listed, len(fired) - len(listed))


def list_faults(call: Call) -> list[dict[str, Any]]:
    """Every rule, with how often it matched and struck."""
    return call.world.faults.rules()


def add_fault(call: Call) -> dict[str, Any]:
    """Add a rule."""
    vendor = call.body.match.vendor
    if vendor is not None and vendor not in call.world.names:
        there = ", ".join(call.world.names)
        raise FaultError(f"there is no vendor {vendor!r} in this world, so nothing would be struck; there are: {there}")
    with call.world.clock.lock:
        rule = call.world.faults.add(call.body)
    return cast("dict[str, Any]", msgspec.to_builtins(rule))


def clear_faults(call: Call) -> None:
    """Remove every rule."""
    with call.world.clock.lock:
        call.world.faults.clear()


def remove_fault(call: Call) -> None:
    """Remove one rule."""
    name = call.params["name"]
    with call.world.clock.lock:
        if not call.world.faults.remove(name):
            raise NoSuchThingError(f"there is no fault named {name!r}; GET /faults lists those that there are")


def journal(call: Call) -> models.Entries:
    """Exchanges that match."""
    return models.Entries(*_entries(call, call.world.journal.find(_query(call.query), limit=call.query.limit)))


def wait_for(call: Call) -> models.Waited:
    """Wait until enough exchanges match."""
    wanted: models.WaitQuery = call.query
    with _place(call.waiting):
        found = call.world.journal.wait_for(_query(wanted), count=wanted.count, timeout=wanted.timeout)
    return models.Waited(*_entries(call, found[: wanted.limit]), matched=len(found) >= wanted.count)


def clear_journal(call: Call) -> None:
    """Forget every exchange."""
    call.world.journal.clear()


def reset(call: Call) -> models.Seeded:
    """Return to the start."""
    call.world.reset(call.body.seed)
    return models.Seeded(call.world.ids.seed)


def snapshot(call: Call) -> dict[str, Any]:
    """The whole state."""
    return call.world.snapshot()


def restore(call: Call) -> None:
    """Take up a state."""
    call.world.restore(call.body)


def state(call: Call) -> dict[str, Any]:
    """What is in every vendor, without secrets."""
    return {name: call.world.vendor(name).state() for name in call.world.names}


def vendor_state(call: Call) -> dict[str, Any]:
    """What is in one vendor, without secrets."""
    name = call.params["vendor"]
    if name not in call.world.names:
        raise NoSuchThingError(f"there is no vendor {name!r} in this world; there are: {', '.join(call.world.names)}")
    return call.world.vendor(name).state()


def list_tokens(call: Call) -> list[models.Token]:
    """Every token."""
    wanted: models.TokenQuery = call.query
    names = call.world.names if wanted.vendor is UNSET else [wanted.vendor]
    with call.world.clock.lock:
        return [
            models.Token(vendor=name, **token.as_json())
            for name in names
            if (store := call.world.vendor(name).tokens) is not None
            for token in store.all()
            if wanted.kind in (UNSET, token.kind)
        ]


def revoke_tokens(call: Call) -> models.Changed:
    """End tokens before their time."""
    with call.world.clock.lock:
        store = _store(call)
        return models.Changed(sum(store.revoke(token) for token in list(_chosen(store, call.body))))


def expire_tokens(call: Call) -> models.Changed:
    """Let access tokens expire now."""
    with call.world.clock.lock:
        store = _store(call)
        return models.Changed(sum(store.expire(token) for token in list(_chosen(store, call.body))))


def clear_limits(call: Call) -> None:
    """Forget what was counted against limits."""
    wanted = call.query.vendor
    call.world.clear_limits(None if wanted is UNSET else wanted)


def list_events(call: Call) -> list[models.EventKind]:
    """What may happen to whose devices."""
    wanted = call.query.vendor
    return [
        models.EventKind(vendor=name, **describe_event(kind))
        for name in (call.world.names if wanted is UNSET else [wanted])
        if (known := call.world.vendor(name).happenings) is not None
        for kind in known.kinds
    ]


def happen(call: Call) -> models.Happened:
    """Let something happen to a device."""
    event = call.world.happen(call.body.vendor, call.body.event)
    return models.Happened(call.body.vendor, cast("dict[str, Any]", msgspec.to_builtins(event)))


# --- inside ----------------------------------------------------------------------------------------------------------


def _query(wanted: models.JournalQuery) -> Query:
    given = ((name, getattr(wanted, name)) for name in Query.__dataclass_fields__)
    return Query(**{name: value for name, value in given if value is not UNSET})


@contextmanager
def _place(waiting: Semaphore) -> Generator[None]:
    if not waiting.acquire(blocking=False):
        raise TooManyWaitingError(f"{MOST_WAITING} calls are waiting already; try again when one of them has ended")
    try:
        yield
    finally:
        waiting.release()


def _entries(call: Call, found: list[Any]) -> tuple[list[models.Entry], int, int]:
    entries = [models.Entry(**entry.as_json()) for entry in found]
    return entries, entries[-1].seq if entries else call.query.after, call.world.journal.dropped


def _store(call: Call) -> Tokens:
    store = call.world.vendor(call.body.vendor).tokens
    if store is None:
        raise NoSuchThingError(f"{call.body.vendor} issues no tokens")
    return store


def _chosen(store: Tokens, which: models.WhichTokens) -> Iterator[Token]:
    if which.user is not None:
        return (token for token in store.all() if token.user == which.user)
    if which.id is not None:
        found = [token for token in store.all() if fingerprint(token.token) == which.id]
    else:
        known = store.find(which.token or "")
        found = [] if known is None else [known]
    if not found:
        raise NoSuchThingError(f"there is no such token at {which.vendor}; GET /tokens lists those that there are")
    return iter(found)
