"""Measuring of edited words in the stored sound."""

import asyncio
from collections.abc import Sequence
from concurrent.futures import Executor
from typing import Protocol

import grpc.aio

from common import times
from common.audio.clips import encode_flac
from common.audio.decoding import read_window
from common.audio.errors import EmptyAudioError
from common.audio.signals import ChannelPlan, Signal, Sound
from common.background.policy import Policy
from common.background.steps import ItemStep
from common.errors import StateError, UnimplementedError
from common.grpc_client import unwrap
from common.identity import Grant, Owner
from common.objects import ObjectStore, RangedObject
from common.postgres import Connection, Database
from common.signing import acting_for
from securetranscribe.v1 import speech_pb2, speech_pb2_grpc
from transcriber.domain.transcriptions import Transcription
from transcriber.editing import measurement, views
from transcriber.editing.history import Entry
from transcriber.editing.items import ItemId, Stamp, Times, WordItem
from transcriber.editing.measurement import Stretch
from transcriber.editing.operations import SetTimes
from transcriber.recordings import sources
from transcriber.store import step_names
from transcriber.store.edits import TranscriptEdits
from transcriber.store.transcriptions import Transcriptions
from transcriber.store.word_times import WordTimes
from transcriber.transcripts.editor import run_batch

#: Segments loaded at the same time.
_SEGMENTS = 40
_CALL_SECONDS = 300.0

_Spans = list[tuple[float, float]]
_Written = dict[ItemId, Stamp]


class Aligner(Protocol):
    """Finds the times of words in a short sound."""

    async def align(
        self, content: bytes, language: str, words: Sequence[str], owner: Owner
    ) -> _Spans:
        """Return the start and end of each word in seconds, none if they cannot be placed.

        Raises:
            UnimplementedError: the recognizer cannot do it.
            ApplicationError: there is no worker, or not now.
        """
        ...


class AlignerClient:
    """`Aligner` backed by a recognition worker."""

    def __init__(self, channel: grpc.aio.Channel) -> None:
        self._stub = speech_pb2_grpc.SpeechServiceStub(channel)

    async def align(
        self, content: bytes, language: str, words: Sequence[str], owner: Owner
    ) -> _Spans:
        """Ask a worker on behalf of the owner. See `Aligner.align`."""
        request = speech_pb2.AlignWordsRequest(content=content, language=language, words=words)
        answer = await unwrap(
            self._stub.AlignWords(
                request, timeout=_CALL_SECONDS, metadata=acting_for(Grant.owning(owner))
            )
        )
        return [(times.seconds(one.start), times.seconds(one.end)) for one in answer.times]


class WordTimesStep(ItemStep[int]):
    """Measures words written by people and corrections, once nobody edits any more."""

    name = step_names.WORD_TIMES
    items = "transcripts with edited words to measure"
    outcome = "The edited words keep their estimated times."
    policy = Policy(most_attempts=3, timeout=3600.0, first_pause=60.0)

    def __init__(
        self,
        database: Database,
        objects: ObjectStore,
        aligner: Aligner,
        executor: Executor,
        *,
        bucket_audio: str,
        bucket_results: str,
    ) -> None:
        super().__init__(database)
        self._objects = objects
        self._aligner = aligner
        self._executor = executor
        self._bucket_audio = bucket_audio
        self._bucket_results = bucket_results

    def key(self, item: int) -> str:
        """Return the transcription's id."""
        return str(item)

    async def due(self, connection: Connection, limit: int) -> Sequence[int]:
        """Return transcriptions with edits to look at."""
        return await WordTimes(connection).due(limit)

    async def handle(self, item: int) -> None:
        """Measure the edited words of one transcript."""
        async with self._database.transaction() as connection:
            transcription = await Transcriptions(connection).get(item)
            if transcription is None:
                return
            since = await WordTimes(connection).measured(item)
            segments = await WordTimes(connection).segments(item)
        batches = 0
        sound = _StoredSound(self, transcription)
        for first in range(0, len(segments), _SEGMENTS):
            found, written = await self._stretches(
                transcription, segments[first : first + _SEGMENTS], since
            )
            new: dict[ItemId, Times] = {}
            for stretch in found:
                new.update(await self._measure(transcription, sound, stretch))
            batches += await self._store(transcription, new, written)
        async with self._database.transaction() as connection:
            current = await Transcriptions(connection).get(item)
            if current is not None:
                known = transcription.revision + batches
                revision = known if current.revision == known else transcription.revision
                await WordTimes(connection).settle(item, revision)

    async def _stretches(
        self, transcription: Transcription, segments: Sequence[ItemId], since: int
    ) -> tuple[list[Stretch], _Written]:
        """Return the stretches of segments to measure, and when their words were written."""
        async with self._database.transaction() as connection:
            edits = TranscriptEdits(connection, transcription.id)
            head = await edits.log.head(transcription.workspace_id)
            if head is None:
                return [], {}
            loaded = await edits.load(head, [(item,) for item in segments], ())
        due = {
            item.id: item.stamp("wording")
            for item in loaded.document
            if isinstance(item, WordItem) and measurement.is_due(item, since)
        }
        shown = (views.view_of(loaded.document, segment) for segment in loaded.document.segments())
        found = [
            stretch
            for view in shown
            if view is not None
            for stretch in measurement.stretches(view, due.__contains__)
        ]
        return found, due

    async def _measure(
        self, transcription: Transcription, sound: "_StoredSound", stretch: Stretch
    ) -> dict[ItemId, Times]:
        """Return the new times of the words of a stretch, none if they cannot be placed."""
        if not stretch.segment.language:
            return {}
        owner = Grant.owning(transcription)
        try:
            content = await sound.cut(stretch)
            spans = await self._aligner.align(
                content, stretch.segment.language, stretch.texts, owner
            )
        except (StateError, UnimplementedError, EmptyAudioError):
            # There is no sound any more, or no recognizer for it.
            return {}
        if len(spans) != len(stretch.words):
            return {}
        return dict(measurement.measured(stretch, spans))

    async def _store(
        self, transcription: Transcription, new: dict[ItemId, Times], written: _Written
    ) -> int:
        """Store times of words that nobody has written again. Return the number of batches."""
        if not new:
            return 0
        async with self._database.transaction() as connection:
            edits = TranscriptEdits(connection, transcription.id)
            head = await edits.log.lock(transcription.workspace_id)
            if head is None or head.machine_revision != transcription.machine_revision:
                return 0
            loaded = await edits.load(head, [(item,) for item in new], ())
            kept = tuple(
                (item, moment)
                for item, moment in new.items()
                if isinstance(word := loaded.document.find(item), WordItem)
                and word.alive
                and word.stamp("wording") == written[item]
            )
            entry = Entry(revision=head.revision + 1, author="")
            operations = [SetTimes(times=kept)]
            return int(
                bool(kept)
                and bool(await run_batch(edits, loaded, operations, entry, base=head.revision))
            )

    async def open_sound(
        self, transcription: Transcription
    ) -> tuple[RangedObject, ChannelPlan | None]:
        """Return the recording or else its playback copy, with the plan to read it by.

        Raises:
            StateError: neither is kept.
        """
        if transcription.source_available:
            source = await self._objects.open(self._bucket_audio, transcription.source_key)
            return source, transcription.channel_plan
        async with self._database.transaction() as connection:
            key, channels = await sources.copy_of(connection, transcription)
        plan = sources.plan_for_copy(transcription.channel_plan, channels)
        return await self._objects.open(self._bucket_results, key), plan

    async def read(self, sound: Sound, start: float, end: float) -> bytes:
        """Return a part of a sound as FLAC, decoded in a thread."""
        return await asyncio.get_running_loop().run_in_executor(
            self._executor, lambda: encode_flac(read_window(sound, start, end))
        )


class _StoredSound:
    """The sound of a transcription, opened on first use."""

    def __init__(self, step: WordTimesStep, transcription: Transcription) -> None:
        self._step = step
        self._transcription = transcription
        self._opened: tuple[RangedObject, ChannelPlan | None] | None = None

    async def cut(self, stretch: Stretch) -> bytes:
        """Return the sound of a stretch as FLAC, from the channel of its segment."""
        if self._opened is None:
            self._opened = await self._step.open_sound(self._transcription)
        source, plan = self._opened
        sound = Sound(file=source, signal=_signal(plan, stretch.segment.channel))
        return await self._step.read(sound, stretch.start, stretch.end)


def _signal(plan: ChannelPlan | None, channel: int) -> Signal:
    place = max(channel, 1) - 1
    if plan is None or place >= len(plan.signals):
        return Signal()
    return plan.signals[place].signal
