"""Metrics, spans and trace headers of all services, and the set-up of tracing and metrics."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import grpc.aio
from opentelemetry import propagate, trace
from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.grpc import aio_server_interceptor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, DEFAULT_ON
from prometheus_client import Counter, Gauge, Histogram, start_http_server

from common import client_tracing

SECONDS = (0.005, 0.02, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200)
LIVE_SECONDS = (0.2, 0.3, 0.5, 0.7, 1, 1.5, 2, 3, 5, 10, 30)

RPC_SECONDS = Histogram(
    "securetranscribe_rpc_seconds",
    "Duration of gRPC calls on the server.",
    ["method", "code"],
    buckets=SECONDS,
)
RPC_IN_FLIGHT = Gauge("securetranscribe_rpc_in_flight", "gRPC calls being served.")
HTTP_SECONDS = Histogram(
    "securetranscribe_http_seconds",
    "Duration of HTTP requests.",
    ["method", "route", "status"],
    buckets=SECONDS,
)
WEBSOCKETS = Gauge("securetranscribe_websockets", "Open WebSocket connections.")
WEBSOCKETS_DROPPED = Counter(
    "securetranscribe_websockets_dropped_total",
    "WebSocket connections closed because the client read too slowly.",
)
RATE_LIMITED = Counter(
    "securetranscribe_rate_limited_total", "Requests refused by a rate limit.", ["group"]
)
SESSIONS_CREATED = Counter("securetranscribe_sessions_created_total", "Sessions created.")
EVENT_LOOP_LAG_SECONDS = Histogram(
    "securetranscribe_event_loop_lag_seconds",
    "Delay of a timer of the event loop.",
    buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1),
)
EVENT_LOOP_BUSY_SECONDS = Histogram(
    "securetranscribe_event_loop_busy_seconds",
    "The most of the lag that the loop's own thread can have spent computing.",
    buckets=(0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1),
)
UPLOADED_BYTES = Counter("securetranscribe_uploaded_bytes_total", "Bytes of accepted uploads.")
QUEUE_DEPTH = Gauge("securetranscribe_queue_depth", "Jobs by status.", ["status"])
TASKS_OUTSTANDING = Gauge(
    "securetranscribe_tasks_outstanding", "Unfinished tasks by stage.", ["stage"]
)
WORKERS = Gauge("securetranscribe_workers", "Live workers by stage.", ["stage"])
OUTBOX_MESSAGES = Gauge(
    "securetranscribe_outbox_messages", "Messages in the outbox, not published yet."
)
JOB_WAIT_SECONDS = Histogram(
    "securetranscribe_job_wait_seconds", "Time from queued to started.", buckets=SECONDS
)
JOB_SECONDS = Histogram(
    "securetranscribe_job_seconds", "Time from started to ended.", ["status"], buckets=SECONDS
)
TASK_SECONDS = Histogram(
    "securetranscribe_task_seconds",
    "Duration of tasks on workers.",
    ["stage", "outcome"],
    buckets=SECONDS,
)
WORKER_BUSY = Gauge("securetranscribe_worker_busy", "Tasks that the worker has.", ["stage"])
BATCH_SIZE = Histogram(
    "securetranscribe_batch_items",
    "Inputs of a model that were computed together.",
    ["model"],
    buckets=(1, 2, 4, 8, 16, 32, 64, 128),
)
BATCH_WAIT_SECONDS = Histogram(
    "securetranscribe_batch_wait_seconds",
    "Time from an input's arrival to the start of its batch.",
    ["model"],
    buckets=SECONDS,
)
BATCH_QUEUE = Gauge("securetranscribe_batch_queue", "Inputs that wait for their batch.", ["model"])
BATCH_LIMIT = Gauge("securetranscribe_batch_limit", "Most inputs per batch at present.", ["model"])
BATCH_HALVINGS = Counter(
    "securetranscribe_batch_halvings_total",
    "Batches halved because memory was short.",
    ["model"],
)
BATCH_SPLITS = Counter(
    "securetranscribe_batch_splits_total",
    "Failed batches whose inputs were repeated one by one.",
    ["model"],
)
GPU_MEMORY = Gauge("securetranscribe_gpu_memory_bytes", "Memory of a graphics card.", ["gpu"])
GPU_MEMORY_USED = Gauge(
    "securetranscribe_gpu_memory_used_bytes",
    "Memory of a graphics card in use by any program.",
    ["gpu"],
)
REAL_TIME_FACTOR = Histogram(
    "securetranscribe_real_time_factor",
    "Seconds of processing per second of audio (RTF).",
    ["stage"],
    buckets=(0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5),
)
ITEM_FAILURES = Counter(
    "securetranscribe_item_failures_total",
    "Failed attempts at single items of background steps.",
    ["step"],
)
ITEMS_SET_ASIDE = Gauge(
    "securetranscribe_items_set_aside",
    "Items set aside by a background step after repeated failures, until a person retries them.",
    ["step"],
)
STEP_FAILURES = Counter(
    "securetranscribe_step_failures_total",
    "Background steps that ended with an unexpected error outside any single item.",
    ["step"],
)
AUDIT_WAITING = Gauge(
    "securetranscribe_audit_waiting", "Entries of the audit log that are not published yet."
)
AUDIT_LOST = Counter(
    "securetranscribe_audit_lost_total",
    "Entries of the audit log that were lost, because too many waited or the process ended.",
)
WEBHOOK_SECONDS = Histogram(
    "securetranscribe_webhook_seconds",
    "Duration of requests to webhooks.",
    ["outcome"],
    buckets=(0.02, 0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10),
)
WEBHOOKS_GIVEN_UP = Counter(
    "securetranscribe_webhook_deliveries_given_up_total",
    "Deliveries of webhooks that failed for good.",
)
WEBHOOKS = Gauge(
    "securetranscribe_webhooks", "Webhooks that are active, and paused after failures.", ["state"]
)
LIVE_STREAMS = Gauge("securetranscribe_live_streams", "Live streams of the worker.")
LIVE_REFUSED = Counter(
    "securetranscribe_live_refused_total",
    "Live streams refused by a worker at its limit.",
    ["reason"],
)
LIVE_FIRST_SECONDS = Histogram(
    "securetranscribe_live_first_seconds",
    "Time from the beginning of an utterance to its first words.",
    buckets=LIVE_SECONDS,
)
LIVE_FINAL_SECONDS = Histogram(
    "securetranscribe_live_final_seconds",
    "Time from the end of the last word of a final result to the result.",
    buckets=LIVE_SECONDS,
)
SEARCH_UNEMBEDDED = Gauge(
    "securetranscribe_search_unembedded",
    "Texts that the search finds only by their words so far.",
)
PLAYBACK_COPIES = Counter(
    "securetranscribe_playback_copies_total", "Playback copies by outcome.", ["outcome"]
)
VOICE_MATCHES = Counter(
    "securetranscribe_voice_matches_total",
    "Voices of recordings by the outcome of recognition.",
    ["outcome"],
)


def configure(*, service: str, otlp_endpoint: str, metrics_host: str, metrics_port: int) -> None:
    """Start tracing (exported when an OTLP endpoint is given) and the metrics port (0 is off)."""
    provider = provider_of(service, otlp_endpoint)
    trace.set_tracer_provider(provider)
    if metrics_port:
        start_http_server(metrics_port, addr=metrics_host)


def provider_of(service: str, otlp_endpoint: str) -> TracerProvider:
    """Return the provider of a service's spans.

    Without an endpoint, spans only have the ids that logs and events carry. Nothing else of them
    is recorded, since nobody would see it.
    """
    provider = TracerProvider(
        sampler=DEFAULT_ON if otlp_endpoint else ALWAYS_OFF,
        resource=Resource.create({"service.name": f"securetranscribe-{service}"}),
    )
    if otlp_endpoint:
        exporter = OTLPSpanExporter(
            endpoint=otlp_endpoint, insecure=otlp_endpoint.startswith("http://")
        )
        provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider


def shutdown() -> None:
    """Export the remaining spans."""
    provider = trace.get_tracer_provider()
    if isinstance(provider, TracerProvider):
        provider.shutdown()


def tracer() -> trace.Tracer:
    """Return the tracer of this code base."""
    return trace.get_tracer("securetranscribe")


def inject() -> dict[str, str]:
    """Return headers with the current trace."""
    headers: dict[str, str] = {}
    propagate.inject(headers)
    return headers


def extract(headers: dict[str, str] | None) -> Any:
    """Return the trace context written into headers by `inject`."""
    return propagate.extract(headers or {})


@contextlib.contextmanager
def statement(sql: str) -> Iterator[None]:
    """Open a span around an SQL statement within a trace. Background polling leaves no span.

    The span holds the constant text of the statement, without its parameters.
    """
    if not trace.get_current_span().is_recording():
        yield
        return
    words = sql.split()
    with tracer().start_as_current_span(
        f"postgres {words[0]}",
        kind=trace.SpanKind.CLIENT,
        attributes={"db.system.name": "postgresql", "db.query.text": " ".join(words)},
    ):
        yield


def server_interceptor() -> grpc.aio.ServerInterceptor:
    """Return an interceptor that continues the caller's trace, except in health checks.

    Spans of health checks are noise, and the library breaks the streaming one.
    """
    interceptor: grpc.aio.ServerInterceptor = aio_server_interceptor(  # type: ignore[no-untyped-call]
        filter_=lambda call: not call.method.startswith("/grpc.health.")
    )
    return interceptor


def client_interceptors() -> Sequence[grpc.aio.ClientInterceptor]:
    """Return interceptors that pass the current trace on to a gRPC server."""
    return client_tracing.interceptors()
