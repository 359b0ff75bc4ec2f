"""A solution of the suite's own, in which a test may make what it likes; its devices go when the test is over."""

from __future__ import annotations

import secrets
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from vendorlab.contracts.core import expect
from vendorlab.contracts.itron.platform.api import devices, observations
from vendorlab.contracts.itron.platform.cleaning import SOLUTION
from vendorlab.contracts.itron.platform.forms import CREATED, device_list

if TYPE_CHECKING:
    import httpx

    from vendorlab.contracts.core.access import Access
    from vendorlab.contracts.core.leftovers import Entry
    from vendorlab.contracts.itron.platform.api import Api


def new_solution() -> str:
    """Return a name that no solution has."""
    return f"vendorlab-{secrets.token_hex(4)}"


class Workshop:
    """A solution of the suite's own.

    Args:
        api: The target.
        access: What may be done to it.
        token: A good token.

    Attributes:
        solution: Its name.
    """

    def __init__(self, api: Api, access: Access, token: str) -> None:
        self.solution = new_solution()
        self._api = api
        self._exchange = access.exchange
        self._token = token
        self._leftovers = access.leftovers
        self._noted: Entry | None = None
        self._made: list[str] = []

    def create(self, body: Any, *, slash: bool = True) -> httpx.Response:
        """Ask for a device, and remember it if it is made; with the slash at the path's end that the SDK writes."""
        if self._noted is None:
            self._noted = self._leftovers.add(SOLUTION, solution=self.solution)
        response = self._api.ask("POST", devices(self.solution) + ("/" if slash else ""), self._token, body)
        return self.remember(response)

    def remember(self, response: httpx.Response) -> httpx.Response:
        """Note the device that an answer tells of, so that it will be deleted."""
        with suppress(ValueError, KeyError, TypeError, RecursionError):  # then there is none
            self._made.append(str(response.json()["id"]))
        return response

    def device(self, **members: Any) -> str:
        """Make a device and return its id."""
        __tracebackhide__ = True
        response = self.create({"deviceType": "vendorlab", "domainInfo": {}, **members})
        body = expect.json_object(response, *CREATED)
        expect.fields(response, body, {"id": str})
        return str(body["id"])

    def post(self, device: str, *readings: dict[str, Any]) -> None:
        """Post observations and expect that they are taken."""
        __tracebackhide__ = True
        body = {"observations": list(readings)}
        expect.status(self._api.ask("POST", observations(self.solution, device), self._token, body), 201)

    def sweep(self) -> None:
        """Remember whatever devices are there: for tests that cannot tell what they made."""
        response = self._api.get(devices(self.solution), self._token)
        if response.status_code == 200:
            self._made += (row["id"] for row in device_list(response))

    def close(self) -> None:
        """Delete all devices that were made, be the budget spent and the token expired."""
        with self._exchange.owed():
            for device in dict.fromkeys(self._made):
                path = devices(self.solution, device)
                response = self._api.ask("DELETE", path, self._token)
                if response.status_code == 401:
                    self._token = self._api.token()
                    response = self._api.ask("DELETE", path, self._token)
                expect.check(response.is_success or response.status_code == 404, response, "the device to be deleted")
        self._made.clear()
        if self._noted is not None:
            self._leftovers.done(self._noted)
            self._noted = None
