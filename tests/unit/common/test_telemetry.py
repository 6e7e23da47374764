import prometheus_client
import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider

from common import telemetry


@pytest.fixture
def tracer() -> trace.Tracer:
    return TracerProvider().get_tracer("test")


def test_trace_is_passed_in_headers(tracer: trace.Tracer) -> None:
    with tracer.start_as_current_span("sender") as sender:
        headers = telemetry.inject()
        sent = sender.get_span_context()

    with tracer.start_as_current_span("receiver", context=telemetry.extract(headers)) as receiver:
        assert receiver.get_span_context().trace_id == sent.trace_id
        assert receiver.parent is not None  # type: ignore[attr-defined]
        assert receiver.parent.span_id == sent.span_id  # type: ignore[attr-defined]


def test_there_are_no_headers_without_a_trace() -> None:
    assert telemetry.inject() == {}


@pytest.mark.parametrize("headers", [None, {}, {"traceparent": "nonsense"}])
def test_headers_without_a_trace_start_a_new_one(
    tracer: trace.Tracer, headers: dict[str, str] | None
) -> None:
    with tracer.start_as_current_span("receiver", context=telemetry.extract(headers)) as span:
        assert span.parent is None  # type: ignore[attr-defined]
        assert span.get_span_context().is_valid


@pytest.mark.parametrize(("endpoint", "recorded"), [("", False), ("http://127.0.0.1:1", True)])
def test_spans_are_recorded_for_an_exporter_only(endpoint: str, *, recorded: bool) -> None:
    provider = telemetry.provider_of("test", endpoint)
    span = provider.get_tracer("test").start_span("call")  # never ended, so nothing is exported

    with trace.use_span(span):
        headers = telemetry.inject()

    assert span.is_recording() is recorded
    assert headers["traceparent"].split("-")[1] == format(span.get_span_context().trace_id, "032x")
    provider.shutdown()


def test_metric_names_have_prefix_and_unit() -> None:
    metrics = [
        value
        for value in vars(telemetry).values()
        if isinstance(
            value,
            prometheus_client.Histogram | prometheus_client.Gauge | prometheus_client.Counter,
        )
    ]

    assert metrics
    for metric in metrics:
        (described,) = metric.describe()
        assert described.name.startswith("securetranscribe_")
        assert described.documentation.endswith(".")
        if isinstance(metric, prometheus_client.Histogram):
            assert described.name.endswith(("_seconds", "_factor", "_items"))


def test_buckets_increase() -> None:
    assert list(telemetry.SECONDS) == sorted(set(telemetry.SECONDS))
