"""Composition of the embedder. It needs no other server."""

import asyncio

from common.auth import Access, CallAuthenticator
from common.call_limits import CallLimits
from common.errors import AuthenticationError
from common.grpc_server import GrpcServer, method_names
from common.identity import Grant
from common.runtime import Supervisor
from common.signing import CallVerifier
from securetranscribe.v1 import embedding_pb2_grpc
from transcriber.embedder.model import E5Model
from transcriber.embedder.servicer import EmbeddingServicer
from transcriber.embedder.settings import EmbedderSettings

#: The name for which calls are signed.
RECEIVER = "transcriber-embedder"
_SERVICE = "securetranscribe.v1.EmbeddingService"
_LIMITS = CallLimits(request_bytes=1024 * 1024, calls=64)


class NoSessions:
    """Authenticator without sessions: only services call the embedder."""

    async def authenticate(self, token: str) -> Grant:  # noqa: ARG002 - by contract
        """Refuse any token."""
        raise AuthenticationError("Sessions cannot call this.")


async def serve(settings: EmbedderSettings, supervisor: Supervisor) -> None:
    """Load the model, and embed texts until the supervisor stops."""
    model = await asyncio.to_thread(E5Model.load, settings.model_dir)
    servicer = EmbeddingServicer(model)
    server = GrpcServer(
        settings,
        services={
            _SERVICE: lambda server: embedding_pb2_grpc.add_EmbeddingServiceServicer_to_server(
                servicer, server
            )
        },
        authenticator=CallAuthenticator(
            tokens=NoSessions(),
            verifier=CallVerifier(settings.call_key(RECEIVER), RECEIVER),
            access=dict.fromkeys(method_names("EmbeddingService", ["Embed"]), Access.SERVICE),
        ),
        limits=_LIMITS,
    )
    await server.start()
    await server.ready()
    await supervisor.wait()
    await server.not_ready()
    await server.stop(settings.shutdown_grace_seconds)
    servicer.close()
