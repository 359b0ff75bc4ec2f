"""Whoever watches a run's line: is told of every exchange, and during which test it was."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx

    from vendorlab.contracts.core.coap.message import Message
    from vendorlab.contracts.core.mqtt.answers import Message as Publication
    from vendorlab.contracts.core.mqtt.answers import Reply


class Witness:
    """Watches and does nothing; whoever wants to know something overrides what tells of it.

    Attributes:
        test: The test that is under way; empty between two.
    """

    test: str = ""

    def http(self, vendor: str, request: httpx.Request, response: httpx.Response) -> None:
        """An HTTP exchange with a vendor's address."""

    def coap(self, request: Message, answer: Message | None) -> None:
        """A CoAP request, and its answer if there was one."""

    def dialed(self, url: str) -> None:
        """A connection to a broker."""

    def mqtt(self, found: Reply | Publication) -> None:
        """A packet from a broker."""


class Witnesses(Witness):
    """Several.

    Args:
        members: Each is told of everything.
    """

    def __init__(self, *members: Witness) -> None:
        self._members = members

    def enter(self, test: str) -> None:
        """Tell all of them which test is under way."""
        self.test = test
        for each in self._members:
            each.test = test

    def http(self, vendor: str, request: httpx.Request, response: httpx.Response) -> None:
        """Tell all of them."""
        for each in self._members:
            each.http(vendor, request, response)

    def coap(self, request: Message, answer: Message | None) -> None:
        """Tell all of them."""
        for each in self._members:
            each.coap(request, answer)

    def dialed(self, url: str) -> None:
        """Tell all of them."""
        for each in self._members:
            each.dialed(url)

    def mqtt(self, found: Reply | Publication) -> None:
        """Tell all of them."""
        for each in self._members:
            each.mqtt(found)
