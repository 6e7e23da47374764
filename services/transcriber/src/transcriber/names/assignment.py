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
from transcriber.names import rules
from transcriber.names.clips import ClipStore
from transcriber.names.speakers_client import Decision, SpeakersClient, VoiceLink
from transcriber.outbox import messages
from transcriber.store import locks
from transcriber.store.outbox import JobOutbox
from transcriber.store.transcriptions import Transcriptions
from transcriber.store.transcripts import Transcripts
from transcriber.wakeups import WakeUps

#: When decisions are told again unless the call that made them has come through.
_TOLD_AGAIN_SECONDS = 30.0
#: Each assignment holds a connection while another service answers.
_AT_A_TIME = 3
_log = logging.get(__name__)


class SpeakerNames:
    """Assigns and recognises names."""

    def __init__(
        self, database: Database, speakers: SpeakersClient, clips: ClipStore, wake_ups: WakeUps
    ) -> None:
        self._database = database
        self._speakers = speakers
        self._clips = clips
        self._wake_ups = wake_ups
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
                await locks.acquire_shared(connection, locks.PROFILES)
                await locks.acquire(connection, locks.voices_of(transcription_id))
                transcription = await _ready(connection, transcription_id, session_id)
                names = rules.resolve(transcription.speakers, wanted)
                speakers = rules.assign(transcription.speakers, names)
                speakers = await self._decide(transcription, speakers, newly_named=names)
                # The names first of all: what holds the row is short.
                await Transcriptions(connection).lock(transcription_id)
                await Transcripts(connection).name(
                    transcription_id, _changed(transcription.speakers, speakers)
                )
                await Transcriptions(connection).settle_decisions(transcription_id)
                named = len([item for item in speakers if item.name])
                await JobOutbox(connection).event(
                    messages.speakers_assigned(session_id, transcription_id, named)
                )
                changed = await Transcriptions(connection).find(transcription_id, session_id)
        self._wake_ups.outbox.notify()
        if changed is None:
            raise NotFoundError("The transcription was deleted in the meantime.")
        return changed

    @contextlib.asynccontextmanager
    async def recognizing(
        self, transcription: Transcription, speakers: Sequence[TranscriptSpeaker]
    ) -> AsyncIterator[tuple[Connection, list[rules.Suggestion] | None]]:
        """Yield a transaction to write names in, and the known voices among the speakers.

        The voices are None when that cannot be found out now. Changes of profiles are followed once
        the transaction has ended.
        """
        heard = any(speaker.voiceprint for speaker in speakers)
        async with self._writing_names(transcription.id, heard=heard) as connection:
            yield connection, await self._recognized(transcription, speakers) if heard else []

    @contextlib.asynccontextmanager
    async def _writing_names(
        self, transcription_id: int, *, heard: bool
    ) -> AsyncIterator[Connection]:
        if heard:
            # In a transaction of its own: a deletion must know of it from now on.
            async with self._database.transaction() as connection:
                await Transcriptions(connection).mark_voices_known(transcription_id)
        async with self._database.transaction() as connection:
            await locks.acquire_shared(connection, locks.PROFILES)
            yield connection

    async def _recognized(
        self, transcription: Transcription, speakers: Sequence[TranscriptSpeaker]
    ) -> list[rules.Suggestion] | None:
        try:
            return await self._ask(transcription, speakers)
        except ApplicationError as error:
            _log.warning(
                "known voices cannot be looked for",
                transcription_id=transcription.id,
                reason=error.message,
            )
            return None

    async def _ask(
        self, transcription: Transcription, speakers: Sequence[TranscriptSpeaker]
    ) -> list[rules.Suggestion]:
        return await self._speakers.recognize(transcription.id, transcription.session_id, speakers)

    async def _announce(
        self, transcription_id: int, session_id: str, wanted: Mapping[str, str]
    ) -> None:
        """Checks the request and notes that decisions are about to change."""
        async with self._database.transaction() as connection:
            transcription = await _ready(connection, transcription_id, session_id)
            rules.resolve(transcription.speakers, wanted)
            await Transcriptions(connection).schedule_decisions(
                transcription_id, _TOLD_AGAIN_SECONDS
            )

    async def recognize_late(self, transcription_id: int) -> None:
        """Look for known voices in a finished transcript that was made without.

        Raises:
            ApplicationError: the speakers service does not answer or refuses.
        """
        async with self._database.transaction() as connection:
            transcription = await Transcriptions(connection).get(transcription_id)
        if transcription is None:
            return
        heard = any(speaker.voiceprint for speaker in transcription.speakers)
        async with self._writing_names(transcription_id, heard=heard) as connection:
            suggestions = await self._ask(transcription, transcription.speakers) if heard else []
            await locks.acquire(connection, locks.voices_of(transcription_id))
            transcriptions = Transcriptions(connection)
            await transcriptions.lock(transcription_id)
            current = await transcriptions.get(transcription_id)
            if current is None or current.transcript_at != transcription.transcript_at:
                return
            speakers = rules.suggest(current.speakers, suggestions)
            await transcriptions.settle_names(transcription_id)
            changed = _changed(current.speakers, speakers)
            if changed:
                await Transcripts(connection).name(transcription_id, changed)
                named = len([item for item in speakers if item.name])
                await JobOutbox(connection).event(
                    messages.speakers_assigned(current.session_id, transcription_id, named)
                )

    async def send_decisions(self, transcription_id: int) -> None:
        """Send what people decided about a transcription's voices to the speakers service again."""
        async with self._database.transaction() as connection:
            await locks.acquire_shared(connection, locks.PROFILES)
            await locks.acquire(connection, locks.voices_of(transcription_id))
            transcription = await Transcriptions(connection).get(transcription_id)
            if transcription is None:
                return
            speakers = await self._decide(transcription, transcription.speakers)
            await Transcriptions(connection).lock(transcription_id)
            await Transcripts(connection).name(
                transcription_id, _changed(transcription.speakers, speakers)
            )
            await Transcriptions(connection).settle_decisions(transcription_id)

    async def _decide(
        self,
        transcription: Transcription,
        speakers: Sequence[TranscriptSpeaker],
        newly_named: Collection[str] = (),
    ) -> tuple[TranscriptSpeaker, ...]:
        """Tells all that a person decided; returns the speakers with their profiles.

        `newly_named` has the labels of those that are named by this very request.
        """
        decisions = [
            Decision(speaker=speaker, clip=await self._clips.find(transcription, speaker))
            for speaker in rules.decided(speakers, newly_named)
        ]
        try:
            profiles = await self._speakers.set_decisions(
                transcription.id, transcription.session_id, decisions
            )
        except ServiceTimedOutError as error:
            raise UnavailableError(error.message) from error
        return _linked(speakers, profiles)


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
    speakers: Sequence[TranscriptSpeaker], profiles: Sequence[VoiceLink]
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
