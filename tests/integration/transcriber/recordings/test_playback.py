"""Playback copies: made with the transcript, read by ranges, replaced, and erased with it."""

import contextlib
import io
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import grpc.aio
import numpy as np
import pytest

from common.audio.decoding import decode
from common.audio.playback import signals_of_copy
from common.audio.resampling import SAMPLE_RATE, Samples
from common.audio.signals import Sound
from common.disk_reserve import DiskReserve
from common.errors import ConflictError, DiskFullError, NotFoundError, ValidationError
from common.grpc_client import unwrap, unwrap_stream
from common.objects import ObjectStore
from common.postgres import Database
from common.signed_objects import SignedObjects
from common.tasks.task import TaskHandler
from common.times import duration, seconds
from securetranscribe.v1 import playback_pb2, playback_pb2_grpc, queue_pb2, transcription_pb2
from tests.integration.transcriber.conftest import Api, ApiFactory, Caller
from tests.integration.transcriber.fakes import TWO_SPEAKERS, WorkerFactory, gives, until, wav
from tests.unit.common.audio.sounds import float_wav, lag
from tests.unit.transcriber.worker.listening import ListeningEngine
from transcriber.domain.playback import NO_COPY
from transcriber.worker.playback import PlaybackStore
from transcriber.worker.recognizer import Recognizer
from transcriber.worker.task_handler import TranscribeHandler

SEPARATE = transcription_pb2.CHANNEL_MODE_SEPARATE
MIX = transcription_pb2.CHANNEL_MODE_MIX
_COPY = "SELECT playback_key, peaks_key, playback_bytes + peaks_bytes AS bytes FROM transcriptions"


class FullObjects(SignedObjects):
    """Has no room for copies."""

    def send(self, *_: object) -> None:
        """Raise DiskFullError."""
        raise DiskFullError


def handler(*, objects: SignedObjects | None = None) -> TaskHandler:
    """Return the worker's handler around an engine that hears recordings."""
    objects = objects or SignedObjects(DiskReserve(None, reserve_bytes=0))
    return TranscribeHandler(Recognizer(ListeningEngine(), 5), PlaybackStore(objects))


@contextlib.asynccontextmanager
async def workers(factory: WorkerFactory, handle: TaskHandler | None = None) -> AsyncIterator[None]:
    """Run one worker per stage. That of recognition makes copies."""
    async with (
        factory.handling("transcribe", handle or handler()),
        factory.worker("diarize", gives(TWO_SPEAKERS)),
    ):
        yield


def two_parties(length: float) -> bytes:
    """Return a stereo recording of two tones that alternate."""
    time = np.arange(round(length * SAMPLE_RATE)) / SAMPLE_RATE
    left = np.where(time % 2 < 1, np.sin(2 * np.pi * 300 * time), 0)
    right = np.where(time % 2 >= 1, np.sin(2 * np.pi * 500 * time), 0)
    return float_wav(0.4 * np.stack([left, right], axis=1))


@dataclass(frozen=True, kw_only=True)
class Player:
    """Client of playback."""

    playback: Any
    metadata: tuple[tuple[str, str], ...]

    @classmethod
    def of(cls, channel: grpc.aio.Channel, caller: Caller) -> "Player":
        """Return the player of a caller."""
        return cls(
            playback=playback_pb2_grpc.PlaybackServiceStub(channel), metadata=caller.metadata
        )

    async def describe(self, number: int) -> playback_pb2.Playback:
        """Return the description of a copy."""
        request = playback_pb2.GetPlaybackRequest(transcription_id=number)
        answer = await unwrap(self.playback.GetPlayback(request, metadata=self.metadata))
        found: playback_pb2.Playback = answer.playback
        return found

    async def read(self, number: int, **request: Any) -> bytes:
        """Return bytes of a copy."""
        message = playback_pb2.ReadPlaybackRequest(transcription_id=number, **request)
        call = self.playback.ReadPlayback(message, metadata=self.metadata)
        return b"".join([piece.chunk async for piece in unwrap_stream(call)])

    async def peaks(self, number: int, **request: Any) -> playback_pb2.GetPeaksResponse:
        """Return peaks."""
        message = playback_pb2.GetPeaksRequest(transcription_id=number, **request)
        found: playback_pb2.GetPeaksResponse = await unwrap(
            self.playback.GetPeaks(message, metadata=self.metadata)
        )
        return found


@pytest.fixture
def player(api: Api, caller: Caller) -> Player:
    """Return the player of session a."""
    return Player.of(api.channel, caller)


async def completed(caller: Caller, data: bytes, **config: Any) -> int:
    """Upload a recording and wait for its transcript."""
    number = await caller.upload_id(data, auto_start=True, **config)
    found = await caller.ended(number)
    assert found.status == transcription_pb2.TRANSCRIPTION_STATUS_COMPLETED
    return number


def channel(copy: bytes, number: int, channels: int) -> Samples:
    """Return a channel of a copy."""
    sound = Sound(file=io.BytesIO(copy), signal=signals_of_copy(channels)[number])
    return np.concatenate(list(decode(sound)))


async def keys(objects: ObjectStore, number: int) -> set[str]:
    """Return the objects of copies of a transcription."""
    found = await objects.keys("results", f"{number}/")
    return {key for key in found if key.endswith((".webm", ".peaks"))}


async def test_copy_sounds_like_the_recording(
    caller: Caller, player: Player, worker_factory: WorkerFactory
) -> None:
    async with workers(worker_factory):
        number = await completed(caller, wav(30.0))
    described = await player.describe(number)
    copy = await player.read(number)
    assert len(copy) == described.size_bytes
    assert described.content_type == "audio/webm"
    assert described.channel_count == 1
    assert seconds(described.duration) == pytest.approx(30.0)
    again = channel(copy, 0, 1)
    original = np.concatenate(list(decode(io.BytesIO(wav(30.0)))))
    assert len(again) == len(original)
    assert abs(lag(again, original)) <= SAMPLE_RATE // 50


async def test_parties_are_kept_apart(
    caller: Caller, player: Player, worker_factory: WorkerFactory
) -> None:
    recording = two_parties(12.0)
    async with workers(worker_factory):
        number = await completed(caller, recording, channels=SEPARATE)
    described = await player.describe(number)
    assert described.channel_count == 2
    copy = await player.read(number)
    left, right = (channel(copy, place, 2) for place in (0, 1))
    second = slice(round(2.2 * SAMPLE_RATE), round(2.8 * SAMPLE_RATE))
    assert np.abs(left[second]).max() > 0.3
    assert np.abs(right[second]).max() < 0.01


async def test_any_bytes_can_be_read(
    caller: Caller, player: Player, worker_factory: WorkerFactory
) -> None:
    async with workers(worker_factory):
        number = await completed(caller, wav(20.0))
    described = await player.describe(number)
    whole = await player.read(number)
    assert await player.read(number, offset=100, length=50) == whole[100:150]
    assert await player.read(number, offset=len(whole) - 3) == whole[-3:]
    assert await player.read(number, offset=len(whole) - 3, length=900) == whole[-3:]
    assert await player.read(number, version=described.version) == whole
    with pytest.raises(ValidationError):
        await player.read(number, offset=len(whole) + 1)
    with pytest.raises(ConflictError):
        await player.read(number, version="another")


async def test_peaks_have_zoom_levels_and_times(
    caller: Caller, player: Player, worker_factory: WorkerFactory
) -> None:
    async with workers(worker_factory):
        number = await completed(caller, two_parties(20.0), channels=SEPARATE)
    described = await player.describe(number)
    for rate in described.peak_rates:
        found = await player.peaks(number, rate=rate)
        assert (found.length, found.channel_count) == (20 * rate, 2)
        assert found.samples_per_peak * rate == found.sample_rate
        assert len(found.data) == found.length * 2 * 2
    part = await player.peaks(number, rate=20, **{"from": duration(4.0)}, to=duration(6.0))
    assert (part.first_index, part.length) == (80, 40)
    peaks = np.frombuffer(part.data, dtype=np.int8).reshape(40, 2, 2)
    assert (peaks[1:19, 0, 1] > 40).all()
    assert (np.abs(peaks[1:19, 1]) <= 1).all()
    assert (await player.peaks(number)).rate == 20
    with pytest.raises(ValidationError):
        await player.peaks(number, rate=7)


async def test_copy_outlives_the_recording_and_is_erased_with_the_transcript(
    apis: ApiFactory,
    worker_factory: WorkerFactory,
    objects: ObjectStore,
) -> None:
    async with apis.run(cleanup_delay=0) as api, workers(worker_factory):
        caller = api.caller()
        player = Player.of(api.channel, caller)
        number = await completed(caller, wav(4.0))

        async def erased() -> bool:
            return not await objects.keys("audio", f"{number}/")

        await until(erased)
        assert await player.read(number)
        assert len(await keys(objects, number)) == 2
        await caller.delete(number)
        assert await keys(objects, number) == set()
        with pytest.raises(NotFoundError):
            await player.describe(number)


async def test_copies_count_as_stored_bytes(
    caller: Caller, worker_factory: WorkerFactory, database: Database
) -> None:
    before = (await caller.queue_status()).caller_quota.stored_bytes
    async with workers(worker_factory):
        await completed(caller, wav(4.0))
    row = await database.fetch_one(_COPY)
    assert row is not None
    after = (await caller.queue_status()).caller_quota.stored_bytes
    assert after - before == len(wav(4.0)) + row["bytes"]
    assert row["bytes"] > 1000


async def test_another_session_hears_nothing(
    api: Api, caller: Caller, worker_factory: WorkerFactory
) -> None:
    async with workers(worker_factory):
        number = await completed(caller, wav(4.0))
    stranger = Player.of(api.channel, api.caller("b"))
    for call in (stranger.describe, stranger.read, stranger.peaks):
        with pytest.raises(NotFoundError) as caught:
            await call(number)
        assert "reason" not in caught.value.details


async def test_new_plan_makes_a_new_copy_and_the_old_one_goes(
    caller: Caller, player: Player, worker_factory: WorkerFactory, objects: ObjectStore
) -> None:
    async with workers(worker_factory):
        number = await completed(caller, two_parties(8.0), channels=MIX)
        mixed = await keys(objects, number)
        assert (await player.describe(number)).channel_count == 1
        await caller.start(number, channels=SEPARATE)
        await caller.ended(number)
        assert (await player.describe(number)).channel_count == 2

        async def replaced() -> bool:
            return not mixed & await keys(objects, number)

        await until(replaced)
        separate = await keys(objects, number)
        assert len(separate) == 2
        # The result of the first run is used again. Its copy is gone, so that the other stays.
        await caller.start(number, channels=MIX)
        await caller.ended(number)
    assert await keys(objects, number) == separate
    assert (await player.describe(number)).channel_count == 2
    assert await player.read(number)


async def test_result_that_is_used_again_keeps_its_copy(
    caller: Caller, player: Player, worker_factory: WorkerFactory
) -> None:
    async with workers(worker_factory):
        number = await completed(caller, wav(4.0))
        before = await player.describe(number)
        await caller.start(number, stages=[queue_pb2.STAGE_DIARIZE])
        await caller.ended(number)
    assert await player.describe(number) == before
    assert await player.read(number)


async def test_copy_that_fails_is_a_warning(
    caller: Caller, player: Player, worker_factory: WorkerFactory, objects: ObjectStore
) -> None:
    full = FullObjects(DiskReserve(None, reserve_bytes=0))
    async with workers(worker_factory, handler(objects=full)):
        number = await completed(caller, wav(4.0))
    found = await caller.get(number, full=True)
    assert NO_COPY in found.warnings
    assert found.segments
    assert await keys(objects, number) == set()
    with pytest.raises(NotFoundError) as caught:
        await player.describe(number)
    assert caught.value.details["reason"] == "NO_COPY"
    assert "again" in caught.value.message


async def test_without_the_setting_there_is_no_copy(
    apis: ApiFactory, worker_factory: WorkerFactory, objects: ObjectStore
) -> None:
    async with apis.run(playback_copy=False) as api, workers(worker_factory):
        caller = api.caller()
        number = await completed(caller, wav(4.0))
        assert await keys(objects, number) == set()
        assert not (await caller.get(number)).warnings
        with pytest.raises(NotFoundError) as caught:
            await Player.of(api.channel, caller).read(number)
        assert caught.value.details["reason"] == "NO_COPY"


async def test_before_the_transcript_the_reason_is_told(caller: Caller, player: Player) -> None:
    number = await caller.upload_id()
    with pytest.raises(NotFoundError) as caught:
        await player.peaks(number)
    assert caught.value.details["reason"] == "NO_TRANSCRIPT"
