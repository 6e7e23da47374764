"""Assignments of names by people, sent to the speakers service as decisions.

Decisions are marked as due before they are sent, so that they are sent again after a failure at
any point.
"""

import asyncio
import contextlib
import datetime as dt
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

from common.errors import NotFoundError, StateError, UnavailableError
from common.errors import TimedOutError as ServiceTimedOutError
from common.postgres import Connection, Database
from transcriber.domain.transcriptions import Transcription, TranscriptionStatus
from transcriber.domain.transcripts import TranscriptSpeaker
from transcriber.names import naming, rules
from transcriber.names.clips import ClipStore
from transcriber.names.naming import NameHistory
from transcriber.names.speakers_client import Decision, SpeakersClient, VoiceLink
from transcriber.outbox import messages
from transcriber.store import locks
from transcriber.store.attribution import voices_of
from transcriber.store.decisions import SENT_AGAIN_SECONDS, DueDecisions
from transcriber.store.followed_names import FollowedNames
from transcriber.store.outbox import JobOutbox
from transcriber.store.transcriptions import Transcriptions
from transcriber.wakeups import WakeUps

NOT_LEARNED = "The speakers' names could not be saved for later recordings."
#: Each assignment holds a connection until the speakers service answers.
_AT_A_TIME = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class _Clip:
    """A clip, empty if there is none, and the clean stretches that it belongs to."""

    clean: tuple[tuple[float, float], ...]
    content: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class _Clips:
    """Clips by label, cut before the names are locked. Valid for one transcript."""

    transcript_at: dt.datetime | None = None
    by_label: Mapping[str, _Clip] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Assigned:
    """The transcription after an assignment, and its newest revision."""

    transcription: Transcription
    revision: int


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
        self,
        transcription_id: int,
        workspace_id: str,
        assignment: Mapping[str, str],
        *,
        base: int = 0,
        author: str = "",
    ) -> Assigned:
        """Name speakers, as a batch of edits of an author, by default the workspace.

        `assignment` maps labels or current names to new names. An empty name removes the current
        one. `base` is the revision seen by the caller, 0 for any.

        Raises:
            NotFoundError: the workspace has no such transcription.
            StateError: it has no transcript yet.
            EditConflictError: one of the names has changed since the base revision.
            SpeakerError, ValidationError: the assignment is invalid.
            UnavailableError: the speakers service does not answer. Nothing has changed.
        """
        async with self._turn:
            asked, clips = await self._prepare(
                transcription_id, workspace_id, assignment, base=base, author=author
            )
            async with self._names_locked(transcription_id) as connection:
                history = NameHistory(connection, transcription_id)
                transcription = await _completed(connection, transcription_id, workspace_id)
                names = rules.resolve(transcription.speakers, assignment)
                await history.check(workspace_id, names, base=base, author=author)
                speakers = rules.assign(transcription.speakers, names)
                voices = await voices_of(connection, replace(transcription, speakers=speakers))
                links = await self._send(transcription, voices, clips, newly_named=names)
                await _keep_unlinked(connection, transcription_id, links)
                speakers = _linked(speakers, links)
                # The row is locked only now, after the speakers service has answered.
                revision = await history.assign(
                    workspace_id,
                    naming.operation_of(names, speakers),
                    naming.follows(transcription.speakers, speakers, except_for=names),
                    base=base,
                    author=author,
                )
                await _settle(connection, transcription_id, asked)
                await JobOutbox(connection).event(
                    messages.speakers_assigned(transcription, speakers)
                )
                changed = await Transcriptions(connection).find(transcription_id, workspace_id)
        self._wake_ups.outbox.notify()
        if changed is None:
            raise NotFoundError("The transcription was deleted in the meantime.")
        return Assigned(transcription=changed, revision=revision)

    async def send_decisions(self, transcription_id: int) -> None:
        """Send all decisions of a transcription to the speakers service again."""
        async with self._database.transaction() as connection:
            asked = await DueDecisions(connection).asked(transcription_id)
            earlier = await Transcriptions(connection).get(transcription_id)
            if earlier is None:
                return
            voices = await voices_of(connection, earlier)
        clips = await self._cut(earlier, rules.decided(voices))
        async with self._names_locked(transcription_id) as connection:
            transcription = await Transcriptions(connection).get(transcription_id)
            if transcription is None:
                return
            voices = await voices_of(connection, transcription)
            links = await self._send(transcription, voices, clips)
            await _keep_unlinked(connection, transcription_id, links)
            followed = naming.follows(
                transcription.speakers, _linked(transcription.speakers, links)
            )
            await NameHistory(connection, transcription_id).follow(
                transcription.workspace_id, followed
            )
            await _settle(connection, transcription_id, asked)
        self._wake_ups.outbox.notify()

    async def _prepare(
        self,
        transcription_id: int,
        workspace_id: str,
        assignment: Mapping[str, str],
        *,
        base: int,
        author: str,
    ) -> tuple[int, _Clips]:
        """Check an assignment, cut the clips it needs, and mark its decisions as due.

        Return the number to settle them with.
        """
        async with self._database.transaction() as connection:
            transcription = await _completed(connection, transcription_id, workspace_id)
            names = rules.resolve(transcription.speakers, assignment)
            history = NameHistory(connection, transcription_id)
            await history.check(workspace_id, names, base=base, author=author)
            speakers = rules.assign(transcription.speakers, names)
            voices = await voices_of(connection, replace(transcription, speakers=speakers))
        clips = await self._cut(transcription, rules.decided(voices, names))
        # After the clips, and in a transaction of its own: decisions must be due from before they
        # are sent until they are stored, however long the clips take.
        async with self._database.transaction() as connection:
            asked = await DueDecisions(connection).ask(transcription_id, SENT_AGAIN_SECONDS)
        return asked, clips

    async def _cut(
        self, transcription: Transcription, speakers: Sequence[TranscriptSpeaker]
    ) -> _Clips:
        clips = {
            item.label: _Clip(clean=item.clean, content=await self._clips.find(transcription, item))
            for item in speakers
        }
        return _Clips(transcript_at=transcription.transcript_at, by_label=clips)

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
        voices: Sequence[TranscriptSpeaker],
        clips: _Clips,
        newly_named: Collection[str] = (),
    ) -> list[VoiceLink]:
        """Send all decisions of a transcription and return the profiles of its voices.

        `newly_named` has the labels named by the current assignment.
        """
        heard = {speaker.label: speaker.clean for speaker in transcription.speakers}
        decisions = []
        for voice in rules.decided(voices, newly_named):
            clip = await self._clip(transcription, voice, clips)
            gone = not clip and not voice.clip_key and voice.clean != heard[voice.label]
            decisions.append(Decision(speaker=voice, clip=clip, clip_gone=gone))
        try:
            return await self._speakers.set_decisions(transcription.id, transcription, decisions)
        except ServiceTimedOutError as error:
            raise UnavailableError(error.message) from error

    async def _clip(
        self, transcription: Transcription, speaker: TranscriptSpeaker, clips: _Clips
    ) -> bytes:
        found = clips.by_label.get(speaker.label)
        same = clips.transcript_at == transcription.transcript_at
        if same and found is not None and found.clean == speaker.clean:
            return found.content
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


async def _keep_unlinked(
    connection: Connection, transcription_id: int, links: Sequence[VoiceLink]
) -> None:
    """Keep the links to profiles that were deleted, which may be restored."""
    gone = [link.label for link in links if not link.speaker_id]
    await FollowedNames(connection, at_a_time=1).keep_of(transcription_id, gone)


async def _settle(connection: Connection, transcription_id: int, asked: int) -> None:
    await DueDecisions(connection).settle(transcription_id, asked)
    await Transcriptions(connection).unwarn(transcription_id, NOT_LEARNED)


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
        if speaker.label in by_label and not speaker.merged_into
        else speaker
        for speaker in speakers
    )
