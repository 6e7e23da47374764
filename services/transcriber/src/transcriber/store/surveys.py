"""Surveys of recordings, from which their channels are planned."""

from typing import Any

from psycopg.types.json import Jsonb

from common.audio.survey import Survey
from common.postgres import Connection, execute, fetch_one

_INSERT = "INSERT INTO surveys (transcription_id, survey) VALUES (%s, %s)"
_FIND = "SELECT survey FROM surveys WHERE transcription_id = %s"


class Surveys:
    """The table of surveys, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def add(self, transcription_id: int, survey: Survey) -> None:
        """Add the survey of a new transcription."""
        await execute(self._connection, _INSERT, (transcription_id, Jsonb(survey.to_json())))

    async def find(self, transcription_id: int) -> dict[str, Any] | None:
        """Return the survey of a transcription as JSON values, None if there is none."""
        row = await fetch_one(self._connection, _FIND, (transcription_id,))
        return None if row is None else dict(row["survey"])
