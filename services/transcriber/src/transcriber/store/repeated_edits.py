"""Batches that repeat edits on a new machine version, within one transaction."""

from collections.abc import Iterable

from psycopg.types.json import Jsonb

from common.postgres import Connection, execute, fetch_all, fetch_one
from transcriber.editing import encoding
from transcriber.editing.rebase import RepeatedBatch

# The operations name items of the earlier version. They say what was done, and are not executed.
_RECORD = """
INSERT INTO transcript_batches (
    transcription_id, revision, author, kind, target, created_at, operations, effects, source)
SELECT %(id)s, %(revision)s, author, 'edit', 0, created_at, operations, %(effects)s, revision
FROM transcript_batches WHERE transcription_id = %(id)s AND revision = %(source)s
"""
_ADVANCE = "UPDATE transcriptions SET revision = %s WHERE id = %s"
_SOURCES = """
SELECT revision, source FROM transcript_batches WHERE transcription_id = %s AND source > 0
"""
_REPETITION = """
SELECT revision FROM transcript_batches WHERE transcription_id = %s AND source = %s
ORDER BY revision DESC LIMIT 1
"""
_CLEAR_NOTES = "DELETE FROM transcript_notes WHERE transcription_id = %s"
# Names that no batch has given, from before names were edits.
_UNRECORDED_NAMES = """
SELECT label FROM transcript_speakers
WHERE transcription_id = %s AND coalesce((stamps -> 'name' ->> 0)::integer, 0) = 0
"""


class RepeatedEdits:
    """The batches of one transcription that repeat earlier ones."""

    def __init__(self, connection: Connection, transcription_id: int) -> None:
        self._connection = connection
        self._id = transcription_id

    async def record(self, batches: Iterable[RepeatedBatch]) -> None:
        """Append batches to the history. They have the author and time of those they repeat."""
        parameters = [
            {
                "id": self._id,
                "revision": batch.entry.revision,
                "source": batch.source,
                "effects": Jsonb(encoding.effects_to_json(batch.effects)),
            }
            for batch in batches
        ]
        if not parameters:
            return
        async with self._connection.cursor() as cursor:
            await cursor.executemany(_RECORD.encode(), parameters)
        await execute(self._connection, _ADVANCE, (parameters[-1]["revision"], self._id))

    async def sources(self) -> dict[int, int]:
        """Return the revisions that batches repeat, by the revisions of these."""
        rows = await fetch_all(self._connection, _SOURCES, (self._id,))
        return {row["revision"]: row["source"] for row in rows}

    async def latest(self, revision: int) -> int:
        """Return the newest repetition of a batch, or the batch itself without one."""
        while row := await fetch_one(self._connection, _REPETITION, (self._id, revision)):
            revision = row["revision"]
        return revision

    async def clear_notes(self) -> None:
        """Remove the notes of the earlier machine version, which its batches have."""
        await execute(self._connection, _CLEAR_NOTES, (self._id,))

    async def unrecorded_names(self) -> set[str]:
        """Return the labels of speakers whose names are not from batches."""
        rows = await fetch_all(self._connection, _UNRECORDED_NAMES, (self._id,))
        return {row["label"] for row in rows}
