"""Life of a recording: uploaded, queued, processed, merged and read."""

import asyncio
import io
import threading
from typing import Any

import pytest

from common import bus, events
from common.audio.probe import probe
from common.errors import StateError
from common.objects import ObjectStore
from common.postgres import Database
from common.tasks.task import TaskControl
from common.times import seconds
from securetranscribe.v1 import event_pb2, queue_pb2, transcription_pb2
from tests.integration.transcriber.conftest import Api, ApiFactory, Caller
from tests.integration.transcriber.fakes import (
    TWO_SPEAKERS,
    WorkerFactory,
    diarization,
    recognition,
    until,
    wav,
)
from tests.nats_clients import flushed
from transcriber.domain.retention import Retention
from transcriber.recordings.cleanup import RecordingStep


def kept(seconds_: float) -> Retention:
    return Retention(processed=seconds_, unprocessed=86_400)


COMPLETED = transcription_pb2.TRANSCRIPTION_STATUS_COMPLETED


async def test_recording_becomes_transcript_with_speakers(
    caller: Caller, worker_factory: WorkerFactory
) -> None:
    uploaded = await caller.upload(wav(4.0), filename="dir/talk.wav", auto_start=True)
    file = uploaded.transcription.file
    assert (file.filename, file.format, file.channels, file.sample_rate_hertz) == (
        "talk.wav",
        "wav",
        1,
        8000,
    )
    assert seconds(file.duration) == 4.0
    assert file.size_bytes == len(wav(4.0))
    assert uploaded.job.status == queue_pb2.JOB_STATUS_QUEUED
    assert uploaded.job.queue_position == 1
    async with worker_factory.both():
        found = await caller.ended(uploaded.transcription.transcription_id)
    assert found.status == COMPLETED, found
    assert found.progress_percent == 100
    assert found.current_step == "Completed"
    assert [(item.speaker_label, item.text) for item in found.segments] == [
        ("Speaker_1", "Good morning."),
        ("Speaker_2", "Hello to you."),
    ]
    assert found.full_text == "Good morning. Hello to you."
    assert found.language_detected == "en"
    assert found.confidence == pytest.approx(0.8)
    assert [item.name for item in found.speakers] == ["Speaker_1", "Speaker_2"]
    assert [stage.state for stage in found.stages] == [queue_pb2.STAGE_STATE_DONE] * 3
    assert (found.speech_model, found.diarization_model) == ("whisper-test", "diarize-test")
    assert not found.warnings
    assert seconds(found.processing_duration) > 0
    job = await caller.job(found.job_id)
    assert (job.status, job.progress_percent, job.queue_position) == (
        queue_pb2.JOB_STATUS_COMPLETED,
        100,
        0,
    )
    assert {task.WhichOneof("work") for task in worker_factory.done} == {"transcribe", "diarize"}
    assert {task.audio_key for task in worker_factory.done} == {f"{found.transcription_id}/source"}


async def test_smallest_connection_pool_is_enough(
    apis: ApiFactory, worker_factory: WorkerFactory
) -> None:
    async with apis.run(database_pool_size=2) as api, worker_factory.both():
        caller = api.caller()
        ids = [await caller.upload_id(auto_start=True) for _ in range(4)]
        for found in [await caller.ended(transcription_id) for transcription_id in ids]:
            assert found.status == COMPLETED, found
        await asyncio.gather(*(caller.assign(number, {"Speaker_1": "Ada"}) for number in ids))
        assert {(await caller.get(number)).speakers[0].name for number in ids} == {"Ada"}


async def test_events_cover_the_life_of_a_job_in_order(
    caller: Caller, worker_factory: WorkerFactory, client: Any
) -> None:
    heard: list[event_pb2.Event] = []
    arrived = threading.Event()

    async def hear(message: Any) -> None:
        heard.append(events.parse(message))
        if heard[-1].HasField("job_progress"):
            arrived.set()

    def patient(_task: queue_pb2.Task, control: TaskControl) -> bytes:
        control.progress(0.5, "Half way")
        assert arrived.wait(20), "no progress event was received"
        return TWO_SPEAKERS.SerializeToString()

    subscription = await client.subscribe(bus.event_subject("session_a", "*", "*", "*"), cb=hear)
    await flushed(client)
    async with worker_factory.both(turns=patient):
        transcription_id = await caller.upload_id(auto_start=True)
        await caller.ended(transcription_id)

    async def completed() -> bool:
        return any(event.HasField("job_completed") for event in heard)

    await until(completed)
    await subscription.unsubscribe()
    kinds = [event.WhichOneof("data") for event in heard]
    assert [kind for kind in kinds if kind != "job_progress"] == [
        "transcription_created",
        "job_queued",
        "job_started",
        "job_completed",
    ]
    progress = [
        event.job_progress.progress_percent for event in heard if event.HasField("job_progress")
    ]
    assert progress == sorted(progress)
    (completion,) = [event.job_completed for event in heard if event.HasField("job_completed")]
    assert completion.speaker_count == 2
    assert {event.session_id for event in heard} == {"session_a"}


async def test_transcript_streams_with_words(caller: Caller, worker_factory: WorkerFactory) -> None:
    async with worker_factory.both():
        transcription_id = await caller.upload_id(auto_start=True)
        await caller.ended(transcription_id)
    request = transcription_pb2.StreamTranscriptRequest(
        transcription_id=transcription_id, include_words=True
    )
    parts = [
        part
        async for part in caller.transcriptions.StreamTranscript(request, metadata=caller.metadata)
    ]
    assert parts[0].transcription.transcription_id == transcription_id
    segments = [segment for part in parts for segment in part.segments]
    assert [segment.index for segment in segments] == [0, 1]
    words = [word for segment in segments for word in segment.words]
    assert [word.text for word in words] == ["Good", "morning.", "Hello", "to", "you."]
    assert [list(word.speaker_labels) for word in words][:3] == [
        ["Speaker_1"],
        ["Speaker_1"],
        ["Speaker_2"],
    ]


async def test_watch_starts_with_current_state_and_ends_with_job(
    caller: Caller, worker_factory: WorkerFactory
) -> None:
    transcription_id = await caller.upload_id()
    states: list[transcription_pb2.Transcription] = []

    async def watch() -> None:
        request = transcription_pb2.WatchTranscriptionRequest(transcription_id=transcription_id)
        call = caller.transcriptions.WatchTranscription(request, metadata=caller.metadata)
        async for answer in call:
            states.append(answer.transcription)  # noqa: PERF401 - read while it grows

    watching = asyncio.create_task(watch())

    async def seen() -> bool:
        return bool(states)

    await until(seen)
    assert states[0].status == transcription_pb2.TRANSCRIPTION_STATUS_PENDING
    await caller.start(transcription_id)
    async with worker_factory.both():
        await asyncio.wait_for(watching, 30)
    assert states[-1].status == COMPLETED
    progress = [state.progress_percent for state in states]
    assert progress == sorted(progress)


async def test_silence_gives_empty_transcript(
    caller: Caller, worker_factory: WorkerFactory
) -> None:
    async with worker_factory.both(recognition(), diarization()):
        found = await caller.ended(await caller.upload_id(auto_start=True))
    assert found.status == COMPLETED
    assert (found.full_text, len(found.segments), len(found.speakers)) == ("", 0, 0)
    assert list(found.warnings) == ["No speech was found in the recording."]


async def test_clips_are_cut_and_outlive_recording(
    caller: Caller, worker_factory: WorkerFactory, objects: ObjectStore, database: Database
) -> None:
    async with worker_factory.both():
        transcription_id = await caller.upload_id(auto_start=True)
        await caller.ended(transcription_id)

    async def cut() -> bool:
        rows = await database.fetch_all("SELECT clips_due_at FROM transcriptions")
        return rows[0]["clips_due_at"] is None

    await until(cut)
    early = RecordingStep(database, objects, bucket="audio", retention=kept(3600))
    await early.step()
    assert await objects.keys("audio") == [f"{transcription_id}/source"]
    late = RecordingStep(database, objects, bucket="audio", retention=kept(0))
    await late.step()
    assert await objects.keys("audio") == []
    assert not (await caller.get(transcription_id)).file.available
    request = transcription_pb2.GetSpeakerClipRequest(
        transcription_id=transcription_id, speaker_label="Speaker_2"
    )
    clip = await caller.transcriptions.GetSpeakerClip(request, metadata=caller.metadata)
    assert clip.content_type == "audio/flac"
    info = probe(io.BytesIO(clip.data))
    assert (info.codec, info.sample_rate) == ("flac", 16000)
    assert info.duration == pytest.approx(2.0, abs=0.05)
    with pytest.raises(StateError, match="removed"):
        await caller.start(transcription_id, stages=[queue_pb2.STAGE_TRANSCRIBE])


async def test_session_statistics_cover_own_jobs_only(
    api: Api, worker_factory: WorkerFactory
) -> None:
    caller, other = api.caller("a"), api.caller("b")
    async with worker_factory.both():
        await caller.ended(await caller.upload_id(auto_start=True))
    request = transcription_pb2.GetSessionStatisticsRequest()
    own = await caller.transcriptions.GetSessionStatistics(request, metadata=caller.metadata)
    foreign = await other.transcriptions.GetSessionStatistics(request, metadata=other.metadata)
    assert own.statistics.completed_jobs == 1
    assert seconds(own.statistics.audio_duration) == 4.0
    assert seconds(own.statistics.processing_duration) > 0
    assert own.statistics.average_confidence == pytest.approx(0.8)
    assert foreign.statistics.completed_jobs == 0
    assert foreign.statistics.average_confidence == 0
