"""Fixtures of the suite."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.core.fixtures import clock
from vendorlab.contracts.core.session import suite_run
from vendorlab.contracts.itron.fixtures import tokens
from vendorlab.contracts.itron.mqtt.api import Broker
from vendorlab.contracts.itron.mqtt.feed import Feed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vendorlab.contracts.core.access import Access
    from vendorlab.contracts.core.mqtt.line import Line
    from vendorlab.contracts.itron.tokens import Tokens

__all__ = ["clock", "tokens"]


@pytest.fixture(scope="session")
def access(request: pytest.FixtureRequest) -> Access:
    """What may be done to the target."""
    return suite_run(request.config).access("itron-mqtt")


@pytest.fixture
def broker(access: Access, tokens: Tokens) -> Iterator[Broker]:
    """The target, as this suite asks it; whatever a test did to it, it lets the next client in."""
    found = Broker(access, tokens)
    yield found
    try:
        found.sound()
    finally:
        found.close()


@pytest.fixture
def line(broker: Broker) -> Line:
    """The line of a client of the first tenant that is logged in."""
    return broker.client()


@pytest.fixture
def five(broker: Broker) -> Line:
    """The same with MQTT 5.0; only on a target that speaks it."""
    broker.five()
    return broker.client(five=True)


@pytest.fixture
def feed(access: Access) -> Feed:
    """Waits for alerts."""
    return Feed(access)
