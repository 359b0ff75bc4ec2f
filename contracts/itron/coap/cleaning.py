"""Puts back what a run that was killed has configured: what it was before was noted first."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from vendorlab.contracts.core.coap.line import Heard
from vendorlab.contracts.core.coap.resources import Resources
from vendorlab.contracts.itron.coap.gateway import CHANGED, Gateway
from vendorlab.contracts.itron.tokens import PLATFORM, Tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from vendorlab.contracts.core.access import Access
    from vendorlab.contracts.core.leftovers import Entry
    from vendorlab.contracts.core.target import Target

CONFIGURATION, MAC, PATH = "configuration", "mac", "path"


@contextmanager
def put_back(access: Access, gateway: Gateway, mac: str, path: str) -> Generator[None]:
    """Note what was configured, and put it back at the end.

    Args:
        access: What may be done to the target.
        gateway: A socket with a session.
        mac: The device.
        path: What a PUT configures as it was, query and all.
    """
    entry = access.leftovers.add(CONFIGURATION, mac=mac, path=path)
    try:
        yield
    finally:
        gateway.put(mac, path)
        access.leftovers.done(entry)


def cleaner(access: Access, beside: Callable[[str], Target | None]) -> Callable[[Entry], None]:
    """Return what puts one configuration back.

    Args:
        access: What may be done to the target.
        beside: Gives where tokens come from.
    """
    resources = Resources.find(access.target.vendor)
    assert resources is not None

    def take_away(entry: Entry) -> None:
        tokens = Tokens(access, beside(PLATFORM))
        gateway = Gateway(access, Heard(), resources)
        try:
            gateway.opening(tokens.current())
            answer = gateway.put(entry.what[MAC], entry.what[PATH])
            answer.check(answer.code == CHANGED, CHANGED)
        finally:
            gateway.leave()
            tokens.close()

    return take_away
