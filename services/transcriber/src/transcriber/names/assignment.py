"""Assignments of names by people, sent to the speakers service as decisions.

Decisions are marked as due before they are sent, so that they are sent again after a failure at
any point.
"""

import asyncio
import contextlib
import datetime as dt
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from common.background.attempts import ItemAttempts
from common.errors import NotFoundError, StateError, UnavailableError
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

#: The step that sends decisions again.
DECISIONS = "decisions"
NOT_LEARNED = "The speakers' names could not be saved for later recordings."
#: When decisions are sent again, unless the assignment that changed them has completed.
_SENT_AGAIN_SECONDS = 30.0
#: Each assignment holds a connection until the speakers service answers.
_AT_A_TIME = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class _Clips:
    """Clips by label, cut before the names are locked. Valid for one transcript."""

    transcript_at: dt.datetime | None = None
    by_label: Mapping[str, bytes] = field(default_factory=dict)


class SpeakerNames:
    """Assigns names to speakers and sends the decisions behind them."""

    def __init__(
        self, database: Database, speakers: SpeakersClient, clips: ClipStore, wake_ups: WakeUps
    ) -> None:
        self._database = database
        self._speakers = speakers
        self._clips = clips
        self._wake_ups = wake_ups
        self._turn = asyncio.Semaphore(_AT_A_TIME)

    async def assign(
        self, transcription_id: int, workspace_id: str, assignment: Mapping[str, str]
    ) -> Transcription:
        """Name speakers and return the changed transcription.

        `assignment` maps labels or current names to new names. An empty name removes the current
        one.

        Raises:
            NotFoundError: the workspace has no such transcription.
            StateError: it has no transcript yet.
            SpeakerError, ValidationError: the assignment is invalid.
            UnavailableError: the speakers service does not answer. Nothing has changed.
        """
        async with self._turn:
            clips = await self._prepare(transcription_id, workspace_id, assignment)
            async with self._names_locked(transcription_id) as connection:
                transcription = await _completed(connection, transcription_id, workspace_id)
                names = rules.resolve(transcription.speakers, assignment)
                speakers = rules.assign(transcription.speakers, names)
                speakers = await self._send(transcription, speakers, clips, newly_named=names)
                await _store_decided(connection, transcription, speakers)
                await JobOutbox(connection).event(
                    messages.speakers_assigned(transcription, speakers)
                )
                changed = await Transcriptions(connection).find(transcription_id, workspace_id)
        self._wake_ups.outbox.notify()
        if changed is None:
            raise NotFoundError("The transcription was deleted in the meantime.")
        return changed

    async def send_decisions(self, transcription_id: int) -> None:
        """Send all decisions of a transcription to the speakers service again."""
        earlier = await self._get(transcription_id)
        if earlier is None:
            return
        clips = await self._cut(earlier, rules.decided(earlier.speakers))
        async with self._names_locked(transcription_id) as connection:
            transcription = await Transcriptions(connection).get(transcription_id)
            if transcription is None:
                return
            speakers = await self._send(transcription, transcription.speakers, clips)
            await _store_decided(connection, transcription, speakers)

    async def _prepare(
        self, transcription_id: int, workspace_id: str, assignment: Mapping[str, str]
    ) -> _Clips:
        """Check an assignment, cut the clips it needs, and mark its decisions as due."""
        async with self._database.transaction() as connection:
            transcription = await _completed(connection, transcription_id, workspace_id)
        names = rules.resolve(transcription.speakers, assignment)
        speakers = rules.assign(transcription.speakers, names)
        clips = await self._cut(transcription, rules.decided(speakers, names))
        # After the clips, and in a transaction of its own: decisions must be due from before they
        # are sent until they are stored, however long the clips take.
        async with self._database.transaction() as connection:
            await Transcriptions(connection).schedule_decisions(
                transcription_id, _SENT_AGAIN_SECONDS
            )
            await ItemAttempts(connection).forget([DECISIONS], str(transcription_id))
        return clips

    async def _cut(
        self, transcription: Transcription, speakers: Sequence[TranscriptSpeaker]
    ) -> _Clips:
        clips = {item.label: await self._clips.find(transcription, item) for item in speakers}
        return _Clips(transcript_at=transcription.transcript_at, by_label=clips)

    async def _get(self, transcription_id: int) -> Transcription | None:
        async with self._database.transaction() as connection:
            return await Transcriptions(connection).get(transcription_id)

    @contextlib.asynccontextmanager
    async def _names_locked(self, transcription_id: int) -> AsyncIterator[Connection]:
        """Yield a transaction in which decisions are sent and stored.

        Decisions of a transcription replace each other, so that they must be stored in the order
        in which they are sent. A change of a profile must be followed after the link to it is
        stored. Both locks therefore last until the speakers service has answered.
        """
        async with self._database.transaction() as connection:
            await locks.acquire_shared(connection, locks.PROFILES)
            await locks.acquire(connection, locks.names_of(transcription_id))
            yield connection

    async def _send(
        self,
        transcription: Transcription,
        speakers: Sequence[TranscriptSpeaker],
        clips: _Clips,
        newly_named: Collection[str] = (),
    ) -> tuple[TranscriptSpeaker, ...]:
        """Send all decisions of a transcription and return the speakers with their profiles.

        `newly_named` has the labels named by the current assignment.
        """
        decisions = [
            Decision(speaker=speaker, clip=await self._clip(transcription, speaker, clips))
            for speaker in rules.decided(speakers, newly_named)
        ]
        try:
            links = await self._speakers.set_decisions(transcription.id, transcription, decisions)
        except ServiceTimedOutError as error:
            raise UnavailableError(error.message) from error
        return _linked(speakers, links)

    async def _clip(
        self, transcription: Transcription, speaker: TranscriptSpeaker, clips: _Clips
    ) -> bytes:
        if clips.transcript_at == transcription.transcript_at and speaker.label in clips.by_label:
            return clips.by_label[speaker.label]
        # Another assignment or another transcript was stored since the clips were cut.
        return await self._clips.find(transcription, speaker)


async def _completed(
    connection: Connection, transcription_id: int, workspace_id: str
) -> Transcription:
    transcription = await Transcriptions(connection).find(transcription_id, workspace_id)
    if transcription is None:
        raise NotFoundError("There is no such transcription.")
    if transcription.status is not TranscriptionStatus.COMPLETED:
        raise StateError(
            "Speakers can be named when the transcription is complete.",
            {"status": transcription.status},
        )
    return transcription


async def _store_decided(
    connection: Connection, transcription: Transcription, speakers: Sequence[TranscriptSpeaker]
) -> None:
    # The row is locked only now, after the speakers service has answered.
    await Transcriptions(connection).lock(transcription.id)
    await Transcripts(connection).set_names(
        transcription.id, rules.changed(transcription.speakers, speakers)
    )
    await Transcriptions(connection).settle_decisions(transcription.id)
    await Transcriptions(connection).unwarn(transcription.id, NOT_LEARNED)


def _linked(
    speakers: Sequence[TranscriptSpeaker], links: Sequence[VoiceLink]
) -> tuple[TranscriptSpeaker, ...]:
    """Return the speakers with the profiles they were linked to, under the profiles' names."""
    by_label = {link.label: link for link in links}
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
