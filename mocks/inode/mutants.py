# pyright: basic, reportPrivateUsage=false
# A mutant reaches where nobody else may, and puts anything in the place of anything.
"""Ways in which this fake can be wrong on purpose, and the claims that must then be found broken."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..core.django.mutants import mutants
from ..core.mutants import Change, Mutant, Planted, answers, instead, with_json, with_status, with_text

if TYPE_CHECKING:
    from collections.abc import Callable

    from .app import INode


def _answer(change: Change, **where: str) -> Callable[[INode], Planted]:
    return lambda vendor: answers(vendor.name, change, **where)


def _backwards(rows: Any) -> Any:
    return rows[::-1]


def _first_is_zero(rows: Any) -> Any:
    return [rows[0] | {"last_travel_time": 0}, *rows[1:]]


class _Masterkeys(dict[str, Any]):
    """Any key is the first one."""

    def get(self, key: str, default: Any = None) -> Any:
        return super().get(key, default) or next(iter(self.values()))


def _reactivated(keys: Any) -> Any:
    return {key: replace(user, active=True) for key, user in keys.items()}


def _plus_a_tenth(rows: Any) -> Any:
    return [row | ({"last_speed": row["last_speed"] * 1.1} if row["last_speed"] else {}) for row in rows]


MUTANTS = (
    *mutants("inode"),
    Mutant(
        "expired-token-is-forbidden",
        "An expired token is answered with 403.",
        ("inode.bearer.expired",),
        _answer(with_status(401, 403), path="/api/v1/"),
    ),
    Mutant(
        "unknown-key-opens",
        "Any API key is the owner's.",
        ("inode.key.unknown",),
        lambda vendor: instead(vendor.backend, "_keys", _Masterkeys),
    ),
    Mutant(
        "deactivated-users-key-opens",
        "The key of a user who was deactivated goes on working.",
        ("inode.key.deactivated",),
        lambda vendor: instead(vendor.backend, "_keys", _reactivated),
    ),
    Mutant(
        "lists-in-pages-of-another-kind",
        "A list comes as an object with items.",
        ("inode.links.list", "inode.devices.list"),
        _answer(with_json(lambda body: {"items": body} if isinstance(body, list) else body), path="/api/v1/"),
    ),
    Mutant(
        "links-backwards",
        "Links come by descending id.",
        ("inode.links.ascending",),
        _answer(with_json(_backwards), operation="links"),
    ),
    Mutant(
        "devices-backwards",
        "Devices come by descending id.",
        ("inode.devices.ascending",),
        _answer(with_json(_backwards), operation="devices"),
    ),
    Mutant(
        "travel-time-is-zero",
        "A link was passed in no time.",
        ("inode.links.unmeasured",),
        _answer(with_json(_first_is_zero), operation="links"),
    ),
    Mutant(
        "speed-in-miles",
        "Speed does not fit distance and travel time.",
        ("inode.links.speed",),
        _answer(with_json(_plus_a_tenth), operation="links"),
    ),
    Mutant(
        "another-word-for-a-status",
        "A link that is collecting says that it is live.",
        ("inode.links.status-words",),
        _answer(with_text(b'"collecting"', b'"live"')),
    ),
    Mutant(
        "local-times",
        "Times have no zone.",
        ("inode.links.times", "inode.devices.times"),
        _answer(with_text(b'Z"', b'"'), path="/api/v1/"),
    ),
    Mutant(
        "links-lost",
        "An account has no links.",
        ("inode.refresh.on-401",),
        _answer(with_status(200, 503), operation="links"),
    ),
)
