"""SUBSCRIBE and UNSUBSCRIBE: what a tenant may listen to, and filters that are none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from vendorlab.contracts.core.mqtt import packets
from vendorlab.contracts.core.mqtt.packets import Kind
from vendorlab.contracts.itron.mqtt.api import NOT_GRANTED, alerts, levels, subscribe
from vendorlab.contracts.itron.mqtt.description import description

if TYPE_CHECKING:
    from vendorlab.contracts.core.mqtt.line import Line
    from vendorlab.contracts.itron.mqtt.api import Broker

pytestmark = pytest.mark.vendorlab("itron-mqtt")

_MAC = "001350050000000a"
_STRANGER = "TN00000000-0000-4000-8000-000000000000"


@pytest.mark.claim("itron-mqtt.subscribe.own-tree")
@pytest.mark.parametrize(
    "below",
    ["alert/+/+", "alert/+/temp", f"alert/{_MAC}/+", f"alert/{_MAC}/temp", "alert/#", "#", "+/+/+", "anything/else"],
)
def test_filters_below_the_tenants_own_level_are_granted(broker: Broker, line: Line, below: str) -> None:
    """Wildcards and all; whether anything is ever published there is another matter."""
    assert subscribe(line, levels(broker.login().tree, below)) == (0,)
    line.ping()


@pytest.mark.claim("itron-mqtt.subscribe.tenant-itself")
def test_tenants_level_itself_may_be_subscribed_to(broker: Broker, line: Line) -> None:
    """Without anything below it."""
    assert subscribe(line, broker.login().tree) == (0,)


@pytest.mark.claim("itron-mqtt.subscribe.qos")
@pytest.mark.parametrize("qos", [0, 1, 2])
def test_any_qos_is_granted(broker: Broker, line: Line, qos: int) -> None:
    """HiveMQ offers all three."""
    assert subscribe(line, alerts(broker.login().tree), qos=qos) == (qos,)


@pytest.mark.claim("itron-mqtt.subscribe.again")
def test_subscription_may_be_repeated_with_another_qos(broker: Broker, line: Line) -> None:
    """Each is answered by itself, under its own identifier."""
    tree = broker.login().tree
    for number, qos in ((65_535, 2), (1, 0), (256, 1)):
        assert subscribe(line, alerts(tree), qos=qos, number=number) == (qos,)


@pytest.mark.claim("itron-mqtt.subscribe.wildcard-first")
@pytest.mark.needs("tenancy")
@pytest.mark.parametrize("wanted", ["#", "+", "+/alert/#", "+/alert/+/+", "+/#"])
def test_wildcard_in_the_first_level_is_refused(line: Line, wanted: str) -> None:
    """It would take in other tenants: 0x80, and the line lives."""
    _refused(line, wanted)


@pytest.mark.claim("itron-mqtt.subscribe.stranger")
@pytest.mark.needs("tenancy")
@pytest.mark.parametrize("wanted", [f"{_STRANGER}/alert/+/+", f"{_STRANGER}/#", "ssni/alert/+/+", "alert/+/+", "a"])
def test_filter_of_another_first_level_is_refused(line: Line, wanted: str) -> None:
    """Whether there is such a tenant or not; the tree of CAAS accounts included."""
    _refused(line, wanted)


@pytest.mark.claim("itron-mqtt.subscribe.literal")
@pytest.mark.needs("tenancy")
@pytest.mark.parametrize("change", ["/{}/alert/+/+", "{}x/alert/+/+", " {}/#", "{} /#", "x{}/#"])
def test_first_level_must_be_the_tenant_to_the_letter(broker: Broker, line: Line, change: str) -> None:
    """Neither before nor after it may anything stand."""
    _refused(line, change.format(broker.login().tree))


@pytest.mark.claim("itron-mqtt.subscribe.case")
@pytest.mark.needs("tenancy")
def test_first_level_in_another_case_is_refused(broker: Broker, line: Line) -> None:
    """MQTT knows no letters that are alike."""
    tree = broker.login().tree
    _refused(line, alerts(tree.swapcase()))
    _refused(line, alerts(tree.lower()))


@pytest.mark.claim("itron-mqtt.subscribe.system")
@pytest.mark.needs("tenancy")
@pytest.mark.parametrize("wanted", ["$SYS/#", "$SYS/broker/clients/total", "$SYS/+"])
def test_brokers_own_topics_are_refused(line: Line, wanted: str) -> None:
    """They belong to no tenant."""
    _refused(line, wanted)


@pytest.mark.claim("itron-mqtt.subscribe.shared")
@pytest.mark.needs("tenancy")
@pytest.mark.parametrize("wanted", ["$share/group/#", f"$share/group/{_STRANGER}/alert/+/+"])
def test_shared_subscription_is_no_way_round(line: Line, wanted: str) -> None:
    """What counts is the filter that is shared."""
    _refused(line, wanted)


@pytest.mark.claim("itron-mqtt.subscribe.each-for-itself")
@pytest.mark.needs("tenancy")
def test_each_filter_of_a_packet_is_judged_for_itself(broker: Broker, line: Line) -> None:
    """Codes come in the order of the filters."""
    own = alerts(broker.login().tree)
    assert subscribe(line, "#", own, f"{_STRANGER}/#", own, qos=1) == (NOT_GRANTED, 1, NOT_GRANTED, 1)
    line.ping()


@pytest.mark.claim("itron-mqtt.subscribe.no-filter")
@pytest.mark.parametrize("kind", [Kind.SUBSCRIBE, Kind.UNSUBSCRIBE])
def test_packet_without_filters_ends_the_line(line: Line, kind: Kind) -> None:
    """There is at least one."""
    line.send(packets.packet(kind, b"\0\1"))
    line.ended()


@pytest.mark.claim("itron-mqtt.subscribe.no-number")
def test_packet_identifier_of_nought_ends_the_line(broker: Broker, line: Line) -> None:
    """It stands for none."""
    line.send(packets.subscribe(0, [(alerts(broker.login().tree), 0)]))
    line.ended()


@pytest.mark.claim("itron-mqtt.subscribe.options")
@pytest.mark.parametrize("options", [3, 4, 0x80])
def test_qos_that_there_is_not_ends_the_line(broker: Broker, line: Line, options: int) -> None:
    """Nor may the bits beside it be set."""
    line.send(packets.subscribe(1, [(alerts(broker.login().tree), options)]))
    line.ended()


@pytest.mark.claim("itron-mqtt.subscribe.no-text")
@pytest.mark.parametrize("wanted", [b"\xff\xfe", b"a\0b", b"\xed\xa0\x80"], ids=["no UTF-8", "U+0000", "a surrogate"])
def test_filter_that_is_no_text_ends_the_line(broker: Broker, line: Line, wanted: bytes) -> None:
    """Below the tenant's own level though it be."""
    line.send(packets.subscribe(1, [(broker.login().tree.encode() + b"/" + wanted, 0)]))
    line.ended()


@pytest.mark.claim("itron-mqtt.subscribe.bad-wildcard")
@pytest.mark.parametrize("below", ["#/alert", "al#", "al+/x", "+x/#", "##"])
def test_wildcard_in_the_wrong_place_is_never_granted(broker: Broker, line: Line, below: str) -> None:
    """The filter is refused, or the line is ended."""
    _never_granted(line, levels(broker.login().tree, below))


@pytest.mark.claim("itron-mqtt.subscribe.empty")
def test_empty_filter_is_never_granted(line: Line) -> None:
    """The same."""
    _never_granted(line, "")


@pytest.mark.claim("itron-mqtt.subscribe.many")
@pytest.mark.needs("exhaust")
def test_hundred_filters_in_a_packet_are_answered(broker: Broker, line: Line) -> None:
    """One code for each."""
    tree = broker.login().tree
    wanted = [description().filter(tree, f"{number:016x}", "temp") for number in range(100)]
    assert set(subscribe(line, *wanted)) == {0}


@pytest.mark.claim("itron-mqtt.unsubscribe.answered")
def test_unsubscribe_is_answered_whether_there_was_a_subscription_or_not(broker: Broker, line: Line) -> None:
    """Under its identifier; 3.1.1 has no codes for it."""
    tree = broker.login().tree
    assert subscribe(line, alerts(tree)) == (0,)
    for number, wanted in enumerate([[alerts(tree)], [alerts(tree), "never/subscribed"], ["#"]], 2):
        line.send(packets.unsubscribe(number, wanted))
        line.reply(Kind.UNSUBACK, number)


def _refused(line: Line, wanted: str) -> None:
    __tracebackhide__ = True
    assert subscribe(line, wanted) == (NOT_GRANTED,), f"{wanted!r} was granted"
    line.ping()


def _never_granted(line: Line, wanted: str) -> None:
    __tracebackhide__ = True
    line.send(packets.subscribe(1, [(wanted, 0)]))
    found = line.next_word()
    assert found is None or (found.kind, found.codes) == (Kind.SUBACK, (NOT_GRANTED,)), f"{found} to {wanted!r}"
