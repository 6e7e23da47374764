"""Deletion of ended sessions."""

import datetime as dt
from collections.abc import Callable, Sequence

from common import logging
from common.background.steps import BatchStep
from common.postgres import Connection, Database
from gateway.sessions.store import delete_session, ended_sessions

_log = logging.get(__name__)


class SessionSweep(BatchStep[int]):
    """Deletes ended sessions."""

    name = "sessions"
    items = "ended sessions"
    outcome = "The session stays ended. Its row stays in the database and is listed."

    def __init__(self, database: Database, now: Callable[[], dt.datetime]) -> None:
        super().__init__(database)
        self._now = now

    def key(self, item: int) -> str:
        """Return the number of the row."""
        return str(item)

    async def due(self, connection: Connection, limit: int) -> Sequence[int]:
        """Return ended sessions, locked."""
        return await ended_sessions(connection, self._now(), limit)

    async def handle(self, connection: Connection, item: int) -> None:
        """Delete one session and everything that refers to it."""
        await delete_session(connection, item)

    async def handled(self, _connection: Connection, items: Sequence[int]) -> None:
        """Log how many were deleted."""
        _log.info("sessions swept", count=len(items))
