"""All worlds as Prometheus reads them: prometheus-client writes the form, this says what is told.

Labels hold names of ours alone (worlds, vendors, operations, causes), never what a caller sent; how many series there
may be is bounded by ``tally``.
"""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, InfoMetricFamily
from prometheus_client.exposition import generate_latest

from ..clock import SECOND
from ..tally import BOUNDS, Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prometheus_client.core import Metric

    from ..world import World
    from ..worlds import Worlds

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_LIMITS = (*(str(bound) for bound in BOUNDS), "+Inf")
_LABELS = ["world", "vendor", "protocol"]


def render(worlds: Worlds, version: str) -> bytes:
    """Every metric of every world, in Prometheus' text form."""
    registry = CollectorRegistry()
    registry.register(_Collector(worlds, version))
    return generate_latest(registry)


class _Collector:
    """What prometheus-client asks for the metrics."""

    def __init__(self, worlds: Worlds, version: str) -> None:
        self._worlds = worlds
        self._version = version

    def collect(self) -> Iterator[Metric]:
        """Every metric."""
        worlds = self._worlds.all()
        yield InfoMetricFamily("vendorlab", "Which vendorlab this is.", {"version": self._version})
        yield _exchanges(worlds)
        yield _seconds(worlds)
        listening = GaugeMetricFamily(
            "vendorlab_listener_up", "1 while an address accepts.", labels=["world", "address"]
        )
        for name, world in worlds.items():
            for address, _, accepting in world.listeners():
                listening.add_metric([name, address], float(accepting))
        yield listening
        yield from _of_clocks(worlds)


def _exchanges(worlds: dict[str, World]) -> Metric:
    family = CounterMetricFamily(
        "vendorlab_exchanges",
        "Exchanges by how they ended; a reset of the world does not take them back.",
        labels=[*_LABELS, "operation", "status", "cause", "faulted"],
    )
    for name, world in worlds.items():
        for values, count in dict(world.journal.tally.kinds).items():
            kind = Kind._make(values)
            faulted = "yes" if kind.faulted else "no"
            labels = [name, kind.vendor, kind.protocol, kind.operation, str(kind.status), kind.cause, faulted]
            family.add_metric(labels, count)
    return family


def _seconds(worlds: dict[str, World]) -> Metric:
    family = HistogramMetricFamily(
        "vendorlab_exchange_seconds", "Real seconds that answering took, without pauses on the wire.", labels=_LABELS
    )
    for name, world in worlds.items():
        for (vendor, protocol), times in dict(world.journal.tally.times).items():
            cumulated = list(zip(_LIMITS, map(float, accumulate(times.buckets)), strict=True))
            family.add_metric([name, vendor, protocol], cumulated, times.total)
    return family


def _of_clocks(worlds: dict[str, World]) -> Iterator[Metric]:
    told: tuple[tuple[str, str, Callable[[World], float]], ...] = (
        ("vendorlab_clock_seconds", "The world's time, in seconds since 1970.", lambda w: w.clock.micros() / SECOND),
        ("vendorlab_clock_rate", "World seconds per real second; 0 while it is frozen.", lambda w: w.clock.rate),
        ("vendorlab_timers", "Timers that wait.", lambda w: float(w.clock.timers)),
        ("vendorlab_faults", "Faults in force.", lambda w: float(len(w.faults.rules()))),
    )
    for name, text, read in told:
        family = GaugeMetricFamily(name, text, labels=["world"])
        for world_name, world in worlds.items():
            family.add_metric([world_name], read(world))
        yield family
