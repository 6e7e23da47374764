"""Server interceptor for identity, errors, logs and metrics of every call."""

import asyncio
import contextlib
import hmac
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, TypeAlias

import grpc
import grpc.aio
import structlog
from google.protobuf.message import DecodeError

from common import identity, logging, rpc_rights, status, telemetry
from common.addresses import TrustedProxies, current_address, network_of, use_address
from common.audit.call import CallRecord
from common.audit.trail import AuditTrail
from common.auth import CallAuthenticator
from common.call_limits import CallsInFlight
from common.call_rates import CallRates, address_of
from common.errors import ApplicationError, AuthenticationError, ValidationError
from common.identity import Identity
from common.session_renewal import renewing
from common.signing import digest_of

_log = logging.get(__name__)
# grpc's stubs describe handlers of the synchronous server. Those of grpc.aio are looser.
_Handler: TypeAlias = Any
_LOGGED = ("INTERNAL", "UNAVAILABLE")  # failures whose cause matters to the operator


class EdgeInterceptor(grpc.aio.ServerInterceptor):
    """Wrapper around every method of a server.

    It establishes the caller, converts exceptions of `common.errors` to statuses, measures the
    call, and adds it to the audit log. Every other exception is logged and reported as INTERNAL.

    Every method is registered as one with a stream of requests, also if there is only one. So its
    handler runs before a request is read, and refuses callers before their requests take memory.
    """

    def __init__(
        self,
        authenticator: CallAuthenticator,
        in_flight: CallsInFlight,
        *,
        rates: CallRates | None = None,
        proxies: TrustedProxies | None = None,
        audit: AuditTrail | None = None,
    ) -> None:
        """`proxies` may report the addresses of clients.

        Without `rates` no calls are counted, and without `audit` none is in the log.
        """
        self._authenticator = authenticator
        self._in_flight = in_flight
        self._rates = rates
        self._proxies = proxies or TrustedProxies(())
        self._audit = audit

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
        make = self._streaming if handler.response_streaming else self._single
        return make(handler, method)

    def _single(self, handler: _Handler, method: str) -> _Handler:
        async def call(requests: AsyncIterator[Any], context: Any) -> Any:
            async with _Call(method, context, self._audit) as entry:
                caller = await self._identify(method, context)
                rpc_rights.check(method, caller)
                with self._admitted(caller):
                    if handler.request_streaming:
                        response = await handler.stream_unary(requests, context)
                    else:
                        request = await _only(requests, handler, caller)
                        entry.request(request)
                        response = await handler.unary_unary(request, context)
                    entry.response(response)
                    return response

        return grpc.stream_unary_rpc_method_handler(
            call, _deserializer(handler), handler.response_serializer
        )

    def _streaming(self, handler: _Handler, method: str) -> _Handler:
        async def call(requests: AsyncIterator[Any], context: Any) -> AsyncIterator[Any]:
            async with _Call(method, context, self._audit) as entry:
                caller = await self._identify(method, context)
                rpc_rights.check(method, caller)
                with self._admitted(caller):
                    if handler.request_streaming:
                        responses = handler.stream_stream(requests, context)
                    else:
                        request = await _only(requests, handler, caller)
                        entry.request(request)
                        responses = handler.unary_stream(request, context)
                    # Close it as soon as the caller leaves, not when it is garbage-collected.
                    async with contextlib.aclosing(responses):
                        async for response in responses:
                            entry.response(response)
                            yield response

        return grpc.stream_stream_rpc_method_handler(
            call, _deserializer(handler), handler.response_serializer
        )

    async def _identify(self, method: str, context: Any) -> Identity | None:
        """Return the caller, whose call is counted. Its request has not been read yet."""
        metadata = {
            key: value if isinstance(value, str) else ""
            for key, value in context.invocation_metadata() or ()
        }
        address = address_of(context, self._proxies)
        use_address(address)
        if self._rates is None:
            caller = await self._authenticator.identify(method, metadata)
        else:
            caller = await self._rates.identify(self._authenticator, method, metadata, address)
        if caller is not None and caller.client_address:
            use_address(caller.client_address)
        return caller

    @contextlib.contextmanager
    def _admitted(self, caller: Identity | None) -> Iterator[None]:
        """Make this the caller of the call, which holds a place and keeps the session alive."""
        identity.use(caller)
        if caller is not None and caller.session_id:
            structlog.contextvars.bind_contextvars(session_id=caller.session_id)
        with (
            self._in_flight.place(_caller_key(caller)),
            renewing(self._authenticator, caller),
        ):
            yield


def _caller_key(caller: Identity | None) -> str:
    """Return the session, or the network without one. Empty for other services."""
    if caller is None:
        return network_of(current_address())
    return "" if caller.service else caller.session_id


def _deserializer(handler: _Handler) -> Any:
    """Return the deserializer of a stream. Single requests are deserialized by `_only`."""
    if not handler.request_streaming or handler.request_deserializer is None:
        return None
    return lambda request: _read(request, handler)


def _read(request: bytes, handler: _Handler) -> Any:
    """Return a request.

    Raises:
        ValidationError: it is not of the method's type.
    """
    try:
        return handler.request_deserializer(request)
    except DecodeError as error:
        raise ValidationError.of("request", "The request cannot be read.") from error


async def _only(requests: AsyncIterator[bytes], handler: _Handler, caller: Identity | None) -> Any:
    """Return the request of a call that has one, once it is what a service has signed.

    Raises:
        AuthenticationError: it is not the signed request.
        ValidationError: there is no request, or it is not of the method's type.
    """
    async for request in requests:
        signed = caller.request_digest if caller is not None else ""
        if signed and not hmac.compare_digest(signed, digest_of(request)):
            raise AuthenticationError("The request is not the one that was signed.")
        if handler.request_deserializer is None:
            return request
        return _read(request, handler)
    raise ValidationError.of("request", "The call has no request.")


class _Call:
    """Lifetime of one call, as a context manager around the servicer's method."""

    def __init__(
        self,
        method: str,
        context: grpc.aio.ServicerContext[Any, Any],
        audit: AuditTrail | None,
    ) -> None:
        self._method = method
        self._context = context
        self._audit = audit
        self._record: CallRecord | None = None
        self._begun = time.perf_counter()

    async def __aenter__(self) -> "_Call":
        telemetry.RPC_IN_FLIGHT.inc()
        structlog.contextvars.bind_contextvars(rpc=self._method)
        if self._audit is not None:
            self._record = self._audit.begin(self._method)
        return self

    def request(self, message: Any) -> None:
        """Take in the request, for the audit log."""
        if self._record is not None:
            self._record.request = message

    def response(self, message: Any) -> None:
        """Take in a response, for the audit log."""
        if self._record is not None:
            self._record.saw(message)

    async def __aexit__(self, _kind: object, error: BaseException | None, _tb: object) -> None:
        telemetry.RPC_IN_FLIGHT.dec()
        seconds = time.perf_counter() - self._begun
        code = _code(error)
        telemetry.RPC_SECONDS.labels(self._method, code).observe(seconds)
        _log.debug("rpc ended", code=code, seconds=round(seconds, 4))
        if self._audit is not None and self._record is not None:
            self._audit.end(self._record, code)
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
