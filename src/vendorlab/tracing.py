"""Every exchange as an OpenTelemetry span, in the caller's own trace if it sent a ``traceparent``; the extra ``otel``.

A span says what the journal says, so it holds no secret. Its times are real ones: the world's is an attribute.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from opentelemetry.trace import SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from vendorlab import __version__
from vendorlab.mocks.core.clock import iso

if TYPE_CHECKING:
    from collections.abc import Generator

    from opentelemetry.trace import TracerProvider

    from vendorlab.mocks.core.journal import Entry, Journal

_NANO = 1_000_000_000
_PROPAGATOR = TraceContextTextMapPropagator()


def trace(journal: Journal, provider: TracerProvider) -> None:
    """Make a span of each exchange that a world's journal takes from now on.

    Args:
        journal: such as ``lab.journal``.
        provider: where the spans go, such as one with a ``BatchSpanProcessor``; it must not block.
    """
    tracer = provider.get_tracer("vendorlab", __version__)

    def tell(entry: Entry) -> None:
        end = time.time_ns()
        context = _PROPAGATOR.extract({"traceparent": str(entry.detail.get("traceparent", ""))})
        span = tracer.start_span(
            f"{entry.vendor} {entry.operation}",
            context,
            SpanKind.SERVER,
            _attributes(entry),
            start_time=end - round(entry.duration * _NANO),
        )
        if entry.protocol == "http" and entry.status >= 500:
            span.set_status(Status(StatusCode.ERROR, entry.cause))
        span.end(end)

    journal.listener = tell


@contextmanager
def exported(journal: Journal) -> Generator[None]:
    """Send the spans of a journal to a collector by OTLP, told where by OpenTelemetry's own environment variables."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415  making spans needs no more than its API
    from opentelemetry.sdk.trace import TracerProvider as Provider  # noqa: PLC0415
    from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

    provider = Provider(resource=Resource.create({"service.name": "vendorlab"}), shutdown_on_exit=False)
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    trace(journal, provider)
    try:
        yield
    finally:
        journal.listener = None
        provider.shutdown()


def _attributes(entry: Entry) -> dict[str, Any]:
    found: dict[str, Any] = {
        "network.protocol.name": entry.protocol,
        "vendorlab.vendor": entry.vendor,
        "vendorlab.operation": entry.operation,
        "vendorlab.cause": entry.cause,
        "vendorlab.seq": entry.seq,
        "vendorlab.world_time": iso(entry.at),
    }
    if entry.protocol == "http":
        found |= {
            "http.request.method": entry.method,
            "url.path": entry.path,
            "http.response.status_code": entry.status,
        }
    if entry.fault:
        found["vendorlab.fault"] = entry.fault
    return found
