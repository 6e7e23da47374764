"""Storage of the audit log in Postgres. Triggers refuse every change of an entry."""

import datetime as dt
from dataclasses import asdict, dataclass

from psycopg.rows import DictRow

from common.postgres import Database
from gateway.audit.entry import Entry, Message, Selection, row_of

# An entry that is delivered twice is stored once. Targets of erased workspaces are left out.
_INSERT = """
INSERT INTO audit_entries (
    entry_id, happened_at, workspace_id, actor, user_id, session_id, link_id, actor_service, action,
    target_kind, target_ids, address, door, outcome, code, service, trace_id, erased
) SELECT
    %(entry_id)s, %(happened_at)s, %(workspace_id)s, %(actor)s, %(user_id)s, %(session_id)s,
    %(link_id)s, %(actor_service)s, %(action)s, %(target_kind)s,
    CASE WHEN gone.erased THEN '{}' ELSE %(target_ids)s::text[] END,
    %(address)s, %(door)s, %(outcome)s, %(code)s, %(service)s, %(trace_id)s, gone.erased
FROM (
    SELECT EXISTS (
        SELECT FROM ended_workspaces
        WHERE workspace_id = %(workspace_id)s AND erased_by ? 'audit'
    ) AS erased
) AS gone
ON CONFLICT (entry_id) DO NOTHING
"""
_LATEST = """
SELECT * FROM audit_entries
WHERE (workspace_id = %(workspace_id)s OR (%(workspace_id)s = '' AND erased))
  AND (%(start)s::timestamptz IS NULL OR happened_at >= %(start)s)
  AND (%(end)s::timestamptz IS NULL OR happened_at < %(end)s)
  AND (%(user_id)s = '' OR user_id = %(user_id)s)
  AND (%(session_id)s = '' OR session_id = %(session_id)s)
  AND (%(action)s = '' OR action = %(action)s
       OR (right(%(action)s, 1) = '.' AND starts_with(action, %(action)s)))
  AND (%(target_kind)s = '' OR target_kind = %(target_kind)s)
  AND (%(target_id)s = '' OR %(target_id)s = ANY(target_ids))
  AND (%(outcome)s = '' OR outcome = %(outcome)s)
  AND (%(address)s = '' OR address = %(address)s)
  AND (%(place_time)s::timestamptz IS NULL
       OR (happened_at, number) < (%(place_time)s, %(place_number)s))
ORDER BY happened_at DESC, number DESC LIMIT %(limit)s
"""
_EARLIEST = """
SELECT * FROM audit_entries
WHERE (workspace_id = %(workspace_id)s OR (%(workspace_id)s = '' AND erased))
  AND (%(start)s::timestamptz IS NULL OR happened_at >= %(start)s)
  AND (%(end)s::timestamptz IS NULL OR happened_at < %(end)s)
  AND (%(user_id)s = '' OR user_id = %(user_id)s)
  AND (%(session_id)s = '' OR session_id = %(session_id)s)
  AND (%(action)s = '' OR action = %(action)s
       OR (right(%(action)s, 1) = '.' AND starts_with(action, %(action)s)))
  AND (%(target_kind)s = '' OR target_kind = %(target_kind)s)
  AND (%(target_id)s = '' OR %(target_id)s = ANY(target_ids))
  AND (%(outcome)s = '' OR outcome = %(outcome)s)
  AND (%(address)s = '' OR address = %(address)s)
  AND (%(place_time)s::timestamptz IS NULL
       OR (happened_at, number) > (%(place_time)s, %(place_number)s))
ORDER BY happened_at, number LIMIT %(limit)s
"""
_DELETE_OLD = "SELECT delete_old_audit_entries(%(before)s, %(most)s) AS deleted"
_FORGET = "SELECT forget_audit_targets(%(workspace_id)s) AS changed"
_AT_A_TIME = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """Place of an entry in the order of time."""

    happened_at: dt.datetime
    number: int

    @classmethod
    def of(cls, entry: Entry) -> "Place":
        """Return the place of an entry."""
        return cls(happened_at=entry.happened_at, number=entry.number)


class AuditLog:
    """Entries of the audit log."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, message: Message, service: str) -> None:
        """Store an entry of a service, unless it is stored already."""
        await self._database.execute(_INSERT, row_of(message, service))

    async def latest(self, selection: Selection, place: Place | None, limit: int) -> list[Entry]:
        """Return entries from the latest to the earliest, those behind a place."""
        rows = await self._database.fetch_all(_LATEST, _parameters(selection, place, limit))
        return [_entry(row) for row in rows]

    async def earliest(self, selection: Selection, place: Place | None, limit: int) -> list[Entry]:
        """Return entries from the earliest to the latest, those behind a place."""
        rows = await self._database.fetch_all(_EARLIEST, _parameters(selection, place, limit))
        return [_entry(row) for row in rows]

    async def delete_before(self, before: dt.datetime) -> int:
        """Delete entries stored before a time. Return their number."""
        deleted = 0
        while True:
            parameters = {"before": before, "most": _AT_A_TIME}
            row = await self._database.fetch_one(_DELETE_OLD, parameters)
            found: int = row["deleted"] if row else 0
            deleted += found
            if found < _AT_A_TIME:
                return deleted

    async def forget(self, workspace_id: str, _reason: str = "") -> None:
        """Remove the identifiers of the things of a workspace from its entries."""
        await self._database.fetch_one(_FORGET, {"workspace_id": workspace_id})


def _parameters(selection: Selection, place: Place | None, limit: int) -> dict[str, object]:
    return {
        **asdict(selection),
        "place_time": place.happened_at if place else None,
        "place_number": place.number if place else 0,
        "limit": limit,
    }


def _entry(row: DictRow) -> Entry:
    values = {name: row[name] for name in Entry.__slots__}
    values["entry_id"] = str(row["entry_id"])
    values["target_ids"] = tuple(row["target_ids"])
    return Entry(**values)
