"""Authentication by the gateway's SessionService, with a cache that honors revocation."""

import grpc.aio
from nats.aio.client import Client
from nats.aio.msg import Msg

from common import bus, events, logging
from common.auth import CachedAuthenticator
from common.errors import TimedOutError, UnavailableError
from common.grpc_client import unwrap
from common.identity import Grant
from common.identity_messages import grant_of
from securetranscribe.v1 import session_pb2, session_pb2_grpc

_log = logging.get(__name__)
_TIMEOUT_SECONDS = 5


class SessionServiceAuthenticator:
    """Authenticator that asks the gateway's SessionService."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = session_pb2_grpc.SessionServiceStub(channel)

    async def authenticate(self, token: str) -> Grant:
        """Return the session of a token, its workspace, and the rights in it.

        Raises:
            AuthenticationError: the token is unknown, expired or revoked.
            UnavailableError: the gateway does not answer.
        """
        request = session_pb2.AuthenticateSessionRequest(session_token=token)
        call = self._stub.AuthenticateSession(
            request, timeout=_TIMEOUT_SECONDS, wait_for_ready=True
        )
        try:
            answer = await unwrap(call)
        except TimedOutError as error:
            # The caller's own request has not timed out, only this one to the gateway.
            raise UnavailableError("Sessions cannot be checked. Try again soon.") from error
        return grant_of(answer)


async def forget_changed(client: Client, cache: CachedAuthenticator) -> None:
    """Drop tokens from a cache as soon as their sessions are revoked or have other rights."""

    async def forget_revoked(message: Msg) -> None:
        cache.forget(events.parse(message).session_revoked.token_sha256)

    async def forget_changed(message: Msg) -> None:
        cache.forget(events.parse(message).session_changed.token_sha256)

    # Two subscriptions, because a NATS of the version before permits the first one only.
    await client.subscribe(bus.event_subject("*", "session", "*", "revoked"), cb=forget_revoked)
    await client.subscribe(bus.event_subject("*", "session", "*", "changed"), cb=forget_changed)
