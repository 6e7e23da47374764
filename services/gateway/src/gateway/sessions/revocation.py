"""Announcement of revoked sessions."""

from common import logging
from common.errors import UnavailableError
from common.events import EventPublisher
from gateway.live.hub import Hub
from gateway.sessions.session import Session
from securetranscribe.v1 import event_pb2

_log = logging.get(__name__)


class Revocations:
    """Closes a revoked session's local connections and publishes `session.revoked`."""

    def __init__(self, publisher: EventPublisher, hub: Hub) -> None:
        self._publisher = publisher
        self._hub = hub

    async def announce(self, session: Session) -> None:
        """Announce a session already revoked in the database.

        If NATS is away, the other services notice once their short-lived caches expire.
        """
        self._hub.end_session(session.session_id)
        event = event_pb2.Event(
            session_id=session.session_id,
            session_revoked=event_pb2.SessionRevoked(token_sha256=session.token_sha256),
        )
        try:
            await self._publisher.publish(event)
        except UnavailableError as error:
            _log.error("cannot publish a revocation", reason=error.message)
