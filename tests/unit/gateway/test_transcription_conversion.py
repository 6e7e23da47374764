"""Conversion of protobuf messages to the documented fields."""

import asyncio
import datetime as dt

import pytest
from google.api import httpbody_pb2
from google.protobuf import any_pb2

from common import times
from gateway.api import transcription_conversion as conversion
from gateway.api.exports import _disposition, _separated
from gateway.api.queue import job_data, queue_data
from gateway.api.sessions import efficiency
from gateway.api.speaker_models import SpeakerChange, SpeakerData, SpeakerStatisticsData
from securetranscribe.v1 import (
    export_pb2,
    queue_pb2,
    session_pb2,
    speaker_pb2,
    transcription_pb2,
)
from tests.unit.gateway.fakes import NOON


def uploaded() -> transcription_pb2.Transcription:
    return transcription_pb2.Transcription(
        transcription_id=123,
        session_id="session_abc123",
        file=transcription_pb2.AudioFile(
            filename="audio.mp3", size_bytes=1048576, duration=times.duration(120.5), format="mp3"
        ),
        status=transcription_pb2.TRANSCRIPTION_STATUS_PENDING,
        create_time=times.timestamp(NOON),
    )


def speaker(label: str, name: str = "") -> transcription_pb2.TranscriptSpeaker:
    return transcription_pb2.TranscriptSpeaker(
        speaker_label=label,
        name=name or label,
        segment_count=5,
        total_duration=times.duration(60.2),
        average_confidence=0.94,
    )


def completed() -> transcription_pb2.Transcription:
    done = uploaded()
    done.MergeFrom(
        transcription_pb2.Transcription(
            status=transcription_pb2.TRANSCRIPTION_STATUS_COMPLETED,
            progress_percent=100.0,
            current_step="Completed",
            start_time=times.timestamp(NOON + dt.timedelta(minutes=1)),
            complete_time=times.timestamp(NOON + dt.timedelta(minutes=3.5)),
            processing_duration=times.duration(150.5),
            job_id="job_1",
            language_detected="en",
            confidence=0.95,
            speakers=[speaker("Speaker_1", "Anna"), speaker("Speaker_2")],
            full_text="Hello everyone.",
            segments=[
                transcription_pb2.Segment(
                    speaker_label="Speaker_1",
                    speaker_name="Anna",
                    text="Hello everyone.",
                    end=times.duration(5.2),
                    confidence=0.96,
                )
            ],
            warnings=["Careful."],
        )
    )
    return done


def test_uploaded_transcription() -> None:
    data = conversion.upload_data(uploaded(), language="en", job_id="job_1")
    assert data.model_dump() == {
        "transcription_id": 123,
        "session_id": "session_abc123",
        "filename": "audio.mp3",
        "file_size": 1048576,
        "formatted_file_size": "1.0 MB",
        "duration": 120.5,
        "formatted_duration": "00:02:00",
        "format": "mp3",
        "language_detected": "en",
        "processing_started": True,
        "job_id": "job_1",
        "channels": {"requested": "auto", "decided": None, "reason": "", "channels": []},
        "warnings": [],
    }


def test_uploaded_transcription_without_a_job() -> None:
    data = conversion.upload_data(uploaded(), language="", job_id="")
    assert (data.language_detected, data.processing_started, data.job_id) == (None, False, None)


async def test_a_pending_transcription_has_null_for_unknown_values() -> None:
    data = await conversion.status_data(uploaded())
    assert data.status == "pending"
    for field in (
        "started_at", "completed_at", "processing_time", "full_transcript", "language_detected",
        "confidence_score", "num_speakers", "job_id", "error",
    ):  # fmt: skip
        assert getattr(data, field) is None, field
    assert (data.speakers, data.segments, data.speaker_stats) == ([], [], {})
    assert set(data.speakers_requested.model_dump().values()) == {None}
    assert data.stages == []


async def test_requested_numbers_of_speakers() -> None:
    message = uploaded()
    message.diarization_requested.min_speaker_count = 2
    data = await conversion.status_data(message)
    assert data.speakers_requested.model_dump() == {
        "num_speakers": None,
        "min_speakers": 2,
        "max_speakers": None,
    }


async def test_completed_transcription() -> None:
    data = await conversion.status_data(completed())
    assert data.status == "completed"
    assert data.started_at == NOON + dt.timedelta(minutes=1)
    assert data.processing_time == 150.5
    assert data.full_transcript == "Hello everyone."
    assert (data.confidence_score, data.num_speakers) == (0.95, 2)
    assert data.speakers == ["Anna", "Speaker_2"]
    assert data.segments[0].model_dump() == {
        "speaker": "Anna",
        "text": "Hello everyone.",
        "start_time": 0.0,
        "end_time": 5.2,
        "confidence": 0.96,
        "channel": None,
        "words": None,
    }
    assert data.speaker_stats["Anna"].model_dump() == {
        "segment_count": 5,
        "total_duration": 60.2,
        "avg_confidence": 0.94,
        "channel": None,
    }
    assert data.warnings == ["Careful."]


async def test_separate_channels() -> None:
    done = completed()
    done.channel_plan.MergeFrom(
        transcription_pb2.ChannelPlan(
            requested=transcription_pb2.CHANNEL_MODE_AUTO,
            decided=transcription_pb2.CHANNEL_MODE_SEPARATE,
            reason="Each channel has a voice of its own.",
            channels=[
                transcription_pb2.RecordingChannel(number=1, description="left channel"),
                transcription_pb2.RecordingChannel(
                    number=2, title="Microphone", description="track 2 (Microphone)"
                ),
            ],
        )
    )
    done.segments[0].channel = done.speakers[0].channel = 2
    data = await conversion.status_data(done)
    assert data.channels.model_dump() == {
        "requested": "auto",
        "decided": "separate",
        "reason": "Each channel has a voice of its own.",
        "channels": [
            {"number": 1, "title": None, "description": "left channel"},
            {"number": 2, "title": "Microphone", "description": "track 2 (Microphone)"},
        ],
    }
    assert (data.segments[0].channel, data.speaker_stats["Anna"].channel) == (2, 2)
    assert conversion.upload_data(done, language="", job_id="").channels == data.channels


async def test_languages_by_time() -> None:
    done = completed()
    done.languages.add(
        start=times.duration(29.5), end=times.duration(61), language="de", probability=0.9
    )
    (span,) = (await conversion.status_data(done)).languages
    assert span.model_dump() == {
        "start": 29.5, "end": 61.0, "language": "de", "probability": 0.9
    }  # fmt: skip


async def test_stages_of_the_last_job() -> None:
    done = completed()
    done.stages.add(stage=queue_pb2.STAGE_MERGE, state=queue_pb2.STAGE_STATE_RUNNING)
    (stage,) = (await conversion.status_data(done)).stages
    assert (stage.name, stage.status) == ("merge", "running")


async def test_silence_is_an_empty_transcript_not_a_missing_one() -> None:
    silent = completed()
    for field in ("full_text", "segments", "speakers"):
        silent.ClearField(field)
    data = await conversion.status_data(silent)
    assert (data.full_transcript, data.num_speakers) == ("", 0)


async def test_a_transcript_is_kept_during_reprocessing() -> None:
    again = completed()
    again.status = transcription_pb2.TRANSCRIPTION_STATUS_PROCESSING
    assert (await conversion.status_data(again)).full_transcript == "Hello everyone."
    assert conversion.item(again).num_speakers == 2


async def test_a_failure_has_its_reason() -> None:
    failed = uploaded()
    failed.status = transcription_pb2.TRANSCRIPTION_STATUS_FAILED
    failed.failure.code, failed.failure.message = "TRANSCRIPTION_ERROR", "It broke."
    error = (await conversion.status_data(failed)).error
    assert error is not None
    assert (error.code, error.message) == ("TRANSCRIPTION_ERROR", "It broke.")


def test_speakers_with_one_name_are_listed_once() -> None:
    done = completed()
    done.speakers[1].name = "Anna"
    assert conversion.speaker_names(done) == ["Anna"]


def test_job() -> None:
    job = queue_pb2.Job(
        id=789,
        job_id="job_abc123",
        transcription_id=123,
        session_id="session_abc123",
        priority=5,
        status=queue_pb2.JOB_STATUS_PROCESSING,
        progress_percent=65.0,
        current_step="Processing transcription",
        create_time=times.timestamp(NOON),
        start_time=times.timestamp(NOON),
        processing_duration=times.duration(90.5),
        filename="audio.mp3",
        file_size_bytes=1048576,
        file_duration=times.duration(120.5),
        stages=[
            queue_pb2.StageStatus(stage=queue_pb2.STAGE_DIARIZE, state=queue_pb2.STAGE_STATE_DONE)
        ],
    )
    data = job_data(job)
    assert data.file_info.model_dump() == {
        "file_size": 1048576,
        "file_duration": 120.5,
        "file_path": "/uploads/audio.mp3",
    }
    assert (data.status, data.processing_time) == ("processing", 90.5)
    assert (data.completed_at, data.estimated_completion, data.error) == (None, None, None)
    assert [(stage.name, stage.status) for stage in data.stages] == [("diarize", "done")]
    job.ClearField("start_time")
    assert job_data(job).processing_time is None


def test_queue_status() -> None:
    data = queue_data(
        queue_pb2.QueueStatus(
            total_jobs=25,
            queued_jobs=5,
            processing_jobs=2,
            completed_jobs=18,
            transcribe_workers=3,
            diarize_workers=1,
            running=True,
            caller_position=3,
            estimated_wait=times.duration(300),
            average_processing_duration=times.duration(180.5),
            success_rate_percent=92.0,
            caller_quota=queue_pb2.QueueQuota(
                queue_places=3,
                max_queue_places=25,
                stored_bytes=4096,
                max_stored_bytes=8192,
                queued_duration=times.duration(90),
                max_queued_duration=times.duration(3600),
            ),
        )
    )
    assert data.quota.model_dump() == {
        "queue_places": 3,
        "max_queue_places": 25,
        "stored_bytes": 4096,
        "max_stored_bytes": 8192,
        "queued_duration": 90.0,
        "max_queued_duration": 3600.0,
    }
    assert (data.active_jobs, data.max_workers, data.user_queue_position) == (2, 4, 3)
    assert (data.estimated_wait_time, data.average_processing_time) == (300.0, 180.5)


@pytest.mark.parametrize(("audio", "processing", "result"), [(250, 100, 2.5), (10, 0, 0.0)])
def test_efficiency(audio: float, processing: float, result: float) -> None:
    statistics = session_pb2.SessionStatistics(
        audio_duration=times.duration(audio), processing_duration=times.duration(processing)
    )
    assert efficiency(statistics) == result


def test_speaker_without_optional_fields() -> None:
    profile = speaker_pb2.Speaker(
        speaker_id=1,
        name="John Doe",
        create_time=times.timestamp(NOON),
        update_time=times.timestamp(NOON),
    )
    data = SpeakerData.of(profile)
    assert (data.display_name, data.gender, data.description) == ("John Doe", None, None)
    assert data.confidence_level == "very_low"
    figures = SpeakerStatisticsData.of(speaker_pb2.SpeakerStatistics(speaker=profile))
    assert figures.voice_data_quality.has_mfcc_features is False


def test_a_change_distinguishes_absent_from_null() -> None:
    absent = SpeakerChange.model_validate({}).request(1)
    assert not absent.HasField("gender")
    assert not absent.HasField("name")
    cleared = SpeakerChange.model_validate({"gender": None, "name": None}).request(1)
    assert cleared.HasField("gender")
    assert cleared.gender == ""
    assert not cleared.HasField("name")


def test_filenames_of_documents() -> None:
    packed = any_pb2.Any()
    packed.Pack(export_pb2.ExportMetadata(filename='grö"ße\r\n.pdf'))
    request = export_pb2.ExportTranscriptionRequest(
        transcription_id=7, format=export_pb2.EXPORT_FORMAT_CSV
    )
    header = _disposition(httpbody_pb2.HttpBody(extensions=[packed]), request)
    assert header == (
        "attachment; filename=\"gr___e__.pdf\"; filename*=UTF-8''gr%C3%B6%22%C3%9Fe%0D%0A.pdf"
    )
    assert _disposition(httpbody_pb2.HttpBody(), request).startswith(
        'attachment; filename="transcription-7.csv"'
    )


def test_options_may_be_separated_by_commas() -> None:
    assert _separated(["a,b", "c", ""]) == ["a", "b", "c"]
    assert _separated(None) is None


async def test_converting_a_long_transcript_yields_to_other_tasks() -> None:
    long = completed()
    for index in range(5000):
        long.segments.add(index=index, speaker_name="Anna", text="And so on.")
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    waiting = asyncio.create_task(others())
    data = await conversion.status_data(long)
    waiting.cancel()
    assert len(data.segments) == 5001
    assert turns >= 10


async def test_a_transcription_is_kept_as_long_as_its_owner_and_its_own_time() -> None:
    early, late = dt.datetime(2026, 1, 1, tzinfo=dt.UTC), dt.datetime(2026, 2, 1, tzinfo=dt.UTC)
    kept = completed()
    assert (await conversion.status_data(kept)).kept_until is None
    assert (await conversion.status_data(kept, late)).kept_until == late
    kept.keep_until_time.FromDatetime(early)
    kept.recording_keep_until_time.FromDatetime(early)
    data = await conversion.status_data(kept, late)
    assert (data.kept_until, data.recording_kept_until) == (early, early)
    assert (await conversion.status_data(kept)).kept_until == early
