"""Deletion of ended sessions, which ends their workspaces."""

import datetime as dt
from collections.abc import Callable, Sequence

from common import logging
from common.background.steps import BatchStep
from common.postgres import Connection, Database
from gateway.sessions.session import Expiry
from gateway.sessions.store import delete_session, ended_sessions
from gateway.sessions.workspaces import GRACE_OVER, INVALIDATED, Workspaces

_log = logging.get(__name__)


class SessionSweep(BatchStep[int]):
    """Deletes sessions no longer resumable. With its last session a workspace ends."""

    name = "sessions"
    items = "ended sessions"
    outcome = "The session stays ended. Its row stays in the database and is listed."

    def __init__(self, database: Database, expiry: Expiry, now: Callable[[], dt.datetime]) -> None:
        super().__init__(database)
        self._expiry = expiry
        self._now = now

    def key(self, item: int) -> str:
        """Return the number of the row."""
        return str(item)

    async def due(self, connection: Connection, limit: int) -> Sequence[int]:
        """Return sessions to delete, locked."""
        now = self._now()
        return await ended_sessions(connection, now, self._expiry.resumable_since(now), limit)

    async def handle(self, connection: Connection, item: int) -> None:
        """Delete one session, and end its workspace if it was the last one."""
        deleted = await delete_session(connection, item)
        if deleted is not None and deleted.open and deleted.workspace_id:
            reason = INVALIDATED if deleted.revoked else GRACE_OVER
            await Workspaces(connection).end(deleted.workspace_id, reason, self._now())

    async def handled(self, _connection: Connection, items: Sequence[int]) -> None:
        """Log how many were deleted."""
        _log.info("sessions swept", count=len(items))
