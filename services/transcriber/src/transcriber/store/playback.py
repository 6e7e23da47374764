"""Copies of recordings for playback: the current ones, and those to be removed."""

from collections.abc import Sequence

from psycopg.rows import DictRow

from common.postgres import Connection, execute, fetch_all, fetch_one, give_work
from transcriber.domain.playback import CopyKeys, MadeCopy, PlaybackCopy, StoredCopy
from transcriber.store import step_names

_FIND = """
SELECT id, transcript_at, source_deleted_at, playback_key, playback_type, playback_bytes,
       playback_channels, playback_seconds, peaks_key, peaks_bytes
FROM transcriptions WHERE id = %s AND workspace_id = %s AND trashed_at IS NULL
"""
# The copy of a result that is used again may have been removed.
_SET = """
UPDATE transcriptions
SET playback_key = %(playback_key)s, playback_type = %(content_type)s,
    playback_bytes = %(size_bytes)s, playback_channels = %(channels)s,
    playback_seconds = %(duration)s, peaks_key = %(peaks_key)s, peaks_bytes = %(peaks_bytes)s
WHERE id = %(id)s
  AND NOT EXISTS (SELECT FROM superseded_copies WHERE result_key = %(result_key)s)
"""
_CURRENT = "SELECT playback_key FROM transcriptions WHERE id = %s"
_RESULTS = """
SELECT DISTINCT result_key FROM tasks
WHERE transcription_id = %s AND stage = 'transcribe' AND state = 'done' AND result_key <> ''
"""
_ANY_SUPERSEDED = "SELECT 1 AS one FROM superseded_copies WHERE result_key = ANY(%s) LIMIT 1"
_SUPERSEDE = """
INSERT INTO superseded_copies (result_key, transcription_id)
SELECT unnest(%(result_keys)s::text[]), %(id)s
ON CONFLICT (result_key) DO NOTHING
"""
_DUE = """
SELECT DISTINCT transcription_id FROM superseded_copies
WHERE removed_at IS NULL AND NOT item_rests('playback-copies', transcription_id::text)
ORDER BY transcription_id LIMIT %s
"""
_TO_REMOVE = """
SELECT result_key FROM superseded_copies WHERE transcription_id = %s AND removed_at IS NULL
"""
_REMOVED = "UPDATE superseded_copies SET removed_at = now() WHERE result_key = %s"


class PlaybackCopies:
    """The copies of transcriptions, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def find(self, transcription_id: int, workspace_id: str) -> PlaybackCopy | None:
        """Return the copy of a workspace's transcription. None if there is no transcription."""
        row = await fetch_one(self._connection, _FIND, (transcription_id, workspace_id))
        return None if row is None else _copy(row)

    async def removed_before(self, result_keys: Sequence[str]) -> bool:
        """Return whether the copy of one of some results is removed, or about to be."""
        row = await fetch_one(self._connection, _ANY_SUPERSEDED, (list(result_keys),))
        return row is not None

    async def settle(self, transcription_id: int, copy: StoredCopy | None) -> None:
        """Store the copy of a new transcript, and have all others removed.

        If there is none, or it was removed before, the current copy stays. Without a current one
        nothing is removed.
        """
        before = await self._current(transcription_id)
        if copy is not None:
            result_key, made = copy.result_key, copy.made
            keys = CopyKeys.of_result(result_key)
            parameters = {
                "id": transcription_id,
                "result_key": result_key,
                "playback_key": keys.playback,
                "peaks_key": keys.peaks,
                "content_type": made.content_type,
                "size_bytes": made.size_bytes,
                "peaks_bytes": made.peaks_bytes,
                "channels": made.channels,
                "duration": made.duration,
            }
            await execute(self._connection, _SET, parameters)
        kept = await self._current(transcription_id)
        if not kept:
            # Copies of parts may still be joined by the next merge.
            return
        results = await fetch_all(self._connection, _RESULTS, (transcription_id,))
        others = [key for row in results if (key := row["result_key"]) != CopyKeys.result_of(kept)]
        if before != kept:
            # It may have been joined from copies of parts, and is no result's then.
            others.append(CopyKeys.result_of(before))
        others = [key for key in dict.fromkeys(others) if key]
        if others:
            parameters = {"id": transcription_id, "result_keys": others}
            await execute(self._connection, _SUPERSEDE, parameters)
            give_work(self._connection, step_names.PLAYBACK_COPIES)

    async def _current(self, transcription_id: int) -> str:
        row = await fetch_one(self._connection, _CURRENT, (transcription_id,))
        return str(row["playback_key"]) if row else ""

    async def due(self, limit: int) -> list[int]:
        """Return transcriptions with copies to be removed."""
        rows = await fetch_all(self._connection, _DUE, (limit,))
        return [row["transcription_id"] for row in rows]

    async def to_remove(self, transcription_id: int) -> Sequence[str]:
        """Return the keys of results whose copies are to be removed."""
        rows = await fetch_all(self._connection, _TO_REMOVE, (transcription_id,))
        return [row["result_key"] for row in rows]

    async def removed(self, result_key: str) -> None:
        """Record that the copy of a result was removed."""
        await execute(self._connection, _REMOVED, (result_key,))


def _copy(row: DictRow) -> PlaybackCopy:
    made = None
    if row["playback_key"]:
        made = MadeCopy(
            content_type=row["playback_type"],
            size_bytes=row["playback_bytes"],
            peaks_bytes=row["peaks_bytes"],
            channels=row["playback_channels"],
            duration=row["playback_seconds"],
        )
    return PlaybackCopy(
        transcription_id=row["id"],
        transcript_at=row["transcript_at"],
        source_available=row["source_deleted_at"] is None,
        keys=CopyKeys(playback=row["playback_key"], peaks=row["peaks_key"]),
        made=made,
    )
