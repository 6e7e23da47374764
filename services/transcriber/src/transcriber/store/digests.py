"""SHA-256 of recordings, to find those that their owner has uploaded before."""

from common.postgres import Connection, execute, fetch_all

_ADD = """
INSERT INTO recording_digests (transcription_id, sha256) VALUES (%s, %s) ON CONFLICT DO NOTHING
"""
_FIND = """
SELECT t.id FROM recording_digests d JOIN transcriptions t ON t.id = d.transcription_id
WHERE d.sha256 = %s AND t.workspace_id = %s AND t.trashed_at IS NULL
ORDER BY t.id DESC LIMIT %s
"""
_MOST = 100


class Digests:
    """The table of digests, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, transcription_id: int, sha256: str) -> None:
        """Note the digest of a recording."""
        await execute(self._connection, _ADD, (transcription_id, sha256))

    async def find(self, workspace_id: str, sha256: str) -> list[int]:
        """Return transcriptions of a workspace whose recording has this digest, latest first."""
        rows = await fetch_all(self._connection, _FIND, (sha256, workspace_id, _MOST))
        return [row["id"] for row in rows]
