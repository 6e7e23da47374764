"""Table of the settings of workspaces."""

from collections.abc import Collection, Iterable
from dataclasses import asdict

from psycopg.rows import DictRow

from common.postgres import Connection, execute, fetch_all, fetch_one
from transcriber.domain.workspace_settings import NO_SETTINGS, WorkspaceSettings

_GET_ALL = "SELECT * FROM workspace_settings WHERE workspace_id = ANY(%s)"
_ADD = "INSERT INTO workspace_settings (workspace_id) VALUES (%s) ON CONFLICT DO NOTHING"
_LOCK = "SELECT * FROM workspace_settings WHERE workspace_id = %s FOR UPDATE"
_SET = """
UPDATE workspace_settings
SET processed_seconds = %(processed)s, unprocessed_seconds = %(unprocessed)s,
    transcript_seconds = %(transcripts)s, trash_seconds = %(trash)s,
    voice_memory = %(voice_memory)s, stored_bytes = %(stored_bytes)s,
    queued_seconds = %(queued_seconds)s, queue_weight = %(queue_weight)s, updated_at = now()
WHERE workspace_id = %(workspace_id)s
"""
_WEIGHTS = """
SELECT workspace_id, queue_weight FROM workspace_settings WHERE queue_weight IS NOT NULL
"""
_FORGET = "DELETE FROM workspace_settings WHERE workspace_id = %s"


class StoredSettings:
    """The settings of workspaces, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def get(self, workspace_id: str) -> WorkspaceSettings:
        """Return the settings of a workspace."""
        return (await self.get_all([workspace_id]))[workspace_id]

    async def get_all(self, workspace_ids: Iterable[str]) -> dict[str, WorkspaceSettings]:
        """Return the settings of workspaces, by workspace."""
        found = dict.fromkeys(workspace_ids, NO_SETTINGS)
        for row in await fetch_all(self._connection, _GET_ALL, (list(found),)):
            found[row["workspace_id"]] = _settings(row)
        return found

    async def change(
        self, workspace_id: str, values: WorkspaceSettings, fields: Collection[str]
    ) -> WorkspaceSettings:
        """Set some fields of a workspace's settings, and return them all."""
        await execute(self._connection, _ADD, (workspace_id,))
        row = await fetch_one(self._connection, _LOCK, (workspace_id,))
        assert row is not None, "it was just added"
        new = asdict(values)
        merged = {
            name: new[name] if name in fields else value
            for name, value in asdict(_settings(row)).items()
        }
        await execute(self._connection, _SET, {**merged, "workspace_id": workspace_id})
        return WorkspaceSettings(**merged)

    async def weights(self) -> dict[str, float]:
        """Return the shares of the queue that differ from 1, by workspace."""
        rows = await fetch_all(self._connection, _WEIGHTS)
        return {row["workspace_id"]: row["queue_weight"] for row in rows}

    async def forget(self, workspace_id: str) -> None:
        """Delete the settings of a workspace."""
        await execute(self._connection, _FORGET, (workspace_id,))


def _settings(row: DictRow) -> WorkspaceSettings:
    return WorkspaceSettings(
        processed=row["processed_seconds"],
        unprocessed=row["unprocessed_seconds"],
        transcripts=row["transcript_seconds"],
        trash=row["trash_seconds"],
        voice_memory=row["voice_memory"],
        stored_bytes=row["stored_bytes"],
        queued_seconds=row["queued_seconds"],
        queue_weight=row["queue_weight"],
    )
