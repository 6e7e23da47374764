"""Replacements by hand, and suggestions from them."""

from collections.abc import Sequence
from dataclasses import dataclass

import regex  # type: ignore[import-untyped]

from common.postgres import Connection, execute, fetch_all, fetch_one

_KEEP = """
INSERT INTO vocabulary_observations (transcription_id, item, revision, heard, key, meant)
VALUES (%(id)s, %(item)s, %(revision)s, %(heard)s, %(key)s, %(meant)s)
ON CONFLICT (transcription_id, item) DO UPDATE SET
    revision = excluded.revision, heard = excluded.heard, key = excluded.key,
    meant = excluded.meant
"""
_REVISE = """
UPDATE vocabulary_observations SET revision = %(revision)s, meant = %(meant)s
WHERE transcription_id = %(id)s AND item = %(item)s
"""
_FORGET = """
DELETE FROM vocabulary_observations WHERE transcription_id = %s AND revision > %s
"""
# An edit counts unless it has been undone, or from its last repetition on.
_SUGGESTIONS = """
WITH counted AS (
    SELECT seen.transcription_id, seen.key, seen.heard, seen.meant
    FROM vocabulary_observations AS seen
    JOIN transcriptions ON transcriptions.id = seen.transcription_id
    WHERE transcriptions.workspace_id = %(workspace)s AND transcriptions.trashed_at IS NULL
      AND coalesce((
          SELECT kind FROM transcript_batches AS batch
          WHERE batch.transcription_id = seen.transcription_id AND batch.target = seen.revision
            AND batch.target > 0
          ORDER BY batch.revision DESC LIMIT 1), 'edit') <> 'undo')
SELECT key, meant, min(heard) AS heard, count(*) AS count,
       array_agg(DISTINCT transcription_id) AS transcriptions
FROM counted
WHERE NOT EXISTS (
        SELECT FROM vocabulary_corrections AS known
        WHERE known.workspace_id = %(workspace)s AND known.key = counted.key)
  AND NOT EXISTS (
        SELECT FROM vocabulary_dismissals AS dismissed
        WHERE dismissed.workspace_id = %(workspace)s AND dismissed.key = counted.key
          AND dismissed.meant = counted.meant)
GROUP BY key, meant
HAVING count(*) >= %(least)s
ORDER BY count(*) DESC, key, meant LIMIT %(limit)s
"""
_REMAINING = """
SELECT count(*) AS total FROM (
    SELECT FROM current_segments
    WHERE transcription_id = ANY(%(ids)s) AND text ~* %(pattern)s LIMIT %(limit)s) AS found
"""
_DISMISS = """
INSERT INTO vocabulary_dismissals (workspace_id, key, meant) VALUES (%s, %s, %s)
ON CONFLICT DO NOTHING
"""
#: Transcriptions that are named with a suggestion.
_MOST_NAMED = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Observation:
    """A replacement by hand. `item` is the first word of the new text.

    `heard` is empty if a person has replaced the heard words before.
    """

    item: str
    heard: str
    key: str
    meant: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Replaced:
    """Words with the same replacement in `count` places, and where."""

    heard: str
    key: str
    meant: str
    count: int
    transcriptions: Sequence[int]


class Observations:
    """The replacements in one transcription, within one transaction."""

    def __init__(self, connection: Connection, transcription_id: int) -> None:
        self._connection = connection
        self._id = transcription_id

    async def keep(self, found: Sequence[Observation], revision: int) -> None:
        """Keep the replacements of a revision."""
        for observation in found:
            parameters = {
                "id": self._id,
                "item": observation.item,
                "revision": revision,
                "heard": observation.heard,
                "key": observation.key,
                "meant": observation.meant,
            }
            await execute(self._connection, _KEEP if observation.heard else _REVISE, parameters)

    async def forget_after(self, revision: int) -> None:
        """Forget the replacements behind a restored revision."""
        await execute(self._connection, _FORGET, (self._id, revision))


class WorkspaceObservations:
    """The replacements in all transcripts of a workspace, within one transaction."""

    def __init__(self, connection: Connection, workspace_id: str) -> None:
        self._connection = connection
        self._workspace_id = workspace_id

    async def repeated(self, *, least: int, limit: int) -> list[Replaced]:
        """Return replacements made in at least some places, the most frequent first.

        Undone and dismissed ones are left out, and those with a correction.
        """
        parameters = {"workspace": self._workspace_id, "least": least, "limit": limit}
        return [
            Replaced(
                heard=row["heard"],
                key=row["key"],
                meant=row["meant"],
                count=row["count"],
                transcriptions=row["transcriptions"][:_MOST_NAMED],
            )
            for row in await fetch_all(self._connection, _SUGGESTIONS, parameters)
        ]

    async def remaining(self, found: Replaced, *, most: int) -> int:
        """Return in how many segments the heard words are still there, counting to `most`."""
        parameters = {
            "ids": list(found.transcriptions),
            "pattern": rf"\m{regex.escape(found.heard)}\M",
            "limit": most,
        }
        row = await fetch_one(self._connection, _REMAINING, parameters)
        return row["total"] if row else 0

    async def dismiss(self, found: Replaced) -> None:
        """Do not offer a replacement again."""
        await execute(self._connection, _DISMISS, (self._workspace_id, found.key, found.meant))
