"""Ledger of ended workspaces, out of reach of all sessions."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from common.postgres import Connection, execute, fetch_all

# Only the last session of a workspace ends it, and only if it belongs to nobody who signs in.
_END = """
INSERT INTO ended_workspaces (workspace_id, reason, ended_at, erase_at)
SELECT %(workspace_id)s, %(reason)s, %(now)s, %(now)s
WHERE NOT EXISTS (SELECT FROM sessions WHERE workspace_id = %(workspace_id)s)
  AND NOT EXISTS (SELECT FROM workspaces WHERE workspace_id = %(workspace_id)s)
ON CONFLICT (workspace_id) DO NOTHING
"""
_ADOPT = """
INSERT INTO ended_workspaces (workspace_id, reason, ended_at)
SELECT found, %(reason)s, %(now)s FROM unnest(%(workspace_ids)s::text[]) AS found
WHERE NOT EXISTS (SELECT FROM sessions WHERE workspace_id = found)
  AND NOT EXISTS (SELECT FROM workspaces WHERE workspace_id = found)
ON CONFLICT (workspace_id) DO NOTHING
"""
# Without a grace period (`since` is null), only those with a time of their own are erased.
_DUE = """
SELECT * FROM ended_workspaces
WHERE erased_at IS NULL
  AND (erase_at <= %(now)s OR (erase_at IS NULL AND ended_at <= %(since)s))
  AND NOT item_rests('workspaces', workspace_id)
ORDER BY ended_at LIMIT %(limit)s
"""
_ERASED_BY = """
UPDATE ended_workspaces
SET erased_by = erased_by || jsonb_build_object(%(service)s::text, %(now)s::timestamptz)
WHERE workspace_id = %(workspace_id)s
"""
_ERASED = "UPDATE ended_workspaces SET erased_at = %(now)s WHERE workspace_id = %(workspace_id)s"
_FORGET = "DELETE FROM ended_workspaces WHERE erased_at <= %(before)s"

INVALIDATED = "session invalidated"
GRACE_OVER = "grace period over"
UNKNOWN = "no session left"
DELETED = "workspace deleted"


@dataclass(frozen=True, kw_only=True)
class EndedWorkspace:
    """A workspace to erase. `erased_by` names the services done with it."""

    workspace_id: str
    reason: str
    erased_by: frozenset[str]


class Workspaces:
    """The table of ended workspaces, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def end(self, workspace_id: str, reason: str, now: dt.datetime) -> bool:
        """Have a workspace erased unless it has a session. Return whether it ended."""
        parameters = {"workspace_id": workspace_id, "reason": reason, "now": now}
        return await execute(self._connection, _END, parameters) == 1

    async def adopt(self, workspace_ids: Sequence[str], now: dt.datetime) -> int:
        """Count workspaces without any session as ended now. Return how many are new."""
        parameters = {"workspace_ids": list(workspace_ids), "reason": UNKNOWN, "now": now}
        return await execute(self._connection, _ADOPT, parameters)

    async def due(
        self, now: dt.datetime, since: dt.datetime | None, limit: int
    ) -> list[EndedWorkspace]:
        """Return workspaces to erase, with those ended before `since`."""
        rows = await fetch_all(self._connection, _DUE, {"now": now, "since": since, "limit": limit})
        return [
            EndedWorkspace(
                workspace_id=row["workspace_id"],
                reason=row["reason"],
                erased_by=frozenset(row["erased_by"]),
            )
            for row in rows
        ]

    async def erased_by(self, workspace_id: str, service: str, now: dt.datetime) -> None:
        """Record the erasure of a workspace by a service."""
        parameters = {"workspace_id": workspace_id, "service": service, "now": now}
        await execute(self._connection, _ERASED_BY, parameters)

    async def erased(self, workspace_id: str, now: dt.datetime) -> None:
        """Record the erasure of a workspace by all services."""
        await execute(self._connection, _ERASED, {"workspace_id": workspace_id, "now": now})

    async def forget(self, before: dt.datetime) -> int:
        """Delete the rows of workspaces erased before a time. Return how many."""
        return await execute(self._connection, _FORGET, {"before": before})
