"""Ends the sessions that a run that was killed has left with the broker; their client ids were noted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vendorlab.contracts.itron.mqtt.api import CAAS_TREE, Broker
from vendorlab.contracts.itron.tokens import PLATFORM, Tokens

if TYPE_CHECKING:
    from collections.abc import Callable

    from vendorlab.contracts.core.access import Access
    from vendorlab.contracts.core.leftovers import Entry
    from vendorlab.contracts.core.target import Target


def cleaner(access: Access, beside: Callable[[str], Target | None]) -> Callable[[Entry], None]:
    """Return what ends one session.

    Args:
        access: What may be done to the target.
        beside: Gives where tokens come from.
    """

    def take_away(entry: Entry) -> None:
        tokens = Tokens(access, beside(PLATFORM))
        broker = Broker(access, tokens)
        try:
            login = broker.caas() if entry.what["tree"] == CAAS_TREE else broker.login()
            if login.tree != entry.what["tree"]:
                login = broker.second()
            broker.answer(login, entry.what["client"])  # a clean start is the end of what was kept
        finally:
            broker.close()
            tokens.close()

    return take_away
