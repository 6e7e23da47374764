"""Stand-in for the OpenTelemetry collector. It stores the spans of the services."""

import threading
from collections import defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import grpc
from opentelemetry.proto.collector.trace.v1 import trace_service_pb2, trace_service_pb2_grpc
from opentelemetry.proto.common.v1 import common_pb2


@dataclass(frozen=True, kw_only=True)
class Span:
    """One span, with hexadecimal ids and times in seconds."""

    trace_id: str
    span_id: str
    parent_id: str
    service: str
    name: str
    begun: float
    ended: float
    attributes: dict[str, str]


class SpanCollector(trace_service_pb2_grpc.TraceServiceServicer):
    """A server on a free port that stores every received span."""

    def __init__(self) -> None:
        self._spans: list[Span] = []
        self._changed = threading.Condition()
        self._server = grpc.server(ThreadPoolExecutor(2))
        trace_service_pb2_grpc.add_TraceServiceServicer_to_server(self, self._server)  # type: ignore[no-untyped-call]
        self.port = self._server.add_insecure_port("127.0.0.1:0")

    @property
    def endpoint(self) -> str:
        """Value of OTEL_EXPORTER_OTLP_ENDPOINT for services."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start listening."""
        self._server.start()

    def stop(self) -> None:
        """Stop listening."""
        self._server.stop(None).wait()

    def Export(  # noqa: N802 - a name of the protocol
        self,
        request: trace_service_pb2.ExportTraceServiceRequest,
        context: grpc.ServicerContext,
    ) -> trace_service_pb2.ExportTraceServiceResponse:
        """Store a batch of spans."""
        with self._changed:
            self._spans += _spans(request)
            self._changed.notify_all()
        return trace_service_pb2.ExportTraceServiceResponse()

    def trace(self, trace_id: str, *, last: str, within_seconds: float) -> list[Span]:
        """Return the spans of a trace, in order of time, once it has `last` and all parents.

        After the timeout, return the spans so far.
        """
        with self._changed:
            self._changed.wait_for(
                lambda: _complete(self._of(trace_id), last), timeout=within_seconds
            )
            return sorted(self._of(trace_id), key=lambda span: span.begun)

    def all(self, *, named: str, within_seconds: float) -> list[Span]:
        """Return all spans so far, once one of them has this name.

        After the timeout, return the spans so far.
        """
        with self._changed:
            self._changed.wait_for(
                lambda: any(span.name == named for span in self._spans), timeout=within_seconds
            )
            return list(self._spans)

    def _of(self, trace_id: str) -> list[Span]:
        return [span for span in self._spans if span.trace_id == trace_id]


def tree(spans: list[Span]) -> Iterator[str]:
    """Yield a trace as lines: start and duration of each span in milliseconds, and its service."""
    children: dict[str, list[Span]] = defaultdict(list)
    known = {span.span_id for span in spans}
    for span in spans:
        children[span.parent_id if span.parent_id in known else ""].append(span)

    def lines(parent: str, depth: int) -> Iterator[str]:
        for span in children[parent]:
            after, took = span.begun - spans[0].begun, span.ended - span.begun
            service = span.service.removeprefix("securetranscribe-")
            name = f"{'  ' * depth}{span.name}"
            yield f"{after * 1000:9.1f} {took * 1000:9.1f}  {service:<20} {name}"
            yield from lines(span.span_id, depth + 1)

    yield from lines("", 0)


def _complete(spans: list[Span], last: str) -> bool:
    known = {span.span_id for span in spans} | {""}
    return last in known and all(span.parent_id in known for span in spans)


def _spans(request: trace_service_pb2.ExportTraceServiceRequest) -> Iterator[Span]:
    for resource in request.resource_spans:
        service = _text(resource.resource.attributes).get("service.name", "")
        for scope in resource.scope_spans:
            for span in scope.spans:
                yield Span(
                    trace_id=span.trace_id.hex(),
                    span_id=span.span_id.hex(),
                    parent_id=span.parent_span_id.hex(),
                    service=service,
                    name=span.name,
                    begun=span.start_time_unix_nano / 1e9,
                    ended=span.end_time_unix_nano / 1e9,
                    attributes=_text(span.attributes),
                )


def _text(attributes: Iterable[common_pb2.KeyValue]) -> dict[str, str]:
    return {one.key: one.value.string_value for one in attributes}
