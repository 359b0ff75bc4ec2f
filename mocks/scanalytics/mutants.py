# pyright: basic, reportPrivateUsage=false
# A mutant reaches where nobody else may, and puts anything in the place of anything.
"""Ways in which this fake can be wrong on purpose, and the claims that must then be found broken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..core.clock import SECOND
from ..core.django.mutants import mutants
from ..core.mutants import Change, Mutant, Planted, answers, instead, with_header, with_json, with_status, with_text
from ..core.mutants import without_header as without
from ..core.throttle import Throttle
from .backend import Backend

if TYPE_CHECKING:
    from collections.abc import Callable

    from .app import Scanalytics

_HOUR = 3_600


def _answer(change: Change, **where: str) -> Callable[[Scanalytics], Planted]:
    return lambda vendor: answers(vendor.name, change, **where)


def _limits(*limits: tuple[int, int]) -> Callable[[Scanalytics], Planted]:
    return lambda vendor: instead(
        vendor.backend.user_throttle, "_limits", lambda _: tuple((limit, window * SECOND) for limit, window in limits)
    )


def _later_end(aggregate: Any) -> Any:
    return lambda backend, user, key, metric, bucket, start, end, zone: aggregate(
        backend, user, key, metric, bucket, start, end + _HOUR, zone
    )


def _counted_refusals(hit: Any) -> Any:
    def counted(throttle: Throttle, identity: str, now: int) -> Any:
        wait = hit(throttle, identity, now)
        if wait is not None:
            for log in throttle._logs[identity]:  # noqa: SLF001  a mutant reaches where nobody else may
                log.append(now)
        return wait

    return counted


def _half(rows: Any) -> Any:
    return rows[: len(rows) // 2]


def _with_the_future(rows: Any) -> Any:
    return [*rows, {"start": "2099-01-01T00:00:00Z", "visits": 0}]


MUTANTS = (
    *mutants("scanalytics"),
    Mutant(
        "minute-limit-off-by-one",
        "One request more than 180 passes in a minute.",
        ("scanalytics.throttle.minute",),
        _limits((181, 60), (1_200, _HOUR)),
    ),
    Mutant(
        "no-hourly-limit",
        "Only the minute is limited.",
        ("scanalytics.throttle.hour",),
        _limits((180, 60), (1_000_000, _HOUR)),
    ),
    Mutant(
        "refusals-count",
        "A request that was refused for too many counts as one more.",
        ("scanalytics.throttle.refused-uncounted",),
        lambda _: instead(Throttle, "hit", _counted_refusals),
    ),
    Mutant(
        "no-retry-after",
        "A refusal for too many requests does not say how long to wait.",
        ("scanalytics.throttle.retry-after",),
        _answer(without("Retry-After")),
    ),
    Mutant(
        "rate-limit-headers",
        "Answers tell what is left of the limit.",
        ("scanalytics.throttle.no-headers",),
        _answer(with_header("X-RateLimit-Remaining", "5"), path="/v1/"),
    ),
    Mutant(
        "second-version-gone",
        "Only v1 answers.",
        ("scanalytics.version.both",),
        _answer(with_status(200, 404), path="/v2/"),
    ),
    Mutant(
        "snake-case",
        "Members are written with underscores.",
        ("scanalytics.resource.camel-case",),
        _answer(with_text(b"deploymentKey", b"deployment_key")),
    ),
    Mutant(
        "half-a-list",
        "A list has lost its second half.",
        ("scanalytics.resource.consistent",),
        _answer(with_json(_half), operation="array-list"),
    ),
    Mutant(
        "window-closed-at-its-end",
        "The bucket that begins where the window ends is in it.",
        ("scanalytics.aggregate.half-open", "scanalytics.aggregate.tutorial-window"),
        lambda _: instead(Backend, "aggregate", _later_end),
    ),
    Mutant(
        "labels-without-offset",
        "Buckets are labelled as if they were in UTC.",
        ("scanalytics.aggregate.label",),
        _answer(with_text(b"-06:00", b"Z"), operation="aggregate-visits"),
    ),
    Mutant(
        "future-filled",
        "Buckets that have not come yet are there, with nothing in them.",
        ("scanalytics.aggregate.future",),
        _answer(with_json(_with_the_future), operation="aggregate-visits"),
    ),
)
