"""Clips: short audio of one speaker of a transcription talking alone."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import Executor

from common import logging
from common.audio.clips import LONGEST_SECONDS, cut_clip
from common.audio.signals import ChannelPlan, Signal, Sound
from common.background.steps import ItemStep
from common.errors import ApplicationError, NotFoundError
from common.objects import ObjectStore, RangedObject
from common.postgres import Connection, Database
from transcriber.domain.sealed_names import both_names
from transcriber.domain.transcriptions import Transcription
from transcriber.domain.transcripts import TranscriptSpeaker
from transcriber.store import step_names
from transcriber.store.transcriptions import Transcriptions
from transcriber.store.transcripts import Transcripts

#: Shortest range worth a clip.
LEAST_SECONDS = 0.5
NO_CLIPS = "Audio clips of the speakers could not be made."
_log = logging.get(__name__)


def clip_range(clean: Sequence[tuple[float, float]]) -> tuple[float, float] | None:
    """Return the middle of the longest clean turn in seconds, None if all turns are too short."""
    if not clean:
        return None
    start, end = max(clean, key=lambda item: item[1] - item[0])
    if end - start < LEAST_SECONDS:
        return None
    spare = max(0.0, end - start - LONGEST_SECONDS)
    return start + spare / 2, end - spare / 2


def signal_of(plan: ChannelPlan | None, speaker: TranscriptSpeaker) -> Signal:
    """Return the signal with a speaker's voice: that of the channel, or the mix."""
    place = max(speaker.channel, 1) - 1
    if plan is None or place >= len(plan.signals):
        return Signal()
    return plan.signals[place].signal


class ClipStore:
    """Cuts clips from recordings and stores them, so that they outlive the recordings."""

    def __init__(
        self,
        database: Database,
        objects: ObjectStore,
        executor: Executor,
        *,
        bucket_audio: str,
        bucket_results: str,
    ) -> None:
        self._database = database
        self._objects = objects
        self._executor = executor
        self._bucket_audio = bucket_audio
        self._bucket_results = bucket_results

    async def get(self, transcription: Transcription, speaker: TranscriptSpeaker) -> bytes:
        """Return a speaker's clip as FLAC, cut now if none is stored.

        Raises:
            NotFoundError: none is stored and there is nothing to cut it from.
        """
        if speaker.clip_key:
            return await self._objects.get(self._bucket_results, speaker.clip_key)
        if not transcription.source_available or clip_range(speaker.clean) is None:
            raise NotFoundError("There is no clip of this speaker.")
        source = await self._objects.open(self._bucket_audio, transcription.source_key)
        return await self._cut(transcription, speaker, source)

    async def find(self, transcription: Transcription, speaker: TranscriptSpeaker) -> bytes:
        """Return a speaker's clip as FLAC, empty if there is none."""
        try:
            return await self.get(transcription, speaker)
        except ApplicationError as error:
            _log.info("no clip", transcription_id=transcription.id, reason=error.message)
            return b""

    async def cut_all(self, transcription: Transcription) -> None:
        """Cut and store the clips of all speakers of a transcription."""
        source = await self._objects.open(self._bucket_audio, transcription.source_key)
        stamp = int(transcription.transcript_at.timestamp()) if transcription.transcript_at else 0
        for directory in both_names(f"{transcription.id}/clips/"):
            for key in await self._objects.keys(self._bucket_results, directory):
                # Clips of a transcript replaced by a later run.
                if not key.startswith(f"{directory}{stamp}/"):
                    await self._objects.delete(self._bucket_results, key)
        for speaker in transcription.speakers:
            if speaker.clip_key or clip_range(speaker.clean) is None:
                continue
            key = f"{transcription.id}/clips/{stamp}/{speaker.label}.flac"
            clip = await self._cut(transcription, speaker, source)
            await self._objects.put(self._bucket_results, key, clip)
            async with self._database.transaction() as connection:
                stored = await Transcriptions(connection).lock(transcription.id)
                if stored is None or stored.transcript_at != transcription.transcript_at:
                    await self._objects.delete(self._bucket_results, key)
                    return
                await Transcripts(connection).set_clip(transcription.id, speaker.label, key)

    async def _cut(
        self, transcription: Transcription, speaker: TranscriptSpeaker, source: RangedObject
    ) -> bytes:
        place = clip_range(speaker.clean)
        assert place is not None
        sound = Sound(file=source, signal=signal_of(transcription.channel_plan, speaker))
        return await asyncio.get_running_loop().run_in_executor(
            self._executor,
            lambda: cut_clip(sound, place[0], place[1]),
        )


class ClipStep(ItemStep[int]):
    """Cuts the clips of new transcripts."""

    name = step_names.CLIPS
    items = "transcripts whose clips are to be cut"
    outcome = "The transcription has a warning, and its recording is deleted when due."

    def __init__(self, database: Database, clips: ClipStore) -> None:
        super().__init__(database)
        self._clips = clips

    def key(self, item: int) -> str:
        """Return the transcription's id."""
        return str(item)

    async def due(self, connection: Connection, limit: int) -> Sequence[int]:
        """Return transcriptions without clips."""
        return await Transcriptions(connection).due_clips(limit)

    async def handle(self, item: int) -> None:
        """Cut the clips of one transcription."""
        async with self._database.transaction() as connection:
            transcription = await Transcriptions(connection).get(item)
        if transcription is None:
            return
        if transcription.source_available:
            await self._clips.cut_all(transcription)
        async with self._database.transaction() as connection:
            await Transcriptions(connection).settle_clips(transcription)
            await Transcriptions(connection).unwarn(item, NO_CLIPS)

    async def set_aside(self, connection: Connection, item: int) -> None:
        """Warn the owner."""
        await Transcriptions(connection).warn(item, NO_CLIPS)
