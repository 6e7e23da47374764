"""Client interceptors that open one span per gRPC call and pass the trace on in its metadata.

The interceptors of the instrumentation library return a call only after its answer has arrived.
Such a call can be neither written to nor cancelled. These leave the call alone.
"""

from collections.abc import Callable, Sequence
from typing import Any

import grpc.aio
from opentelemetry import propagate, trace

Continuation = Callable[..., Any]
Details = grpc.aio.ClientCallDetails


class _UnaryUnary(grpc.aio.UnaryUnaryClientInterceptor):
    async def intercept_unary_unary(
        self, continuation: Continuation, client_call_details: Details, request: Any
    ) -> Any:
        return await _started(continuation, client_call_details, request)


class _UnaryStream(grpc.aio.UnaryStreamClientInterceptor):
    async def intercept_unary_stream(
        self, continuation: Continuation, client_call_details: Details, request: Any
    ) -> Any:
        return await _started(continuation, client_call_details, request)


class _StreamUnary(grpc.aio.StreamUnaryClientInterceptor):
    async def intercept_stream_unary(
        self, continuation: Continuation, client_call_details: Details, request_iterator: Any
    ) -> Any:
        return await _started(continuation, client_call_details, request_iterator)


class _StreamStream(grpc.aio.StreamStreamClientInterceptor):
    async def intercept_stream_stream(
        self, continuation: Continuation, client_call_details: Details, request_iterator: Any
    ) -> Any:
        return await _started(continuation, client_call_details, request_iterator)


def interceptors() -> Sequence[grpc.aio.ClientInterceptor]:
    """Return one interceptor per kind of call."""
    return [_UnaryUnary(), _UnaryStream(), _StreamUnary(), _StreamStream()]


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
