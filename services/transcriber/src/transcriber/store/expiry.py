"""Time limits of recordings and transcriptions: what is due to be erased, or to be warned of.

The time of the deployment and that of the workspace hold, whichever is shorter.
"""

import datetime as dt
from dataclasses import dataclass

from psycopg.rows import DictRow

from common.postgres import Connection, execute, fetch_all
from transcriber.domain.retention import Retention
from transcriber.domain.transcriptions import TranscriptionStatus

_EXPIRED_SOURCES = """
UPDATE transcriptions SET source_deleted_at = coalesce(source_deleted_at, now())
WHERE id IN (
    SELECT id FROM transcriptions t LEFT JOIN workspace_settings w USING (workspace_id)
    WHERE NOT source_erased AND NOT item_rests('recordings', id::text)
      AND (status = 'completed'
           AND (clips_due_at IS NULL OR item_set_aside('clips', id::text))
           AND transcript_at
               < now() - make_interval(secs => least(%(processed)s, w.processed_seconds))
           OR status IN ('pending', 'failed')
           AND greatest(kept_since, (SELECT coalesce(completed_at, created_at) FROM jobs j
                                     WHERE j.job_id = t.job_id))
               < now() - make_interval(secs => least(%(unprocessed)s, w.unprocessed_seconds)))
    ORDER BY id LIMIT %(limit)s FOR NO KEY UPDATE OF t SKIP LOCKED)
RETURNING id, workspace_id, source_key, status
"""
# Nothing is erased without a warning, however old it was when the rule was made, except what its
# owner has moved to the trash.
_RETAINED = """
SELECT id, workspace_id, source_key, status
FROM transcriptions LEFT JOIN workspace_settings w USING (workspace_id)
WHERE (%(transcripts)s::double precision IS NOT NULL
       OR EXISTS (SELECT FROM workspace_settings WHERE transcript_seconds IS NOT NULL))
  AND status <> 'processing'
  AND greatest(created_at, transcript_at)
      < now() - make_interval(secs => least(%(transcripts)s, w.transcript_seconds))
  AND (trashed_at IS NOT NULL
       OR expiry_warned_at >= greatest(created_at, transcript_at)
          AND expiry_warned_at <= now() - make_interval(secs => %(warning)s))
  AND NOT item_rests('retention', id::text)
ORDER BY id LIMIT %(limit)s
"""
_TO_WARN = """
SELECT id FROM transcriptions LEFT JOIN workspace_settings w USING (workspace_id)
WHERE (%(transcripts)s::double precision IS NOT NULL
       OR EXISTS (SELECT FROM workspace_settings WHERE transcript_seconds IS NOT NULL))
  AND status <> 'processing' AND trashed_at IS NULL
  AND greatest(created_at, transcript_at)
      < now() - make_interval(secs => least(%(transcripts)s, w.transcript_seconds))
        + make_interval(secs => %(warning)s)
  AND coalesce(expiry_warned_at < greatest(created_at, transcript_at), true)
  AND NOT item_rests('expiry-warnings', id::text)
ORDER BY id LIMIT %(limit)s
"""
_FORGET_VOICES = """
WITH asked AS (
    UPDATE transcriptions SET voice_memory = false WHERE voice_memory RETURNING id
)
UPDATE transcript_speakers
SET voiceprint = NULL, voiceprint_model = '', voiceprint_version = '', voiceprint_seconds = 0
WHERE voiceprint IS NOT NULL
"""
_OVERDUE_IN_TRASH = """
SELECT id, workspace_id, trashed_at
FROM transcriptions LEFT JOIN workspace_settings w USING (workspace_id)
WHERE trashed_at < now() - make_interval(secs => least(%(seconds)s, w.trash_seconds))
  AND NOT item_rests('trash', id::text)
ORDER BY trashed_at LIMIT %(limit)s
"""
_WARNED = "UPDATE transcriptions SET expiry_warned_at = now() WHERE id = %s"
# Warnings due by the rule of the deployment stay. Otherwise, repeated changes of the time of a
# workspace could keep transcriptions beyond it.
_FORGET_WARNINGS = """
UPDATE transcriptions SET expiry_warned_at = NULL
WHERE id IN (
    SELECT id FROM transcriptions
    WHERE workspace_id = %(workspace_id)s AND expiry_warned_at IS NOT NULL
      AND (%(transcripts)s::double precision IS NULL
           OR greatest(created_at, transcript_at)
              >= now() - make_interval(secs => %(transcripts)s)
                 + make_interval(secs => %(warning)s))
    ORDER BY id FOR NO KEY UPDATE)
"""
_ERASED = "UPDATE transcriptions SET source_erased = true, origin = '' WHERE id = %s"


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredSource:
    """A recording in the object store, and the status of its transcription."""

    transcription_id: int
    workspace_id: str
    source_key: str
    status: TranscriptionStatus


@dataclass(frozen=True, kw_only=True, slots=True)
class Trashed:
    """A transcription in the trash, and since when it lies there."""

    transcription_id: int
    workspace_id: str
    trashed_at: dt.datetime


class Expiry:
    """Transcriptions whose time is over, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def expire_sources(self, retention: Retention, limit: int) -> list[StoredSource]:
        """Give up recordings whose time is over. Return all to erase."""
        parameters = {
            "processed": retention.processed,
            "unprocessed": retention.unprocessed,
            "limit": limit,
        }
        rows = await fetch_all(self._connection, _EXPIRED_SOURCES, parameters)
        return [_source(row) for row in rows]

    async def expired(self, retention: Retention, limit: int) -> list[StoredSource]:
        """Return transcriptions to be erased as a whole, whose owners were warned in time."""
        rows = await fetch_all(self._connection, _RETAINED, _limits(retention, limit))
        return [_source(row) for row in rows]

    async def expiring(self, retention: Retention, limit: int) -> list[int]:
        """Return transcriptions whose owners are to be warned."""
        rows = await fetch_all(self._connection, _TO_WARN, _limits(retention, limit))
        return [row["id"] for row in rows]

    async def forget_voices(self) -> int:
        """Remove all voiceprints, and keep none of later jobs. Return how many were removed."""
        return await execute(self._connection, _FORGET_VOICES)

    async def warned(self, transcription_id: int) -> None:
        """Record that the owner was warned now."""
        await execute(self._connection, _WARNED, (transcription_id,))

    async def forget_warnings(
        self, workspace_id: str, *, transcripts: float | None, warning: float
    ) -> None:
        """Have owners warned again after a change of the workspace's time.

        Those `warning` seconds before the end of the time of the deployment are not.
        """
        parameters = {"workspace_id": workspace_id, "transcripts": transcripts, "warning": warning}
        await execute(self._connection, _FORGET_WARNINGS, parameters)

    async def source_erased(self, transcription_id: int) -> None:
        """Record that the recording's object was deleted. It counts for no address any more."""
        await execute(self._connection, _ERASED, (transcription_id,))

    async def overdue_in_trash(self, seconds: float, limit: int) -> list[Trashed]:
        """Return transcriptions in the trash for longer than `seconds`, or a workspace's time."""
        parameters = {"seconds": seconds, "limit": limit}
        return [
            Trashed(
                transcription_id=row["id"],
                workspace_id=row["workspace_id"],
                trashed_at=row["trashed_at"],
            )
            for row in await fetch_all(self._connection, _OVERDUE_IN_TRASH, parameters)
        ]


def _source(row: DictRow) -> StoredSource:
    return StoredSource(
        transcription_id=row["id"],
        workspace_id=row["workspace_id"],
        source_key=row["source_key"],
        status=TranscriptionStatus(row["status"]),
    )


def _limits(retention: Retention, limit: int) -> dict[str, object]:
    return {"transcripts": retention.transcripts, "warning": retention.warning, "limit": limit}
