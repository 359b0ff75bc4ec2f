"""The vendor's own way, from token to alert, with a library: paho-mqtt, set as the vendor's client sets its own."""

from __future__ import annotations

import queue
import time
from typing import TYPE_CHECKING, Any, cast

import pytest

from vendorlab.contracts.itron.mqtt.api import alerts, new_id, subscribe
from vendorlab.contracts.itron.mqtt.description import description

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from vendorlab.contracts.itron.mqtt.api import Broker, Login
    from vendorlab.contracts.itron.mqtt.feed import Feed

pytestmark = pytest.mark.vendorlab("itron-mqtt")

_KEEP_ALIVE = 3
"""Seconds, in the vendor's client (its properties say milliseconds, its library takes seconds)."""


class Listener:
    """A client of paho-mqtt that is driven from the test's own thread.

    Args:
        broker: The target.
        login: As whom.
    """

    def __init__(self, broker: Broker, login: Login) -> None:
        paho = pytest.importorskip("paho.mqtt.client", reason="needs paho-mqtt: pip install 'vendorlab[contracts]'")
        enums = pytest.importorskip("paho.mqtt.enums")
        self._client: Any = paho.Client(
            enums.CallbackAPIVersion.VERSION2, new_id(), clean_session=True, protocol=paho.MQTTv311
        )
        self._client.username_pw_set(login.username, login.password)
        if broker.dialer.secure:
            self._client.tls_set_context(broker.dialer.context())
        self._timeout = broker.dialer.timeout
        self._said: queue.SimpleQueue[tuple[str, Any]] = queue.SimpleQueue()
        self._client.on_connect = self._telling("connected", 3)
        self._client.on_subscribe = self._telling("subscribed", 3)
        self._client.on_message = self._telling("message", 2)
        self._client.on_disconnect = self._telling("ended", 3)
        try:
            self._client.connect(broker.dialer.host, broker.dialer.port, _KEEP_ALIVE)
        except OSError as error:
            raise AssertionError(f"paho-mqtt could not connect: {error}") from error

    def await_(self, what: str) -> Any:
        """Return what comes with an event; anything else that comes first is wrong."""
        __tracebackhide__ = True
        found = self._next(time.monotonic() + self._timeout)
        assert found is not None, f"paho-mqtt was not {what} within {self._timeout:g} seconds"
        assert found[0] == what, f"paho-mqtt was {found[0]} ({found[1]}) where it should be {what}"
        return found[1]

    def subscribe(self, wanted: str) -> Any:
        """Subscribe, and return the code."""
        __tracebackhide__ = True
        self._client.subscribe(wanted)
        return cast("list[Any]", self.await_("subscribed"))[0]

    def close(self) -> None:
        """Disconnect."""
        self._client.disconnect()
        self._client.loop(0.05)

    def _telling(self, what: str, place: int) -> Callable[..., None]:
        """Make a callback that keeps one of its arguments."""

        def said(*got: Any) -> None:
            self._said.put((what, got[place]))

        return said

    def _next(self, deadline: float) -> tuple[str, Any] | None:
        while self._said.empty() and time.monotonic() < deadline:
            self._client.loop(0.02)
        return None if self._said.empty() else self._said.get()


@pytest.fixture
def listen(broker: Broker) -> Generator[Callable[[Login], Listener]]:
    """Make clients of the library; they are disconnected after."""
    made: list[Listener] = []

    def one(login: Login) -> Listener:
        __tracebackhide__ = True
        made.append(Listener(broker, login))
        return made[-1]

    yield one
    for each in made:
        each.close()


@pytest.mark.claim("itron-mqtt.client.flow")
def test_vendors_flow_from_token_to_alert(broker: Broker, listen: Callable[[Login], Listener], feed: Feed) -> None:
    """Token, TLS, CONNECT of 3.1.1 with a clean session and keep-alive 3, SUBSCRIBE with QoS 0, alert."""
    login = broker.login()
    client = listen(login)
    assert not client.await_("connected").is_failure
    assert not client.subscribe(alerts(login.tree)).is_failure
    witness = broker.client(login)
    assert subscribe(witness, alerts(login.tree)) == (0,)
    feed.some(witness)
    found = client.await_("message")
    assert description().topic(found.topic) is not None, f"no topic of an alert: {found.topic!r}"
    assert description().trouble(found.payload) is None


@pytest.mark.claim("itron-mqtt.client.refused")
@pytest.mark.needs("spend")
def test_library_is_told_that_its_login_is_refused(broker: Broker, listen: Callable[[Login], Listener]) -> None:
    """As not authorised, which it tells from a network that fails."""
    login = broker.login()
    code = listen(type(login)(login.username, "wrong", login.tree)).await_("connected")
    assert code.is_failure, f"{code} to a wrong password"
    assert code.value == 0x87, f"{code} to a wrong password"


@pytest.mark.claim("itron-mqtt.client.not-granted")
@pytest.mark.needs("tenancy")
def test_library_is_told_that_its_filter_is_refused(broker: Broker, listen: Callable[[Login], Listener]) -> None:
    """By its SUBACK."""
    client = listen(broker.login())
    client.await_("connected")
    code = client.subscribe("#")
    assert code.value == 0x80, f"{code} to the filter #"
