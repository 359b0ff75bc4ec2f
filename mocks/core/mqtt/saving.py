"""A broker's state as JSON-like data: sessions with all that is under way and waits in them, and retained messages.

Connections are no state. Whoever was connected when the state was saved finds, after it was taken up again, its
session as if the line had just been lost; one that would have ended then is not in it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from .messages import SECOND, Message, Outgoing
from .packets import Will  # noqa: TC001  msgspec reads the annotation
from .session import Held, Replay, Session

if TYPE_CHECKING:
    from collections.abc import Mapping

    from .broker import BrokerCore


class SavedSession(msgspec.Struct, kw_only=True):
    """One session; as ``Session`` has it."""

    client_id: str
    principal: str
    expiry: int | None
    ends: int | None
    will: Will | None
    will_due: int | None
    subscriptions: list[Held]
    inflight: list[Outgoing]
    queue: list[Outgoing]
    replays: list[Replay]
    received: list[int]
    last_id: int
    dropped: int


class Saved(msgspec.Struct, kw_only=True):
    """All of it."""

    sessions: list[SavedSession]
    retained: list[Message]


def snapshot(core: BrokerCore) -> dict[str, Any]:
    """The state as JSON-like data; binary data in it is base64."""
    kept = [session for session in core.sessions.values() if session.expiry != 0 or session.will_due is not None]
    saved = Saved(sessions=[_saved(session) for session in kept], retained=list(core.retained))
    document: dict[str, Any] = msgspec.to_builtins(saved)
    return document


def _saved(session: Session) -> SavedSession:
    away = session.connection is None
    return SavedSession(
        client_id=session.client_id,
        principal=session.principal,
        expiry=session.expiry,
        ends=session.ends,
        will=session.will if away else None,
        will_due=session.will_due,
        subscriptions=list(session.subscriptions.values()),
        inflight=list(session.inflight.values()),
        queue=list(session.queue),
        replays=list(session.replays),
        received=sorted(session.received),
        last_id=session.last_id,
        dropped=session.dropped,
    )


def clear(core: BrokerCore) -> None:
    """Cut every connection and forget every session and retained message; no will is published."""
    for connection in list(core.connections):
        connection.end("reset", reset=True, will=False)
    for session in list(core.sessions.values()):
        session.will_due = None
        core.end_session(session)
    core.retained.clear()


def restore(core: BrokerCore, document: Mapping[str, Any]) -> None:
    """Take up the state from ``snapshot``, in place of all that there is.

    Raises:
        msgspec.ValidationError: it is no such document.
    """
    saved = msgspec.convert(document, Saved)
    clear(core)
    now = core.micros()
    for message in saved.retained:
        core.retained.put(message, now)
    for item in saved.sessions:
        session = Session(item.client_id, core.profile, core.bounds, core.retained)
        session.principal = item.principal
        session.expiry = item.expiry
        session.will = item.will
        session.will_due = item.will_due
        session.ends = item.ends
        if item.ends is None and item.expiry is not None:
            session.ends = now + item.expiry * SECOND
        for held in item.subscriptions:
            if core.routes.add(session, held):
                session.subscriptions[held.filter] = held
        session.inflight = {outgoing.packet_id: outgoing for outgoing in item.inflight}
        session.queue.extend(item.queue)
        session.queued_bytes = sum(len(outgoing.message.payload) for outgoing in item.queue)
        session.replays.extend(item.replays)
        session.received.update(item.received)
        session.last_id = item.last_id
        session.dropped = item.dropped
        core.sessions[item.client_id] = session
    core.rearm()
