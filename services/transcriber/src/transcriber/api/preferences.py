"""Preferences of the calling session, for uploads without explicit options."""

from dataclasses import dataclass

import grpc.aio

from common.grpc_client import unwrap
from common.identity import Identity
from securetranscribe.v1 import session_pb2, session_pb2_grpc

_TIMEOUT_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Preferences:
    """A session's preferences. An empty language is detected."""

    language: str = ""
    auto_start: bool = True


class SessionPreferences:
    """Reads preferences from SessionService."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = session_pb2_grpc.SessionServiceStub(channel)

    async def of(self, caller: Identity) -> Preferences:
        """Return the caller's preferences, or the defaults for a service that applies its own.

        Raises:
            UnavailableError: the gateway does not answer.
        """
        if not caller.token:
            return Preferences()
        request = session_pb2.AuthenticateSessionRequest(session_token=caller.token)
        answer = await unwrap(
            self._stub.AuthenticateSession(request, timeout=_TIMEOUT_SECONDS, wait_for_ready=True)
        )
        stated = answer.preferences
        return Preferences(
            language=stated.default_language,
            auto_start=stated.auto_start_processing
            if stated.HasField("auto_start_processing")
            else True,
        )
