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
#: Of each attempt. A process that its machine did not run for as long finds the first one over.
_TIMEOUTS_SECONDS = (5, 2)


async def find_session(
    stub: "session_pb2_grpc.SessionServiceAsyncStub", token: str
) -> session_pb2.AuthenticateSessionResponse:
    """Return what the gateway's SessionService answers for a token, asking it twice.

    Raises:
        AuthenticationError: the token is unknown, expired or revoked.
        UnavailableError: the gateway does not answer.
    """
    request = session_pb2.AuthenticateSessionRequest(session_token=token)
    for timeout in _TIMEOUTS_SECONDS:
        call = stub.AuthenticateSession(request, timeout=timeout, wait_for_ready=True)
        try:
            return await unwrap(call)
        except TimedOutError:
            _log.warning("session not checked in time", timeout_seconds=timeout)
    # The caller's own request has not timed out, only those to the gateway.
    raise UnavailableError("Sessions cannot be checked. Try again soon.")


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
        return grant_of(await find_session(self._stub, token))


async def forget_changed(client: Client, cache: CachedAuthenticator) -> None:
    """Drop tokens from a cache as soon as their sessions are revoked or have other rights."""

    async def forget_revoked(message: Msg) -> None:
        cache.forget(events.parse(message).session_revoked.token_sha256)

    async def forget_changed(message: Msg) -> None:
        cache.forget(events.parse(message).session_changed.token_sha256)

    # Two subscriptions, because a NATS of the version before permits the first one only.
    await client.subscribe(bus.event_subject("*", "session", "*", "revoked"), cb=forget_revoked)
    await client.subscribe(bus.event_subject("*", "session", "*", "changed"), cb=forget_changed)
