"""Who gets into the broker, and what he may do there: dossier 3.2 and 3.3, row by row, on a desk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.mocks.itron.broker_support import BrokerDesk, publishes

from vendorlab.mocks.core.mqtt import kinds as k
from vendorlab.mocks.core.mqtt import packets as p
from vendorlab.mocks.core.mqtt.encode import encode
from vendorlab.mocks.itron.bridge import BRIDGE, REPORTER

if TYPE_CHECKING:
    from tests.mocks.itron.conftest import MakeCaller

BOTH = (k.V311, k.V5)


@pytest.fixture
def desk(caller_of: MakeCaller) -> BrokerDesk:
    return BrokerDesk(caller_of(mqtt_profile="hivemq4"))


def connack(version: int, old: int, new: int) -> int:
    return new if version == k.V5 else old


@pytest.mark.parametrize("version", BOTH)
def test_token_lets_its_tenant_in(desk: BrokerDesk, version: int) -> None:
    client = desk.enter("c", version)
    assert client.subscribe(f"{desk.tenant.id}/alert/+/+", qos=0).codes == (0,)
    connected = desk.journal[0]
    assert (connected.operation, connected.principal, connected.cause) == ("connect", desk.tenant.id, "ok")
    assert connected.credential.startswith("notused #")
    assert desk.caller.token() not in repr(desk.journal)


@pytest.mark.parametrize("version", BOTH)
def test_open_door_lets_everybody_do_everything(caller_of: MakeCaller, version: int) -> None:
    desk = BrokerDesk(caller_of(mqtt_profile="hivemq4", mqtt_open=True))
    client = desk.client("c", version)
    assert client.subscribe("#", qos=1).codes == (1,)
    client.send(p.Publish("TopicA/B", b"x", 1, packet_id=7))
    desk.flush()
    assert [packet.topic for packet in publishes(client)] == ["TopicA/B"]
    assert desk.journal[0].principal == "anybody"


def expired(desk: BrokerDesk) -> dict[str, Any]:
    login = desk.login()
    desk.world.clock.advance(3_600)
    return login


def revoked(desk: BrokerDesk) -> dict[str, Any]:
    login = desk.login()
    token = desk.caller.backend.tokens.find(login["password"].decode())
    assert token is not None
    desk.caller.backend.tokens.revoke(token)
    return login


def shown(desk: BrokerDesk, cause: str) -> dict[str, Any]:
    """What somebody shows who is refused for a cause."""
    match cause:
        case "expired-token":
            return expired(desk)
        case "revoked-token":
            return revoked(desk)
        case "unknown-token":
            return {"username": "notused", "password": b"not a token"}
        case "unknown-user":
            return desk.login() | {"username": "NotUsed"}
        case "wrong-password":
            return desk.caas() | {"password": b"guess"}
        case _:
            return {}


CAUSES = ("expired-token", "revoked-token", "unknown-token", "unknown-user", "wrong-password", "no-credentials")


@pytest.mark.parametrize("version", BOTH)
@pytest.mark.parametrize("cause", CAUSES)
def test_wrong_credentials_are_refused_with_code_5_and_a_close(desk: BrokerDesk, version: int, cause: str) -> None:
    client, (answer,) = desk.refused(version, **shown(desk, cause))
    assert isinstance(answer, p.Connack)
    assert answer.code == connack(version, 5, 0x87)
    assert client.closed == "close"
    assert (desk.journal[-1].operation, desk.journal[-1].status, desk.journal[-1].cause) == ("connect", 0x87, cause)
    assert desk.core.sessions == {}


@pytest.mark.parametrize("password", [b"\xff\xfe", b"x" * 60_000, "\u00fc\u4e2d".encode()])
def test_password_that_is_no_text_is_as_wrong_as_any(desk: BrokerDesk, password: bytes) -> None:
    for username in ("notused", desk.caller.backend.estate.caas.username):
        _, (answer,) = desk.refused(username=username, password=password)
        assert answer.code == 5


@pytest.mark.parametrize("version", BOTH)
@pytest.mark.parametrize(
    ("topic_filter", "allowed"),
    [
        ("{own}/alert/+/+", True),
        ("{own}/#", True),
        ("{own}/alert/+/temp", True),
        ("{own}", True),
        ("$share/group/{own}/alert/+/+", True),
        ("#", False),
        ("+/alert/#", False),
        ("+/#", False),
        ("{other}/alert/+/+", False),
        ("$share/group/#", False),
        ("$share/group/{other}/alert/+/+", False),
        ("$SYS/#", False),
        ("ssni/alert/+/+", False),
        ("{own}x/alert/+/+", False),
        ("/{own}/alert/+/+", False),
    ],
)
def test_filter_begins_with_the_tenants_own_id(
    desk: BrokerDesk, version: int, topic_filter: str, allowed: bool
) -> None:
    client = desk.enter("c", version)
    text = topic_filter.format(own=desk.tenant.id, other=desk.other.id)
    [code] = client.subscribe(text, qos=1).codes
    assert code == (1 if allowed else connack(version, 0x80, 0x87))
    assert client.closed is None
    assert desk.journal[-1].cause == ("ok" if allowed else "refused")


def test_one_refused_filter_leaves_the_others_alone(desk: BrokerDesk) -> None:
    client = desk.enter()
    assert client.subscribe("#", f"{desk.tenant.id}/#", "+/+", qos=1).codes == (0x80, 1, 0x80)


def test_account_of_the_owner_sees_every_device_below_its_own_level(desk: BrokerDesk) -> None:
    owner = desk.client("o", **desk.caas())
    refused = owner.subscribe("#", f"{desk.tenant.id}/alert/+/+", "ssni/alert/+/+", qos=0).codes
    assert refused == (0x80, 0x80, 0)
    desk.pass_vendor(3_600)
    devices = [*desk.caller.backend.estate.devices(desk.tenant), *desk.caller.backend.estate.devices(desk.other)]
    assert {packet.topic.split("/")[2] for packet in publishes(owner)} == {device.mac for device in devices}


def test_tenant_sees_its_own_devices_alone(desk: BrokerDesk) -> None:
    one, other = desk.listener("one"), desk.enter("other", which="second_")
    other.subscribe(f"{desk.other.id}/#", qos=0)
    desk.pass_vendor(3_600)
    for client, tenant in ((one, desk.tenant), (other, desk.other)):
        macs = {device.mac for device in desk.caller.backend.estate.devices(tenant)}
        assert {packet.topic.split("/")[2] for packet in publishes(client)} == macs


@pytest.mark.parametrize("version", BOTH)
@pytest.mark.parametrize("qos", [0, 1, 2])
@pytest.mark.parametrize("who", ["tenant", "owner"])
def test_nobody_may_publish(desk: BrokerDesk, version: int, qos: int, who: str) -> None:
    client = desk.enter("c", version) if who == "tenant" else desk.client("c", version, **desk.caas())
    listener = desk.listener("l")
    client.send(p.Publish(f"{desk.tenant.id}/alert/0013500500000000/temp", b"x", qos, packet_id=qos and 7))
    told = client.got()
    if version == k.V311:
        assert told == []
    else:
        assert [type(packet) for packet in told] == [p.Ack, p.Disconnect][not qos :]
        assert {packet.code for packet in told} == {0x87}
    assert client.closed == "close"
    assert publishes(listener) == []
    assert (desk.journal[-1].operation, desk.journal[-1].cause) == ("disconnect", "publish-refused")


def test_will_of_somebody_who_may_not_publish_is_refused(desk: BrokerDesk) -> None:
    will = p.Will(f"{desk.tenant.id}/alert/0013500500000000/temp", b"x")
    client, (answer,) = desk.refused(will=will, **desk.login())
    assert (answer.code, client.closed) == (5, "close")


@pytest.mark.parametrize("topic", ["$SYS/x", "a/+", "a/#", ""])
def test_publish_to_a_topic_that_none_is_closes(desk: BrokerDesk, topic: str) -> None:
    client = desk.enter()
    client.send(p.Publish(topic, b"x"))
    assert (client.got(), client.closed) == ([], "close")


@pytest.mark.parametrize("version", BOTH)
def test_second_connection_takes_the_first_ones_place(desk: BrokerDesk, version: int) -> None:
    old = desk.enter("same", version)
    desk.enter("same", version)
    assert [getattr(packet, "code", None) for packet in old.got()] == ([0x8E] if version == k.V5 else [])
    assert old.closed == "close"


@pytest.mark.parametrize("login", [{}, {"username": "notused", "password": b"guess"}])
def test_intruder_with_a_victims_client_id_harms_nobody(desk: BrokerDesk, login: dict[str, Any]) -> None:
    victim = desk.listener("victim", qos=1, clean=False)
    desk.refused(client_id="victim", clean=True, **login)
    assert victim.closed is None
    victim.drop()
    desk.refused(client_id="victim", clean=True, **login)
    assert desk.enter("victim", clean=False, present=True).subscribe(f"{desk.tenant.id}/#").codes == (2,)


def test_client_of_another_tenant_takes_the_id_and_nothing_with_it(desk: BrokerDesk) -> None:
    victim = desk.listener("same", qos=1, clean=False)
    other = desk.enter("same", which="second_", clean=False, present=False)
    assert victim.closed == "close"
    desk.pass_vendor(3_600)
    assert publishes(other) == []


@pytest.mark.parametrize("client_id", [BRIDGE, REPORTER, "gw-coap-mqtt-bridge-2"])
@pytest.mark.parametrize("version", BOTH)
def test_nobody_gets_an_id_of_the_vendors_own_publishers(desk: BrokerDesk, client_id: str, version: int) -> None:
    client, (answer,) = desk.refused(version, client_id, **desk.login())
    assert (answer.code, client.closed) == (connack(version, 2, 0x85), "close")
    _, (answer,) = desk.refused(version, client_id)
    assert answer.code == connack(version, 5, 0x87), "a stranger does not even learn of it"


@pytest.mark.parametrize("length", [1, 23, 24, 32, 65_535])
def test_client_id_may_be_of_any_length(desk: BrokerDesk, length: int) -> None:
    assert desk.enter("i" * length).closed is None


def test_empty_client_id_is_assigned_to_a_clean_session_alone(desk: BrokerDesk) -> None:
    assert desk.enter("").closed is None
    client, (answer,) = desk.refused(client_id="", clean=False, **desk.login())
    assert (answer.code, client.closed) == (2, "close")


def test_ids_that_are_assigned_come_from_the_seed(caller_of: MakeCaller) -> None:
    def ids(seed: int) -> list[str]:
        desk = BrokerDesk(caller_of(seed=seed))
        first = [desk.enter("").connection.client_id for _ in range(2)]
        desk.world.reset()
        desk.caller._tokens.clear()
        assert [desk.enter("").connection.client_id for _ in range(2)] == first
        return first

    assert ids(7) == ids(7) != ids(8)


def test_silent_client_is_cut_off_after_one_and_a_half_times_its_keep_alive(desk: BrokerDesk) -> None:
    client = desk.enter(keep_alive=2)
    desk.pass_line(2.9)
    assert client.closed is None
    desk.pass_line(0.2)
    assert client.closed == "close"


def test_connection_without_connect_is_cut_off_after_ten_seconds(desk: BrokerDesk) -> None:
    client = desk.connection()
    desk.pass_line(9.9)
    assert client.closed is None
    desk.pass_line(0.2)
    assert client.closed == "close"


def test_world_time_cuts_nobody_off(desk: BrokerDesk) -> None:
    client = desk.enter(keep_alive=2)
    desk.pass_vendor(86_400)
    assert client.closed is None


def test_version_5_is_not_spoken_unless_asked_for(caller_of: MakeCaller) -> None:
    desk = BrokerDesk(caller_of())
    client = desk.connection(k.V311).raw(encode(p.Connect("c", k.V5, **desk.login()), k.V5))
    assert (client.got(), client.closed) == ([p.Connack(False, 1)], "close")
    assert desk.enter("c", k.V31).closed is None


@pytest.mark.parametrize("how", ["time", "revoked"])
def test_token_is_checked_at_connect_only(desk: BrokerDesk, how: str) -> None:
    client = desk.listener()
    if how == "revoked":
        revoked(desk)
    desk.pass_vendor(3_600)
    assert client.closed is None
    assert len(publishes(client)) == 8
    _, (answer,) = desk.refused(client_id="d", **desk.login())
    assert answer.code == 5


@pytest.mark.parametrize("version", BOTH)
def test_connection_ends_with_its_token_where_that_is_asked_for(caller_of: MakeCaller, version: int) -> None:
    desk = BrokerDesk(caller_of(mqtt_profile="hivemq4", mqtt_disconnect_on_token_expiry=True))
    client, owner = desk.enter("c", version), desk.client("o", version, **desk.caas())
    desk.pass_vendor(1_800)
    desk.caller._tokens.clear()
    later = desk.enter("later", version)
    taken = desk.enter("taken", version)
    again = desk.client("again", version, **desk.login())
    desk.pass_vendor(1_799)
    assert client.closed is None
    desk.pass_vendor(1)
    assert client.closed == "close"
    assert {later.closed, taken.closed, again.closed, owner.closed} == {None}
    desk.pass_vendor(1_800)
    assert (later.closed, again.closed, owner.closed) == ("close", "close", None)


def test_taken_over_connections_token_ends_nobody(caller_of: MakeCaller) -> None:
    desk = BrokerDesk(caller_of(mqtt_disconnect_on_token_expiry=True))
    desk.enter("same")
    desk.pass_vendor(1_800)
    desk.caller._tokens.clear()
    fresh = desk.enter("same")
    desk.pass_vendor(1_800)
    assert fresh.closed is None
