"""Several tenants on one broker, and CAAS accounts, who see them all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.itron.mqtt.api import CAAS_TREE, NOT_GRANTED, alerts, new_id, subscribe
from vendorlab.contracts.itron.mqtt.description import Topic, description

if TYPE_CHECKING:
    from vendorlab.contracts.core.mqtt.line import Line
    from vendorlab.contracts.itron.mqtt.api import Broker
    from vendorlab.contracts.itron.mqtt.feed import Feed

pytestmark = pytest.mark.vendorlab("itron-mqtt")


@pytest.mark.claim("itron-mqtt.tenant.trees")
@pytest.mark.needs("tenancy", "second-tenant")
def test_tenant_may_not_subscribe_to_the_tree_of_another(broker: Broker) -> None:
    """Each to its own alone."""
    mine, other = broker.login(), broker.second()
    assert mine.tree != other.tree, "both tokens are of one tenant"
    for login, stranger in ((mine, other), (other, mine)):
        line = broker.client(login)
        assert subscribe(line, alerts(login.tree), alerts(stranger.tree)) == (0, NOT_GRANTED)
        line.ping()


@pytest.mark.claim("itron-mqtt.tenant.alerts")
@pytest.mark.needs("tenancy", "second-tenant")
def test_tenant_sees_alerts_of_its_own_devices_alone(broker: Broker, feed: Feed) -> None:
    """In each other's time: both listen, each asks for both trees, and gets one; no device is in both."""
    logins = broker.login(), broker.second()
    lines = [broker.client(each) for each in logins]
    for line in lines:
        subscribe(line, *(alerts(each.tree) for each in logins))
    feed.some(*lines)
    seen = [_topics(line) for line in lines]
    for login, topics in zip(logins, seen, strict=True):
        assert {each.tenant for each in topics} == {login.tree}
    assert not {each.mac for each in seen[0]} & {each.mac for each in seen[1]}, "a device is in both trees"


@pytest.mark.claim("itron-mqtt.tenant.client-id")
@pytest.mark.needs("tenancy", "second-tenant")
def test_client_id_is_one_for_the_whole_broker(broker: Broker) -> None:
    """Another tenant's client of the same id ends the line: ids are unique per broker."""
    client = new_id()
    line = broker.client(client=client)
    other = broker.client(broker.second(), client)
    line.ended()
    other.ping()


@pytest.mark.claim("itron-mqtt.tenant.session")
@pytest.mark.needs("tenancy", "second-tenant", "write")
def test_session_that_another_tenant_takes_over_shows_nothing_of_the_first(broker: Broker, feed: Feed) -> None:
    """If the session is handed on at all, then without the right to what it subscribed to."""
    client, mine = new_id(), broker.login()
    line = broker.client(mine, client, clean=False)
    assert subscribe(line, alerts(mine.tree)) == (0,)
    line.close()
    thief, _ = broker.answer(broker.second(), client, clean=False)
    witness = broker.client()
    assert subscribe(witness, alerts(mine.tree)) == (0,)
    feed.some(witness)
    thief.ping()
    assert not [each.topic for each in thief.messages if each.topic.startswith(f"{mine.tree}/")], "alerts leaked"


@pytest.mark.claim("itron-mqtt.caas.tree")
@pytest.mark.needs("caas")
@pytest.mark.parametrize("wanted", ["ssni/#", "ssni/alert/+/temp", "ssni/alert/001350050000000a/+"])
def test_caas_account_sees_the_tree_ssni(broker: Broker, wanted: str) -> None:
    """With any filter below it."""
    assert subscribe(broker.client(broker.caas()), wanted) == (0,)


@pytest.mark.claim("itron-mqtt.caas.literal")
@pytest.mark.needs("caas")
@pytest.mark.parametrize("wanted", ["#", "+/alert/+/+", "$SYS/#", "SSNI/#", "ssnix/#"])
def test_caas_account_sees_no_more_than_that_tree(broker: Broker, wanted: str) -> None:
    """Its first level is ssni to the letter."""
    line = broker.client(broker.caas())
    assert subscribe(line, wanted) == (NOT_GRANTED,)
    line.ping()


@pytest.mark.claim("itron-mqtt.caas.no-tenant")
@pytest.mark.needs("caas", "tenancy")
def test_caas_account_does_not_subscribe_by_tenant(broker: Broker) -> None:
    """Its tenant level is the constant."""
    assert subscribe(broker.client(broker.caas()), alerts(broker.login().tree)) == (NOT_GRANTED,)


@pytest.mark.claim("itron-mqtt.caas.alerts")
@pytest.mark.needs("caas", "tenancy")
def test_caas_account_gets_the_alerts_that_tenants_get(broker: Broker, feed: Feed) -> None:
    """The same devices, sensors and payloads, below ssni."""
    tenant, caas = broker.client(), broker.client(broker.caas())
    assert subscribe(tenant, alerts(broker.login().tree)) == (0,)
    assert subscribe(caas, alerts(CAAS_TREE)) == (0,)
    feed.some(tenant, caas)
    for line in (tenant, caas):
        line.ping()
    assert {each.tenant for each in _topics(caas)} == {CAAS_TREE}
    mine, all_of_them = _said(tenant), _said(caas)
    assert mine <= all_of_them, f"the CAAS account lacks {sorted(mine - all_of_them)[:3]}"


@pytest.mark.claim("itron-mqtt.caas.all-devices")
@pytest.mark.needs("caas", "tenancy", "second-tenant")
def test_caas_account_sees_devices_of_every_tenant(broker: Broker, feed: Feed) -> None:
    """Of the first as of the second."""
    logins = broker.login(), broker.second()
    tenants, caas = [broker.client(each) for each in logins], broker.client(broker.caas())
    for line, login in zip(tenants, logins, strict=True):
        assert subscribe(line, alerts(login.tree)) == (0,)
    assert subscribe(caas, alerts(CAAS_TREE)) == (0,)
    feed.some(*tenants, caas)
    caas.ping()
    seen = {each.mac for each in _topics(caas)}
    for line in tenants:
        assert {each.mac for each in _topics(line)} <= seen


def _topics(line: Line) -> set[Topic]:
    __tracebackhide__ = True
    found = {each.topic: description().topic(each.topic) for each in line.messages}
    wrong = [text for text, topic in found.items() if topic is None]
    assert not wrong, f"no topics of alerts: {wrong[:3]}"
    return {topic for topic in found.values() if topic is not None}


def _said(line: Line) -> set[tuple[str, bytes]]:
    """Return what was said, with its topic but for the first level."""
    return {(each.topic.partition("/")[2], each.payload) for each in line.messages}
