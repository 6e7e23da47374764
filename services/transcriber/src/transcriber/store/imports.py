"""Recordings whose first transcript is imported, within one transaction."""

from common.postgres import Connection, execute, give_work
from transcriber.store import step_names

# An empty machine version: a segment without words that is before the recording. It is the place
# where the import is inserted, and keeps it if the import is taken back.
_ANCHOR = """
INSERT INTO segments (
    transcription_id, position, label, text, start_seconds, end_seconds, confidence, language,
    channel, words)
SELECT %(id)s, 0, 'Speaker_1', '', -1, -1, 0, '', 0, '[]'
WHERE NOT EXISTS (SELECT FROM segments WHERE transcription_id = %(id)s)
"""
_BEGIN = """
UPDATE transcriptions
SET status = 'completed', transcript_at = now(), language_detected = %(language)s, confidence = 1,
    live_text = false, failure_code = NULL, failure_message = NULL
WHERE id = %(id)s
"""


class FirstImports:
    """Beginnings of transcripts without a machine version."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def begin(self, transcription_id: int, language: str) -> bool:
        """Give a locked transcription without a transcript an empty one.

        One of a live session keeps its text as the machine version. Return False then.
        """
        parameters = {"id": transcription_id, "language": language}
        empty = await execute(self._connection, _ANCHOR, parameters) == 1
        await execute(self._connection, _BEGIN, parameters)
        for step in (step_names.SEARCH_TEXTS, step_names.TITLES):
            give_work(self._connection, step)
        return empty
