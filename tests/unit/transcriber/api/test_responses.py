"""Conversion of domain objects to responses."""

import datetime as dt
from dataclasses import replace

import pytest

from common.audio.signals import ChannelMode, ChannelPlan, PlannedSignal, Signal
from common.times import moment, seconds
from securetranscribe.v1 import diarization_pb2, queue_pb2, transcription_pb2
from transcriber.api import responses
from transcriber.domain.forecast import Forecast
from transcriber.domain.jobs import Failure, Job, JobStatus, Stage, StageProgress, TaskState
from transcriber.domain.options import ProcessingOptions, SpeakerBounds
from transcriber.domain.retention import Retention
from transcriber.domain.transcriptions import AudioFile, Transcription, TranscriptionStatus
from transcriber.domain.transcripts import NameSource, Segment, TranscriptSpeaker, Word
from transcriber.names.rules import group_by_name
from transcriber.queue.queue_status import QueuePlace, QueueSnapshot, QueueStatus

KEPT = Retention(processed=3600, unprocessed=86_400)
NOON = dt.datetime(2026, 1, 2, 12, 0, tzinfo=dt.UTC)
LATER = NOON + dt.timedelta(seconds=90)
NOTHING = QueueSnapshot(
    positions={},
    forecast=Forecast(begin={}, end={}, next_begin=None),
    places={},
    queued=0,
    processing=0,
)
JOB = Job(
    id=7,
    job_id="job_1",
    transcription_id=3,
    session_id="session_a",
    workspace_id="session_a",
    status=JobStatus.PROCESSING,
    priority=5,
    progress=42.0,
    current_step="Recognizing speech",
    created_at=NOON,
    started_at=NOON,
    filename="a.wav",
    size_bytes=10,
    duration=60.0,
    stages=(
        StageProgress(
            stage=Stage.TRANSCRIBE,
            state=TaskState.RELEASED,
            fraction=0.123456,
            step="",
            failure=None,
            part_count=1,
            parts_done=0,
            reused=False,
        ),
    ),
)
TRANSCRIPTION = Transcription(
    id=3,
    session_id="session_a",
    workspace_id="session_a",
    file=AudioFile(
        filename="a.wav",
        size_bytes=10,
        duration=60.0,
        format="wav",
        codec="pcm_s16le",
        sample_rate=16000,
        channels=1,
    ),
    source_key="3/source",
    source_available=True,
    options=ProcessingOptions(language="en"),
    status=TranscriptionStatus.PROCESSING,
    created_at=NOON,
    job=JOB,
)


def test_every_domain_state_is_converted() -> None:
    for status in TranscriptionStatus:
        message = responses.transcription(replace(TRANSCRIPTION, status=status), NOON, KEPT)
        name = transcription_pb2.TranscriptionStatus.Name(message.status)
        assert name.removeprefix("TRANSCRIPTION_STATUS_").lower() == status
    for job_status in JobStatus:
        job = responses.job(replace(JOB, status=job_status), NOTHING, NOON)
        name = queue_pb2.JobStatus.Name(job.status)
        assert name.removeprefix("JOB_STATUS_").lower() == job_status


@pytest.mark.parametrize(
    ("status", "progress", "step"),
    [
        (TranscriptionStatus.PENDING, 0.0, "Uploaded"),
        (TranscriptionStatus.PROCESSING, 42.0, "Recognizing speech"),
        (TranscriptionStatus.COMPLETED, 100.0, "Completed"),
        (TranscriptionStatus.FAILED, 42.0, "Recognizing speech"),
    ],
)
def test_progress_matches_status(status: TranscriptionStatus, progress: float, step: str) -> None:
    message = responses.transcription(replace(TRANSCRIPTION, status=status), NOON, KEPT)
    assert (message.progress_percent, message.current_step) == (progress, step)


def test_requested_numbers_of_speakers_are_shown() -> None:
    bounds = SpeakerBounds(count=3, fewest=2, most=4)
    options = ProcessingOptions(speakers=bounds)
    message = responses.transcription(replace(TRANSCRIPTION, options=options), NOON, KEPT)
    assert message.diarization_requested == diarization_pb2.DiarizationConfig(
        speaker_count=3, min_speaker_count=2, max_speaker_count=4
    )


def test_unknown_times_are_absent() -> None:
    fresh = responses.transcription(replace(TRANSCRIPTION, job=None), NOON, KEPT)
    assert not fresh.HasField("start_time")
    assert not fresh.HasField("processing_duration")
    assert fresh.job_id == ""
    running = responses.transcription(TRANSCRIPTION, LATER, KEPT)
    assert moment(running.start_time) == NOON
    assert not running.HasField("complete_time")
    assert seconds(running.processing_duration) == 90.0


def test_job_has_place_and_estimates() -> None:
    waiting = replace(JOB, status=JobStatus.QUEUED, started_at=None)
    snapshot = replace(
        NOTHING,
        positions={"job_1": 4},
        forecast=Forecast(begin={"job_1": 30.0}, end={"job_1": 50.0}, next_begin=50.0),
    )
    message = responses.job(waiting, snapshot, NOON)
    assert message.queue_position == 4
    assert seconds(message.estimated_wait) == 30.0
    assert moment(message.estimated_complete_time) == NOON + dt.timedelta(seconds=50)
    ended = responses.job(replace(JOB, status=JobStatus.COMPLETED), snapshot, NOON)
    assert not ended.HasField("estimated_complete_time")
    assert not ended.HasField("estimated_wait")
    unknown = responses.job(waiting, NOTHING, NOON)
    assert unknown.queue_position == 0
    assert not unknown.HasField("estimated_wait")


def test_released_stage_is_shown_as_waiting() -> None:
    (stage,) = responses.job(JOB, NOTHING, NOON).stages
    assert stage.state == queue_pb2.STAGE_STATE_WAITING
    assert stage.progress_percent == 12.35


def test_failure_has_code_and_message() -> None:
    failure = Failure(code="TRANSCRIPTION_ERROR", message="bad")
    message = responses.job(replace(JOB, failure=failure), NOTHING, NOON)
    assert (message.failure.code, message.failure.message) == ("TRANSCRIPTION_ERROR", "bad")


def speaker(number: int, name: str) -> TranscriptSpeaker:
    return TranscriptSpeaker(
        label=f"Speaker_{number}",
        segment_count=1,
        total_duration=1.0,
        average_confidence=1.0,
        name=name,
        name_source=NameSource.CONFIRMED,
    )


def test_segments_and_words_show_grouped_speakers() -> None:
    word = Word(text="hi", start=0.0, end=1.0, probability=1.0, speakers=("Speaker_2", "Speaker_1"))
    segment = Segment(
        label="Speaker_2",
        text="hi",
        start=0.0,
        end=1.0,
        confidence=1.0,
        language="en",
        words=(word,),
    )
    both = (speaker(1, "Ada"), speaker(2, "Ada"))
    (message,) = responses.transcript([segment], group_by_name(both), first=5)
    assert (message.index, message.speaker_label, message.speaker_name) == (5, "Speaker_1", "Ada")
    assert list(message.words[0].speaker_labels) == ["Speaker_1"]
    full = responses.full_transcription(
        replace(TRANSCRIPTION, speakers=both, transcript_at=NOON), [segment], NOON, KEPT
    )
    assert full.full_text == "hi"
    assert [item.name for item in full.speakers] == ["Ada"]


def test_plan_is_shown_with_numbered_channels() -> None:
    plan = ChannelPlan(
        requested=ChannelMode.AUTO,
        decided=ChannelMode.SEPARATE,
        reason="Each channel has a voice of its own.",
        signals=(
            PlannedSignal(signal=Signal(title="Microphone"), description="track 1 (Microphone)"),
            PlannedSignal(signal=Signal(), description="track 2"),
        ),
    )
    shown = responses.transcription(
        replace(TRANSCRIPTION, channel_plan=plan), NOON, KEPT
    ).channel_plan
    assert shown.requested == transcription_pb2.CHANNEL_MODE_AUTO
    assert shown.decided == transcription_pb2.CHANNEL_MODE_SEPARATE
    assert shown.reason == plan.reason
    assert [(item.number, item.title, item.description) for item in shown.channels] == [
        (1, "Microphone", "track 1 (Microphone)"),
        (2, "", "track 2"),
    ]


def test_recording_without_a_plan_shows_the_requested_mode() -> None:
    options = ProcessingOptions(channels=ChannelMode.SEPARATE)
    shown = responses.transcription(
        replace(TRANSCRIPTION, options=options), NOON, KEPT
    ).channel_plan
    assert shown.requested == transcription_pb2.CHANNEL_MODE_SEPARATE
    assert shown.decided == transcription_pb2.CHANNEL_MODE_UNSPECIFIED
    assert "not measured" in shown.reason


def test_warnings_about_the_file_come_first() -> None:
    file = replace(TRANSCRIPTION.file, warnings=("It breaks off.", "Both."))
    found = replace(TRANSCRIPTION, file=file, warnings=("Both.", "No speech."))
    warnings = list(responses.transcription(found, NOON, KEPT).warnings)
    assert warnings == ["It breaks off.", "Both.", "No speech."]


def test_queue_status_has_place_of_session() -> None:
    snapshot = replace(
        NOTHING,
        places={"session_a": QueuePlace(position=2, wait=10.0)},
        forecast=Forecast(begin={}, end={}, next_begin=99.0),
    )
    status = QueueStatus(
        snapshot=snapshot,
        by_status={JobStatus.COMPLETED: 23, JobStatus.FAILED: 2, JobStatus.QUEUED: 5},
        transcribe_workers=2,
        diarize_workers=1,
        mean_processing=180.5,
    )
    own = responses.queue_status(status, "session_a", capacity=50, running=True)
    assert (own.total_jobs, own.queued_jobs, own.completed_jobs) == (30, 5, 23)
    assert (own.caller_position, seconds(own.estimated_wait)) == (2, 10.0)
    assert own.success_rate_percent == 92.0
    assert seconds(own.average_processing_duration) == 180.5
    other = responses.queue_status(status, "session_b", capacity=50, running=True)
    assert (other.caller_position, seconds(other.estimated_wait)) == (0, 99.0)


def test_success_rate_without_jobs_is_100() -> None:
    status = QueueStatus(
        snapshot=NOTHING,
        by_status={},
        transcribe_workers=0,
        diarize_workers=0,
        mean_processing=None,
    )
    message = responses.queue_status(status, "", capacity=1, running=True)
    assert message.success_rate_percent == 100.0
    assert not message.HasField("estimated_wait")
    assert not message.HasField("average_processing_duration")
