"""Channels to other services, with identity, tracing and retries of idempotent calls."""

import asyncio
import importlib
import json
import pkgutil
from collections.abc import AsyncGenerator, Awaitable, Iterable, Iterator
from types import ModuleType
from typing import Any, TypeVar

import grpc
import grpc.aio
from google.protobuf.descriptor_pb2 import MethodOptions

from common import client_signing, status, telemetry
from common.grpc_server import MAX_MESSAGE_BYTES, channel_credentials
from common.identity import Identity
from common.settings import ServiceSettings
from common.signing import CallSigner, acting_for
from securetranscribe import v1

Answer = TypeVar("Answer")
SENDING_FAILED = "Internal error from Core"
_STATUS_ATTEMPTS = 20
_STATUS_SECONDS = 0.02


def idempotent_methods() -> list[str]:
    """Return the methods that the contracts mark as safe to repeat, as `package.Service/Method`.

    The mark is the standard method option `idempotency_level`.
    """
    safe = (MethodOptions.NO_SIDE_EFFECTS, MethodOptions.IDEMPOTENT)
    return [
        f"{service.full_name}/{method.name}"
        for contract in _contracts()
        for service in contract.DESCRIPTOR.services_by_name.values()
        for method in service.methods
        if method.GetOptions().idempotency_level in safe
    ]


def _contracts() -> Iterator[ModuleType]:
    """Yield the modules of all contracts."""
    for module in pkgutil.iter_modules(v1.__path__):
        if module.name.endswith("_pb2"):
            yield importlib.import_module(f"{v1.__name__}.{module.name}")


def service_config(idempotent: Iterable[str]) -> str:
    """Return a gRPC service configuration for retrying the named methods on UNAVAILABLE only.

    Names are `package.Service/Method`. A leading slash, as in access tables, makes no difference.
    """
    methods = [name.lstrip("/") for name in idempotent]
    names = [
        {"service": service, "method": method}
        for service, _, method in (name.partition("/") for name in methods)
    ]
    policy = {
        "maxAttempts": 4,
        "initialBackoff": "0.1s",
        "maxBackoff": "2s",
        "backoffMultiplier": 3,
        "retryableStatusCodes": ["UNAVAILABLE"],
    }
    return json.dumps({"methodConfig": [{"name": names, "retryPolicy": policy}] if names else []})


def channel(
    settings: ServiceSettings,
    address: str,
    *,
    receiver: str = "",
    signer: CallSigner | None = None,
    idempotent: Iterable[str] | None = None,
    traced: bool = True,
) -> grpc.aio.Channel:
    """Return a channel to `host:port` that connects on first use and reconnects as needed.

    Calls whose metadata is `signing.acting_for` are signed for the service `receiver`. `idempotent`
    names the methods to retry, by default those marked in the contracts.

    `ClientStream` needs a channel that is not traced. With any interceptor, grpc sends requests
    from a queue in a task of its own. When the server is away, that task cancels the call, and the
    caller sees CANCELLED instead of UNAVAILABLE. Such a call carries the trace (`telemetry.inject`)
    and the signature (`CallSigner.sign`) in its metadata.
    """
    retried = idempotent_methods() if idempotent is None else idempotent
    options = [
        ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
        ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
        ("grpc.service_config", service_config(retried)),
        ("grpc.keepalive_time_ms", 30_000),
        ("grpc.initial_reconnect_backoff_ms", 200),
        # Reconnect within the time that retries last.
        ("grpc.max_reconnect_backoff_ms", 1_000),
        ("grpc.enable_http_proxy", 0),
        # A name may resolve to several replicas. Spread the calls over them.
        ("grpc.lb_policy_name", "round_robin"),
    ]
    interceptors = [*telemetry.client_interceptors()] if traced else []
    if traced and signer is not None:
        interceptors += client_signing.interceptors(signer, receiver)
    credentials = channel_credentials(settings)
    if credentials is None:
        return grpc.aio.insecure_channel(address, options=options, interceptors=interceptors)
    return grpc.aio.secure_channel(address, credentials, options=options, interceptors=interceptors)


def as_caller(caller: Identity) -> tuple[tuple[str, str], ...]:
    """Return metadata for a call on a caller's behalf.

    It holds the caller's token or, without one, the session for which the channel signs.
    """
    if caller.token:
        return (("authorization", f"Bearer {caller.token}"),)
    return acting_for(caller)


async def unwrap(call: Awaitable[Answer]) -> Answer:
    """Await a call. Raise the server's status as an exception of `common.errors`."""
    try:
        return await call
    except grpc.aio.AioRpcError as error:
        raise status.from_rpc_error(await server_status(call, error)) from error


async def server_status(call: Any, error: grpc.aio.AioRpcError) -> grpc.aio.AioRpcError:
    """Return the server's status where grpc first reports only that sending failed.

    When a server ends a call while requests are still being sent, sending fails. grpc reports that
    failure as the call's status until it has read the real one. If the two arrive in the opposite
    order, only `client_stream.Verdict` still has the server's status.
    """
    for _ in range(_STATUS_ATTEMPTS):
        if error.details() != SENDING_FAILED or not isinstance(call, grpc.aio.Call):
            break
        await asyncio.sleep(_STATUS_SECONDS)
        error = grpc.aio.AioRpcError(
            await call.code(),
            await call.initial_metadata(),
            await call.trailing_metadata(),
            await call.details(),
        )
    return error


async def unwrap_stream(call: Any) -> AsyncGenerator[Any, None]:
    """Iterate over a streaming call. Raise the server's status as in `unwrap`."""
    try:
        async for message in call:
            yield message
    except grpc.aio.AioRpcError as error:
        raise status.from_rpc_error(error) from error
    finally:
        call.cancel()  # has no effect on a call that has ended
