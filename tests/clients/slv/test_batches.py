"""Waiting for a batch, by the client's own clock."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest
from tests.clients.django_fake import FakeClock, answer_lost, status
from tests.clients.slv.fake_vendor import FakeVendor, body

from vendorlab.clients.slv import (
    BatchResult,
    DeadlineExceeded,
    NetworkError,
    OperationFailed,
    RetryPolicy,
    ServerError,
    UsageError,
)

if TYPE_CHECKING:
    from tests.clients.faces import Face, MakeFace


def wait(face: Face, batch: Any, **options: Any) -> BatchResult:
    result = batch.wait(**options)
    return result if isinstance(result, BatchResult) else face._runner.run(result)


@pytest.mark.parametrize("begin", [("commission", "C1"), ("import_csv", "a;b"), ("commission_scheduler", 18, "C1")])
def test_batch_is_looked_at_until_it_has_ended(
    face: Face, vendor: FakeVendor, clock: FakeClock, begin: tuple[Any, ...]
) -> None:
    vendor.batch_looks = 4
    batch = face(*begin)
    assert batch.result.running
    result = wait(face, batch, every=5)
    assert (result.batch_id, result.running, result.status) == ("b1", False, "OK")
    assert batch.result is result
    assert result.extra == {"batchProgressValue": -1}
    assert clock.slept == [5, 5, 5]


def test_batch_may_be_waited_for_by_its_id(face: Face, vendor: FakeVendor) -> None:
    vendor.batch_looks = 3
    batch = face("batch", "b7")
    assert batch.id == "b7"
    assert wait(face, batch).batch_id == "b7"


def test_batch_that_goes_on_is_left_at_the_deadline_and_may_be_waited_for_again(
    face: Face, vendor: FakeVendor, clock: FakeClock
) -> None:
    vendor.batch_looks = 6
    batch = face("commission", "C1")
    with pytest.raises(DeadlineExceeded, match="batch b1 still runs after 7 s"):
        wait(face, batch, every=3, deadline=7)
    assert clock.slept == [3, 3, 1]
    assert not wait(face, batch, every=3).running


def test_deadline_of_nought_looks_once(face: Face, vendor: FakeVendor, clock: FakeClock) -> None:
    vendor.batch_looks = 1
    assert not wait(face, face("commission", "C1"), deadline=0).running
    assert clock.slept == []


@pytest.mark.parametrize(
    "ended",
    [
        {"batchId": "b1", "batchRunning": False, "status": "ERROR", "message": "no such lamp"},
        {"batchId": "b1", "batchRunning": False, "status": "ERROR", "message": "no such lamp", "errorCode": "12"},
    ],
    ids=["status", "code"],
)
def test_batch_that_ended_with_an_error_is_an_exception(face: Face, vendor: FakeVendor, ended: dict[str, Any]) -> None:
    batch = face("commission", "C1")
    vendor.answers["getBatchResult"] = body(ended)
    with pytest.raises(OperationFailed, match="no such lamp") as caught:
        wait(face, batch)
    assert caught.value.code == int(ended.get("errorCode", 0))


@pytest.mark.parametrize("fault", [answer_lost, status(503)], ids=["lost", "503"])
def test_outage_is_waited_out_until_the_deadline(make_face: MakeFace, vendor: FakeVendor, fault: Any) -> None:
    face = make_face(retry=RetryPolicy(attempts=1))
    batch = face("commission", "C1")
    vendor.faults.extend([fault, None, fault])
    vendor.batch_looks = 4
    assert wait(face, batch).status == "OK"
    vendor.faults.extend([fault] * 9)
    with pytest.raises((NetworkError, ServerError)):
        wait(face, batch, deadline=5)


def test_trouble_that_is_an_answer_ends_the_waiting(face: Face, vendor: FakeVendor, clock: FakeClock) -> None:
    batch = face("commission", "C1")
    vendor.answers["getBatchResult"] = httpx.Response(500, text="no batch b1")
    with pytest.raises(ServerError, match="no batch b1"):
        wait(face, batch)
    assert clock.slept == []


@pytest.mark.parametrize(
    "options", [{"every": 0}, {"every": float("nan")}, {"deadline": -1}, {"deadline": float("nan")}], ids=str
)
def test_waiting_that_could_not_end_is_refused(face: Face, options: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        wait(face, face("commission", "C1"), **options)


def test_session_that_ends_while_waiting_is_renewed(face: Face, vendor: FakeVendor) -> None:
    vendor.batch_looks = 3
    batch = face("commission", "C1")
    vendor.end_sessions()
    assert not wait(face, batch).running
    assert vendor.logins() == 2
