"""Conflicts of edits with new machine versions, within one transaction."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from psycopg.rows import DictRow

from common.postgres import Connection, execute, fetch_all, fetch_one
from transcriber.editing.conflicts import Conflict, ConflictKind
from transcriber.editing.items import ItemId

_ADD = """
INSERT INTO transcript_conflicts (
    transcription_id, machine_revision, revision, source, author, kind, was, mine, machine,
    start_seconds, end_seconds, placed, written, heard)
VALUES (
    %(id)s, %(machine_revision)s, %(revision)s, %(source)s, %(author)s, %(kind)s, %(was)s,
    %(mine)s, %(machine)s, %(start)s, %(end)s, %(placed)s, %(written)s, %(heard)s)
"""
_PAGE = """
SELECT * FROM transcript_conflicts
WHERE transcription_id = %(id)s AND (%(resolved)s OR resolved = '')
ORDER BY start_seconds, conflict_id OFFSET %(offset)s LIMIT %(limit)s
"""
_COUNT = """
SELECT count(*) AS total, count(*) FILTER (WHERE resolved = '') AS open
FROM transcript_conflicts WHERE transcription_id = %s
"""
_FIND = "SELECT * FROM transcript_conflicts WHERE transcription_id = %s AND conflict_id = %s"
_RESOLVE = """
UPDATE transcript_conflicts SET resolved = %s, resolved_at = now()
WHERE transcription_id = %s AND conflict_id = %s
"""
#: Text of a person that is in the transcript: the newest machine version is compared with it again.
_SUPERSEDE = """
UPDATE transcript_conflicts SET resolved = 'mine', resolved_at = now()
WHERE transcription_id = %s AND machine_revision < %s AND resolved = '' AND placed
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class ListedConflict:
    """A stored conflict.

    `machine_revision` is the version that made it, and `revision` the newest one after the edits
    were repeated. `resolved` is `mine`, `machine`, or empty.
    """

    conflict_id: int
    machine_revision: int
    revision: int
    author: str
    conflict: Conflict
    resolved: str
    resolved_at: dt.datetime | None


class Conflicts:
    """The conflicts of one transcription."""

    def __init__(self, connection: Connection, transcription_id: int) -> None:
        self._connection = connection
        self._id = transcription_id

    async def add(
        self,
        conflicts: Iterable[Conflict],
        authors: Mapping[int, str],
        *,
        machine_revision: int,
        revision: int,
    ) -> None:
        """Add conflicts. `authors` has those of edits by their revisions."""
        for conflict in conflicts:
            parameters = {
                "id": self._id,
                "machine_revision": machine_revision,
                "revision": revision,
                "source": conflict.source,
                "author": authors.get(conflict.source, ""),
                "kind": conflict.kind,
                "was": conflict.was,
                "mine": conflict.mine,
                "machine": conflict.machine,
                "start": conflict.start,
                "end": conflict.end,
                "placed": conflict.placed,
                "written": [str(item_id) for item_id in conflict.written],
                "heard": [str(item_id) for item_id in conflict.heard],
            }
            await execute(self._connection, _ADD, parameters)

    async def page(
        self, *, resolved: bool, limit: int, offset: int
    ) -> tuple[list[ListedConflict], int, int]:
        """Return a page in order of time, the number of all, and the number of open ones.

        Resolved ones are included only with `resolved`.
        """
        parameters = {"id": self._id, "resolved": resolved, "limit": limit, "offset": offset}
        rows = await fetch_all(self._connection, _PAGE, parameters)
        count = await fetch_one(self._connection, _COUNT, (self._id,))
        assert count is not None
        total = count["total"] if resolved else count["open"]
        return [_listed(row) for row in rows], total, count["open"]

    async def find(self, conflict_id: int) -> ListedConflict | None:
        """Return a conflict."""
        row = await fetch_one(self._connection, _FIND, (self._id, conflict_id))
        return None if row is None else _listed(row)

    async def supersede(self, machine_revision: int) -> None:
        """Close conflicts of earlier machine versions, except those of text without a place."""
        await execute(self._connection, _SUPERSEDE, (self._id, machine_revision))

    async def resolve(self, conflict_id: int, use: str) -> None:
        """Record how a conflict was resolved."""
        await execute(self._connection, _RESOLVE, (use, self._id, conflict_id))


def _listed(row: DictRow) -> ListedConflict:
    return ListedConflict(
        conflict_id=row["conflict_id"],
        machine_revision=row["machine_revision"],
        revision=row["revision"],
        author=row["author"],
        conflict=Conflict(
            kind=ConflictKind(row["kind"]),
            source=row["source"],
            was=row["was"],
            mine=row["mine"],
            machine=row["machine"],
            start=row["start_seconds"],
            end=row["end_seconds"],
            placed=row["placed"],
            written=tuple(map(ItemId.parse, row["written"])),
            heard=tuple(map(ItemId.parse, row["heard"])),
        ),
        resolved=row["resolved"],
        resolved_at=row["resolved_at"],
    )
