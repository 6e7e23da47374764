"""Names the speakers of transcriptions, and keeps the service for speakers told of it.

Decisions are written down as due before that service is told, so that whatever fails in between,
it is told again what really holds.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import replace

from common import logging
from common.errors import ApplicationError, NotFoundError, StateError, UnavailableError
from common.errors import TimedOutError as ServiceTimedOutError
from common.postgres import Connection, Database
from transcriber.domain.transcriptions import Transcription, TranscriptionStatus
from transcriber.domain.transcripts import TranscriptSpeaker
from transcriber.names import rules as naming
from transcriber.names.clips import ClipStore
from transcriber.names.speakers_client import Decision, Profile, SpeakersClient
from transcriber.outbox import messages
from transcriber.store import locks
from transcriber.store.outbox import Outbox
from transcriber.store.transcriptions import Transcriptions
from transcriber.store.transcripts import Transcripts
from transcriber.wakeups import Bells

#: When decisions are told again unless the call that made them has come through.
_TOLD_AGAIN_SECONDS = 30.0
#: Known voices are looked for so often when the service does not answer (over some hours).
MOST_ATTEMPTS = 12
#: Each assignment holds a connection while another service answers.
_AT_A_TIME = 3
_log = logging.get(__name__)


class SpeakerNames:
    """Assigns and recognises names."""

    def __init__(
        self, database: Database, speakers: SpeakersClient, clips: ClipStore, bells: Bells
    ) -> None:
        self._database = database
        self._speakers = speakers
        self._clips = clips
        self._bells = bells
        self._turn = asyncio.Semaphore(_AT_A_TIME)

    async def assign(
        self, transcription_id: int, session_id: str, wanted: Mapping[str, str]
    ) -> Transcription:
        """Names speakers as a person decided; returns the transcription as it is then.

        Raises:
            NotFoundError: the session has no such transcription.
            StateError: it has no transcript yet.
            SpeakerError, ValidationError: the names cannot be given like that.
            UnavailableError: the service for speakers does not answer; nothing has changed.
        """
        async with self._turn:
            await self._announce(transcription_id, session_id, wanted)
            async with self._database.transaction() as connection:
                await locks.share(connection, locks.PROFILES)
                await locks.wait_for(connection, locks.voices_of(transcription_id))
                transcription = await _ready(connection, transcription_id, session_id)
                names = naming.changes(transcription.speakers, wanted)
                speakers = naming.assigned(transcription.speakers, names)
                speakers = await self._decide(transcription, speakers, anew=names)
                # The names first of all: what holds the row is short.
                await Transcriptions(connection).lock(transcription_id)
                await Transcripts(connection).name(
                    transcription_id, _changed(transcription.speakers, speakers)
                )
                await Transcriptions(connection).decisions_settled(transcription_id)
                named = len([item for item in speakers if item.name])
                await Outbox(connection).event(
                    messages.speakers_assigned(session_id, transcription_id, named)
                )
                changed = await Transcriptions(connection).find(transcription_id, session_id)
        self._bells.outbox.ring()
        if changed is None:
            raise NotFoundError("The transcription was deleted in the meantime.")
        return changed

    async def tell_due(self) -> None:
        """Tells decisions again where it is not certain that they were heard."""
        async with self._database.transaction() as connection:
            due = await Transcriptions(connection).due_decisions()
        for transcription_id in due:
            try:
                await self._tell(transcription_id)
            except ApplicationError as error:
                _log.warning(
                    "decisions about voices cannot be told",
                    transcription_id=transcription_id,
                    reason=error.message,
                )
                async with self._database.transaction() as connection:
                    await Transcriptions(connection).decisions_due(
                        transcription_id, _TOLD_AGAIN_SECONDS
                    )

    async def recognise_due(self) -> None:
        """Looks for known voices where that could not be done when the transcript was made."""
        async with self._database.transaction() as connection:
            due = await Transcriptions(connection).due_names()
        for transcription_id in due:
            await self._recognise_late(transcription_id)
        if due:
            self._bells.outbox.ring()

    @contextlib.asynccontextmanager
    async def recognising(
        self, transcription: Transcription, speakers: Sequence[TranscriptSpeaker]
    ) -> AsyncIterator[tuple[Connection, list[naming.Recognised] | None]]:
        """Known voices among the speakers (None when that cannot be found out now), and a
        transaction to write their names in: changes of profiles are followed once it has ended.
        """
        heard = any(speaker.voiceprint for speaker in speakers)
        if heard:
            # In a transaction of its own: a deletion must know of it from now on.
            async with self._database.transaction() as connection:
                await Transcriptions(connection).voices_known(transcription.id)
        async with self._database.transaction() as connection:
            await locks.share(connection, locks.PROFILES)
            yield connection, await self._recognised(transcription, speakers) if heard else []

    async def _recognised(
        self, transcription: Transcription, speakers: Sequence[TranscriptSpeaker]
    ) -> list[naming.Recognised] | None:
        try:
            return await self._speakers.recognise(
                transcription.id, transcription.session_id, speakers
            )
        except ApplicationError as error:
            _log.warning(
                "known voices cannot be looked for",
                transcription_id=transcription.id,
                reason=error.message,
            )
            return None

    async def _announce(
        self, transcription_id: int, session_id: str, wanted: Mapping[str, str]
    ) -> None:
        """Checks the request and notes that decisions are about to change."""
        async with self._database.transaction() as connection:
            transcription = await _ready(connection, transcription_id, session_id)
            naming.changes(transcription.speakers, wanted)
            await Transcriptions(connection).decisions_due(transcription_id, _TOLD_AGAIN_SECONDS)

    async def _tell(self, transcription_id: int) -> None:
        async with self._database.transaction() as connection:
            await locks.share(connection, locks.PROFILES)
            await locks.wait_for(connection, locks.voices_of(transcription_id))
            transcription = await Transcriptions(connection).get(transcription_id)
            if transcription is None:
                return
            speakers = await self._decide(transcription, transcription.speakers)
            await Transcriptions(connection).lock(transcription_id)
            await Transcripts(connection).name(
                transcription_id, _changed(transcription.speakers, speakers)
            )
            await Transcriptions(connection).decisions_settled(transcription_id)

    async def _decide(
        self,
        transcription: Transcription,
        speakers: Sequence[TranscriptSpeaker],
        anew: Collection[str] = (),
    ) -> tuple[TranscriptSpeaker, ...]:
        """Tells all that a person decided; returns the speakers with their profiles.

        `anew` has the labels of those that are named by this very request.
        """
        decisions = [
            Decision(speaker=speaker, clip=await self._clips.get_if_any(transcription, speaker))
            for speaker in naming.decided(speakers, anew)
        ]
        try:
            profiles = await self._speakers.decide(
                transcription.id, transcription.session_id, decisions
            )
        except ServiceTimedOutError as error:
            raise UnavailableError(error.message) from error
        return _linked(speakers, profiles)

    async def _recognise_late(self, transcription_id: int) -> None:
        async with self._database.transaction() as connection:
            transcription = await Transcriptions(connection).get(transcription_id)
        if transcription is None:
            return
        async with self.recognising(transcription, transcription.speakers) as (
            connection,
            recognised,
        ):
            await locks.wait_for(connection, locks.voices_of(transcription_id))
            transcriptions = Transcriptions(connection)
            await transcriptions.lock(transcription_id)
            current = await transcriptions.get(transcription_id)
            if current is None or current.transcript_at != transcription.transcript_at:
                return
            if recognised is None:
                await transcriptions.names_later(transcription_id, MOST_ATTEMPTS)
                return
            speakers = naming.suggested(current.speakers, recognised)
            await transcriptions.names_settled(transcription_id)
            changed = _changed(current.speakers, speakers)
            if changed:
                await Transcripts(connection).name(transcription_id, changed)
                named = len([item for item in speakers if item.name])
                await Outbox(connection).event(
                    messages.speakers_assigned(current.session_id, transcription_id, named)
                )


async def _ready(connection: Connection, transcription_id: int, session_id: str) -> Transcription:
    transcription = await Transcriptions(connection).find(transcription_id, session_id)
    if transcription is None:
        raise NotFoundError("There is no such transcription.")
    if transcription.status is not TranscriptionStatus.COMPLETED:
        raise StateError(
            "Speakers can be named when the transcription is complete.",
            {"status": transcription.status},
        )
    return transcription


def _changed(
    before: Sequence[TranscriptSpeaker], after: Sequence[TranscriptSpeaker]
) -> list[TranscriptSpeaker]:
    """What is to be written: what stays may have followed its profile in the meantime."""
    return [new for old, new in zip(before, after, strict=True) if new != old]


def _linked(
    speakers: Sequence[TranscriptSpeaker], profiles: Sequence[Profile]
) -> tuple[TranscriptSpeaker, ...]:
    """The speakers with the profiles that they were linked to, under the profiles' names."""
    by_label = {profile.label: profile for profile in profiles}
    return tuple(
        replace(
            speaker,
            speaker_id=by_label[speaker.label].speaker_id,
            name=by_label[speaker.label].name or speaker.name,
        )
        if speaker.label in by_label
        else speaker
        for speaker in speakers
    )
