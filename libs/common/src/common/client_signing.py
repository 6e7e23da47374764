"""Client interceptors signing calls to another service."""

from collections.abc import Callable, Sequence
from typing import Any

import grpc.aio

from common.signing import (
    CALLER_HEADER,
    SESSION_HEADER,
    STREAMED,
    WORKSPACE_HEADER,
    CallSigner,
    digest_of,
    owner_in,
)

Continuation = Callable[..., Any]
Details = grpc.aio.ClientCallDetails
_OWNER = (SESSION_HEADER, WORKSPACE_HEADER, CALLER_HEADER)


class _Signing:
    """Adds the signature to calls whose metadata names the session that they act for.

    Calls with a user's token, or without any identity, are left alone.
    """

    def __init__(self, signer: CallSigner, receiver: str) -> None:
        self._signer = signer
        self._receiver = receiver

    def signed(self, details: Details, digest: str) -> Details:
        metadata = list(details.metadata or ())
        owner = owner_in({name: str(value) for name, value in metadata if name in _OWNER})
        if owner is None:
            return details
        method = details.method.decode() if isinstance(details.method, bytes) else details.method
        signature = self._signer.sign(self._receiver, method, digest=digest, owner=owner)
        kept = [(name, value) for name, value in metadata if name not in _OWNER]
        return grpc.aio.ClientCallDetails(
            method=details.method,
            timeout=details.timeout,
            metadata=grpc.aio.Metadata(*kept, *signature.items()),
            credentials=details.credentials,
            wait_for_ready=details.wait_for_ready,
        )


class _UnaryUnary(_Signing, grpc.aio.UnaryUnaryClientInterceptor):
    async def intercept_unary_unary(
        self, continuation: Continuation, client_call_details: Details, request: Any
    ) -> Any:
        return await continuation(self.signed(client_call_details, _digest(request)), request)


class _UnaryStream(_Signing, grpc.aio.UnaryStreamClientInterceptor):
    async def intercept_unary_stream(
        self, continuation: Continuation, client_call_details: Details, request: Any
    ) -> Any:
        return await continuation(self.signed(client_call_details, _digest(request)), request)


class _StreamUnary(_Signing, grpc.aio.StreamUnaryClientInterceptor):
    async def intercept_stream_unary(
        self, continuation: Continuation, client_call_details: Details, request_iterator: Any
    ) -> Any:
        return await continuation(self.signed(client_call_details, STREAMED), request_iterator)


class _StreamStream(_Signing, grpc.aio.StreamStreamClientInterceptor):
    async def intercept_stream_stream(
        self, continuation: Continuation, client_call_details: Details, request_iterator: Any
    ) -> Any:
        return await continuation(self.signed(client_call_details, STREAMED), request_iterator)


def interceptors(signer: CallSigner, receiver: str) -> Sequence[grpc.aio.ClientInterceptor]:
    """Return one interceptor per kind of call."""
    kinds = (_UnaryUnary, _UnaryStream, _StreamUnary, _StreamStream)
    return [kind(signer, receiver) for kind in kinds]


def _digest(request: Any) -> str:
    return digest_of(request if isinstance(request, bytes) else request.SerializeToString())
