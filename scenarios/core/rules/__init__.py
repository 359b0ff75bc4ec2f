"""The rules by which stories judge a program: each a pure function over what happened.

``RULES`` has them all, by name. To add one, write a function in a module here, decorate it with ``rule``, and name the
module in ``MODULES`` if it is new.
"""

from __future__ import annotations

from importlib import import_module

from vendorlab.scenarios.core.rules.registry import RULES, Finding, NoSettings, Rule, Ruling, rule

MODULES = (
    "coap", "limits", "manners", "mqtt", "observing", "outages", "readings", "sessions", "tokens", "webhooks",
)  # fmt: skip
"""Where rules are; each registers its own."""

for _module in MODULES:
    import_module(f"{__name__}.{_module}")

__all__ = ["MODULES", "RULES", "Finding", "NoSettings", "Rule", "Ruling", "rule"]
