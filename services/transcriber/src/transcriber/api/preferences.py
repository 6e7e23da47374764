"""Preferences of the calling session, for uploads without explicit options."""

from dataclasses import dataclass

import grpc.aio

from common.identity import Identity
from common.sessions import find_session
from securetranscribe.v1 import session_pb2_grpc


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
        stated = (await find_session(self._stub, caller.token)).preferences
        return Preferences(
            language=stated.default_language,
            auto_start=stated.auto_start_processing
            if stated.HasField("auto_start_processing")
            else True,
        )
