"""Suggestions of names for voices recognized by the speakers service."""

import contextlib
from collections.abc import AsyncIterator, Sequence

from common import logging
from common.errors import ApplicationError
from common.postgres import Connection, Database
from transcriber.domain.transcriptions import Transcription
from transcriber.domain.transcripts import TranscriptSpeaker
from transcriber.names import naming, rules
from transcriber.names.naming import NameHistory
from transcriber.names.rules import Suggestion
from transcriber.names.speakers_client import SpeakersClient
from transcriber.outbox import messages
from transcriber.store import locks
from transcriber.store.attribution import voices_of
from transcriber.store.decisions import DueDecisions
from transcriber.store.outbox import JobOutbox
from transcriber.store.transcriptions import Transcriptions

_log = logging.get(__name__)


class NameSuggestions:
    """Suggests names for known voices, when a transcript is stored or later."""

    def __init__(self, database: Database, speakers: SpeakersClient) -> None:
        self._database = database
        self._speakers = speakers

    @contextlib.asynccontextmanager
    async def during(
        self, transcription: Transcription, speakers: Sequence[TranscriptSpeaker]
    ) -> AsyncIterator[tuple[Connection, list[Suggestion] | None]]:
        """Yield a transaction for storing speakers, and suggestions for their voices.

        The suggestions are None when the speakers service does not answer. Changes of profiles
        are followed only after the transaction.
        """
        heard = _heard(speakers)
        async with self._profiles_held(transcription.id, heard=heard) as connection:
            yield connection, await self._find(transcription, speakers) if heard else []

    async def add_late(self, transcription_id: int) -> None:
        """Suggest names in a transcript stored without suggestions.

        Raises:
            ApplicationError: the speakers service does not answer or refuses.
        """
        async with self._database.transaction() as connection:
            transcription = await Transcriptions(connection).get(transcription_id)
            if transcription is None:
                return
            voices = await voices_of(connection, transcription)
            asked = await DueDecisions(connection).asked(transcription_id)
        heard = _heard(voices)
        async with self._profiles_held(transcription_id, heard=heard) as connection:
            suggestions = await self._ask(transcription, voices) if heard else []
            await locks.acquire(connection, locks.names_of(transcription_id))
            if await DueDecisions(connection).asked(transcription_id) != asked:
                # A voice may have been recognized by a name taken back meanwhile. Names stay due.
                return
            transcriptions = Transcriptions(connection)
            current = await transcriptions.get(transcription_id)
            if current is None or current.transcript_at != transcription.transcript_at:
                return
            titles = rules.titles_of(current.channel_plan)
            speakers = rules.suggest(current.speakers, suggestions, titles)
            await transcriptions.settle_names(transcription_id)
            followed = naming.follows(current.speakers, speakers)
            if followed:
                history = NameHistory(connection, transcription_id)
                await history.follow(current.workspace_id, followed)
                await JobOutbox(connection).event(messages.speakers_assigned(current, speakers))

    @contextlib.asynccontextmanager
    async def _profiles_held(
        self, transcription_id: int, *, heard: bool
    ) -> AsyncIterator[Connection]:
        if heard:
            # In a transaction of its own: from now on a deletion has to reach the speakers service.
            async with self._database.transaction() as connection:
                await Transcriptions(connection).mark_voices_known(transcription_id)
        async with self._database.transaction() as connection:
            await locks.acquire_shared(connection, locks.PROFILES)
            yield connection

    async def _find(
        self, transcription: Transcription, speakers: Sequence[TranscriptSpeaker]
    ) -> list[Suggestion] | None:
        try:
            return await self._ask(transcription, speakers)
        except ApplicationError as error:
            _log.warning(
                "known voices not recognized yet",
                transcription_id=transcription.id,
                reason=error.message,
            )
            return None

    async def _ask(
        self, transcription: Transcription, speakers: Sequence[TranscriptSpeaker]
    ) -> list[Suggestion]:
        return await self._speakers.recognize(transcription.id, transcription, speakers)


def _heard(speakers: Sequence[TranscriptSpeaker]) -> bool:
    return any(speaker.voiceprint for speaker in speakers)
