"""Other people's MQTT clients at Itron's broker, over TLS, with every fault in turn.

The bridge publishes with QoS 1 and clients keep their sessions, so that whatever goes wrong on the line, what was
reported arrives in the end: at least once, each payload byte for byte the device's. Exceptions are what a broker
that loses its memory, or a line that spoils bytes, takes away; each such fault says what is still true then.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from tests.interop.mqtt_listeners import LISTENERS, Listener, Target
from tests.mocks.support import START

import vendorlab

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

ALERT = {"type": "PUBLISH", "direction": "out"}
CONNACK = {"type": "CONNACK"}
SUBACK = {"type": "SUBACK"}
ACK = {"type": "PUBACK", "direction": "in"}

ALL, MOST, SOME = "all", "most", "some"
"""What arrives: every report; every one but that which was struck; what came after the client was back."""

FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "nothing": ({}, ALL),
    "lost-alert": ({"match": ALERT, "when": {"nth": 3}, "action": {"kind": "drop"}}, MOST),
    "late-alert": ({"match": ALERT, "when": {"nth": 3}, "action": {"kind": "delay", "seconds": 0.5}}, ALL),
    "alert-thrice": ({"match": ALERT, "when": {"nth": 3}, "action": {"kind": "duplicate", "count": 2}}, ALL),
    "spoiled-alert": (
        {"match": ALERT, "when": {"nth": 3}, "action": {"kind": "corrupt", "offset": -1, "bit": 0}},
        MOST,
    ),
    "spoiled-type": (
        {"match": ALERT, "when": {"nth": 3}, "action": {"kind": "corrupt", "offset": 0, "byte": 0xF1}},
        ALL,
    ),
    "cut-before": ({"match": ALERT, "when": {"nth": 3}, "action": {"kind": "cut"}, "phase": "before"}, ALL),
    "cut-after": ({"match": ALERT, "when": {"nth": 3}, "action": {"kind": "cut"}}, ALL),
    "reset": ({"match": ALERT, "when": {"nth": 3}, "action": {"kind": "cut", "reset": True}, "phase": "before"}, ALL),
    "cut-at-connect": ({"match": CONNACK, "when": {"nth": 1}, "action": {"kind": "cut"}, "phase": "before"}, ALL),
    "connect-refused": (
        {"match": {"type": "CONNECT"}, "when": {"nth": 1}, "action": {"kind": "refuse", "code": 136}},
        ALL,
    ),
    "cut-at-subscribe": ({"match": SUBACK, "when": {"nth": 1}, "action": {"kind": "cut"}, "phase": "before"}, ALL),
    "lost-ack": ({"match": ACK, "when": {"nth": 2}, "action": {"kind": "drop"}}, ALL),
    "forgotten": ({"match": ACK, "when": {"nth": 2}, "action": {"kind": "forget-session"}}, SOME),
    "stale": ({"match": ACK, "when": {"nth": 2}, "action": {"kind": "stale-retained"}}, ALL),
    "throttled": ({"match": ALERT, "when": {"nth": 2}, "action": {"kind": "throttle", "rate": 4_000}}, ALL),
    "half-open": ({"match": ALERT, "when": {"nth": 3}, "times": 1, "action": {"kind": "half-open"}}, ALL),
}
SLOW = "half-open"
"""The client has to find out by its keep-alive, which no library lets go below some seconds: all wait side by side."""

PATIENCE = 30.0


@contextmanager
def place() -> Generator[vendorlab.lab.Lab]:
    settings = {"itron": {"mqtt_qos": 1, "mqtt_retain": True, "token_lifetime": 86_400}}
    with vendorlab.world("itron", seed=7, start=START, rate=0, settings=settings) as lab:
        yield lab


def until(condition: Callable[[], bool], patience: float = PATIENCE) -> bool:
    end = time.monotonic() + patience
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def reported(lab: vendorlab.lab.Lab, tenant: str) -> list[bytes]:
    """The payloads of everything that the tenant's devices report from now on."""
    from vendorlab.mocks.itron import sapi

    found: list[bytes] = []
    itron: Any = lab.world.vendor("itron")

    def on_reading(reading: Any) -> None:
        if reading.device.tenant == tenant:
            found.append(sapi.payload(reading))

    itron.backend.estate.listen(on_reading)
    return found


def target(lab: vendorlab.lab.Lab) -> Target:
    broker = lab.vendor("itron-mqtt")
    known = broker.credentials
    itron: Any = lab.world.vendor("itron")
    token = itron.backend.token(known["client_id"], known["client_secret"])
    return Target(broker.url, str(broker.ca), token, f"{known['tenant']}/alert/+/+")


PAIRS = [
    pytest.param(listener, fault, marks=[pytest.mark.slow] if listener in ("aiomqtt", "mosquitto_sub") else [])
    for listener in LISTENERS
    for fault in FAULTS
    if fault != SLOW
]


@pytest.mark.parametrize(("name", "fault"), PAIRS)
def test_foreign_listener_gets_what_was_reported(tool: Callable[[str], str], name: str, fault: str) -> None:
    with place() as lab:
        gets_what_was_reported(lab, tool, name, fault)


@pytest.mark.slow
def test_foreign_listeners_find_out_by_themselves_that_their_line_is_half_open(tool: Callable[[str], str]) -> None:
    def find_out(name: str) -> None:
        with place() as lab:
            gets_what_was_reported(lab, tool, name, SLOW)

    with ThreadPoolExecutor(len(LISTENERS)) as pool:
        waiting = {name: pool.submit(find_out, name) for name in LISTENERS}
    troubles = {name: trouble for name, each in waiting.items() if (trouble := each.exception())}
    missing = [each for each in troubles.values() if isinstance(each, pytest.skip.Exception)]
    assert {name: each for name, each in troubles.items() if each not in missing} == {}
    if missing:
        raise missing[0]


def gets_what_was_reported(lab: vendorlab.lab.Lab, tool: Callable[[str], str], name: str, fault: str) -> None:
    """What the devices reported comes through a fault, and what they report later comes, too."""
    rule, arrives = FAULTS[fault]
    expected = reported(lab, lab.vendor("itron-mqtt").credentials["tenant"])
    if rule:
        lab.faults.add({"name": fault, "match": {"vendor": "itron"}} | rule)
    listener: Listener = LISTENERS[name](target(lab), tool)
    try:
        assert lab.journal.wait_for(operation="subscribe", cause="ok", timeout=PATIENCE)
        lab.clock.advance(3_600 - 1)
        before = list(expected)
        assert before

        def done() -> bool:
            missing = set(before) - set(listener.payloads())
            return not missing if arrives == ALL else len(missing) <= 1

        if arrives == SOME:
            lab.journal.wait_for(operation="subscribe", cause="ok", count=2, timeout=PATIENCE)
        else:
            assert until(done), (fault, len(before), [entry[4:12] for entry in lab.journal.find(protocol="mqtt")])
        assert not rule or lab.journal.wait_for(operation="fault", fault=fault, timeout=PATIENCE)
        assert lab.journal.wait_for(operation="connect", cause="ok", timeout=PATIENCE)
        later = len(expected)
        lab.faults.remove(fault)
        lab.clock.advance(600)
        assert expected[later:], "and all is well again"
        assert until(lambda: set(expected[later:]) <= set(listener.payloads()))
        if fault != "spoiled-alert":
            assert set(listener.payloads()) <= set(expected), "stale ones were said once, too"
    finally:
        listener.close()
