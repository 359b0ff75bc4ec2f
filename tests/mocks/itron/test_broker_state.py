"""The broker's state: snapshots, resets, and the folder that outlives a process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.mocks.itron.broker_support import BrokerDesk, publishes
from tests.mocks.itron.test_kept import kept, killed

if TYPE_CHECKING:
    from pathlib import Path

    from tests.mocks.core.mqtt.desk import Client
    from tests.mocks.itron.conftest import MakeCaller

QOS1 = {"mqtt_qos": 1}


def away(desk: BrokerDesk, client_id: str = "c", **options: Any) -> Client:
    """A client that left a session behind."""
    client = desk.listener(client_id, qos=1, clean=False, **options)
    client.drop()
    return client


def back(desk: BrokerDesk, **options: Any) -> Client:
    desk.caller._tokens.clear()
    return desk.enter("c", clean=False, **options)


def test_snapshot_carries_sessions_and_what_waits_in_them(caller_of: MakeCaller) -> None:
    desk = BrokerDesk(caller_of(**QOS1, mqtt_retain=True))
    away(desk)
    desk.pass_vendor(3_600)
    document = desk.world.snapshot()
    desk.pass_vendor(3_600)
    assert len(publishes(back(desk, present=True))) == 16
    other = BrokerDesk(caller_of(**QOS1, mqtt_retain=True))
    for one in (desk, other):
        one.world.restore(document)
        one.flush()
        client = back(one, present=True)
        first = publishes(client)
        assert len(first) == 8
        one.pass_vendor(3_600)
        assert len(publishes(client)) == 8, "and the mesh goes on for it"
        one.caller._tokens.clear()
        assert len(publishes(one.listener("late", qos=0))) == 8


def test_restore_ends_every_connection(caller_of: MakeCaller) -> None:
    desk = BrokerDesk(caller_of())
    client = desk.listener()
    desk.world.restore(desk.world.snapshot())
    desk.flush()
    assert client.closed == "reset"
    assert desk.core.sessions == {}


def test_reset_ends_every_connection_and_forgets_every_session(caller_of: MakeCaller) -> None:
    desk = BrokerDesk(caller_of(**QOS1, mqtt_retain=True))
    client = desk.listener("connected")
    away(desk)
    desk.pass_vendor(3_600)
    desk.world.reset(8)
    desk.flush()
    assert client.closed == "reset"
    assert back(desk, present=False).subscribe(f"{desk.tenant.id}/#").codes == (2,)
    assert len(desk.core.retained) == 0
    assert len(desk.core.connections) == 1
    desk.pass_vendor(3_600)
    assert desk.core.retained


def test_snapshot_of_an_earlier_version_is_taken_up(caller_of: MakeCaller) -> None:
    desk = BrokerDesk(caller_of())
    document = desk.caller.vendor.snapshot()
    del document["itron-mqtt"]
    desk.caller.vendor.restore(document)
    assert desk.core.sessions == {}


def test_broken_snapshot_is_refused_and_changes_nothing(caller_of: MakeCaller) -> None:
    desk = BrokerDesk(caller_of())
    away(desk)
    document = desk.caller.vendor.snapshot()
    document["itron-mqtt"] = {"sessions": [dict[str, Any]()], "retained": []}
    with pytest.raises(ValueError, match="missing required field"):
        desk.broker.restore(document["itron-mqtt"])
    assert set(desk.core.sessions) == {"c"}


def test_sessions_are_there_in_the_next_process(tmp_path: Path) -> None:
    first = BrokerDesk(kept(tmp_path, **QOS1))
    away(first)
    first.pass_vendor(3_600)
    first.broker.keep()
    first.world.close()
    second = BrokerDesk(kept(tmp_path, **QOS1))
    assert len(publishes(back(second, present=True))) == 8
    killed(second.caller)


def test_kill_leaves_what_was_kept_before_it(tmp_path: Path) -> None:
    first = BrokerDesk(kept(tmp_path, **QOS1))
    away(first)
    first.broker.keep()
    away(first, "too-late")
    killed(first.caller)
    second = BrokerDesk(kept(tmp_path, **QOS1))
    assert set(second.core.sessions) == {"c"}
    second.pass_vendor(3_600)
    assert len(publishes(back(second, present=True))) == 8
    second.world.close()


def test_clean_sessions_are_not_kept(tmp_path: Path) -> None:
    first = BrokerDesk(kept(tmp_path))
    first.listener()
    first.broker.keep()
    first.world.close()
    second = BrokerDesk(kept(tmp_path))
    assert second.core.sessions == {}
    fired = {one.name for one in second.world.clock.advance(86_400)}
    assert fired == {"itron.access-token-expired"}, "nor does the mesh report for nobody"
    second.world.close()


def test_state_that_is_shown_has_counts_and_no_secret(caller_of: MakeCaller) -> None:
    desk = BrokerDesk(caller_of(**QOS1))
    away(desk)
    desk.listener("d")
    desk.pass_vendor(3_600)
    shown = desk.caller.vendor.state()
    assert shown["mqtt"] == {
        "profile": "hivemq3",
        "connections": 1,
        "sessions": 2,
        "subscriptions": 2,
        "queued": 8,
        "dropped": 0,
        "retained": 0,
    }
    assert desk.caller.backend.estate.caas.password not in repr(shown)


def test_caller_of_a_world_without_the_broker_is_as_before(caller_of: MakeCaller) -> None:
    caller = caller_of()
    assert caller.world.clock.timers == 0
    caller.world.reset()
    assert caller.world.clock.timers == 0
