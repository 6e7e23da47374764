"""Titles suggested from transcripts, in the background and when asked for."""

from collections.abc import Sequence

from common.background.policy import Policy
from common.background.steps import ItemStep
from common.errors import NotFoundError, StateError
from common.postgres import Connection, Database
from transcriber.domain.transcriptions import Transcription
from transcriber.library.phrases import MOST_SECONDS, Spoken, phrase
from transcriber.store import step_names
from transcriber.store.library import Suggestion, Titles
from transcriber.store.transcriptions import Transcriptions
from transcriber.store.transcripts import Transcripts

#: Segments that are read at most. More do not fit into the first minutes.
_MOST_SEGMENTS = 500


class TitleSuggestions:
    """Suggests titles."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def suggest(self, transcription_id: int, workspace_id: str) -> None:
        """Replace the title by a suggestion from the newest revision, even that of a person.

        Raises:
            NotFoundError: the workspace has no such transcription.
            StateError: it has no transcript yet.
        """
        async with self._database.transaction() as connection:
            found = await Transcriptions(connection).lock_own(transcription_id, workspace_id)
            if found is None:
                raise NotFoundError("There is no such transcription.")
            if found.transcript_at is None:
                raise StateError(
                    "The transcription has no transcript yet.", {"status": found.status}
                )
            await suggest_within(connection, found, replace=True)

    async def add(self, transcription_id: int) -> None:
        """Suggest a title for a new transcript. That of a person stays."""
        async with self._database.transaction() as connection:
            found = await Transcriptions(connection).lock(transcription_id)
            if found is not None and found.transcript_at is not None:
                await suggest_within(connection, found)


async def suggest_within(
    connection: Connection, transcription: Transcription, *, replace: bool = False
) -> None:
    """Suggest a title for a locked transcription with a transcript."""
    assert transcription.transcript_at is not None, "it has a transcript"
    segments, _ = await Transcripts(connection).between(
        transcription.id, start=0.0, end=MOST_SECONDS, words=False, offset=0, limit=_MOST_SEGMENTS
    )
    title = phrase(
        Spoken(
            text=segment.text,
            start=segment.start,
            language=segment.language or transcription.language_detected,
        )
        for segment in segments
    )
    suggestion = Suggestion(
        transcription_id=transcription.id,
        transcript_at=transcription.transcript_at,
        title=title,
    )
    await Titles(connection).suggest(suggestion, replace=replace)


class TitleStep(ItemStep[int]):
    """Suggests titles for new transcripts, and for those of earlier versions."""

    name = step_names.TITLES
    items = "transcripts without a suggested title"
    outcome = "The transcription shows the name of its file."
    policy = Policy(at_a_time=4)

    def __init__(self, database: Database, suggestions: TitleSuggestions) -> None:
        super().__init__(database)
        self._suggestions = suggestions

    def key(self, item: int) -> str:
        """Return the transcription's id."""
        return str(item)

    async def due(self, connection: Connection, limit: int) -> Sequence[int]:
        """Return transcriptions in need of a suggested title."""
        return await Titles(connection).due(limit)

    async def handle(self, item: int) -> None:
        """Suggest the title of one transcription."""
        await self._suggestions.add(item)
