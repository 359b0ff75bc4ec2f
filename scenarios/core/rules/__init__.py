"""The rules by which stories judge a program: each a pure function over what happened.

``RULES`` has them all, by name. To add one, write a function in a module here, decorate it with ``rule`` and import the
module below.
"""

from __future__ import annotations

from vendorlab.scenarios.core.rules import (  # noqa: F401  each registers its rules
    coap,
    limits,
    manners,
    mqtt,
    observing,
    outages,
    readings,
    sessions,
    tokens,
    webhooks,
)
from vendorlab.scenarios.core.rules.registry import RULES, Finding, NoSettings, Rule, Ruling, rule

__all__ = ["RULES", "Finding", "NoSettings", "Rule", "Ruling", "rule"]
