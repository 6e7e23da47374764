"""Carries the trace over gRPC calls whose requests are streamed.

The instrumentation library's own interceptor for a streamed request with a single response awaits
the response before it hands out the call, so that writing to the call waits for ever. These pass
the trace on in the metadata and leave the call alone.
"""

from collections.abc import Callable
from typing import Any

import grpc.aio
from opentelemetry import propagate


class TracedStreamUnary(grpc.aio.StreamUnaryClientInterceptor):
    """For a streamed request with a single response."""

    async def intercept_stream_unary(
        self,
        continuation: Callable[..., Any],
        client_call_details: grpc.aio.ClientCallDetails,
        request_iterator: Any,
    ) -> Any:
        """Starts the call with the current trace in its metadata."""
        return await continuation(_traced(client_call_details), request_iterator)


class TracedStreamStream(grpc.aio.StreamStreamClientInterceptor):
    """For streams in both directions."""

    async def intercept_stream_stream(
        self,
        continuation: Callable[..., Any],
        client_call_details: grpc.aio.ClientCallDetails,
        request_iterator: Any,
    ) -> Any:
        """Starts the call with the current trace in its metadata."""
        return await continuation(_traced(client_call_details), request_iterator)


def _traced(details: grpc.aio.ClientCallDetails) -> grpc.aio.ClientCallDetails:
    headers: dict[str, str] = {}
    propagate.inject(headers)
    return grpc.aio.ClientCallDetails(
        method=details.method,
        timeout=details.timeout,
        metadata=grpc.aio.Metadata(*(details.metadata or ()), *headers.items()),
        credentials=details.credentials,
        wait_for_ready=details.wait_for_ready,
    )
