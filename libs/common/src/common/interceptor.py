"""Server interceptor for identity, errors, logs and metrics of every call."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, TypeAlias

import grpc
import grpc.aio
import structlog

from common import identity, logging, status, telemetry
from common.auth import CallAuthenticator
from common.errors import ApplicationError

_log = logging.get(__name__)
# grpc's stubs describe handlers of the synchronous server. Those of grpc.aio are looser.
_Handler: TypeAlias = Any
_LOGGED = ("INTERNAL", "UNAVAILABLE")  # failures whose cause matters to the operator


class EdgeInterceptor(grpc.aio.ServerInterceptor):
    """Wrapper around every method of a server.

    It establishes the caller, converts exceptions of `common.errors` to statuses, and measures the
    call. Every other exception is logged and reported as INTERNAL.
    """

    def __init__(self, authenticator: CallAuthenticator) -> None:
        self._authenticator = authenticator

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[_Handler]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> _Handler:
        """Return the method's handler, wrapped."""
        handler = await continuation(handler_call_details)
        method = handler_call_details.method
        if handler is None or _is_infrastructure(method):
            return handler
        if handler.response_streaming:
            return self._streaming(handler, method)
        return self._single(handler, method)

    def _single(self, handler: _Handler, method: str) -> _Handler:
        inner = handler.stream_unary if handler.request_streaming else handler.unary_unary

        async def call(request: Any, context: Any) -> Any:
            async with _Call(self._authenticator, method, context):
                return await inner(request, context)

        make: Any = (
            grpc.stream_unary_rpc_method_handler
            if handler.request_streaming
            else grpc.unary_unary_rpc_method_handler
        )
        return make(call, handler.request_deserializer, handler.response_serializer)

    def _streaming(self, handler: _Handler, method: str) -> _Handler:
        inner = handler.stream_stream if handler.request_streaming else handler.unary_stream

        async def call(request: Any, context: Any) -> AsyncIterator[Any]:
            async with (
                _Call(self._authenticator, method, context),
                # Close it as soon as the caller leaves, not when it is garbage-collected.
                contextlib.aclosing(inner(request, context)) as responses,
            ):
                async for response in responses:
                    yield response

        make: Any = (
            grpc.stream_stream_rpc_method_handler
            if handler.request_streaming
            else grpc.unary_stream_rpc_method_handler
        )
        return make(call, handler.request_deserializer, handler.response_serializer)


class _Call:
    """Lifetime of one call, as a context manager around the servicer's method."""

    def __init__(
        self,
        authenticator: CallAuthenticator,
        method: str,
        context: grpc.aio.ServicerContext[Any, Any],
    ) -> None:
        self._authenticator = authenticator
        self._method = method
        self._context = context
        self._begun = time.perf_counter()

    async def __aenter__(self) -> None:
        telemetry.RPC_IN_FLIGHT.inc()
        structlog.contextvars.bind_contextvars(rpc=self._method)
        metadata = {
            key: value if isinstance(value, str) else ""
            for key, value in self._context.invocation_metadata() or ()
        }
        try:
            caller = await self._authenticator.identify(self._method, metadata)
        except BaseException as error:
            await self.__aexit__(type(error), error, None)
            raise
        identity.use(caller)
        if caller is not None and caller.session_id:
            structlog.contextvars.bind_contextvars(session_id=caller.session_id)

    async def __aexit__(self, _kind: object, error: BaseException | None, _tb: object) -> None:
        telemetry.RPC_IN_FLIGHT.dec()
        seconds = time.perf_counter() - self._begun
        code = _code(error)
        telemetry.RPC_SECONDS.labels(self._method, code).observe(seconds)
        _log.debug("rpc ended", code=code, seconds=round(seconds, 4))
        if isinstance(error, ApplicationError):
            if code in _LOGGED:
                cause = repr(error.__cause__) if error.__cause__ else ""
                _log.warning("rpc failed", code=code, reason=error.message, cause=cause)
            await self._abort(error)
        if isinstance(error, Exception) and not isinstance(error, grpc.aio.AbortError):
            _log.error("rpc failed unexpectedly", exc_info=error)
            await self._abort(
                ApplicationError("The service failed unexpectedly. Its log holds the reason.")
            )

    async def _abort(self, error: ApplicationError) -> None:
        answer = status.to_status(error)
        # With abort_with_status the span of the call would miss the status.
        await self._context.abort(answer.code, answer.details, answer.trailing_metadata)


def _code(error: BaseException | None) -> str:
    if error is None:
        return "OK"
    if isinstance(error, ApplicationError):
        return status.code_of(error).name
    if isinstance(error, asyncio.CancelledError | GeneratorExit):
        return "CANCELLED"
    return "INTERNAL"


def _is_infrastructure(method: str) -> bool:
    return method.startswith(("/grpc.health.", "/grpc.reflection."))
