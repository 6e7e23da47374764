"""Languages sent after the file of an upload, kept until processing starts.

The transcriber receives the language of a recording before its first byte. If the field follows the
file and processing does not start immediately, the gateway stores it for the later start.
"""

from common.postgres import Database

_NOTE = """
INSERT INTO upload_languages (transcription_id, session_id, language)
VALUES (%(transcription_id)s, %(session_id)s, %(language)s)
ON CONFLICT (transcription_id) DO UPDATE SET language = excluded.language
"""
_FIND = """
SELECT language FROM upload_languages
WHERE transcription_id = %(transcription_id)s AND session_id = %(session_id)s
"""
_FORGET = """
DELETE FROM upload_languages
WHERE transcription_id = %(transcription_id)s AND session_id = %(session_id)s
"""


class LanguageNotes:
    """Languages per recording in Postgres, deleted together with their session."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def note(self, session_id: str, transcription_id: int, language: str) -> None:
        """Store the language of a recording."""
        parameters = _key(session_id, transcription_id) | {"language": language}
        await self._database.execute(_NOTE, parameters)

    async def find(self, session_id: str, transcription_id: int) -> str | None:
        """Return the stored language of a recording, or None."""
        row = await self._database.fetch_one(_FIND, _key(session_id, transcription_id))
        return None if row is None else row["language"]

    async def forget(self, session_id: str, transcription_id: int) -> None:
        """Delete the language of a recording."""
        await self._database.execute(_FORGET, _key(session_id, transcription_id))


def _key(session_id: str, transcription_id: int) -> dict[str, object]:
    return {"session_id": session_id, "transcription_id": transcription_id}
