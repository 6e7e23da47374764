"""Folders of workspaces, within one transaction."""

from psycopg.rows import DictRow

from common import characters
from common.postgres import Connection, execute, fetch_all, fetch_one
from transcriber.domain.library import Folder

_ALL = """
SELECT id, name, parent_id,
       (SELECT count(*) FROM transcriptions t
        WHERE t.folder_id = folders.id AND t.trashed_at IS NULL) AS uses
FROM folders WHERE workspace_id = %s ORDER BY folded, id
"""
_LOCK = """
SELECT id, name, parent_id FROM folders WHERE id = %s AND workspace_id = %s FOR NO KEY UPDATE
"""
_COUNT = "SELECT count(*) AS total FROM folders WHERE workspace_id = %s"
_INNER = "SELECT id, name, parent_id FROM folders WHERE parent_id = %s ORDER BY id"
_NAMESAKE = """
SELECT id FROM folders
WHERE workspace_id = %s AND coalesce(parent_id, 0) = %s AND folded = %s AND id <> %s
"""
_ADD = """
INSERT INTO folders (workspace_id, parent_id, name, folded) VALUES (%s, %s, %s, %s) RETURNING id
"""
_CHANGE = "UPDATE folders SET name = %s, folded = %s, parent_id = %s WHERE id = %s"
_EMPTY = "UPDATE transcriptions SET folder_id = %s WHERE folder_id = %s"
_DELETE = "DELETE FROM folders WHERE id = %s"
_USES = "SELECT count(*) AS total FROM transcriptions WHERE folder_id = %s AND trashed_at IS NULL"
_FORGET = "DELETE FROM folders WHERE workspace_id = %s"


class Folders:
    """Folders of one workspace."""

    def __init__(self, connection: Connection, workspace_id: str) -> None:
        self._connection = connection
        self._workspace_id = workspace_id

    async def all(self) -> list[tuple[Folder, int]]:
        """Return all folders by name, with the number of transcriptions outside of the trash."""
        rows = await fetch_all(self._connection, _ALL, (self._workspace_id,))
        return [(_folder(row), row["uses"]) for row in rows]

    async def lock(self, folder_id: int) -> Folder | None:
        """Lock a folder and return it."""
        row = await fetch_one(self._connection, _LOCK, (folder_id, self._workspace_id))
        return None if row is None else _folder(row)

    async def count(self) -> int:
        """Return the number of folders."""
        row = await fetch_one(self._connection, _COUNT, (self._workspace_id,))
        assert row is not None, "it is an aggregate"
        return int(row["total"])

    async def uses(self, folder_id: int) -> int:
        """Return the number of transcriptions directly in a folder, without the trash."""
        row = await fetch_one(self._connection, _USES, (folder_id,))
        assert row is not None, "it is an aggregate"
        return int(row["total"])

    async def inner(self, folder_id: int) -> list[Folder]:
        """Return the folders in a folder."""
        rows = await fetch_all(self._connection, _INNER, (folder_id,))
        return [_folder(row) for row in rows]

    async def has_namesake(self, parent_id: int | None, name: str, *, but: int = 0) -> bool:
        """Return whether another folder in the same place has this name."""
        parameters = (self._workspace_id, parent_id or 0, characters.key(name), but)
        return await fetch_one(self._connection, _NAMESAKE, parameters) is not None

    async def add(self, name: str, parent_id: int | None) -> int:
        """Add a folder and return its id."""
        parameters = (self._workspace_id, parent_id, name, characters.key(name))
        row = await fetch_one(self._connection, _ADD, parameters)
        assert row is not None, "it was inserted"
        return int(row["id"])

    async def change(self, folder: Folder) -> None:
        """Store the name and the place of a locked folder."""
        parameters = (folder.name, characters.key(folder.name), folder.parent_id, folder.id)
        await execute(self._connection, _CHANGE, parameters)

    async def delete(self, folder: Folder) -> None:
        """Delete a folder without folders in it. Its transcriptions move to its parent."""
        await execute(self._connection, _EMPTY, (folder.parent_id, folder.id))
        await execute(self._connection, _DELETE, (folder.id,))

    async def forget(self) -> None:
        """Delete all folders of the workspace."""
        await execute(self._connection, _FORGET, (self._workspace_id,))


def _folder(row: DictRow) -> Folder:
    return Folder(id=row["id"], name=row["name"], parent_id=row["parent_id"])
