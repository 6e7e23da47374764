"""Versions of everything in a status, so that an unchanged one need not be read again."""

import hashlib

from common.postgres import Database

# Every change of a row makes a new copy of it, with another transaction or place. Segments change
# only together with the revision. Rows of a restored backup may have the same places as before,
# so the times of the transcript and of the job count too.
_VERSION = """
SELECT concat_ws(
    ' ', t.xmin, t.ctid, t.revision, t.transcript_at, j.xmin, j.ctid, j.completed_at,
    (SELECT string_agg(concat(x.xmin, x.ctid), ' ' ORDER BY x.ctid)
     FROM tasks x WHERE x.job_id = t.job_id),
    '-', (SELECT string_agg(concat(s.xmin, s.ctid), ' ' ORDER BY s.ctid)
     FROM transcript_speakers s WHERE s.transcription_id = t.id),
    '-', (SELECT string_agg(concat(g.xmin, g.ctid, o.xmin, o.ctid), ' ' ORDER BY o.ctid)
     FROM transcription_tags o JOIN tags g ON g.id = o.tag_id WHERE o.transcription_id = t.id)
    ) AS version,
    j.job_id IS NOT NULL AND j.completed_at IS NULL AS live
FROM transcriptions t LEFT JOIN jobs j ON j.job_id = t.job_id
WHERE t.id = %s AND t.workspace_id = %s AND t.trashed_at IS NULL
"""


class StatusVersions:
    """Versions of transcriptions, from one statement each."""

    def __init__(self, database: Database, release: str) -> None:
        """`release` names everything else that answers depend on: the program and its settings."""
        self._database = database
        self._release = release

    async def find(self, transcription_id: int, workspace_id: str) -> str | None:
        """Return the version of a workspace's transcription, None if there is none.

        It is empty while a job waits or runs, because the status then changes with time.
        """
        row = await self._database.fetch_one(_VERSION, (transcription_id, workspace_id))
        if row is None:
            return None
        if row["live"]:
            return ""
        return hashlib.sha256(f"{self._release}\n{row['version']}".encode()).hexdigest()[:32]
