"""Tags of workspaces, within one transaction."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from psycopg.rows import DictRow

from common import characters
from common.postgres import Connection, execute, fetch_all, fetch_one
from transcriber.domain.library import Tag

_OF = """
SELECT own.transcription_id, tags.id, tags.name, tags.color
FROM transcription_tags own JOIN tags ON tags.id = own.tag_id
WHERE own.transcription_id = ANY(%s) ORDER BY tags.folded
"""
_ALL = """
SELECT id, name, color,
       (SELECT count(*) FROM transcription_tags own JOIN transcriptions t
            ON t.id = own.transcription_id
        WHERE own.tag_id = tags.id AND t.trashed_at IS NULL) AS uses
FROM tags WHERE workspace_id = %s ORDER BY folded
"""
_LOCK = "SELECT id, name, color FROM tags WHERE id = %s AND workspace_id = %s FOR NO KEY UPDATE"
_OWN = "SELECT id FROM tags WHERE workspace_id = %s AND id = ANY(%s) FOR KEY SHARE"
_COUNT = "SELECT count(*) AS total FROM tags WHERE workspace_id = %s"
_ADD = """
INSERT INTO tags (workspace_id, name, folded, color)
VALUES (%(workspace_id)s, %(name)s, %(folded)s, %(color)s)
ON CONFLICT (workspace_id, folded) DO NOTHING RETURNING id
"""
_NAMESAKE = "SELECT id FROM tags WHERE workspace_id = %s AND folded = %s AND id <> %s"
_CHANGE = "UPDATE tags SET name = %s, folded = %s, color = %s WHERE id = %s"
_DELETE = "DELETE FROM tags WHERE id = %s AND workspace_id = %s"
_FORGET = "DELETE FROM tags WHERE workspace_id = %s"


async def tags_of(connection: Connection, ids: Sequence[int]) -> Mapping[int, list[Tag]]:
    """Return the tags of transcriptions, by name."""
    found: defaultdict[int, list[Tag]] = defaultdict(list)
    for row in await fetch_all(connection, _OF, (list(ids),)):
        found[row["transcription_id"]].append(_tag(row))
    return found


class Tags:
    """Tags of one workspace."""

    def __init__(self, connection: Connection, workspace_id: str) -> None:
        self._connection = connection
        self._workspace_id = workspace_id

    async def all(self) -> list[tuple[Tag, int]]:
        """Return all tags by name, with the number of transcriptions outside of the trash."""
        rows = await fetch_all(self._connection, _ALL, (self._workspace_id,))
        return [(_tag(row), row["uses"]) for row in rows]

    async def lock(self, tag_id: int) -> Tag | None:
        """Lock a tag and return it."""
        row = await fetch_one(self._connection, _LOCK, (tag_id, self._workspace_id))
        return None if row is None else _tag(row)

    async def known(self, ids: Collection[int]) -> set[int]:
        """Return those of the ids that are tags of the workspace, kept until the end."""
        rows = await fetch_all(self._connection, _OWN, (self._workspace_id, list(ids)))
        return {row["id"] for row in rows}

    async def count(self) -> int:
        """Return the number of tags."""
        row = await fetch_one(self._connection, _COUNT, (self._workspace_id,))
        assert row is not None, "it is an aggregate"
        return int(row["total"])

    async def add(self, name: str, color: str) -> int | None:
        """Add a tag and return its id, None if the name is taken."""
        parameters = {
            "workspace_id": self._workspace_id,
            "name": name,
            "folded": characters.key(name),
            "color": color,
        }
        row = await fetch_one(self._connection, _ADD, parameters)
        return None if row is None else int(row["id"])

    async def has_namesake(self, tag_id: int, name: str) -> bool:
        """Return whether another tag has this name."""
        parameters = (self._workspace_id, characters.key(name), tag_id)
        return await fetch_one(self._connection, _NAMESAKE, parameters) is not None

    async def change(self, tag: Tag) -> None:
        """Store the name and the color of a locked tag."""
        parameters = (tag.name, characters.key(tag.name), tag.color, tag.id)
        await execute(self._connection, _CHANGE, parameters)

    async def delete(self, tag_id: int) -> bool:
        """Delete a tag. Return False if there is none."""
        return await execute(self._connection, _DELETE, (tag_id, self._workspace_id)) == 1

    async def forget(self) -> None:
        """Delete all tags of the workspace."""
        await execute(self._connection, _FORGET, (self._workspace_id,))


def _tag(row: DictRow) -> Tag:
    return Tag(id=row["id"], name=row["name"], color=row["color"])
