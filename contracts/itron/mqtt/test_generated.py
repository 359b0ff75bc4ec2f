"""Alerts and filters that nobody thought of, generated from ``asyncapi.yaml``, the same ones every time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.core import exploring
from vendorlab.contracts.core.errors import SpecError
from vendorlab.contracts.core.mqtt import packets
from vendorlab.contracts.itron.mqtt import generating
from vendorlab.contracts.itron.mqtt.api import NOT_GRANTED, subscribe
from vendorlab.contracts.itron.mqtt.description import description

if TYPE_CHECKING:
    from vendorlab.contracts.core.mqtt.line import Line
    from vendorlab.contracts.itron.mqtt.api import Broker

pytestmark = [pytest.mark.vendorlab("itron-mqtt"), pytest.mark.needs("exhaust")]

_FILTERS, _ALERTS = 50, 6


@pytest.mark.claim("itron-mqtt.generated.own")
def test_generated_filters_of_ones_own_alerts_are_granted(broker: Broker, line: Line) -> None:
    """Of any device and sensor, or of all."""
    st = exploring.strategies()
    tree = broker.login().tree
    drawn = st.tuples(*(st.just("+") | generating.level(description(), name) for name in ("mac", "sensorType")))

    def ask(levels: tuple[str, str]) -> None:
        wanted = description().filter(tree, *levels)
        assert subscribe(line, wanted) == (0,), f"{wanted!r} is not granted"

    exploring.attempt(drawn, ask, _FILTERS)
    line.ping()


@pytest.mark.claim("itron-mqtt.generated.stranger")
@pytest.mark.needs("tenancy")
def test_generated_filters_of_others_alerts_are_refused(broker: Broker, line: Line) -> None:
    """Whoever they may be, and however they stand among one's own."""
    tree = broker.login().tree
    mine = description().filter(tree)

    def ask(tenant: str) -> None:
        if tenant == tree:
            return
        wanted = description().filter(tenant)
        assert subscribe(line, mine, wanted, mine) == (0, NOT_GRANTED, 0), f"{wanted!r} is granted"

    exploring.attempt(generating.level(description(), "tenantId"), ask, _FILTERS)
    line.ping()


@pytest.mark.claim("itron-mqtt.generated.publish")
@pytest.mark.needs("tenancy", "write")
@pytest.mark.parametrize("name", description().document["components"]["messages"])
def test_generated_alert_of_a_tenant_costs_it_its_line(broker: Broker, name: str) -> None:
    """However well it is formed: only the Gateway publishes. Nothing is asked to be kept."""
    st = exploring.strategies()
    tree = broker.login().tree
    levels = (generating.level(description(), each) for each in ("mac", "sensorType"))
    drawn = st.tuples(*levels, generating.message(description(), name))

    def ask(alert: tuple[str, str, bytes]) -> None:
        mac, sensor, payload = alert
        if trouble := description().trouble(payload):
            raise SpecError(f"what was generated is no alert: {trouble}")
        line = broker.client()
        topic = description().filter(tree, mac, sensor)
        line.send(packets.publish(topic, payload, qos=description().qos))
        line.ended()

    exploring.attempt(drawn, ask, _ALERTS)
