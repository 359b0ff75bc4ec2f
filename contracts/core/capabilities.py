"""Capabilities: what a target may lawfully lack, or what its owner must allow first.

A test names what it needs (``@pytest.mark.needs("clock", "exhaust")``) and is skipped, with the reason, where that
is missing. On this machine a suite may do all but wait; anywhere else it may only read until told more.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING

from vendorlab.contracts.core.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from vendorlab.contracts.core.target import Target


@dataclass(frozen=True, slots=True)
class Capability:
    """One capability.

    Attributes:
        meaning: What a test that needs it does.
        local: Whether a target on this machine has it by default.
        credentials: Credentials whose presence grants it; such a capability cannot be allowed by name.
    """

    meaning: str
    local: bool = False
    credentials: tuple[str, ...] = ()


CLOCK = "clock"
RESUMED = "refresh_token"
"""The credential of a user who gives no password: it is the only one there is, so nothing may be spent."""
CAPABILITIES: Mapping[str, Capability] = MappingProxyType(
    {
        CLOCK: Capability("turns the target's clock, over its control API"),
        "write": Capability("sends modifying requests, be it to see them refused", local=True),
        "exhaust": Capability("uses up a rate limit, or sends bodies that are huge", local=True),
        "spend": Capability("spends refresh tokens, logs in often, sends wrong passwords", local=True),
        "wait": Capability("waits in real time, a minute or more"),
        "second-user": Capability("logs in as somebody else", credentials=("second_username", "second_password")),
        "second-tenant": Capability(
            "asks for another tenant", credentials=("second_client_id", "second_client_secret")
        ),
        "tenancy": Capability(
            "logs in with tokens that open one tenant's tree", credentials=("tenant", "client_id", "client_secret")
        ),
        "caas": Capability("logs in with a CAAS account", credentials=("caas_username", "caas_password")),
        "api-key": Capability("shows an API key", credentials=("api_key",)),
        "deactivated-key": Capability("shows a deactivated user's API key", credentials=("deactivated_api_key",)),
        "crowdsourced": Capability(
            "looks at an account that has crowdsourced data only", credentials=("crowdsourced_api_key",)
        ),
        "confidential": Capability(
            "uses a confidential application",
            credentials=("confidential_client_id", "confidential_client_secret"),
        ),
        "client-credentials": Capability(
            "uses an application registered for client_credentials",
            credentials=("credentials_client_id", "credentials_client_secret"),
        ),
    }
)
GRANTABLE = tuple(name for name, each in CAPABILITIES.items() if name != CLOCK and not each.credentials)


def parse_allow(values: Collection[str]) -> frozenset[str]:
    """Read ``--vendorlab-allow CAP[,CAP]``, which may be given several times.

    Besides the names of ``GRANTABLE`` the words ``all`` and ``none`` are known; ``none`` takes away what a target on
    this machine has by default.

    Raises:
        UsageError: A word is unknown, or a capability that no option can give.
    """
    words = {word.strip() for value in values for word in value.split(",")} - {""}
    for word in sorted(words - {"all", "none", *GRANTABLE}):
        if word == CLOCK:
            raise UsageError("clock is not allowed but given: set VENDORLAB_CONTROL_URL and VENDORLAB_CONTROL_TOKEN")
        if word in CAPABILITIES:
            needed = ", ".join(name.upper() for name in CAPABILITIES[word].credentials)
            raise UsageError(f"{word} is not allowed but given: set the target's {needed}")
        raise UsageError(f"unknown capability {word!r}; there are {', '.join(GRANTABLE)}, all and none")
    return frozenset(words)


def granted(target: Target, allow: Collection[str], *, clock: bool) -> frozenset[str]:
    """Return the capabilities of a run.

    Args:
        target: Where the suite is pointed.
        allow: The result of ``parse_allow``.
        clock: Whether there is a control API.
    """
    by_default = target.loopback and "none" not in allow
    names = {name for name, each in CAPABILITIES.items() if by_default and each.local}
    names |= set(GRANTABLE) if "all" in allow else set(allow) & set(GRANTABLE)
    if RESUMED in target.credentials and "password" not in target.credentials:
        names.discard("spend")
    names |= {name for name, each in CAPABILITIES.items() if each.credentials and not target.missing(each.credentials)}
    return frozenset(names | ({CLOCK} if clock else set()))


def refusal(capability: str, target: Target) -> str:
    """Return why a test that needs ``capability`` is skipped, and what would let it run."""
    each = CAPABILITIES[capability]
    if capability == "spend" and RESUMED in target.credentials:
        remedy = "set " + " and ".join(target.missing(("username", "password")))
    elif capability == CLOCK:
        remedy = "set VENDORLAB_CONTROL_URL and VENDORLAB_CONTROL_TOKEN"
    elif each.credentials:
        remedy = "set " + " and ".join(target.missing(each.credentials))
    else:
        remedy = f"give --allow {capability} (of pytest: --vendorlab-allow {capability})"
    return f"needs {capability} ({each.meaning}): {remedy}"
