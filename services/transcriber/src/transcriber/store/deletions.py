"""Deleted transcriptions with objects or voices left to remove."""

from dataclasses import dataclass

from common.postgres import Connection, execute, fetch_all, give_work
from transcriber.store import step_names

#: Time to carry out a deletion at once.
_FIRST_SECONDS = 60.0
#: Delay of the late pass, for results of workers stopped by the deletion.
LATE_SECONDS = 900.0
_ADD = """
INSERT INTO deletions (transcription_id, session_id, workspace_id, source_key, voices_known,
                       late_pass, due_at)
VALUES (%(transcription_id)s, %(session_id)s, %(workspace_id)s, %(source_key)s, %(voices_known)s,
        %(late_pass)s, now() + make_interval(secs => %(first)s))
"""
_DUE = """
SELECT * FROM deletions
WHERE due_at <= now() AND NOT item_rests('deletions', transcription_id::text)
ORDER BY due_at LIMIT %s
"""
_LATE = """
UPDATE deletions SET late_pass = false, voices_known = false,
                     due_at = now() + make_interval(secs => %s)
WHERE transcription_id = %s
"""
_REMOVE = "DELETE FROM deletions WHERE transcription_id = %s"


@dataclass(frozen=True, kw_only=True, slots=True)
class Deletion:
    """A deletion to carry out.

    `late_pass` is True if a worker may still have been writing a result at the deletion.
    """

    transcription_id: int
    session_id: str
    workspace_id: str
    source_key: str
    voices_known: bool
    late_pass: bool


class Deletions:
    """The table of deletions, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, deletion: Deletion) -> None:
        """Add a deletion. The caller carries it out, and it becomes due in case that fails."""
        parameters = {
            "transcription_id": deletion.transcription_id,
            "session_id": deletion.session_id,
            "workspace_id": deletion.workspace_id,
            "source_key": deletion.source_key,
            "voices_known": deletion.voices_known,
            "late_pass": deletion.late_pass,
            "first": _FIRST_SECONDS,
        }
        await execute(self._connection, _ADD, parameters)
        give_work(self._connection, step_names.DELETIONS, after=_FIRST_SECONDS)

    async def due(self, limit: int) -> list[Deletion]:
        """Return due deletions."""
        return [
            Deletion(
                transcription_id=row["transcription_id"],
                session_id=row["session_id"],
                workspace_id=row["workspace_id"],
                source_key=row["source_key"],
                voices_known=row["voices_known"],
                late_pass=row["late_pass"],
            )
            for row in await fetch_all(self._connection, _DUE, (limit,))
        ]

    async def done(self, deletion: Deletion) -> None:
        """Remove a deletion, or schedule its late pass."""
        if deletion.late_pass:
            await execute(self._connection, _LATE, (LATE_SECONDS, deletion.transcription_id))
        else:
            await execute(self._connection, _REMOVE, (deletion.transcription_id,))
