"""The Data Platform's reference client on the fake: renewals, outages, long walks, and nothing lost between them."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Any

import pytest

import vendorlab
from vendorlab.clients.itron import LoginRefused, NotFound, TokenRefused
from vendorlab.mocks.core.rules import parse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from vendorlab.clients.itron import DataPlatformClient, Observation
    from vendorlab.lab import Lab

START = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def lab() -> Iterator[Lab]:
    with vendorlab.world("itron", seed=7, start=START, rate=0) as made:
        yield made


def client_of(lab: Lab, **options: Any) -> Any:
    """A client whose clock is the world's, and whose sleep turns it."""
    timing = {"clock": lambda: lab.clock.now().timestamp(), "sleep": lab.clock.advance}
    return lab.itron.client(**timing | options)


def posted(client: DataPlatformClient, count: int, device: str | None = None) -> str:
    """A device with so many observations, a minute apart, the newest at START."""
    device = device or client.create_device("SensorTag", {"modelName": "CC2650"}).id
    first = START - (count - 1) * MINUTE
    assert client.post(device, ({"timestamp": first + n * MINUTE, "n": n} for n in range(count))) == count
    return device


def numbers(observations: Iterator[Observation]) -> list[Any]:
    return [observation["n"] for observation in observations]


def tokens(lab: Lab) -> int:
    return len(lab.journal.find(operation="token", status=200))


def test_client_reads_everything_that_is_there(lab: Lab) -> None:
    with client_of(lab) as client:
        devices = client.devices()
        assert {device.device_type for device in devices} == {"MILLI", "SensorTag"}
        assert [client.device(device.id) for device in devices] == devices
        mesh = [device for device in devices if device.mac]
        assert all(next(client.observations(device.id)).device_id == device.id for device in mesh)
        assert {observation.device_id for observation in client.latest()} <= {device.id for device in devices}
        assert client.templates() == []
        assert client.static_templates()
    assert tokens(lab) == 1


def test_empty_solution_is_an_empty_list_and_begins_with_its_first_device(lab: Lab) -> None:
    with client_of(lab, solution="garden") as client:
        assert client.devices() == []
        device = client.create_device("SensorTag", {})
        assert [found.id for found in client.devices()] == [device.id]
        assert client.delete_device(device.id)
        assert not client.delete_device(device.id)
        with pytest.raises(NotFound):
            client.device(device.id)


def test_walk_of_many_pages_has_each_observation_once_newest_first_through_a_tokens_end(lab: Lab) -> None:
    with client_of(lab) as client:
        device = posted(client, 2_500)
        walk = client.observations(device, START - timedelta(days=30), START + MINUTE, limit=100)
        found = numbers(islice(walk, 1_000))
        lab.clock.advance(3_601)
        found += numbers(walk)
    assert found == list(reversed(range(2_500)))
    assert tokens(lab) == 2


def test_token_is_renewed_before_its_hour_is_over_and_once_after_a_revocation(lab: Lab) -> None:
    with client_of(lab) as client:
        client.devices()
        lab.clock.advance(3_545)
        client.devices()
        assert tokens(lab) == 2
        issued = lab.itron.backend.tokens
        assert issued is not None
        for token in list(issued.all()):
            issued.revoke(token)
        client.devices()
    assert tokens(lab) == 3
    assert [entry.status for entry in lab.journal.find(operation="devices")] == [200, 200, 401, 200]


def test_platform_that_refuses_every_token_is_no_loop(lab: Lab) -> None:
    lab.faults.add(parse({"match": {"operation": "devices"}, "action": {"kind": "status", "status": 401}}))
    with client_of(lab) as client, pytest.raises(TokenRefused):
        client.devices()
    assert tokens(lab) == 2


def test_wrong_secret_is_told_and_asked_once(lab: Lab) -> None:
    with client_of(lab, client_secret="wrong") as client, pytest.raises(LoginRefused):
        client.devices()
    assert len(lab.journal.find(operation="token")) == 1


def test_post_whose_answer_was_lost_is_sent_again_and_is_there_once(lab: Lab) -> None:
    with client_of(lab) as client:
        device = client.create_device("SensorTag", {}).id
        lab.faults.add(
            parse(
                {
                    "match": {"operation": "observations", "method": "POST"},
                    "when": {"nth": 1},
                    "action": {"kind": "reset", "after": 0},
                    "phase": "after",
                }
            )
        )
        assert client.post(device, [{"timestamp": START, "n": 1}]) == 1
        assert numbers(client.observations(device)) == [1]
    assert len(lab.journal.find(operation="observations", method="POST")) == 2


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_two_programs_posting_and_tailing_through_renewals_lose_no_reading(scheme: str) -> None:
    count, renewals = 400, 4
    with vendorlab.world("itron", seed=7, start=START, rate=0, tls=scheme == "https") as lab:
        with client_of(lab) as setting_up:
            device = setting_up.create_device("SensorTag", {}).id
        stop, found = threading.Event(), list[Any]()

        def rest(_seconds: float) -> None:
            stop.wait(0.001)

        def poll() -> None:
            with client_of(lab, sleep=rest) as client:
                for observation in client.tail(device, every=1, since=START - MINUTE, until=stop.is_set):
                    found.append(observation["n"])
                    if len(found) == count:
                        stop.set()

        polling = threading.Thread(target=poll)
        polling.start()
        with client_of(lab) as client:
            for n in range(count):
                client.post(device, [{"timestamp": lab.clock.now(), "n": n}])
                lab.clock.advance(renewals * 3_600 / count)
        polling.join(60)
        stop.set()
        assert sorted(found) == list(range(count))
        assert tokens(lab) >= 2 * renewals
        assert not lab.journal.find(status=500)
