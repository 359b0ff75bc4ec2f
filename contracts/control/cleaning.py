"""Deletes the worlds that a run that was killed has left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vendorlab.contracts.control.api import Api
from vendorlab.contracts.core import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from vendorlab.contracts.core.access import Access
    from vendorlab.contracts.core.leftovers import Entry
    from vendorlab.contracts.core.target import Target


def cleaner(access: Access, beside: Callable[[str], Target | None]) -> Callable[[Entry], None]:
    """Return what deletes one world.

    Args:
        access: What may be done to the target.
        beside: Nothing lies beside this one.
    """
    _ = beside
    api = Api(access)
    return lambda entry: expect.status(api.ask("DELETE", f"/worlds/{entry.what['world']}"), 204, 404)
