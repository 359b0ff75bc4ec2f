"""Takes away what a run that was killed has left: the devices in solutions whose names were noted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vendorlab.contracts.core import expect
from vendorlab.contracts.itron.platform.api import Api, devices
from vendorlab.contracts.itron.platform.forms import device_list

if TYPE_CHECKING:
    from collections.abc import Callable

    from vendorlab.contracts.core.access import Access
    from vendorlab.contracts.core.leftovers import Entry
    from vendorlab.contracts.core.target import Target

SOLUTION = "solution"


def cleaner(access: Access, beside: Callable[[str], Target | None]) -> Callable[[Entry], None]:
    """Return what empties one solution; templates stay, since the vendor shows no way to delete one.

    Args:
        access: What may be done to the target.
        beside: Nothing lies beside this one.
    """
    _ = beside
    api = Api(access)
    token = api.token()

    def take_away(entry: Entry) -> None:
        solution = entry.what[SOLUTION]
        response = api.get(devices(solution), token)
        if response.status_code == 404:
            return
        expect.status(response, 200)
        for row in device_list(response):
            gone = api.ask("DELETE", devices(solution, row["id"]), token)
            expect.check(gone.is_success or gone.status_code == 404, gone, "the device to be deleted")

    return take_away
