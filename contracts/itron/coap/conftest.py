"""Fixtures of the suite."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.core.coap.line import Heard
from vendorlab.contracts.core.coap.resources import Resources
from vendorlab.contracts.core.fixtures import clock
from vendorlab.contracts.core.session import suite_run
from vendorlab.contracts.itron.coap.boards import ECHO, METHANE, TEMPERATURE, TILT, Board, Boards
from vendorlab.contracts.itron.coap.gateway import Gateway
from vendorlab.contracts.itron.fixtures import tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from vendorlab.contracts.core.access import Access
    from vendorlab.contracts.itron.tokens import Tokens

__all__ = ["clock", "tokens"]


@pytest.fixture(scope="session")
def access(request: pytest.FixtureRequest) -> Access:
    """What may be done to the target."""
    return suite_run(request.config).access("itron-coap")


@pytest.fixture
def token(tokens: Tokens) -> str:
    """A good token."""
    return tokens.current()


@pytest.fixture(scope="session")
def heard() -> Heard:
    """Whether the target was ever heard."""
    return Heard()


@pytest.fixture(scope="session")
def resources() -> Resources:
    """What may be answered."""
    found = Resources.find("itron-coap")
    assert found is not None
    return found


@pytest.fixture
def dial(access: Access, heard: Heard, resources: Resources) -> Iterator[Callable[[], Gateway]]:
    """Make sockets; what is open on them ends with the test."""
    made: list[Gateway] = []

    def another() -> Gateway:
        made.append(Gateway(access, heard, resources))
        return made[-1]

    yield another
    failures: list[Exception] = []
    for each in made:
        try:
            each.leave()
        except (AssertionError, OSError) as error:  # the others are to be closed as well
            failures.append(error)
    if failures:
        raise failures[0]


@pytest.fixture
def stranger(dial: Callable[[], Gateway]) -> Gateway:
    """A socket without a session."""
    return dial()


@pytest.fixture
def gateway(dial: Callable[[], Gateway], token: str) -> Gateway:
    """A socket with a session of its own."""
    return dial().opening(token)


@pytest.fixture(scope="session")
def boards(access: Access) -> Boards:
    """The devices that the suite was told of."""
    return Boards(access)


@pytest.fixture
def mac(boards: Boards) -> str:
    """The first device."""
    return boards.macs[0]


@pytest.fixture
def thermometer(boards: Boards, gateway: Gateway) -> Board:
    """A temperature sensor."""
    return boards.find(gateway, TEMPERATURE)


@pytest.fixture
def parrot(boards: Boards, gateway: Gateway) -> Board:
    """An echo sensor: it counts how often it was read, so it tells what was done twice, or not at all."""
    return boards.find(gateway, ECHO)


@pytest.fixture
def sniffer(boards: Boards, gateway: Gateway) -> Board:
    """A methane sensor."""
    return boards.find(gateway, METHANE)


@pytest.fixture
def pole(boards: Boards, gateway: Gateway) -> Board:
    """A pole tilt sensor."""
    return boards.find(gateway, TILT)
