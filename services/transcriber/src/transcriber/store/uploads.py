"""Uploads in progress, kept so that interrupted ones can be removed."""

from dataclasses import dataclass

from common.identity import Owner
from common.postgres import Connection, execute, fetch_all, fetch_one

_RESERVE = """
INSERT INTO uploads
    (transcription_id, session_id, workspace_id, source_key, auto_start, reserved_bytes, origin)
SELECT id, %(session_id)s, %(workspace_id)s, id || '/source', %(auto_start)s, %(reserved_bytes)s,
       %(origin)s
FROM nextval(pg_get_serial_sequence('transcriptions', 'id')) AS id
RETURNING transcription_id, source_key
"""
_TOUCH = "UPDATE uploads SET touched_at = now() WHERE transcription_id = %s AND NOT given_up"
_GROW = """
UPDATE uploads SET reserved_bytes = %s, touched_at = now()
WHERE transcription_id = %s AND NOT given_up
"""
_FINISH = "DELETE FROM uploads WHERE transcription_id = %s AND NOT given_up"
_GIVE_UP = "UPDATE uploads SET given_up = true WHERE transcription_id = %s"
_GIVE_UP_OF = "UPDATE uploads SET given_up = true WHERE workspace_id = %s"
_FORGET = "DELETE FROM uploads WHERE transcription_id = %s AND given_up"
# An upload in progress reserves a place in the queue.
_HOLDING = """
SELECT count(*) AS uploads FROM uploads
WHERE auto_start AND NOT given_up AND touched_at > now() - make_interval(secs => %s)
"""
_STALE = """
UPDATE uploads SET given_up = true
WHERE transcription_id IN (
    SELECT transcription_id FROM uploads
    WHERE (given_up OR touched_at < now() - make_interval(secs => %s))
      AND NOT item_rests('uploads', transcription_id::text)
    ORDER BY touched_at LIMIT %s FOR UPDATE SKIP LOCKED)
RETURNING transcription_id, source_key
"""

#: An upload without progress for this long (seconds) loses its place in the queue.
HOLDS_SECONDS = 180.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Upload:
    """An upload in progress, the key of its object, and the storage reserved for it."""

    transcription_id: int
    source_key: str
    reserved_bytes: int = 0


class Uploads:
    """The table of uploads in progress, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def begin(
        self, owner: Owner, *, auto_start: bool, reserved_bytes: int = 0, origin: str = ""
    ) -> Upload:
        """Add an upload and reserve an id for its transcription, and bytes of storage."""
        parameters = {
            "session_id": owner.session_id,
            "workspace_id": owner.workspace_id,
            "auto_start": auto_start,
            "reserved_bytes": reserved_bytes,
            "origin": origin,
        }
        row = await fetch_one(self._connection, _RESERVE, parameters)
        assert row is not None
        return Upload(
            transcription_id=row["transcription_id"],
            source_key=row["source_key"],
            reserved_bytes=reserved_bytes,
        )

    async def touch(self, transcription_id: int) -> bool:
        """Record progress. Return False if the upload was given up."""
        return await execute(self._connection, _TOUCH, (transcription_id,)) == 1

    async def grow(self, transcription_id: int, reserved_bytes: int) -> bool:
        """Change the bytes reserved for an upload. Return False if it was given up."""
        parameters = (reserved_bytes, transcription_id)
        return await execute(self._connection, _GROW, parameters) == 1

    async def finish(self, transcription_id: int) -> bool:
        """Remove a successful upload. Return False if it was given up."""
        return await execute(self._connection, _FINISH, (transcription_id,)) == 1

    async def give_up(self, transcription_id: int) -> None:
        """Mark an upload as failed before its bytes are removed."""
        await execute(self._connection, _GIVE_UP, (transcription_id,))

    async def give_up_of(self, workspace_id: str) -> None:
        """Mark all uploads of a workspace as failed. They end at their next sign of progress."""
        await execute(self._connection, _GIVE_UP_OF, (workspace_id,))

    async def forget(self, transcription_id: int) -> None:
        """Remove a given up upload after its bytes."""
        await execute(self._connection, _FORGET, (transcription_id,))

    async def holding(self) -> int:
        """Return the number of places in the queue reserved for uploads."""
        row = await fetch_one(self._connection, _HOLDING, (HOLDS_SECONDS,))
        return int(row["uploads"]) if row else 0

    async def stale(self, seconds: float, limit: int) -> list[Upload]:
        """Give up uploads without progress for `seconds`. Return all given up uploads."""
        return [
            Upload(transcription_id=row["transcription_id"], source_key=row["source_key"])
            for row in await fetch_all(self._connection, _STALE, (seconds, limit))
        ]
