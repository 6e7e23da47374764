"""Transcripts with edited words to measure in the sound."""

from common.postgres import Connection, execute, fetch_all, fetch_one
from transcriber.editing.items import ItemId

# Somebody who is still editing is not disturbed. A batch from the future is from a clock that was
# ahead.
_DUE = """
SELECT id FROM transcriptions
WHERE revision > measured_revision AND revision > machine_revision AND trashed_at IS NULL
  AND transcript_at IS NOT NULL
  AND NOT EXISTS (
      SELECT FROM transcript_batches AS batch
      WHERE batch.transcription_id = transcriptions.id
        AND batch.created_at BETWEEN now() - make_interval(secs => %s) AND now())
  AND NOT item_rests('word-times', id::text)
ORDER BY id LIMIT %s
"""
_MEASURED = "SELECT measured_revision FROM transcriptions WHERE id = %s"
_SEGMENTS = """
SELECT item FROM edited_segments
WHERE transcription_id = %s AND shown AND words @? 'strict $[*] ? (@[3] == null)' ORDER BY rank
"""
_SETTLE = """
UPDATE transcriptions SET measured_revision = greatest(measured_revision, %s) WHERE id = %s
"""

#: Seconds after the last edit.
PAUSE_SECONDS = 20.0


class WordTimes:
    """The progress of measuring, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def due(self, limit: int) -> list[int]:
        """Return transcriptions with edits to look at."""
        rows = await fetch_all(self._connection, _DUE, (PAUSE_SECONDS, limit))
        return [row["id"] for row in rows]

    async def measured(self, transcription_id: int) -> int:
        """Return the last revision with all words measured."""
        row = await fetch_one(self._connection, _MEASURED, (transcription_id,))
        return row["measured_revision"] if row else 0

    async def segments(self, transcription_id: int) -> list[ItemId]:
        """Return the segments with words by people or corrections, in order."""
        rows = await fetch_all(self._connection, _SEGMENTS, (transcription_id,))
        return [ItemId.parse(row["item"]) for row in rows]

    async def settle(self, transcription_id: int, revision: int) -> None:
        """Mark all words up to a revision as measured."""
        await execute(self._connection, _SETTLE, (revision, transcription_id))
