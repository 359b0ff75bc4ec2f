"""The rules over CoAP, MQTT and webhooks: each with clients that keep it, and others that break it."""

from __future__ import annotations

from typing import Any

import pytest
from tests.scenarios.lines import MAC, Telling

from vendorlab.scenarios.core.rules import RULES

T = Telling


def again(telling: Telling, *waits: float, mid: int = 7, **more: Any) -> Telling:
    """A request comes again after these waits."""
    second = 0.0
    for number, waited in enumerate(waits, 1):
        second += waited
        detail = {"peer": "p", "mid": mid, "type": "CON", "again": number, "waited": waited, "anew": False}
        telling.coap(second, "repeat", status=0, **{**detail, "answered": False, **more})
    return telling


KEPT = [
    ("coap-backed-off", 1, again(T(), 2.5, 5.0, 10.0, 20.0)),
    ("coap-backed-off", 2, again(again(T(), 2.0), 2.9, 5.8, mid=8)),
    ("coap-backed-off", 0, again(T(), 0.1, type="NON")),
    (
        "coap-duplicates-passed-over",
        1,
        T()
        .coap(1, "fault", action="duplicate", direction="out", status=0)
        .coap(9, "observe.end", cause="reset", status=0),
    ),
    (
        "coap-session-opened-again",
        1,
        T().coap(1, "proxy.get", status=401).coap(1.1, "observe", status=401).coap(2, "session.open", status=201),
    ),
    ("coap-session-opened-again", 1, T().coap(990, "proxy.get", status=401)),  # the story ended before it could
    (
        "coap-patient-with-5.04",
        2,
        T().coap(300, "proxy.get", status=504).coap(620, "proxy.get", status=504, took=300).coap(640, "proxy.get"),
    ),
    (
        "coap-patient-with-5.04",
        1,
        T().coap(300, "proxy.get", status=504).coap(301, "proxy.get", host="another").coap(302, "session.close"),
    ),
    ("mqtt-fresh-token", 1, T().mqtt(0, "connect", credential="n #1").mqtt(9, "connect", credential="n #2")),
    (
        "mqtt-fresh-token",
        2,
        T()
        .mqtt(0, "connect", credential="n #1")
        .mqtt(5, "connect", credential="n #1", status=135, cause="revoked-token")
        .mqtt(9, "connect", credential="n #2"),
    ),
    (
        "mqtt-subscribed-again",
        1,
        T()
        .mqtt(0, "subscribe", path="a/#", status=1)
        .mqtt(1, "disconnect")
        .mqtt(2, "connect", session_present=False)
        .mqtt(3, "subscribe", path="a/#", status=1),
    ),
    (
        "mqtt-subscribed-again",
        0,
        T().mqtt(0, "subscribe", path="a/#").mqtt(1, "disconnect").mqtt(2, "connect", session_present=True),
    ),
    (
        "mqtt-acknowledged-once",
        1,
        T()
        .mqtt(0, "connect")
        .mqtt(1, "fault", method="PUBLISH", cause="duplicate")
        .mqtt(1, "deliver", qos=1, packet_id=4)
        .mqtt(2, "ack", method="PUBACK", packet_id=4)
        .mqtt(2, "ack", method="PUBACK", packet_id=4),
    ),
    (
        "mqtt-acknowledged-once",
        1,
        T().mqtt(0, "connect").mqtt(1, "deliver", qos=1, packet_id=4).mqtt(2, "disconnect"),  # it comes again
    ),
    ("mqtt-own-client-id", 2, T().mqtt(0, "connect").mqtt(0, "connect", client="c2").mqtt(9, "disconnect")),
    (
        "mqtt-own-client-id",
        2,
        T()
        .mqtt(0, "connect")
        .mqtt(1, "fault", cause="half-open")
        .mqtt(20, "disconnect", cause="taken-over")
        .mqtt(20, "connect"),
    ),
    (
        "mqtt-no-reconnect-storm",
        1,
        T()
        .mqtt(0.2, "connect", status=136, cause="refused")
        .mqtt(0.6, "connect", status=136, cause="refused")
        .mqtt(1.4, "connect", status=136, cause="refused")
        .mqtt(3, "connect", status=136, cause="refused")
        .mqtt(6, "connect", status=136, cause="refused")
        .mqtt(12, "connect"),
    ),
    ("mqtt-kept-alive", 1, T().mqtt(0, "fault", cause="half-open").mqtt(20, "connect")),
    ("webhook-acknowledged-fast", 2, T().hook(0, 1).hook(1, 2, status=0, cause="retry", fault="lost").hook(2, 2)),
    ("webhook-duplicates-tolerated", 1, T().hook(0, 1).hook(1, 1, status=200)),
    ("webhook-duplicates-tolerated", 0, T().hook(0, 1, status=500).hook(1, 1)),  # it was not taken the first time
    ("webhook-order-not-assumed", 1, T().hook(0, 1).hook(1, 3).hook(2, 2)),
]

BROKEN = [
    ("coap-backed-off", "after 0.5 s; 2s is the least", again(T(), 0.5)),
    ("coap-backed-off", "waited 3 s after 3 s", again(T(), 3.0, 3.0)),
    ("coap-backed-off", "more than 4 times", again(T(), 2.0, 4.0, 8.0, 16.0, 32.0)),
    ("coap-backed-off", "under another message ID", again(T(), 3.0, anew=True)),
    ("coap-backed-off", "what had been acknowledged", again(T(), 3.0, answered=True)),
    (
        "coap-duplicates-passed-over",
        "rejected a notification",
        T()
        .coap(1, "fault", action="duplicate", direction="out", status=0)
        .coap(1.1, "observe.end", cause="reset", status=0),
    ),
    (
        "coap-session-opened-again",
        "went on asking",
        T()
        .coap(1, "proxy.get", status=401)
        .coap(2, "proxy.get", status=401)
        .coap(3, "proxy.get", status=401)
        .coap(4, "proxy.get", status=401),
    ),
    ("coap-session-opened-again", "opened no session", T().coap(1, "proxy.get", status=401)),
    (
        "coap-patient-with-5.04",
        "again after 1.0 s",
        T().coap(300, "proxy.get", status=504).coap(601, "proxy.get", status=504, took=300),
    ),
    (
        "coap-patient-with-5.04",
        "opened a session since",
        T().coap(300, "proxy.get", status=504).coap(301, "session.open", status=204),
    ),
    (
        "mqtt-fresh-token",
        "had been refused",
        T()
        .mqtt(0, "connect", credential="n #1", status=135, cause="revoked-token")
        .mqtt(5, "connect", credential="n #1", status=135, cause="revoked-token"),
    ),
    (
        "mqtt-fresh-token",
        "had expired",
        T()
        .mqtt(0, "connect", credential="n #1")
        .mqtt(5, "connect", credential="n #1", status=135, cause="expired-token"),
    ),
    (
        "mqtt-subscribed-again",
        "never subscribed again",
        T().mqtt(0, "subscribe", path="a/#").mqtt(1, "disconnect").mqtt(2, "connect", session_present=False),
    ),
    (
        "mqtt-subscribed-again",
        "stayed connected without",
        T()
        .mqtt(0, "subscribe", path="a/#")
        .mqtt(1, "disconnect")
        .mqtt(2, "connect", session_present=False)
        .mqtt(60, "disconnect"),
    ),
    (
        "mqtt-subscribed-again",
        "never subscribed again",
        T()
        .mqtt(0, "subscribe", path="a/#")
        .mqtt(2, "connect", session_present=False)
        .mqtt(3, "subscribe", path="a/#", status=128),
    ),
    (
        "mqtt-acknowledged-once",
        "never acknowledged",
        T().mqtt(0, "connect").mqtt(1, "deliver", qos=1, packet_id=4),
    ),
    (
        "mqtt-acknowledged-once",
        "once too often",
        T()
        .mqtt(0, "connect")
        .mqtt(1, "deliver", qos=1, packet_id=4)
        .mqtt(2, "ack", method="PUBACK", packet_id=4)
        .mqtt(2, "ack", method="PUBACK", packet_id=4),
    ),
    (
        "mqtt-own-client-id",
        "client id c1",
        T().mqtt(0, "connect").mqtt(1, "disconnect", cause="taken-over").mqtt(1, "connect"),
    ),
    (
        "mqtt-no-reconnect-storm",
        "after 4 failures in a row it waited only 0.30 s",
        T()
        .mqtt(0.1, "connect", status=136, cause="refused")
        .mqtt(0.4, "connect", status=136, cause="refused")
        .mqtt(0.7, "connect", status=136, cause="refused")
        .mqtt(1.0, "connect", status=136, cause="refused")
        .mqtt(1.3, "connect", status=136, cause="refused"),
    ),
    ("mqtt-kept-alive", "dead for 1000 s", T().mqtt(0, "fault", cause="half-open")),
    ("mqtt-kept-alive", "no sign of life", T().mqtt(0, "disconnect", cause="keep-alive")),
    ("webhook-acknowledged-fast", "took 4 s", T().hook(0, 1, seconds=4)),
    ("webhook-acknowledged-fast", "gave no answer: timed out", T().hook(0, 1, 0, cause="retry", error="timed out")),
    ("webhook-duplicates-tolerated", "409 to a copy", T().hook(0, 1).hook(1, 1, status=409)),
    ("webhook-order-not-assumed", "400 to a delivery that came late", T().hook(0, 3).hook(1, 2, status=400)),
]


def ids(cases: list[tuple[str, Any, Telling]]) -> list[str]:
    return [f"{name}-{number}" for number, (name, *_) in enumerate(cases)]


@pytest.mark.parametrize(("rule", "met", "telling"), KEPT, ids=ids(KEPT))
def test_rule_is_kept(rule: str, met: int, telling: Telling) -> None:
    ruling = telling.ruling(rule)
    assert [one.text for one in ruling.findings] == []
    assert ruling.met == met


@pytest.mark.parametrize(("rule", "said", "telling"), BROKEN, ids=ids(BROKEN))
def test_rule_is_broken_and_the_exchanges_show_it(rule: str, said: str, telling: Telling) -> None:
    ruling = telling.ruling(rule)
    (finding,) = ruling.findings
    assert said in finding.text
    assert finding.exchanges
    assert ruling.met


def test_every_rule_over_a_line_has_a_good_and_a_bad_client() -> None:
    observing = {"coap-one-observation", "coap-registered-again", "coap-cancelled-at-end"}  # below
    lines = {name for name in RULES if name.startswith(("coap-", "mqtt-", "webhook-"))}
    assert {one[0] for one in KEPT} == {one[0] for one in BROKEN} == lines - observing


def test_time_that_the_story_jumps_over_is_nobodys_waiting() -> None:
    dead = Telling().mqtt(0, "fault", cause="half-open").move(5, "clock", jump="1h").mqtt(3_610, "connect")
    assert not dead.ruling("mqtt-kept-alive", until=4_000).findings
    storm = Telling()
    for second in (0, 0.2, 0.4, 0.6):
        storm.mqtt(second, "connect", status=136, cause="refused")
    storm.move(0.7, "clock", jump="1h").mqtt(3_600.8, "connect", status=136, cause="refused")
    assert storm.ruling("mqtt-no-reconnect-storm", until=4_000).findings


# --- observations ----------------------------------------------------------------------------------------------------


def watching() -> Telling:
    """An observation that was told two things."""
    telling = Telling().coap(0, "session.open", status=201).coap(1, "observe", status=203, token="a")
    return telling.coap(60, "notify", token="a").coap(120, "notify", token="a")


def test_observation_that_is_left_alone_is_one() -> None:
    ruling = watching().coap(300, "observe", status=203, token="b").ruling("coap-one-observation")
    assert (ruling.met, ruling.findings) == (2, [])


def test_observation_registered_again_under_its_own_token_is_still_one() -> None:
    assert not watching().coap(130, "observe", status=203, token="a").ruling("coap-one-observation").findings


@pytest.mark.parametrize("path", ["/temp", "/other"])
def test_second_observation_of_a_resource_is_found(path: str) -> None:
    ruling = watching().coap(130, "observe", status=203, token="b", path=path).ruling("coap-one-observation")
    assert [one.text for one in ruling.findings] == (
        ["it registered again 10 s after it was last told something"] if path == "/temp" else []
    )


def test_new_observation_is_right_once_the_old_one_cannot_be_heard() -> None:
    told = [
        watching().coap(125, "observe.end", cause="reset", status=0),
        watching().coap(125, "observe.cancel", token="a"),
        watching().coap(125, "session.open", status=201),
        watching().coap(125, "session.close", status=202),
        watching().coap(125, "fault", action="drop", direction="out", status=0),
        watching().move(125, "event", vendor="itron", kind="reboot", device=MAC),
        watching().move(125, "program", restart=True),
    ]
    for one in told:
        assert not one.coap(130, "observe", status=203, token="b").ruling("coap-one-observation").findings


def moved(second: float = 125) -> Telling:
    return watching().move(second, "event", vendor="itron", kind="address-change", device=MAC)


def test_observation_registered_again_after_a_move_is_well() -> None:
    ruling = moved().coap(500, "observe", status=203, token="b").ruling("coap-registered-again")
    assert (ruling.met, ruling.findings) == (1, [])


@pytest.mark.parametrize(
    ("telling", "said"),
    [(moved(), "again never"), (moved().coap(990, "observe", status=203, token="b"), "again only after 865 s")],
)
def test_observation_that_is_lost_and_stays_lost_is_found(telling: Telling, said: str) -> None:
    ruling = telling.ruling("coap-registered-again", within="10m")
    assert ruling.met
    assert [one.text for one in ruling.findings] == [f"after the address-change of {MAC} it registered {said}"]


def test_new_session_needs_its_observations_again() -> None:
    new = watching().coap(500, "session.open", status=201)
    ruling = new.ruling("coap-registered-again", until=2_000)
    assert [one.text for one in ruling.findings] == ["after the end of its session it registered again never"]
    assert not new.coap(501, "observe", status=203, token="b").ruling("coap-registered-again").findings
    renewed = watching().coap(500, "session.open", status=204)
    assert not renewed.ruling("coap-registered-again", until=2_000).findings


def test_nobody_has_to_register_what_nobody_observes() -> None:
    elsewhere = watching().move(125, "event", vendor="itron", kind="reboot", device="another")
    ended = watching().coap(122, "observe.cancel", token="a").move(125, "event", kind="reboot", device=MAC)
    for one in (elsewhere, ended, moved(950)):
        ruling = one.ruling("coap-registered-again", within="10m")
        assert (ruling.met, ruling.findings) == (0, [])


def test_observation_that_is_given_up_need_not_be_registered_again() -> None:
    given_up = moved().coap(130, "observe.cancel", token="a").ruling("coap-registered-again", within="10m")
    assert (given_up.met, given_up.findings) == (0, [])


def test_observation_that_is_cancelled_before_the_session_ends_is_well() -> None:
    tidy = watching().coap(130, "observe.cancel", token="a").coap(131, "session.close", status=202)
    ruling = tidy.ruling("coap-cancelled-at-end", reason="ended")
    assert (ruling.met, ruling.findings) == (1, [])


def test_observation_whose_end_the_device_has_yet_to_answer_is_well() -> None:
    asked = watching().coap(130, "observe.end", cause="deregistered", status=0).coap(131, "session.close", status=202)
    ruling = asked.ruling("coap-cancelled-at-end", reason="ended")
    assert (ruling.met, ruling.findings) == (1, [])


def test_observation_that_is_left_behind_is_found() -> None:
    closed = watching().coap(131, "session.close", status=202).ruling("coap-cancelled-at-end", reason="ended")
    assert [one.text for one in closed.findings] == ["it closed the session and left an observation behind"]
    gone = watching().ruling("coap-cancelled-at-end", reason="ended")
    assert [one.text for one in gone.findings] == ["it ended and left an observation behind"]
    assert not watching().ruling("coap-cancelled-at-end", reason="over").findings
