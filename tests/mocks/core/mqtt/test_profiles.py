"""HiveMQ's habits, row by row and in both versions: what each offence gets, on the wire."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec
import pytest
from tests.mocks.core.mqtt.desk import Client, Desk

from vendorlab.mocks.core.mqtt import kinds as k
from vendorlab.mocks.core.mqtt import packets as p
from vendorlab.mocks.core.mqtt.encode import encode
from vendorlab.mocks.core.mqtt.policy import Accept, Anybody, Refuse
from vendorlab.mocks.core.mqtt.profiles import HIVEMQ3, HIVEMQ4, PROFILES, Offence
from vendorlab.mocks.core.mqtt.reasons import Reason

CLOSE, RESET, STAYS = "close", "reset", None


class Guarded(Anybody):
    """Whoever says so is refused; nobody may do anything at ``secret``."""

    def authenticate(self, connect: p.Connect) -> Accept | Refuse:
        return Refuse() if connect.username == "nobody" else Accept("somebody")

    def may_subscribe(self, principal: str, topic_filter: str) -> bool:
        return topic_filter != "secret"

    def may_publish(self, principal: str, topic: str) -> bool:
        return topic != "secret"


PROFILE = msgspec.structs.replace(HIVEMQ4, largest_packet=1_000, longest_client_id=50)

Act = Callable[[Desk, int], Client]


def connected(*packets: p.Packet) -> Act:
    """A client that is let in and then sends packets."""

    def act(desk: Desk, version: int) -> Client:
        client = desk.client("c", version, keep_alive=10)
        return client.send(*packets)

    return act


def first(**options: Any) -> Act:
    """A client that sends this CONNECT."""

    def act(desk: Desk, version: int) -> Client:
        return desk.connection(version).send(p.Connect(options.get("client_id", "c"), version, **{
            name: value for name, value in options.items() if name != "client_id"
        }))  # fmt: skip

    return act


def raw(data: bytes, *, inside: bool = True) -> Act:
    """A client that sends bytes, let in or not."""

    def act(desk: Desk, version: int) -> Client:
        return (desk.client("c", version) if inside else desk.connection(version)).raw(data)

    return act


def silent(desk: Desk, version: int) -> Client:
    client = desk.client("c", version, keep_alive=10)
    desk.pass_line(15.1)
    return client


def no_connect(desk: Desk, version: int) -> Client:
    client = desk.connection(version)
    desk.pass_line(10.1)
    return client


def taken_over(desk: Desk, version: int) -> Client:
    client = desk.client("c", version)
    desk.client("c", version)
    return client


def broken_connect(desk: Desk, version: int) -> Client:
    data = bytearray(encode(p.Connect("c", version), version))
    data[9] |= 1  # the reserved flag
    return desk.connection(version).raw(bytes(data))


def large_connect(desk: Desk, version: int) -> Client:
    return first(password=bytes(2_000), username="u")(desk, version)


class Row(NamedTuple):
    """One case: what the client does, and for either version what it is sent, as (type, code), and how it ends."""

    name: str
    act: Act
    sent_3: list[tuple[str, int]]
    end_3: str | None
    sent_5: list[tuple[str, int]]
    end_5: str | None


def pub(topic: str, qos: int) -> p.Publish:
    return p.Publish(topic, b"", qos, packet_id=5 if qos else 0)


def sub(text: str) -> p.Subscribe:
    return p.Subscribe(5, (p.Subscription(text),))


END_87 = ("Disconnect", 0x87)
ROWS = [
    Row("authentication fails", first(username="nobody"), [("Connack", 5)], CLOSE, [("Connack", 0x87)], CLOSE),
    Row("unauthorized PUBLISH, QoS 0", connected(pub("secret", 0)), [], CLOSE, [END_87], CLOSE),
    Row("unauthorized PUBLISH, QoS 1", connected(pub("secret", 1)), [], CLOSE, [("Ack", 0x87), END_87], CLOSE),
    Row("unauthorized PUBLISH, QoS 2", connected(pub("secret", 2)), [], CLOSE, [("Ack", 0x87), END_87], CLOSE),
    Row("unauthorized SUBSCRIBE", connected(sub("secret")), [("Suback", 0x80)], STAYS, [("Suback", 0x87)], STAYS),
    Row("publish to $", connected(pub("$foo/x", 1)), [], CLOSE, [("Disconnect", 0x82)], CLOSE),
    Row("publish to a wildcard", raw(b"\x30\x06\0\x03a/+\0"), [], CLOSE, [("Disconnect", 0x90)], CLOSE),
    Row("publish to an empty topic", raw(b"\x30\x03\0\0\0"), [], CLOSE, [("Disconnect", 0x90)], CLOSE),
    Row("packet over the limit", raw(b"\x30\xff\x7f"), [], RESET, [("Disconnect", 0x95)], CLOSE),
    Row("CONNECT over the limit", large_connect, [], RESET, [("Connack", 0x95)], CLOSE),
    Row("keep-alive over", silent, [], CLOSE, [("Disconnect", 0x8D)], CLOSE),
    Row("same client id", taken_over, [], CLOSE, [("Disconnect", 0x8E)], CLOSE),
    Row("second CONNECT", connected(p.Connect("c")), [], RESET, [], RESET),
    Row("packet before CONNECT", raw(b"\xc0\0", inside=False), [], CLOSE, [], CLOSE),
    Row("no CONNECT", no_connect, [], CLOSE, [], CLOSE),
    Row("client id too long", first(client_id="x" * 51), [("Connack", 2)], CLOSE, [("Connack", 0x85)], CLOSE),
    Row("malformed remaining length", raw(b"\x30\xff\xff\xff\xff\x01"), [], RESET, [], RESET),
    Row("malformed CONNECT", broken_connect, [], CLOSE, [("Connack", 0x81)], CLOSE),
    Row("malformed packet", raw(b"\xc1\0"), [], CLOSE, [("Disconnect", 0x81)], CLOSE),
    Row("invalid filter", raw(b"\x82\x08\0\x01\0\0\x02a#\0"), [], CLOSE, [("Disconnect", 0x8F)], CLOSE),
    Row("unauthorized will", first(will=p.Will("secret", b"")), [("Connack", 5)], CLOSE, [("Connack", 0x87)], CLOSE),
    Row("will with a $ topic", first(will=p.Will("$a", b"")), [("Connack", 5)], CLOSE, [("Connack", 0x87)], CLOSE),
]  # fmt: skip


@pytest.mark.parametrize("version", [k.V311, k.V5])
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_offence_gets_what_hivemq_gives(row: Row, version: int) -> None:
    client = row.act(Desk(PROFILE, Guarded()), version)
    found = [(type(x).__name__, x.codes[0] if isinstance(x, p.Suback) else x.code) for x in client.got()]
    expected, end = (row.sent_5, row.end_5) if version == k.V5 else (row.sent_3, row.end_3)
    assert (found, client.closed) == (expected, end)


def test_version_5_is_told_why() -> None:
    """The words are the vendor's own where its source has them."""
    told = taken_over(Desk(), k.V5).one(p.Disconnect)
    assert told.properties == {"reason_string": "Another client connected with the same client id."}
    refused = first(username="nobody")(Desk(policy=Guarded()), k.V5).one(p.Connack)
    assert refused.properties == {"reason_string": "Authentication failed"}


@pytest.mark.parametrize("version", [k.V31, k.V311])
def test_hivemq_3_speaks_the_old_versions(version: int) -> None:
    assert Desk(HIVEMQ3).client("c", version).closed is None


@pytest.mark.parametrize("profile", PROFILES.values(), ids=lambda profile: profile.name)
def test_every_offence_has_an_answer(profile: Any) -> None:
    assert set(profile.answers) == set(Offence)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (Reason.CLIENT_ID_NOT_VALID, 2), (Reason.SERVER_BUSY, 3), (Reason.SERVER_UNAVAILABLE, 3),
        (Reason.BAD_USER_NAME_OR_PASSWORD, 4), (Reason.BAD_AUTHENTICATION_METHOD, 4), (Reason.NOT_AUTHORIZED, 5),
        (Reason.BANNED, 5), (Reason.QUOTA_EXCEEDED, 5),
    ],
)  # fmt: skip
def test_code_of_version_5_becomes_one_of_version_3(code: Reason, expected: int) -> None:
    """Row "order of codes v5→v3": identifier 2, server 3, bad user or method 4, everything else 5."""

    class Refusing(Anybody):
        def authenticate(self, connect: p.Connect) -> Refuse:
            return Refuse(code)

    [answer] = Desk(policy=Refusing()).refused(k.V311)[1]
    assert answer.code == expected


@pytest.mark.parametrize("code", [Reason.MALFORMED_PACKET, Reason.PROTOCOL_ERROR, Reason.UNSPECIFIED])
def test_code_without_a_twin_in_version_3_closes_without_connack(code: Reason) -> None:
    class Refusing(Anybody):
        def authenticate(self, connect: p.Connect) -> Refuse:
            return Refuse(code)

    client, found = Desk(policy=Refusing()).refused(k.V311)
    assert (found, client.closed) == ([], "close")


def test_defaults_are_hivemqs() -> None:
    assert (HIVEMQ4.queue, HIVEMQ4.discard, HIVEMQ4.largest_packet) == (1_000, "newest", 268_435_460)
    assert (HIVEMQ4.receive_maximum, HIVEMQ4.topic_aliases, HIVEMQ4.maximum_qos) == (10, 5, 2)
    assert (HIVEMQ4.connect_seconds, HIVEMQ4.longest_client_id, HIVEMQ4.keep_alive_factor) == (10.0, 65_535, 1.5)
