"""Versions of everything in a status, so that an unchanged one need not be read again."""

import hashlib
from collections.abc import Sequence

from psycopg.rows import DictRow

from common.postgres import Database

# Every change of a row makes a new copy of it, with another transaction or place. Segments change
# only together with the revision. Rows of a restored backup may have the same places as before,
# so the times of the transcript and of the job count too.
_COLUMNS = """
concat_ws(
    ' ', t.xmin, t.ctid, t.revision, t.transcript_at, j.xmin, j.ctid, j.completed_at,
    (SELECT string_agg(concat(x.xmin, x.ctid), ' ' ORDER BY x.ctid)
     FROM tasks x WHERE x.job_id = t.job_id),
    '-', (SELECT string_agg(concat(s.xmin, s.ctid), ' ' ORDER BY s.ctid)
     FROM transcript_speakers s WHERE s.transcription_id = t.id),
    '-', (SELECT string_agg(concat(g.xmin, g.ctid, o.xmin, o.ctid), ' ' ORDER BY o.ctid)
     FROM transcription_tags o JOIN tags g ON g.id = o.tag_id WHERE o.transcription_id = t.id),
    '-', (SELECT concat(w.xmin, w.ctid) FROM workspace_settings w
          WHERE w.workspace_id = t.workspace_id)
    ) AS version,
    t.status = 'processing' OR j.job_id IS NOT NULL AND j.completed_at IS NULL AS live
"""
_VERSION = f"""
SELECT {_COLUMNS}
FROM transcriptions t LEFT JOIN jobs j ON j.job_id = t.job_id
WHERE t.id = %s AND t.workspace_id = %s AND t.trashed_at IS NULL
"""  # noqa: S608 - of constants
_VERSIONS = f"""
SELECT wanted.place, {_COLUMNS}
FROM unnest(%s::bigint[], %s::text[]) WITH ORDINALITY AS wanted (id, workspace_id, place)
     JOIN transcriptions t ON t.id = wanted.id AND t.workspace_id = wanted.workspace_id
     LEFT JOIN jobs j ON j.job_id = t.job_id
WHERE t.trashed_at IS NULL
"""  # noqa: S608 - of constants


class StatusVersions:
    """Versions of transcriptions, from one statement each."""

    def __init__(self, database: Database, release: str) -> None:
        """`release` names everything else that answers depend on: the program and its settings."""
        self._database = database
        self._release = release

    async def find(self, transcription_id: int, workspace_id: str) -> str | None:
        """Return the version of a workspace's transcription, None if there is none.

        It is empty while a job waits or runs, and during a live session, because the status then
        changes with time.
        """
        row = await self._database.fetch_one(_VERSION, (transcription_id, workspace_id))
        if row is None:
            return None
        return self._version(row)

    async def find_all(self, wanted: Sequence[tuple[int, str]]) -> list[str]:
        """Return versions of transcriptions, each given with its workspace, from one statement.

        A version is empty also if the workspace has no such transcription.
        """
        versions = [""] * len(wanted)
        ids, workspaces = [number for number, _ in wanted], [owner for _, owner in wanted]
        for row in await self._database.fetch_all(_VERSIONS, (ids, workspaces)):
            versions[row["place"] - 1] = self._version(row)
        return versions

    def _version(self, row: DictRow) -> str:
        if row["live"]:
            return ""
        return hashlib.sha256(f"{self._release}\n{row['version']}".encode()).hexdigest()[:32]
