"""Telling everybody that a session has ended before its time."""

from common import logging
from common.errors import UnavailableError
from common.events import EventPublisher
from gateway.live.hub import Hub
from gateway.sessions.session import Session
from securetranscribe.v1 import event_pb2

_log = logging.get(__name__)


class Revocations:
    """Closes the session's connections here, and publishes `session.revoked` for all others."""

    def __init__(self, publisher: EventPublisher, hub: Hub) -> None:
        self._publisher = publisher
        self._hub = hub

    async def announce(self, session: Session) -> None:
        """Call after the session has ended in the database.

        Without NATS the other services notice when their short caches expire.
        """
        self._hub.end_session(session.session_id)
        event = event_pb2.Event(
            session_id=session.session_id,
            session_revoked=event_pb2.SessionRevoked(token_sha256=session.token_sha256),
        )
        try:
            await self._publisher.publish(event)
        except UnavailableError as error:
            _log.error("a revocation could not be published", reason=error.message)
