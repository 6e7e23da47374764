from collections.abc import Iterator

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from common import message_spans, telemetry

SUBJECT = "securetranscribe.events.v1.session_1.job.job_1.completed"


@pytest.fixture
def spans(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    monkeypatch.setattr(telemetry, "tracer", lambda: provider.get_tracer("test"))
    yield exporter
    provider.shutdown()


def named(spans: InMemorySpanExporter, name: str) -> ReadableSpan:
    (found,) = [span for span in spans.get_finished_spans() if span.name == name]
    return found


def context(span: ReadableSpan) -> trace.SpanContext:
    found = span.get_span_context()
    assert found is not None
    return found


def test_trace_continues_through_a_message(spans: InMemorySpanExporter) -> None:
    with (
        telemetry.tracer().start_as_current_span("sender"),
        message_spans.publishing(SUBJECT, {"Nats-Msg-Id": "1"}) as headers,
    ):
        pass
    with message_spans.receiving(SUBJECT, headers):
        pass
    assert headers["Nats-Msg-Id"] == "1"
    sender, published, received = (
        named(spans, name) for name in ("sender", "publish events", "receive events")
    )
    assert published.parent == context(sender)
    assert received.parent is not None
    assert received.parent.span_id == context(published).span_id
    assert published.kind is trace.SpanKind.PRODUCER
    assert received.kind is trace.SpanKind.CONSUMER
    assert published.attributes is not None
    assert published.attributes["messaging.system"] == "nats"
    assert published.attributes["messaging.destination.name"] == SUBJECT


def test_trace_of_a_message_takes_precedence(
    spans: InMemorySpanExporter,
) -> None:
    with telemetry.tracer().start_as_current_span("origin"):
        kept = telemetry.inject()
    with (
        telemetry.tracer().start_as_current_span("relay"),
        message_spans.publishing(SUBJECT, kept) as headers,
    ):
        pass
    assert named(spans, "publish events").parent is not None
    origin = context(named(spans, "origin"))
    assert headers["traceparent"].split("-")[1] == trace.format_trace_id(origin.trace_id)
    assert headers["traceparent"] != kept["traceparent"]


def test_there_is_no_span_without_a_trace(spans: InMemorySpanExporter) -> None:
    with message_spans.publishing(SUBJECT, {"a": "b"}) as headers:
        pass
    with message_spans.receiving(SUBJECT, None):
        pass
    assert headers == {"a": "b"}
    assert spans.get_finished_spans() == ()


def test_statement_has_a_span_only_within_a_trace(spans: InMemorySpanExporter) -> None:
    with telemetry.statement("SELECT 1"):
        pass
    assert spans.get_finished_spans() == ()
    with (
        telemetry.tracer().start_as_current_span("request"),
        telemetry.statement("\nSELECT name\n  FROM speakers WHERE id = %s\n"),
    ):
        pass
    found = named(spans, "postgres SELECT")
    assert found.parent == context(named(spans, "request"))
    assert found.attributes is not None
    assert found.attributes["db.query.text"] == "SELECT name FROM speakers WHERE id = %s"
