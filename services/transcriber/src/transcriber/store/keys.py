"""Keys of workspaces and of the objects of transcriptions, all of them encrypted."""

import enum
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from common.encryption.key_holders import WrappedKey
from common.postgres import Connection, execute, fetch_all, fetch_one

_FIND = """
SELECT o.place, k.state, k.wrapped, k.workspace_id, w.wrapped AS workspace_wrapped, w.wrapped_by,
       EXISTS (SELECT FROM plain_leftovers l
               WHERE l.bucket = o.bucket AND l.key = o.key) AS left_plain
FROM unnest(%(ids)s::bigint[], %(contents)s::text[], %(buckets)s::text[], %(keys)s::text[])
         WITH ORDINALITY AS o (id, content, bucket, key, place)
     JOIN data_keys k ON k.transcription_id = o.id AND k.content = o.content
     LEFT JOIN workspace_keys w USING (workspace_id)
"""
# Only before its first object, a transcription that is on its way has no row.
_COMING = """
SELECT o.workspace_id, o.began_at < e.begins_at OR now() < e.begins_at AS earlier
FROM encryption e, (
    SELECT workspace_id, begun_at AS began_at FROM uploads
    WHERE transcription_id = %(id)s AND NOT given_up
    UNION ALL
    SELECT workspace_id, created_at FROM resumable_uploads
    WHERE transcription_id = %(id)s AND NOT given_up AND state = 'receiving'
    UNION ALL
    SELECT workspace_id, created_at FROM captures
    WHERE transcription_id = %(id)s AND NOT given_up AND state IN ('receiving', 'finishing')) o
"""
_EARLIER = """
SELECT t.id FROM transcriptions t, encryption e WHERE t.id = ANY(%s) AND t.created_at < e.begins_at
"""
_ADD = """
INSERT INTO data_keys (transcription_id, content, state, workspace_id, wrapped)
VALUES (%(transcription_id)s, %(content)s, %(state)s, %(workspace_id)s, %(wrapped)s)
ON CONFLICT DO NOTHING
"""
_SEAL = """
INSERT INTO data_keys AS known (transcription_id, content, state, workspace_id, wrapped)
VALUES (%(transcription_id)s, %(content)s, 'sealing', %(workspace_id)s, %(wrapped)s)
ON CONFLICT (transcription_id, content) DO UPDATE
SET state = 'sealing', workspace_id = excluded.workspace_id, wrapped = excluded.wrapped
WHERE known.state = 'plain'
"""
_ERASE_RECORDING = """
UPDATE data_keys SET state = 'erased', workspace_id = NULL, wrapped = NULL
WHERE transcription_id = %s AND content = 'recording'
"""
_ERASE = "DELETE FROM data_keys WHERE transcription_id = %s"
_FORGET = """
DELETE FROM data_keys k
WHERE NOT EXISTS (SELECT 1 FROM transcriptions WHERE id = k.transcription_id)
  AND NOT EXISTS (SELECT 1 FROM uploads WHERE transcription_id = k.transcription_id)
  AND NOT EXISTS (SELECT 1 FROM resumable_uploads
                  WHERE transcription_id = k.transcription_id AND state = 'receiving')
  AND NOT EXISTS (SELECT 1 FROM captures
                  WHERE transcription_id = k.transcription_id
                    AND state IN ('receiving', 'finishing'))
"""
_WORKSPACE = "SELECT wrapped, wrapped_by FROM workspace_keys WHERE workspace_id = %s"
_LOCK_WORKSPACE = "SELECT wrapped FROM workspace_keys WHERE workspace_id = %s FOR SHARE"
_ADD_WORKSPACE = """
INSERT INTO workspace_keys (workspace_id, wrapped, wrapped_by) VALUES (%s, %s, %s)
ON CONFLICT DO NOTHING
"""
_ERASE_WORKSPACE = "DELETE FROM workspace_keys WHERE workspace_id = %s"
_HOLDERS = "SELECT wrapped_by, count(*) AS number FROM workspace_keys GROUP BY wrapped_by"
_UNDER_OTHERS = """
SELECT workspace_id FROM workspace_keys
WHERE wrapped_by <> %s AND NOT item_rests('key-rotation', workspace_id)
ORDER BY workspace_id LIMIT %s
"""
_REPLACE = """
UPDATE workspace_keys SET wrapped = %(wrapped)s, wrapped_by = %(by)s
WHERE workspace_id = %(workspace_id)s AND wrapped = %(before)s
"""


class Content(enum.StrEnum):
    """Objects of a transcription with a key of their own, since they are erased by themselves."""

    RECORDING = "recording"
    RESULTS = "results"


class KeyState(enum.StrEnum):
    """How objects are stored. Those of an erased key cannot be read any more.

    While they are `SEALING`, only the encrypted copies of plain objects are encrypted.
    """

    PLAIN = "plain"
    SEALING = "sealing"
    ENCRYPTED = "encrypted"
    ERASED = "erased"


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredObject:
    """An object of a transcription. Without a name it stands for any of its content."""

    transcription_id: int
    content: Content
    bucket: str = ""
    key: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class DataKey:
    """The key of the recording or of the results of a transcription, None unless encrypted.

    An object that was `left_plain` has been replaced by an encrypted one.
    """

    state: KeyState
    left_plain: bool = False
    wrapped: bytes | None = None
    workspace_id: str = ""
    workspace_key: WrappedKey | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Coming:
    """The workspace of a transcription on its way. An earlier one began before encryption did."""

    workspace_id: str
    earlier: bool


def _data_key(row: Mapping[str, Any]) -> DataKey:
    workspace_key = None
    if row["workspace_wrapped"] is not None:
        workspace_key = WrappedKey(data=row["workspace_wrapped"], by=row["wrapped_by"])
    return DataKey(
        state=KeyState(row["state"]),
        left_plain=row["left_plain"],
        wrapped=row["wrapped"],
        workspace_id=row["workspace_id"] or "",
        workspace_key=workspace_key,
    )


class DataKeys:
    """The table of keys of transcriptions, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def find(self, stored: StoredObject) -> DataKey | None:
        """Return the key of an object."""
        return (await self.find_all([stored])).get(stored)

    async def find_all(self, stored: Sequence[StoredObject]) -> dict[StoredObject, DataKey]:
        """Return the keys of those of some objects that have one."""
        parameters = {
            "ids": [one.transcription_id for one in stored],
            "contents": [one.content for one in stored],
            "buckets": [one.bucket for one in stored],
            "keys": [one.key for one in stored],
        }
        rows = await fetch_all(self._connection, _FIND, parameters)
        return {stored[row["place"] - 1]: _data_key(row) for row in rows}

    async def coming(self, transcription_id: int) -> Coming | None:
        """Return a transcription on its way, None if it is none."""
        row = await fetch_one(self._connection, _COMING, {"id": transcription_id})
        return None if row is None else Coming(**row)

    async def earlier(self, transcription_ids: Collection[int]) -> set[int]:
        """Return those transcriptions that are older than encryption. One that is gone is not."""
        rows = await fetch_all(self._connection, _EARLIER, (list(transcription_ids),))
        return {row["id"] for row in rows}

    async def add(
        self,
        transcription_id: int,
        state: KeyState,
        *,
        workspace_id: str | None = None,
        wrapped: Mapping[Content, bytes] | None = None,
    ) -> None:
        """Decide how objects are stored, unless that is decided."""
        for content in Content:
            parameters = {
                "transcription_id": transcription_id,
                "content": content,
                "state": state,
                "workspace_id": workspace_id,
                "wrapped": wrapped[content] if wrapped else None,
            }
            await execute(self._connection, _ADD, parameters)

    async def seal(
        self, transcription_id: int, *, workspace_id: str, wrapped: Mapping[Content, bytes]
    ) -> None:
        """Give plain objects keys for encrypted copies. Keys that they have already stay."""
        for content in Content:
            parameters = {
                "transcription_id": transcription_id,
                "content": content,
                "workspace_id": workspace_id,
                "wrapped": wrapped[content],
            }
            await execute(self._connection, _SEAL, parameters)

    async def erase_recording(self, transcription_id: int) -> None:
        """Erase the key of a recording whose results are kept."""
        await execute(self._connection, _ERASE_RECORDING, (transcription_id,))

    async def erase(self, transcription_id: int) -> None:
        """Erase all keys of a transcription."""
        await execute(self._connection, _ERASE, (transcription_id,))

    async def forget_unused(self) -> int:
        """Erase keys of uploads and captures that came to nothing. Return their number.

        A restored database has given the identifiers of later ones back, with their keys.
        """
        return await execute(self._connection, _FORGET)


class WorkspaceKeys:
    """The table of keys of workspaces, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def find(self, workspace_id: str) -> WrappedKey | None:
        """Return the key of a workspace."""
        row = await fetch_one(self._connection, _WORKSPACE, (workspace_id,))
        return None if row is None else WrappedKey(data=row["wrapped"], by=row["wrapped_by"])

    async def add(self, workspace_id: str, key: WrappedKey) -> None:
        """Add a key, unless the workspace has one."""
        await execute(self._connection, _ADD_WORKSPACE, (workspace_id, key.data, key.by))

    async def hold(self, workspace_id: str) -> bool:
        """Keep a key from being erased before the end of the transaction.

        Return False if it is erased already.
        """
        return await fetch_one(self._connection, _LOCK_WORKSPACE, (workspace_id,)) is not None

    async def erase(self, workspace_id: str) -> None:
        """Erase a key, and those of transcriptions under it."""
        await execute(self._connection, _ERASE_WORKSPACE, (workspace_id,))

    async def holders(self) -> dict[str, int]:
        """Return the number of workspaces by the name of the deployment's key."""
        rows = await fetch_all(self._connection, _HOLDERS)
        return {row["wrapped_by"]: row["number"] for row in rows}

    async def under_others(self, name: str, limit: int) -> Sequence[str]:
        """Return workspaces whose key is under another than the named one."""
        rows = await fetch_all(self._connection, _UNDER_OTHERS, (name, limit))
        return [row["workspace_id"] for row in rows]

    async def replace(self, workspace_id: str, before: WrappedKey, after: WrappedKey) -> bool:
        """Exchange the encrypted form of a key. Return False if another process did it."""
        parameters = {
            "workspace_id": workspace_id,
            "before": before.data,
            "wrapped": after.data,
            "by": after.by,
        }
        return await execute(self._connection, _REPLACE, parameters) == 1
