"""Titles, favorites, tags, folders and the trash of transcriptions, within one transaction."""

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from common.postgres import Connection, execute, fetch_all, fetch_one, give_work
from transcriber.domain.library import TitleSource
from transcriber.store import step_names
from transcriber.store.search import SearchIndex

_OWN = """
SELECT id FROM transcriptions WHERE workspace_id = %s AND id = ANY(%s) AND trashed_at IS NULL
ORDER BY id FOR NO KEY UPDATE
"""
_TAG_ALL = """
INSERT INTO transcription_tags (transcription_id, tag_id)
SELECT id, %(tag_id)s FROM unnest(%(ids)s::bigint[]) AS id ON CONFLICT DO NOTHING
"""
_UNTAG_ALL = "DELETE FROM transcription_tags WHERE transcription_id = ANY(%s) AND tag_id = %s"
_UNTAG_OTHERS = """
DELETE FROM transcription_tags WHERE transcription_id = %s AND NOT tag_id = ANY(%s)
"""
_MOVE_ALL = "UPDATE transcriptions SET folder_id = %s WHERE id = ANY(%s)"
_FAVOR_ALL = "UPDATE transcriptions SET favorite = %s WHERE id = ANY(%s)"
_NAME = """
UPDATE transcriptions SET title = %(title)s, title_source = %(source)s WHERE id = %(id)s
"""
# A title is due again once it is not a person's any more.
_SUGGEST_AGAIN = """
UPDATE transcriptions SET title = '', title_source = 'file', title_of = NULL WHERE id = %s
"""
_SUGGESTED = """
UPDATE transcriptions
SET title = %(title)s, title_of = %(transcript_at)s,
    title_source = CASE WHEN %(title)s = '' THEN 'file' ELSE 'suggested' END
WHERE id = %(id)s AND transcript_at = %(transcript_at)s
  AND (title_source <> 'own' OR %(replace)s)
"""
_UNTITLED = """
SELECT id FROM transcriptions
WHERE transcript_at IS NOT NULL AND title_source <> 'own'
  AND (title_of IS NULL OR title_of < transcript_at) AND NOT item_rests('titles', id::text)
ORDER BY transcript_at LIMIT %s
"""
_LOCK_ANYWHERE = """
SELECT trashed_at FROM transcriptions WHERE id = %s AND workspace_id = %s FOR NO KEY UPDATE
"""
_TRASH = "UPDATE transcriptions SET trashed_at = now() WHERE id = %s AND trashed_at IS NULL"
_RESTORE = "UPDATE transcriptions SET trashed_at = NULL WHERE id = %s"
_TRASHED = """
SELECT id, trashed_at FROM transcriptions
WHERE workspace_id = %(workspace_id)s AND trashed_at IS NOT NULL
  AND (%(before)s::timestamptz IS NULL OR (trashed_at, id) < (%(before)s, %(id)s))
ORDER BY trashed_at DESC, id DESC LIMIT %(limit)s
"""
_COUNT_TRASHED = """
SELECT count(*) AS total FROM transcriptions WHERE workspace_id = %s AND trashed_at IS NOT NULL
"""


class Shelves:
    """Places of a workspace's transcriptions: tags, folders, favorites, titles and the trash."""

    def __init__(self, connection: Connection, workspace_id: str) -> None:
        self._connection = connection
        self._workspace_id = workspace_id

    async def lock(self, ids: Collection[int]) -> list[int]:
        """Lock those of the ids that are transcriptions of the workspace, and return them."""
        rows = await fetch_all(self._connection, _OWN, (self._workspace_id, list(ids)))
        return [row["id"] for row in rows]

    async def tag(self, ids: Sequence[int], tag_id: int) -> None:
        """Add a tag to locked transcriptions."""
        await execute(self._connection, _TAG_ALL, {"ids": list(ids), "tag_id": tag_id})

    async def untag(self, ids: Sequence[int], tag_id: int) -> None:
        """Remove a tag from locked transcriptions."""
        await execute(self._connection, _UNTAG_ALL, (list(ids), tag_id))

    async def set_tags(self, transcription_id: int, tag_ids: Collection[int]) -> None:
        """Give a locked transcription exactly these tags."""
        await execute(self._connection, _UNTAG_OTHERS, (transcription_id, list(tag_ids)))
        for tag_id in tag_ids:
            await self.tag([transcription_id], tag_id)

    async def move(self, ids: Sequence[int], folder_id: int | None) -> None:
        """Move locked transcriptions to a folder, or out of all."""
        await execute(self._connection, _MOVE_ALL, (folder_id, list(ids)))

    async def favor(self, ids: Sequence[int], *, favorite: bool) -> None:
        """Mark locked transcriptions as favorites, or not."""
        await execute(self._connection, _FAVOR_ALL, (favorite, list(ids)))

    async def lock_anywhere(self, transcription_id: int) -> bool | None:
        """Lock a transcription. Return whether it is in the trash, None if there is none."""
        parameters = (transcription_id, self._workspace_id)
        row = await fetch_one(self._connection, _LOCK_ANYWHERE, parameters)
        return None if row is None else row["trashed_at"] is not None

    async def trash(self, transcription_id: int) -> None:
        """Move a locked transcription to the trash."""
        await execute(self._connection, _TRASH, (transcription_id,))

    async def restore(self, transcription_id: int) -> None:
        """Take a locked transcription out of the trash."""
        await execute(self._connection, _RESTORE, (transcription_id,))

    async def trashed(
        self, *, after: "tuple[dt.datetime, int] | None", limit: int
    ) -> list[tuple[int, dt.datetime]]:
        """Return transcriptions in the trash with their times, the latest first."""
        before, last = after or (None, 0)
        parameters = {
            "workspace_id": self._workspace_id,
            "before": before,
            "id": last,
            "limit": limit,
        }
        rows = await fetch_all(self._connection, _TRASHED, parameters)
        return [(row["id"], row["trashed_at"]) for row in rows]

    async def count_trashed(self) -> int:
        """Return the number of transcriptions in the trash."""
        row = await fetch_one(self._connection, _COUNT_TRASHED, (self._workspace_id,))
        assert row is not None, "it is an aggregate"
        return int(row["total"])


@dataclass(frozen=True, kw_only=True, slots=True)
class Suggestion:
    """A title suggested from a transcript, empty if its words make none."""

    transcription_id: int
    transcript_at: dt.datetime
    title: str


class Titles:
    """Titles of transcriptions."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def give(self, transcription_id: int, title: str) -> None:
        """Give a locked transcription the title of a person. Empty has one suggested again."""
        if not title:
            await execute(self._connection, _SUGGEST_AGAIN, (transcription_id,))
            give_work(self._connection, step_names.TITLES)
        else:
            parameters = {"id": transcription_id, "title": title, "source": TitleSource.OWN}
            await execute(self._connection, _NAME, parameters)
        await SearchIndex(self._connection).describe(transcription_id)

    async def suggest(self, suggestion: Suggestion, *, replace: bool = False) -> bool:
        """Store a suggestion unless the transcript has been made again or has a person's title.

        With `replace`, the title of a person is replaced too. Return whether it was stored.
        """
        parameters = {
            "id": suggestion.transcription_id,
            "transcript_at": suggestion.transcript_at,
            "title": suggestion.title,
            "replace": replace,
        }
        stored = await execute(self._connection, _SUGGESTED, parameters) == 1
        if stored:
            await SearchIndex(self._connection).describe(suggestion.transcription_id)
        return stored

    async def due(self, limit: int) -> list[int]:
        """Return transcriptions for which a title is to be suggested."""
        return [row["id"] for row in await fetch_all(self._connection, _UNTITLED, (limit,))]
