"""Every exchange as an OpenTelemetry span, in the caller's own trace if it sent a ``traceparent``; the extra ``otel``.

What a vendor sends by itself is in the trace of the exchange that brought it about, and what it sends carries the trace
on. A span says what the journal says, so it holds no secret. Its times are real ones: the world's is an attribute.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from vendorlab import __version__
from vendorlab.mocks.core.clock import iso
from vendorlab.mocks.core.traces import PARENT, Span

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from opentelemetry import trace as api

    from vendorlab.mocks.core.journal import Entry, Journal
    from vendorlab.mocks.core.world import World

MOST_OPEN = 10_000
"""Spans of one world that have begun; beyond, the oldest is ended: what it was begun for was lost."""

_KINDS = (SpanKind.SERVER, SpanKind.CLIENT)
_NANO = 1_000_000_000
_PROPAGATOR = TraceContextTextMapPropagator()


def trace(journal: Journal, provider: api.TracerProvider, world: str | None = None) -> Callable[[], None]:
    """Make a span of each exchange that a world's journal takes from now on.

    Args:
        journal: such as ``lab.journal``.
        provider: where the spans go, such as one with a ``BatchSpanProcessor``; it must not block.
        world: a name for the world, for an attribute.

    Returns:
        What ends it.
    """
    recorder = _Recorder(provider.get_tracer("vendorlab", __version__), world)
    journal.spans.recorder = recorder.begin
    journal.listener = recorder.tell

    def end() -> None:
        journal.spans.recorder = journal.listener = None

    return end


@contextmanager
def exported() -> Generator[Callable[[str, World], object]]:
    """Send spans to a collector by OTLP, told where by OpenTelemetry's own environment variables.

    Yields:
        What takes a world and its name, whose exchanges are sent from then on.
    """
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415  making spans needs no more than its API
    from opentelemetry.sdk.trace import TracerProvider as Provider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    provider = Provider(resource=Resource.create({"service.name": "vendorlab"}), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    try:
        yield lambda name, world: trace(world.journal, provider, name)
    finally:
        provider.shutdown()


class _Recorder:
    """Makes the spans of one world; called under its lock.

    Args:
        tracer: makes them.
        world: its name, if it has one.
    """

    def __init__(self, tracer: api.Tracer, world: str | None) -> None:
        self._tracer = tracer
        self._world = {} if world is None else {"vendorlab.world": world}
        self._open: dict[str, api.Span] = {}

    def begin(self, cause: Span | None, out: bool) -> Span | None:
        """Begin a span, and say which; what it is about is known when it ends. None where a provider makes none."""
        context = _PROPAGATOR.extract(dict(cause.headers) if cause else {})
        begun = self._tracer.start_span("vendorlab", context, _KINDS[out])
        known = begun.get_span_context()
        if not known.is_valid:
            return None
        span = Span(f"{known.trace_id:032x}", f"{known.span_id:016x}", f"{known.trace_flags:02x}")
        if len(self._open) >= MOST_OPEN:
            self._open.pop(next(iter(self._open))).end()
        self._open[span.parent] = begun
        return span._replace(state=cause.state) if cause else span

    def tell(self, entry: Entry) -> None:
        """End the span of an exchange; what has none, such as a repetition or another protocol's packet, gets one."""
        end = time.time_ns()
        span = self._open.pop(str(entry.detail.get("span")), None)
        if span is None:
            context = _PROPAGATOR.extract({PARENT: str(entry.detail.get(PARENT, ""))})
            start = end - round(entry.duration * _NANO)
            kind = _KINDS[entry.protocol == "webhook"]
            span = self._tracer.start_span("vendorlab", context, kind, start_time=start)
        span.update_name(f"{entry.vendor} {entry.operation}")
        span.set_attributes(_attributes(entry) | self._world)
        if _failed(entry):
            span.set_status(Status(StatusCode.ERROR, entry.cause))
        span.end(end)


def _failed(entry: Entry) -> bool:
    """Whether it is an error for who made the span: of what is asked of a server, only what it could not do."""
    if entry.protocol == "webhook":
        return not 200 <= entry.status < 300
    return entry.protocol == "http" and entry.status >= 500


def _attributes(entry: Entry) -> dict[str, Any]:
    found: dict[str, Any] = {
        "network.protocol.name": entry.protocol,
        "vendorlab.vendor": entry.vendor,
        "vendorlab.operation": entry.operation,
        "vendorlab.cause": entry.cause,
        "vendorlab.seq": entry.seq,
        "vendorlab.world_time": iso(entry.at),
    }
    if entry.protocol in ("http", "webhook"):
        found["http.request.method"] = entry.method
        found["url.path" if entry.protocol == "http" else "url.full"] = entry.path
        if entry.status:
            found["http.response.status_code"] = entry.status
    if entry.fault:
        found["vendorlab.fault"] = entry.fault
    return found
