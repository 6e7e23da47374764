"""A service in this process with a method of each kind, controlled by its requests."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import grpc
import grpc.aio
from google.protobuf.message import DecodeError
from opentelemetry import trace
from pydantic import SecretStr

from common import identity, telemetry
from common.audit.trail import AuditTrail
from common.auth import Access, CallAuthenticator, TokenAuthenticator
from common.call_limits import WORKER_LIMITS, CallLimits
from common.errors import AuthenticationError, NotFoundError, UnavailableError
from common.grpc_client import channel
from common.grpc_server import GrpcServer
from common.identity import Grant
from common.settings import ServiceSettings
from common.signing import STREAMED, CallSigner, CallVerifier, digest_of, receiver_key

NAME = "test.v1.Everything"
KINDS = ("UnaryUnary", "UnaryStream", "StreamUnary", "StreamStream")
SECRET = "k" * 32
RECEIVER = "everything"


def settings(**values: Any) -> ServiceSettings:
    """Return settings of a service on a free port."""
    return ServiceSettings(secret_key=SecretStr(SECRET), grpc_port=0, **values)


class Tokens:
    """Fake of the session service."""

    async def authenticate(self, token: str) -> Grant:
        if token != "tok":
            raise AuthenticationError("The session token is not valid.")
        return Grant.of("session_1")


@dataclass
class Everything:
    """Servicer controlled by its requests. Requests unknown to `act` are echoed."""

    begun: asyncio.Event = field(default_factory=asyncio.Event)
    left: list[str] = field(default_factory=list)
    calls: int = 0

    async def act(self, request: bytes) -> bytes:
        self.calls += 1
        match request:
            case b"who":
                caller = identity.current()
                return f"{caller.session_id}/{caller.service}".encode()
            case b"missing":
                raise NotFoundError("There is no such thing: Größe.", {"kind": "thing"})
            case b"accident":
                raise KeyError("password=hunter2")
            case b"away":
                raise UnavailableError("The database does not answer.") from OSError("db:5432")
            case b"flaky":
                if self.calls < 3:
                    raise UnavailableError("Not yet.")
            case b"trace":
                return f"{trace.get_current_span().get_span_context().trace_id:032x}".encode()
            case b"wait":
                self.begun.set()
                try:
                    await asyncio.sleep(60)
                finally:
                    self.left.append("wait")
        return request

    async def unary_unary(self, request: bytes, context: Any) -> bytes:
        return await self.act(request)

    async def unary_stream(self, request: bytes, context: Any) -> AsyncIterator[bytes]:
        try:
            yield b"first"
            yield await self.act(request)
        finally:
            self.left.append("stream")

    async def stream_unary(self, requests: AsyncIterator[bytes], context: Any) -> bytes:
        answers = [await self.act(request) async for request in requests]
        return b",".join(answers)

    async def stream_stream(
        self, requests: AsyncIterator[bytes], context: Any
    ) -> AsyncIterator[bytes]:
        async for request in requests:
            yield await self.act(request)

    def add_to(self, server: grpc.aio.Server) -> None:
        handlers: dict[str, Any] = {
            "UnaryUnary": grpc.unary_unary_rpc_method_handler(self.unary_unary, _decoded),
            "UnaryStream": grpc.unary_stream_rpc_method_handler(self.unary_stream, _decoded),
            "StreamUnary": grpc.stream_unary_rpc_method_handler(self.stream_unary, _decoded),
            "StreamStream": grpc.stream_stream_rpc_method_handler(self.stream_stream, _decoded),
            "Public": grpc.unary_unary_rpc_method_handler(self.unary_unary),
            "Inner": grpc.unary_unary_rpc_method_handler(self.unary_unary),
        }
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(NAME, handlers),))


def _decoded(request: bytes) -> bytes:
    """Return a request, as a deserializer of messages does."""
    if request == b"broken":
        raise DecodeError("Wire format was corrupt")
    return request


@dataclass
class Connection:
    """The service and a client."""

    service: Everything
    server: GrpcServer
    channel: grpc.aio.Channel

    async def call(
        self,
        kind: str,
        *requests: bytes,
        metadata: Any = (("authorization", "Bearer tok"),),
        seconds: float = 30,
    ) -> list[bytes]:
        """Call a method of a kind and return all answers."""
        call = self.start(kind, *requests, metadata=metadata, seconds=seconds)
        if kind in ("UnaryStream", "StreamStream"):
            return [answer async for answer in call]
        return [await call]

    def start(
        self,
        kind: str,
        *requests: bytes,
        metadata: Any = (("authorization", "Bearer tok"),),
        seconds: float = 30,
    ) -> Any:
        """Start a call."""
        path = f"/{NAME}/{kind}"
        channel: Any = self.channel
        options = {"metadata": metadata, "timeout": seconds}
        match kind:
            case "UnaryStream":
                return channel.unary_stream(path)(requests[0], **options)
            case "StreamUnary":
                return channel.stream_unary(path)(iter(requests), **options)
            case "StreamStream":
                return channel.stream_stream(path)(iter(requests), **options)
            case _:
                return channel.unary_unary(path)(requests[0], **options)


def authenticator(tokens: TokenAuthenticator | None = None) -> CallAuthenticator:
    access: Mapping[str, Access] = {
        f"/{NAME}/Public": Access.PUBLIC,
        f"/{NAME}/Inner": Access.SERVICE,
    }
    return CallAuthenticator(
        tokens=tokens or Tokens(),
        verifier=CallVerifier(receiver_key(SECRET, RECEIVER), RECEIVER),
        access=access,
    )


def signed_by(
    service: str, kind: str, request: bytes, *, session: str = ""
) -> tuple[tuple[str, str], ...]:
    """Return metadata of a call of a kind with one request, signed by a service."""
    streamed = kind.startswith("Stream")
    digest = STREAMED if streamed else digest_of(request)
    signer = CallSigner(SECRET, service)
    method = f"/{NAME}/{kind}"
    return tuple(signer.sign(RECEIVER, method, digest=digest, owner=Grant.of(session)).items())


@asynccontextmanager
async def serving(
    server_settings: ServiceSettings | None = None,
    client_settings: ServiceSettings | None = None,
    *,
    idempotent: tuple[str, ...] = (),
    limits: CallLimits = WORKER_LIMITS,
    audit: AuditTrail | None = None,
) -> AsyncIterator[Connection]:
    """Yield a connection to the service, which is listening and ready."""
    service = Everything()
    chosen = server_settings or settings()
    server = GrpcServer(
        chosen,
        services={NAME: service.add_to},
        authenticator=authenticator(),
        limits=limits,
        audit=audit,
    )
    await server.start()
    await server.ready()
    try:
        async with channel(
            client_settings or chosen, f"127.0.0.1:{server.port}", idempotent=idempotent
        ) as open_channel:
            yield Connection(service, server, open_channel)
    finally:
        await server.stop(0)


def calls_measured(method: str, code: str) -> float:
    """Return the number of calls in the metrics."""
    value = telemetry.RPC_SECONDS.labels(f"/{NAME}/{method}", code)
    return float(value._sum.get() > 0) and sum(bucket.get() for bucket in value._buckets)
