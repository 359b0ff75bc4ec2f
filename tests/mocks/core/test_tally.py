"""What is counted of exchanges, and that it stays bounded whatever is sent."""

from __future__ import annotations

from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from vendorlab.mocks.core.control.metrics import render
from vendorlab.mocks.core.journal import Journal
from vendorlab.mocks.core.tally import MOST_KINDS, OTHER, Tally


def entry(operation: str = "whoami", status: int = 200, duration: float = 0.001, fault: str | None = None) -> Any:
    return (0, "slv", "http", operation, "GET", "/", "", "", "ada", status, "ok", fault, duration, {})


def test_exchanges_are_counted_by_kind_and_whether_a_fault_struck() -> None:
    tally = Tally()
    for fault in (None, "one", "two"):
        tally.count(entry(fault=fault))
    assert tally.kinds == {
        ("slv", "http", "whoami", 200, "ok", False): 1,
        ("slv", "http", "whoami", 200, "ok", True): 2,
    }


@pytest.mark.parametrize(("duration", "bucket"), [(0.0, 0), (0.0001, 0), (0.00011, 1), (1.0, 11), (1.1, 12)])
def test_a_duration_falls_into_the_bucket_whose_bound_it_does_not_exceed(duration: float, bucket: int) -> None:
    tally = Tally()
    tally.count(entry(duration=duration))
    assert tally.times["slv", "http"].buckets.index(1) == bucket
    assert tally.times["slv", "http"].total == duration


def test_kinds_beyond_the_bound_are_one() -> None:
    tally = Tally()
    for number in range(MOST_KINDS + 50):
        tally.count(entry(str(number)))
    tally.count(entry("0"))
    assert len(tally.kinds) == MOST_KINDS + 1
    assert tally.kinds["slv", "http", OTHER, 0, OTHER, False] == 50
    assert tally.kinds["slv", "http", "0", 200, "ok", False] == 2
    assert sum(tally.times["slv", "http"].buckets) == MOST_KINDS + 51


def test_journal_that_forgets_keeps_its_counts() -> None:
    journal = Journal(size=2)
    for _ in range(5):
        journal.add(*entry())
    journal.clear()
    journal.restart()
    assert (journal.last, list(journal.tally.kinds.values())) == (0, [5])


def test_metrics_are_what_prometheus_reads() -> None:
    from vendorlab import world

    with world("slv") as lab:
        lab.journal.add(*entry(duration=0.2))

        class Both:
            def all(self) -> Any:
                return {"main": lab.world, 'odd"\\name': lab.world}

        text = render(Both(), "1.2").decode()  # type: ignore[arg-type]
        families = {family.name: family for family in text_string_to_metric_families(text)}
        (counted, other) = families["vendorlab_exchanges"].samples
        assert (counted.value, counted.labels["faulted"], counted.labels["status"]) == (1, "no", "200")
        assert other.labels["world"] == 'odd"\\name'
        seconds = {
            (one.name.rpartition("_")[2], one.labels.get("le")): one.value
            for one in families["vendorlab_exchange_seconds"].samples
        }
        assert (seconds["bucket", "0.1"], seconds["bucket", "0.25"], seconds["bucket", "+Inf"]) == (0, 1, 1)
        assert (seconds["count", None], seconds["sum", None]) == (1, 0.2)
        assert families["vendorlab_clock_seconds"].samples[0].value == pytest.approx(lab.clock.micros() / 1e6, abs=1)
        assert families["vendorlab_info"].samples[0].labels == {"version": "1.2"}
