"""Sessions that are kept: found again, ended again, and no letter-box."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.itron.mqtt.api import alerts, hello, new_id, subscribe

if TYPE_CHECKING:
    from vendorlab.contracts.core.control import Clock
    from vendorlab.contracts.itron.mqtt.api import Broker
    from vendorlab.contracts.itron.mqtt.feed import Feed

pytestmark = [pytest.mark.vendorlab("itron-mqtt"), pytest.mark.needs("write")]

_DAY = 86_400


@pytest.mark.claim("itron-mqtt.session.kept")
def test_session_is_found_again(broker: Broker) -> None:
    """CONNACK says whether there was one."""
    client = new_id()
    line, found = broker.answer(client=client, clean=False)
    assert not found.present, "a session was there before"
    line.close()
    _, found = broker.answer(client=client, clean=False)
    assert found.present, "the session is gone"


@pytest.mark.claim("itron-mqtt.session.cut")
def test_session_outlives_a_line_that_is_cut(broker: Broker) -> None:
    """Without DISCONNECT."""
    client = new_id()
    broker.client(client=client, clean=False).close(politely=False)
    _, found = broker.answer(client=client, clean=False)
    assert found.present, "the session is gone"


@pytest.mark.claim("itron-mqtt.session.taken-over")
def test_session_goes_to_the_client_that_takes_over(broker: Broker) -> None:
    """The old line is ended, the session goes on."""
    client = new_id()
    old = broker.client(client=client, clean=False)
    _, found = broker.answer(client=client, clean=False)
    assert found.present, "the session is gone"
    old.ended()


@pytest.mark.claim("itron-mqtt.session.cleaned")
def test_clean_session_ends_what_was_kept(broker: Broker) -> None:
    """And is not kept itself."""
    client = new_id()
    broker.client(client=client, clean=False).close()
    for clean in (True, False):
        line, found = broker.answer(client=client, clean=clean)
        assert not found.present, "a session is still there"
        line.close()


@pytest.mark.claim("itron-mqtt.session.subscriptions")
def test_subscriptions_are_part_of_the_session(broker: Broker, feed: Feed) -> None:
    """Alerts come again without another SUBSCRIBE."""
    client, tree = new_id(), broker.login().tree
    line = broker.client(client=client, clean=False)
    assert subscribe(line, alerts(tree)) == (0,)
    line.close()
    line, found = broker.answer(client=client, clean=False)
    assert found.present, "the session is gone"
    feed.some(line)


@pytest.mark.claim("itron-mqtt.session.clean-subscriptions")
@pytest.mark.needs("clock")
def test_clean_session_has_no_subscriptions(broker: Broker, feed: Feed) -> None:
    """Those of the same client before it are gone; another client, who subscribes, shows that there are alerts."""
    client, tree = new_id(), broker.login().tree
    line = broker.client(client=client, clean=False)
    assert subscribe(line, alerts(tree)) == (0,)
    line.close()
    line, other = broker.client(client=client), broker.client()
    assert subscribe(other, alerts(tree)) == (0,)
    feed.some(other)
    line.ping()
    assert not line.messages, "alerts come though nothing was subscribed to"


@pytest.mark.claim("itron-mqtt.session.no-letter-box")
@pytest.mark.needs("clock")
@pytest.mark.parametrize("qos", [0, 1])
def test_alerts_of_the_time_away_are_not_delivered_later(broker: Broker, feed: Feed, qos: int) -> None:
    """They go to those who are there, whatever QoS was asked for: they are published with QoS 0."""
    client, tree = new_id(), broker.login().tree
    line, other = broker.client(client=client, clean=False), broker.client()
    for each in (line, other):
        assert subscribe(each, alerts(tree), qos=qos) == (qos,)
    line.close()
    feed.some(other)
    line, found = broker.answer(client=client, clean=False)
    assert found.present, "the session is gone"
    line.ping()
    missed = {(each.topic, each.payload) for each in other.messages}
    assert not [each for each in line.messages if (each.topic, each.payload) in missed], "alerts were kept"


@pytest.mark.claim("itron-mqtt.session.lasting")
@pytest.mark.needs("clock", "tenancy")
def test_session_of_3_1_1_lasts(broker: Broker, clock: Clock) -> None:
    """A day at least: HiveMQ ends none of its own accord."""
    client = new_id()
    broker.client(client=client, clean=False).close()
    clock.advance(_DAY)
    _, found = broker.answer(client=client, clean=False)
    assert found.present, "the session is gone after a day"


@pytest.mark.claim("itron-mqtt.session.refused-login")
def test_refused_login_makes_no_session(broker: Broker) -> None:
    """There is none for whoever comes next with that id."""
    client = new_id()
    login = broker.login()
    broker.refused(hello(type(login)(login.username, "wrong", login.tree), client, clean=False))
    _, found = broker.answer(client=client, clean=False)
    assert not found.present, "a refused login left a session"
