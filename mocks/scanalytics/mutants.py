"""Ways in which this fake can be wrong on purpose, and the claims that must then be found broken."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..core.clock import SECOND
from ..core.django import grants
from ..core.django.bearer import BearerAuthenticator
from ..core.django.tokens import TokenStore
from ..core.mutants import (
    Change,
    Mutant,
    Planted,
    answers,
    instead,
    never,
    with_header,
    with_json,
    with_status,
    with_text,
    without_header,
)
from ..core.throttle import Throttle
from .backend import Backend

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..core.web.message import Request
    from .app import Scanalytics

_VALIDATOR: Any = grants._Validator  # noqa: SLF001  a mutant reaches where nobody else may


def _answer(change: Change, **where: str) -> Callable[[Scanalytics], Planted]:
    return lambda vendor: answers(vendor.name, change, **where)


def _limits(*limits: tuple[int, int]) -> Callable[[Scanalytics], Planted]:
    return lambda vendor: instead(
        vendor.backend.user_throttle, "_limits", lambda _: tuple((limit, window * SECOND) for limit, window in limits)
    )


def _later_end(aggregate: Any) -> Any:
    return lambda backend, user, key, metric, bucket, start, end, zone: aggregate(
        backend, user, key, metric, bucket, start, end + 3_600, zone
    )


def _counted_refusals(hit: Any) -> Any:
    def counted(throttle: Throttle, identity: str, now: int) -> int | None:
        wait: int | None = hit(throttle, identity, now)
        if wait is not None:
            for log in throttle._logs[identity]:  # noqa: SLF001
                log.append(now)
        return wait

    return counted


def _bare_token(text: Any) -> Any:
    def read(authenticator: BearerAuthenticator, request: Request) -> str | None:
        header = request.headers.get("authorization", "")
        return header if header and " " not in header else text(authenticator, request)

    return read


def _refresh_dies_with_access(validate: Any) -> Any:
    def checked(self: Any, refresh_token: str, client: Any, request: Any, *args: Any, **kwargs: Any) -> bool:
        token = self.tokens.refresh(refresh_token)
        access = token and self.tokens.access(token.partner)
        if access is not None and access.state.value == "expired":
            return False
        return bool(validate(self, refresh_token, client, request, *args, **kwargs))

    return checked


def _half(rows: Any) -> Any:
    return rows[: len(rows) // 2] if len(rows) > 1 else rows


MUTANTS = (
    Mutant(
        "refresh-token-works-twice",
        "A refresh token that was used may be used again.",
        ("scanalytics.refresh.single-use", "scanalytics.refresh.one-winner"),
        lambda _: never(TokenStore, "spend"),
    ),
    Mutant(
        "old-access-token-lives-on",
        "A refresh leaves the old access token alive.",
        ("scanalytics.refresh.old-access-dies",),
        lambda _: never(_VALIDATOR, "_end_old_access"),
    ),
    Mutant(
        "refresh-token-dies-with-its-access-token",
        "Once the access token has expired its refresh token is refused.",
        ("scanalytics.refresh.after-expiry",),
        lambda _: instead(_VALIDATOR, "validate_refresh_token", _refresh_dies_with_access),
    ),
    Mutant(
        "access-token-lives-for-a-year",
        "An access token outlives its day.",
        ("scanalytics.bearer.lifetime",),
        lambda vendor: instead(vendor.tokens, "_lifetime", lambda _: 31_536_000),
    ),
    Mutant(
        "revoked-token-works",
        "Revoking a token changes nothing.",
        ("scanalytics.revoke.kills",),
        lambda _: never(_VALIDATOR, "revoke_token"),
    ),
    Mutant(
        "token-may-be-stored",
        "A token's answer does not say that it must not be stored.",
        ("scanalytics.token.headers",),
        _answer(without_header("Cache-Control"), operation="token"),
    ),
    Mutant(
        "lifetime-as-text",
        "expires_in is a text.",
        ("scanalytics.token.lifetime-whole",),
        _answer(with_json(lambda body: {**body, "expires_in": str(body.get("expires_in"))}), operation="token"),
    ),
    Mutant(
        "other-scheme-accepted",
        "A bare token in the header is let in.",
        ("scanalytics.bearer.malformed",),
        lambda _: instead(BearerAuthenticator, "_text", _bare_token),
    ),
    Mutant(
        "challenge-lost",
        "A refusal does not say how to log in.",
        ("scanalytics.bearer.challenge",),
        _answer(without_header("WWW-Authenticate")),
    ),
    Mutant(
        "forbidden-instead-of-unauthorized",
        "Without a token the answer is 403.",
        ("scanalytics.bearer.missing",),
        _answer(with_status(401, 403)),
    ),
    Mutant(
        "minute-limit-off-by-one",
        "One request more than 180 passes in a minute.",
        ("scanalytics.throttle.minute",),
        _limits((181, 60), (1_200, 3_600)),
    ),
    Mutant(
        "no-hourly-limit",
        "Only the minute is limited.",
        ("scanalytics.throttle.hour",),
        _limits((180, 60), (1_000_000, 3_600)),
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
        _answer(without_header("Retry-After")),
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
        _answer(
            with_json(lambda rows: [*rows, {"start": "2099-01-01T00:00:00Z", "visits": 0}]),
            operation="aggregate-visits",
        ),
    ),
)
