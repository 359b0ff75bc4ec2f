"""Deliveries of webhooks: what is sent when, what an answer means, and what is remembered (inferred, all of it).

At least once, in no promised order. A delivery is a row in a table until it is over, so that a killed process sends
again what nobody has said yes to. Retries follow the world's clock and count from when an attempt was made: a test that
turns the clock need not know how quick a receiver was.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from ..core.clock import SECOND
from ..core.edges.letters import Letter
from ..core.traces import Span, noted
from . import extension_wire as wire
from .extension_models import MOST_FINISHED, MOST_PENDING, TRANSITIONS, Attempt, Delivery, State

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable, Iterable, Mapping

    from ..core.clock import Timer
    from ..core.edges.courier import Courier
    from ..core.edges.letters import Outcome
    from ..core.journal import IsSecret
    from ..core.vendor import Context
    from .extension_models import Subscription
    from .models import Place

RETRIES = (1, 5, 25)
"""Seconds after an attempt that failed until the next one; after the last of them a delivery is dropped."""

MOST_AT_ONCE = 16
"""Deliveries of one subscription that are under way at once, so that one slow receiver does not hold up the others."""

TIMER: Final = "itron.deliveries"
"""The name of the one timer that all deliveries share."""

HEADERS = (("Content-Type", "application/json"), ("User-Agent", "vendorlab-webhooks"))

INTERRUPTED = "interrupted: nobody knows whether it arrived"
TOO_MANY = f"more than {MOST_PENDING} deliveries are waiting"

_TOO_MANY_REQUESTS = 429

_DUE = """
SELECT DISTINCT subscription FROM itron_deliveries WHERE state = 'pending' AND due <= ?
"""
_NEXT = """
SELECT d.id, d.event, d.device, d.attempts, d.body, s.url, s.headers, s.client, d.number, d.cause
FROM itron_deliveries AS d JOIN itron_subscriptions AS s ON s.id = d.subscription
WHERE d.subscription = ? AND d.state = 'pending' AND d.due <= ? ORDER BY d.number LIMIT ?
"""


class Notice(NamedTuple):
    """What somebody is to be told of: an observation that met an event."""

    subscription: Subscription
    place: Place
    device_id: str
    timestamp: bytes
    observation: bytes


class _UnderWay(NamedTuple):
    subscription: str
    retry: int


class Deliveries:
    """The deliveries of one world's Itron.

    Args:
        context: clock, chance, tables, and the courier.
        is_secret: knows what the journal must not show of a receiver's address.
        anywhere: receivers may lie beyond this machine.
    """

    def __init__(self, context: Context, is_secret: IsSecret, *, anywhere: bool) -> None:
        self._context = context
        self._clock = context.clock
        self._store = context.store
        self._is_secret = is_secret
        self._anywhere = anywhere
        self._fresh: list[str] = []
        self._held: set[str] = set()
        self._under_way: dict[str, _UnderWay] = {}
        self._era = 0
        self._sending = False
        self._timer: Timer | None = None
        self._courier: Courier | None = None
        self._clock.on(TIMER, self._on_timer)

    @property
    def _connection(self) -> sqlite3.Connection:
        return self._store.connection

    # --- in --------------------------------------------------------------------------------------------------------

    def add(self, notices: Iterable[Notice]) -> None:
        """Remember what is to be sent; nothing is until that is asked for."""
        room = MOST_PENDING - self._count("state = 'pending'", ())
        for one in notices:
            delivery_id = self._context.ids.uuid("itron/deliveries")
            subscription = one.subscription
            state, attempts, body = State.PENDING, list[Attempt](), b""
            if room > 0:
                body = wire.notice(delivery_id, subscription, *one[1:])
                self._fresh.append(delivery_id)
                self._held.add(delivery_id)
            else:
                state, attempts = State.DROPPED, [Attempt(self._clock.micros(), error=TOO_MANY)]
            room -= 1
            self._connection.execute(
                "INSERT INTO itron_deliveries (id, subscription, event, device, timestamp, state, attempts, body) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    delivery_id,
                    subscription.id,
                    subscription.event_id,
                    one.device_id,
                    msgspec.json.decode(one.timestamp, type=str),
                    state.value,
                    _written(attempts),
                    body,
                ),
            )
            if state is State.DROPPED:
                self._bound(subscription.id)

    def after_answer(self, span: Span | None) -> Callable[[], None] | None:
        """What is to be called once the answer to this exchange has left: it sends what was added. None if none was.

        Args:
            span: of this exchange, if it is part of a trace.
        """
        fresh = self._take()
        if not fresh:
            return None
        if span is not None:
            cause = msgspec.json.encode(span).decode()
            rows = ((cause, one) for one in fresh)
            self._connection.executemany("UPDATE itron_deliveries SET cause = ? WHERE id = ?", rows)
        sent = self._context.courier().announce()

        def release() -> None:
            with self._clock.lock:
                try:
                    self._free(fresh)
                    self._send_due()
                finally:
                    sent()

        return release

    def soon(self) -> None:
        """There is no answer to wait for: send what was added as soon as the timer that runs now is done."""
        if fresh := self._take():
            self._free(fresh)
            self._set_timer(self._clock.micros())

    def forget(self, subscription_id: str) -> None:
        """A subscription is gone, and so is all that concerns it; what is under way arrives, and nobody hears of it."""
        self._connection.execute("DELETE FROM itron_deliveries WHERE subscription = ?", (subscription_id,))

    # --- out -------------------------------------------------------------------------------------------------------

    def history(self, subscription_id: str, limit: int | None) -> list[Delivery]:
        """The deliveries of a subscription, newest first, at most ``MOST_FINISHED``."""
        rows = self._connection.execute(
            "SELECT id, event, subscription, device, timestamp, state, attempts FROM itron_deliveries "
            "WHERE subscription = ? ORDER BY number DESC LIMIT ?",
            (subscription_id, min(limit or MOST_FINISHED, MOST_FINISHED)),
        )
        return [
            Delivery(one, event, subscription, device, timestamp, State(state), tuple(_read(attempts)))
            for one, event, subscription, device, timestamp, state, attempts in rows
        ]

    # --- the whole state -------------------------------------------------------------------------------------------

    def reset(self) -> None:
        """The tables were emptied."""
        self._fresh.clear()
        self._held.clear()
        self._under_way.clear()
        self._era += 1
        self._forget_timers()

    def resume(self) -> None:
        """The tables were filled by another process, or from a snapshot: whatever nobody answered is due."""
        self.reset()
        self._interrupt()
        self._arm(-1)

    def _interrupt(self) -> None:
        """What was under way, or waited for an answer to leave, is due now."""
        self._under_way.clear()
        now = self._clock.micros()
        query = "SELECT id, attempts FROM itron_deliveries WHERE state = 'pending' AND due IS NULL"
        for delivery_id, text in self._connection.execute(query).fetchall():
            if delivery_id in self._held:
                continue
            attempts = _read(text)
            if attempts and _open(attempts[-1]):
                attempts[-1] = attempts[-1]._replace(error=INTERRUPTED)
            self._write(delivery_id, State.PENDING, now, attempts)

    # --- sending ---------------------------------------------------------------------------------------------------

    def _take(self) -> list[str]:
        """Those that were added since the last time."""
        fresh, self._fresh = self._fresh, []
        return fresh

    def _free(self, fresh: list[str]) -> None:
        self._held.difference_update(fresh)
        now = self._clock.micros()
        self._connection.executemany("UPDATE itron_deliveries SET due = ? WHERE id = ?", ((now, one) for one in fresh))

    def _on_timer(self, _detail: Mapping[str, Any]) -> None:
        self._timer = None
        self._send_due()

    def _send_due(self) -> None:
        """Send all that is due, as far as there is room; what an outcome that comes at once makes due goes too."""
        if self._sending:
            return
        self._sending = True
        try:
            while letters := self._next():
                # Nobody may be told what would be lost if the process ended now.
                self._store.commit()
                for delivery_id, letter in letters:
                    self._carrier().send(letter, self._done(delivery_id))
        finally:
            self._sending = False
        self._store.commit()
        self._arm(self._clock.micros())

    def _carrier(self) -> Courier:
        """The world's courier. A world that was stopped has another one, and the letters of the last are lost."""
        courier = self._context.courier()
        if courier is not self._courier:
            self._courier = courier
            if self._under_way:
                self._era += 1
                self._interrupt()
        return courier

    def _next(self) -> list[tuple[str, Letter]]:
        """What is to be sent now; it is under way from here on."""
        now = self._clock.micros()
        letters: list[tuple[str, Letter]] = []
        if self._under_way:
            self._carrier()  # what the last one lost is due, too
        due = [row[0] for row in self._connection.execute(_DUE, (now,))]
        if due:
            self._carrier()
        for subscription in due:
            busy = sum(one.subscription == subscription for one in self._under_way.values())
            rows = self._connection.execute(_NEXT, (subscription, now, max(0, MOST_AT_ONCE - busy))).fetchall()
            for delivery_id, event, device, text, body, url, headers, client, number, known in rows:
                attempts = [*_read(text), Attempt(now)]
                failed = sum(attempt.counts for attempt in attempts)
                self._under_way[delivery_id] = _UnderWay(subscription, now + RETRIES[min(failed, 2)] * SECOND)
                self._write(delivery_id, State.PENDING, None, attempts)
                cause = msgspec.json.decode(known, type=Span) if known else None
                span = self._context.journal.spans.begin(cause, out=True)
                letter = Letter(
                    vendor="itron",
                    url=url,
                    headers=(*HEADERS, *_pairs(headers), *(span.headers if span else ())),
                    body=body,
                    anywhere=self._anywhere,
                    principal=client,
                    exchange=delivery_id,
                    device=device,
                    detail={
                        "delivery": delivery_id,
                        "subscription": subscription,
                        "event": event,
                        "attempt": len(attempts),
                        "number": number,
                        **noted(cause, span),
                    },
                    is_secret=self._is_secret,
                )
                letters.append((delivery_id, letter))
        return letters

    def _done(self, delivery_id: str) -> Callable[[Outcome], str | None]:
        era = self._era

        def done(outcome: Outcome) -> str | None:
            if era != self._era:
                return None
            self._under_way.pop(delivery_id, None)
            cause = self._judge(delivery_id, outcome)
            self._send_due()
            return cause

        return done

    def _judge(self, delivery_id: str, outcome: Outcome) -> str | None:
        """What an outcome means for its delivery, in a word; None when the delivery is gone."""
        query = "SELECT subscription, state, attempts FROM itron_deliveries WHERE id = ?"
        row = self._connection.execute(query, (delivery_id,)).fetchone()
        if row is None:
            return None
        subscription, state, attempts = row[0], State(row[1]), _read(row[2])
        delivered = outcome.status is not None and 200 <= outcome.status < 300
        attempts[-1] = Attempt(attempts[-1].at, outcome.status, outcome.error, not delivered)
        failed = sum(attempt.counts for attempt in attempts)
        if not delivered and may_retry(outcome) and failed <= len(RETRIES):
            self._write(delivery_id, state, attempts[-1].at + RETRIES[failed - 1] * SECOND, attempts)
            return "retry"
        after = State.DELIVERED if delivered else State.DROPPED
        assert after in TRANSITIONS[state]
        self._write(delivery_id, after, None, attempts)
        self._bound(subscription)
        return after.value

    # --- the timer -------------------------------------------------------------------------------------------------

    def _arm(self, after: int) -> None:
        """Set the timer for whatever comes first after a moment."""
        query = "SELECT min(due) FROM itron_deliveries WHERE state = 'pending' AND due > ?"
        (due,) = self._connection.execute(query, (after,)).fetchone()
        # An outcome that never came, as the world was stopped meanwhile, must not be waited for without end.
        moments = [one.retry for one in self._under_way.values() if one.retry > after]
        if due is not None:
            moments.append(due)
        if moments:
            self._set_timer(min(moments))
        elif self._timer is not None:
            self._clock.cancel(self._timer)
            self._timer = None

    def _set_timer(self, due: int) -> None:
        if self._timer is not None:
            if self._timer.live and self._timer.due == due:
                return
            self._clock.cancel(self._timer)
        self._timer = self._clock.call_at(due, TIMER)

    def _forget_timers(self) -> None:
        """Those too that came with a snapshot."""
        for timer in self._clock.waiting(TIMER):
            self._clock.cancel(timer)
        self._timer = None

    # --- the table -------------------------------------------------------------------------------------------------

    def _write(self, delivery_id: str, state: State, due: int | None, attempts: list[Attempt]) -> None:
        self._connection.execute(
            "UPDATE itron_deliveries SET state = ?, due = ?, attempts = ?, "
            "body = CASE WHEN ? = 'pending' THEN body ELSE x'' END WHERE id = ?",
            (state.value, due, _written(attempts), state.value, delivery_id),
        )

    def _bound(self, subscription: str) -> None:
        """Forget the oldest of a subscription's deliveries that are over."""
        over = "subscription = ? AND state IN ('delivered', 'dropped')"
        surplus = self._count(over, (subscription,)) - MOST_FINISHED
        if surplus > 0:
            self._connection.execute(
                "DELETE FROM itron_deliveries WHERE number IN "  # noqa: S608  words of our own
                f"(SELECT number FROM itron_deliveries WHERE {over} ORDER BY number LIMIT ?)",
                (subscription, surplus),
            )

    def _count(self, condition: str, parameters: tuple[str, ...]) -> int:
        query = f"SELECT count(*) FROM itron_deliveries WHERE {condition}"  # noqa: S608  words of our own
        (found,) = self._connection.execute(query, parameters).fetchone()
        return int(found)


def may_retry(outcome: Outcome) -> bool:
    """Whether a failure may pass by itself: nobody answered, or not now."""
    return outcome.status is None or outcome.status == _TOO_MANY_REQUESTS or outcome.status >= 500


def _pairs(text: str) -> list[tuple[str, str]]:
    return msgspec.json.decode(text, type=list[tuple[str, str]])


def _open(attempt: Attempt) -> bool:
    return attempt.status is None and not attempt.error


def _written(attempts: list[Attempt]) -> str:
    return msgspec.json.encode(attempts).decode()


def _read(text: str) -> list[Attempt]:
    return msgspec.json.decode(text, type=list[Attempt])
