"""The index of the search, within one transaction."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any

from psycopg.types.json import Jsonb

from common.postgres import Connection, execute, fetch_all, fetch_one, give_work
from transcriber.editing import encoding
from transcriber.editing.items import NoteItem
from transcriber.editing.machine_version import segment_id
from transcriber.search.indexing import IndexEntry, note_entry, speaker_entry, title_entry
from transcriber.store import step_names

#: Numbers of parts in a workspace. The other workspaces have other ones.
HASH = "(hashtextextended(part, hashtextextended({workspace}, 0)) & 2147483647)::integer"
# Unchanged entries stay as they are. Others are to be embedded again.
_PUT = f"""
WITH put AS (
    INSERT INTO search_segments (
        transcription_id, item, workspace_id, kind, label, start_seconds, language, text, plain,
        keys)
    SELECT transcriptions.id, entry.item, transcriptions.workspace_id, entry.kind, entry.label,
           entry.start, entry.language, entry.text, entry.plain,
           ARRAY(SELECT DISTINCT {HASH.format(workspace="transcriptions.workspace_id")}
                 FROM (SELECT unnest(entry.grams) AS part
                       UNION ALL
                       SELECT entry.configuration || ':' || lexeme
                       FROM unnest(to_tsvector(entry.configuration::regconfig, entry.searched))
                      ) AS parts)
    FROM transcriptions,
         jsonb_to_recordset(%(entries)s) AS entry (
             item text, kind text, label text, start double precision, language text, text text,
             searched text, plain text, grams text[], configuration text)
    WHERE transcriptions.id = %(id)s
    ORDER BY entry.item
    ON CONFLICT (transcription_id, item) DO UPDATE
    SET label = excluded.label, start_seconds = excluded.start_seconds,
        language = excluded.language, text = excluded.text, plain = excluded.plain,
        keys = excluded.keys
    WHERE (search_segments.label, search_segments.start_seconds, search_segments.language,
           search_segments.text, search_segments.plain)
        IS DISTINCT FROM (excluded.label, excluded.start_seconds, excluded.language,
                          excluded.text, excluded.plain)
    RETURNING id, workspace_id, transcription_id, kind),
outdated AS (DELETE FROM search_embeddings USING put WHERE segment_id = put.id)
INSERT INTO search_unembedded (segment_id, workspace_id, transcription_id)
SELECT id, workspace_id, transcription_id FROM put WHERE kind IN ('segment', 'note')
ON CONFLICT DO NOTHING
"""  # noqa: S608 - of constants
_REMOVE = "DELETE FROM search_segments WHERE transcription_id = %s AND item = ANY(%s)"
_KEEP = "DELETE FROM search_segments WHERE transcription_id = %s AND item <> ALL(%s)"
_KEEP_NAMES = """
DELETE FROM search_segments
WHERE transcription_id = %s AND kind = 'speaker' AND item <> ALL(%s)
"""
# The revision of a batch follows the current one. If it does not, indexing is due.
_ADVANCE = """
UPDATE transcriptions SET search_revision = revision + 1
WHERE id = %s AND search_revision = revision
"""
_LOCK = """
SELECT id, revision, transcript_at, title, filename, created_at FROM transcriptions
WHERE id = %s FOR NO KEY UPDATE
"""
_DESCRIBED = "SELECT title, filename, created_at FROM transcriptions WHERE id = %s"
_SEGMENTS = """
SELECT item, position, machine_revision, label, text, start_seconds, language
FROM current_segments WHERE transcription_id = %s
"""
_NAMES = """
SELECT label, name FROM transcript_speakers
WHERE transcription_id = %s AND name <> '' AND merged_into = ''
"""
_NOTES = "SELECT note FROM transcript_notes WHERE transcription_id = %s"
_INDEXED = """
UPDATE transcriptions SET search_revision = %(revision)s, search_at = %(transcript_at)s
WHERE id = %(id)s
"""
_DUE = """
SELECT id FROM transcriptions
WHERE (search_revision <> revision OR search_at IS DISTINCT FROM transcript_at)
  AND NOT item_rests('search-texts', id::text)
ORDER BY id DESC LIMIT %s
"""
#: Entries per statement.
_AT_ONCE = 300
#: Entries whose words are split within a few milliseconds.
_SMALL = 30


class SearchIndex:
    """The entries of transcriptions."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def due(self, limit: int) -> list[int]:
        """Return transcriptions with an outdated index, the newest first."""
        return [row["id"] for row in await fetch_all(self._connection, _DUE, (limit,))]

    async def put(self, transcription_id: int, entries: Sequence[IndexEntry]) -> None:
        """Add entries, or replace those with the same items."""
        for first in range(0, len(entries), _AT_ONCE):
            part = entries[first : first + _AT_ONCE]
            # Splitting the words of a long transcript takes seconds.
            rows = await asyncio.to_thread(_rows, part) if len(part) > _SMALL else _rows(part)
            await execute(self._connection, _PUT, {"id": transcription_id, "entries": Jsonb(rows)})
            give_work(self._connection, step_names.SEARCH_EMBEDDINGS)

    async def remove(self, transcription_id: int, items: Iterable[str]) -> None:
        """Remove entries."""
        await execute(self._connection, _REMOVE, (transcription_id, list(items)))

    async def edited(
        self, transcription_id: int, entries: Sequence[IndexEntry], gone: Sequence[str]
    ) -> None:
        """Follow a batch of edits. Its revision is stored next."""
        if entries:
            await self.put(transcription_id, entries)
        if gone:
            await self.remove(transcription_id, gone)
        await execute(self._connection, _ADVANCE, (transcription_id,))

    async def describe(self, transcription_id: int) -> None:
        """Follow a change of the title or of names."""
        row = await fetch_one(self._connection, _DESCRIBED, (transcription_id,))
        if row is None:
            return
        names = await self._names(transcription_id)
        title = title_entry(row["title"], row["filename"], row["created_at"])
        await self.put(transcription_id, [title, *names])
        kept = [entry.item for entry in names]
        await execute(self._connection, _KEEP_NAMES, (transcription_id, kept))

    async def rebuild(self, transcription_id: int) -> None:
        """Bring all entries of a transcription to its current state."""
        row = await fetch_one(self._connection, _LOCK, (transcription_id,))
        if row is None:
            return
        entries = [
            title_entry(row["title"], row["filename"], row["created_at"]),
            *await self._names(transcription_id),
            *await self._segments(transcription_id),
            *await self._notes(transcription_id),
        ]
        kept = [entry.item for entry in entries]
        await execute(self._connection, _KEEP, (transcription_id, kept))
        await self.put(transcription_id, entries)
        await execute(self._connection, _INDEXED, row)

    async def _segments(self, transcription_id: int) -> list[IndexEntry]:
        return [
            IndexEntry(
                item=row["item"] or str(segment_id(row["machine_revision"], row["position"])),
                text=row["text"],
                label=row["label"],
                start=row["start_seconds"],
                language=row["language"],
            )
            for row in await fetch_all(self._connection, _SEGMENTS, (transcription_id,))
        ]

    async def _names(self, transcription_id: int) -> list[IndexEntry]:
        rows = await fetch_all(self._connection, _NAMES, (transcription_id,))
        return [speaker_entry(row["label"], row["name"]) for row in rows]

    async def _notes(self, transcription_id: int) -> list[IndexEntry]:
        rows = await fetch_all(self._connection, _NOTES, (transcription_id,))
        notes = [encoding.note_from_json(row["note"]) for row in rows]
        return [entry_of(note) for note in notes if note.alive]


def _rows(entries: Sequence[IndexEntry]) -> list[dict[str, Any]]:
    return [entry.to_json() for entry in entries]


def entry_of(note: NoteItem) -> IndexEntry:
    """Return the entry of a note."""
    return note_entry(str(note.id), note.text, str(note.first))
