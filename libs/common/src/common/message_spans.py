"""Spans around messages over NATS, so that a trace continues through them.

A message carries its trace in its headers. A message without one, such as a heartbeat, leaves no
span.
"""

import contextlib
from collections.abc import Iterator, Mapping

from opentelemetry import propagate, trace
from opentelemetry.context import Context

from common import telemetry

_TRACE_HEADER = "traceparent"


@contextlib.contextmanager
def publishing(subject: str, headers: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """Open a span around publishing a message. Yield its headers with the trace in them.

    A trace in the given headers, as in an outbox, takes precedence over the current one.
    """
    given = dict(headers)
    context = telemetry.extract(given) if _TRACE_HEADER in given else None
    if not trace.get_current_span(context).get_span_context().is_valid:
        yield given
        return
    with _span("publish", subject, context, trace.SpanKind.PRODUCER):
        propagate.inject(given)
        yield given


@contextlib.contextmanager
def receiving(subject: str, headers: Mapping[str, str] | None) -> Iterator[None]:
    """Open a span around handling a received message, in the trace of its publisher."""
    if _TRACE_HEADER not in (headers or {}):
        yield
        return
    with _span("receive", subject, telemetry.extract(dict(headers or {})), trace.SpanKind.CONSUMER):
        yield


def _span(
    operation: str, subject: str, context: Context | None, kind: trace.SpanKind
) -> contextlib.AbstractContextManager[trace.Span]:
    return telemetry.tracer().start_as_current_span(
        # The rest of a subject names sessions and jobs. Span names must stay few.
        f"{operation} {subject.split('.')[1]}",
        context=context,
        kind=kind,
        attributes={
            "messaging.system": "nats",
            "messaging.operation.name": operation,
            "messaging.destination.name": subject,
        },
    )
