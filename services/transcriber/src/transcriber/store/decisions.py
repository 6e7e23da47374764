"""Decisions about voices due to be sent, within one transaction."""

from common.background.attempts import ItemAttempts
from common.postgres import Connection, execute, fetch_all, fetch_one, give_work
from transcriber.store import step_names

#: When decisions are sent again, unless the assignment that changed them has completed.
SENT_AGAIN_SECONDS = 30.0
# It counts, so that an earlier answer does not settle decisions that were due later.
_ASK = """
UPDATE transcriptions
SET decisions_due_at = now() + make_interval(secs => %(seconds)s),
    decisions_asked = decisions_asked + 1, voices_known = true
WHERE id = %(id)s
RETURNING decisions_asked
"""
# Edits that follow each other do not put it off.
_ASK_AFTER_EDIT = """
UPDATE transcriptions
SET decisions_due_at = least(decisions_due_at, now() + make_interval(secs => %(seconds)s)),
    decisions_asked = decisions_asked + 1, voices_known = true
WHERE id = %(id)s
  AND (%(always)s OR EXISTS (
      SELECT FROM transcript_speakers
      WHERE transcription_id = %(id)s AND name_source = 'confirmed' AND speaker_id > 0))
"""
_ASKED = "SELECT decisions_asked FROM transcriptions WHERE id = %s"
_SETTLE = """
UPDATE transcriptions SET decisions_due_at = NULL WHERE id = %s AND decisions_asked = %s
"""
_DUE = """
SELECT id FROM transcriptions
WHERE decisions_due_at <= now() AND NOT item_rests('decisions', id::text)
ORDER BY decisions_due_at LIMIT %s
"""


class DueDecisions:
    """When the decisions of transcriptions are to be sent."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def ask(self, transcription_id: int, in_seconds: float) -> int:
        """Have decisions sent after `in_seconds`, unless settled before. Return a number for that.

        Failures of earlier ones do not count any more.
        """
        parameters = {"id": transcription_id, "seconds": in_seconds}
        row = await fetch_one(self._connection, _ASK, parameters)
        await ItemAttempts(self._connection).forget([step_names.DECISIONS], str(transcription_id))
        give_work(self._connection, step_names.DECISIONS, after=in_seconds)
        return row["decisions_asked"] if row else 0

    async def ask_after_edit(
        self, transcription_id: int, in_seconds: float, *, always: bool
    ) -> None:
        """Have decisions sent because of an edit, only if there are any unless `always`."""
        parameters = {"id": transcription_id, "seconds": in_seconds, "always": always}
        if await execute(self._connection, _ASK_AFTER_EDIT, parameters):
            forgotten = [step_names.DECISIONS]
            await ItemAttempts(self._connection).forget(forgotten, str(transcription_id))
            give_work(self._connection, step_names.DECISIONS, after=in_seconds)

    async def asked(self, transcription_id: int) -> int:
        """Return how often decisions have been due."""
        row = await fetch_one(self._connection, _ASKED, (transcription_id,))
        return row["decisions_asked"] if row else 0

    async def settle(self, transcription_id: int, asked: int) -> None:
        """Record the receipt of the decisions due at a number. Later ones stay due."""
        if await execute(self._connection, _SETTLE, (transcription_id, asked)):
            # Suggestions of names wait for that.
            give_work(self._connection, step_names.NAMES)

    async def due(self, limit: int) -> list[int]:
        """Return transcriptions with due decisions."""
        return [row["id"] for row in await fetch_all(self._connection, _DUE, (limit,))]
