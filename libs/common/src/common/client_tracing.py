"""Carries the trace over gRPC calls, each under a span of its own.

The instrumentation library's own interceptors do more to a call than that: they wait for its
answer before they hand it out, so that it can be neither written to nor cancelled. These pass the
trace on in the metadata and leave the call alone.
"""

from collections.abc import Callable, Sequence
from typing import Any

import grpc.aio
from opentelemetry import propagate, trace

Continuation = Callable[..., Any]
Details = grpc.aio.ClientCallDetails


class TracedUnaryUnary(grpc.aio.UnaryUnaryClientInterceptor):
    """For a single request with a single response."""

    async def intercept_unary_unary(
        self, continuation: Continuation, client_call_details: Details, request: Any
    ) -> Any:
        """Starts the call with the current trace in its metadata."""
        return await _started(continuation, client_call_details, request)


class TracedUnaryStream(grpc.aio.UnaryStreamClientInterceptor):
    """For a single request with a streamed response."""

    async def intercept_unary_stream(
        self, continuation: Continuation, client_call_details: Details, request: Any
    ) -> Any:
        """Starts the call with the current trace in its metadata."""
        return await _started(continuation, client_call_details, request)


class TracedStreamUnary(grpc.aio.StreamUnaryClientInterceptor):
    """For a streamed request with a single response."""

    async def intercept_stream_unary(
        self, continuation: Continuation, client_call_details: Details, request_iterator: Any
    ) -> Any:
        """Starts the call with the current trace in its metadata."""
        return await _started(continuation, client_call_details, request_iterator)


class TracedStreamStream(grpc.aio.StreamStreamClientInterceptor):
    """For streams in both directions."""

    async def intercept_stream_stream(
        self, continuation: Continuation, client_call_details: Details, request_iterator: Any
    ) -> Any:
        """Starts the call with the current trace in its metadata."""
        return await _started(continuation, client_call_details, request_iterator)


def interceptors() -> Sequence[grpc.aio.ClientInterceptor]:
    """One for each kind of call."""
    return [TracedUnaryUnary(), TracedUnaryStream(), TracedStreamUnary(), TracedStreamStream()]


async def _started(continuation: Continuation, details: Details, request: Any) -> Any:
    method = details.method.decode() if isinstance(details.method, bytes) else details.method
    tracer = trace.get_tracer("securetranscribe")
    span = tracer.start_span(method, kind=trace.SpanKind.CLIENT)
    headers: dict[str, str] = {}
    with trace.use_span(span):
        propagate.inject(headers)
        call = await continuation(
            grpc.aio.ClientCallDetails(
                method=details.method,
                timeout=details.timeout,
                metadata=grpc.aio.Metadata(*(details.metadata or ()), *headers.items()),
                credentials=details.credentials,
                wait_for_ready=details.wait_for_ready,
            ),
            request,
        )
    call.add_done_callback(lambda _: span.end())
    return call
