"""Text of recordings during their processing, by job and part."""

from collections.abc import Sequence

from psycopg.types.json import Jsonb

from common.postgres import Connection, execute, fetch_all, fetch_one
from transcriber.domain.partial_transcripts import PartialSegment, PartialTranscript

_ADD = """
INSERT INTO partial_transcripts (job_id, part, covered, segments)
VALUES (%(job_id)s, %(part)s, %(covered)s, %(segments)s)
ON CONFLICT DO NOTHING
"""
# The next part of a job, in order, is recognized.
_DUE = """
SELECT j.job_id
FROM jobs j JOIN tasks t ON t.job_id = j.job_id
WHERE j.status = 'processing' AND t.stage = 'transcribe' AND t.state = 'done'
  AND t.options ? 'part'
  AND t.part = (SELECT count(*) FROM partial_transcripts p WHERE p.job_id = j.job_id)
  AND NOT item_rests('partial-transcripts', j.job_id)
ORDER BY j.id LIMIT %s
"""
_NEXT = "SELECT count(*) AS parts FROM partial_transcripts WHERE job_id = %s"
_OF_JOB = """
SELECT part, covered, segments FROM partial_transcripts
WHERE job_id = %s AND part >= %s ORDER BY part
"""
_FORGET = "DELETE FROM partial_transcripts WHERE job_id = %s"


class PartialTranscripts:
    """The table of partial transcripts, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def due(self, limit: int) -> list[str]:
        """Return jobs with another part to show."""
        return [row["job_id"] for row in await fetch_all(self._connection, _DUE, (limit,))]

    async def next_part(self, job_id: str) -> int:
        """Return the number of the first part without text."""
        row = await fetch_one(self._connection, _NEXT, (job_id,))
        return int(row["parts"]) if row else 0

    async def add(
        self, job_id: str, part: int, covered: float, segments: Sequence[PartialSegment]
    ) -> bool:
        """Add the text of a part. Return False if it was there."""
        parameters = {
            "job_id": job_id,
            "part": part,
            "covered": covered,
            "segments": Jsonb(
                [[one.start, one.end, one.text, one.language, one.channel] for one in segments]
            ),
        }
        return await execute(self._connection, _ADD, parameters) == 1

    async def find(self, job_id: str, *, first: int = 0) -> PartialTranscript | None:
        """Return the text of a job from a part on, None if there is none."""
        rows = await fetch_all(self._connection, _OF_JOB, (job_id, first))
        if not rows:
            return None
        return PartialTranscript(
            job_id=job_id,
            parts=rows[-1]["part"] + 1,
            covered=rows[-1]["covered"],
            segments=tuple(
                PartialSegment(start=start, end=end, text=text, language=language, channel=channel)
                for row in rows
                for start, end, text, language, channel in row["segments"]
            ),
        )

    async def forget(self, job_id: str) -> None:
        """Remove the text of an ended job."""
        await execute(self._connection, _FORGET, (job_id,))
