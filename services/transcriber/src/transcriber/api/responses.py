"""Conversion of domain objects to responses."""

import datetime as dt
from collections.abc import Iterable, Sequence

from common.audio.signals import ChannelMode, ChannelPlan
from common.times import duration, timestamp
from common.writing_systems import joined
from securetranscribe.v1 import (
    diarization_pb2,
    queue_pb2,
    session_pb2,
    speech_pb2,
    transcription_pb2,
)
from transcriber.domain.jobs import Job, JobStatus, Stage, StageProgress, TaskState
from transcriber.domain.library import Tag, TitleSource
from transcriber.domain.options import SpeakerBounds
from transcriber.domain.retention import Retention
from transcriber.domain.transcriptions import Transcription, TranscriptionStatus
from transcriber.domain.transcripts import NameSource, Segment, TranscriptSpeaker, Word
from transcriber.names.rules import GroupedSpeakers, group_by_name
from transcriber.outbox.messages import failure
from transcriber.queue.admission import Quotas
from transcriber.queue.queue_status import QueueSnapshot, QueueStatus
from transcriber.store.jobs import JobStatistics
from transcriber.store.usage import Used

STATUSES = {
    TranscriptionStatus.PENDING: transcription_pb2.TRANSCRIPTION_STATUS_PENDING,
    TranscriptionStatus.PROCESSING: transcription_pb2.TRANSCRIPTION_STATUS_PROCESSING,
    TranscriptionStatus.COMPLETED: transcription_pb2.TRANSCRIPTION_STATUS_COMPLETED,
    TranscriptionStatus.FAILED: transcription_pb2.TRANSCRIPTION_STATUS_FAILED,
}
_JOB_STATUSES = {
    JobStatus.QUEUED: queue_pb2.JOB_STATUS_QUEUED,
    JobStatus.PROCESSING: queue_pb2.JOB_STATUS_PROCESSING,
    JobStatus.COMPLETED: queue_pb2.JOB_STATUS_COMPLETED,
    JobStatus.FAILED: queue_pb2.JOB_STATUS_FAILED,
    JobStatus.CANCELLED: queue_pb2.JOB_STATUS_CANCELLED,
}
_STAGES = {
    Stage.TRANSCRIBE: queue_pb2.STAGE_TRANSCRIBE,
    Stage.DIARIZE: queue_pb2.STAGE_DIARIZE,
    Stage.MERGE: queue_pb2.STAGE_MERGE,
}
_STATES = {
    TaskState.WAITING: queue_pb2.STAGE_STATE_WAITING,
    TaskState.RELEASED: queue_pb2.STAGE_STATE_WAITING,
    TaskState.RUNNING: queue_pb2.STAGE_STATE_RUNNING,
    TaskState.DONE: queue_pb2.STAGE_STATE_DONE,
    TaskState.FAILED: queue_pb2.STAGE_STATE_FAILED,
    TaskState.CANCELLED: queue_pb2.STAGE_STATE_CANCELLED,
}
_NAME_SOURCES = {
    NameSource.NONE: transcription_pb2.SPEAKER_NAME_SOURCE_NONE,
    NameSource.SUGGESTED: transcription_pb2.SPEAKER_NAME_SOURCE_SUGGESTED,
    NameSource.CONFIRMED: transcription_pb2.SPEAKER_NAME_SOURCE_CONFIRMED,
}
_TITLE_SOURCES = {
    TitleSource.FILE: transcription_pb2.TITLE_SOURCE_FILE,
    TitleSource.SUGGESTED: transcription_pb2.TITLE_SOURCE_SUGGESTED,
    TitleSource.OWN: transcription_pb2.TITLE_SOURCE_OWN,
}
_MODES = {
    ChannelMode.AUTO: transcription_pb2.CHANNEL_MODE_AUTO,
    ChannelMode.MIX: transcription_pb2.CHANNEL_MODE_MIX,
    ChannelMode.SEPARATE: transcription_pb2.CHANNEL_MODE_SEPARATE,
}
_NOT_MEASURED = "The channels were not measured, so the default track is processed as a mix."


def transcription(
    value: Transcription, now: dt.datetime, retention: Retention
) -> transcription_pb2.Transcription:
    """Convert a transcription without its transcript."""
    job = value.job
    message = transcription_pb2.Transcription(
        transcription_id=value.id,
        session_id=value.session_id,
        file=_file(value),
        status=STATUSES[value.status],
        progress_percent=value.progress,
        current_step=value.current_step,
        create_time=timestamp(value.created_at),
        start_time=timestamp(job.started_at) if job else None,
        complete_time=timestamp(job.completed_at) if job else None,
        job_id=job.job_id if job else "",
        language_requested=value.options.language,
        language_detected=value.language_detected,
        languages=[
            speech_pb2.LanguageSpan(
                start=duration(span.start),
                end=duration(span.end),
                language=span.language,
                probability=span.probability,
            )
            for span in value.languages
        ],
        confidence=value.confidence,
        # Those of edited live text have no statistics.
        speakers=[_speaker(speaker) for speaker in group_by_name(value.speakers).speakers]
        if value.transcript_at is not None
        else [],
        warnings=dict.fromkeys((*value.file.warnings, *value.warnings)),
        failure=failure(value.failure),
        speech_model=value.speech_model,
        diarization_model=value.diarization_model,
        revision=value.revision if value.transcript_at is not None else 0,
        stages=[_stage(stage) for stage in job.stages] if job else [],
        channel_plan=_channel_plan(value.channel_plan, value.options.channels),
        recording_keep_until_time=timestamp(retention.recording_until(value)),
        keep_until_time=timestamp(retention.transcription_until(value)),
        title=value.display_title,
        title_source=_TITLE_SOURCES[value.title_source],
        folder_id=value.folder_id or 0,
        favorite=value.favorite,
        tags=map(tag, value.tags),
        trash_time=timestamp(value.trashed_at),
        diarization_requested=_diarization(value.options.speakers),
        without_diarization=not value.options.diarize,
        model_requested=value.options.model,
        phrases=value.options.phrases,
    )
    if job is not None and job.started_at is not None:
        message.processing_duration.CopyFrom(duration(job.processing_seconds(now)))
    return message


def shared(message: transcription_pb2.Transcription) -> transcription_pb2.Transcription:
    """Take out of a message what only members of the owning workspace see. Return it."""
    message.session_id = ""
    message.folder_id = 0
    message.favorite = False
    del message.tags[:]
    for speaker in message.speakers:
        speaker.speaker_id = 0
    return message


def tag(value: Tag) -> transcription_pb2.Tag:
    """Convert a tag."""
    return transcription_pb2.Tag(tag_id=value.id, name=value.name, color=value.color)


def full_transcription(
    value: Transcription, segments: Sequence[Segment], now: dt.datetime, retention: Retention
) -> transcription_pb2.Transcription:
    """Convert a transcription with its text and segments."""
    message = transcription(value, now, retention)
    message.full_text = joined(segment.text for segment in segments)
    message.segments.extend(transcript(segments, group_by_name(value.speakers), first=0))
    return message


def transcript(
    segments: Iterable[Segment], speakers: GroupedSpeakers, *, first: int
) -> list[transcription_pb2.Segment]:
    """Convert segments, numbered from `first`."""
    return [
        transcription_pb2.Segment(
            index=index,
            speaker_label=speakers.primary.get(segment.label, segment.label),
            speaker_name=speakers.names.get(segment.label, segment.label),
            text=segment.text,
            start=duration(segment.start),
            end=duration(segment.end),
            confidence=segment.confidence,
            language=segment.language,
            words=[_word(word, speakers) for word in segment.words],
            channel=segment.channel,
            segment_id=segment.id,
            reviewed=segment.reviewed,
            starred=segment.starred,
        )
        for index, segment in enumerate(segments, start=first)
    ]


def job(value: Job, snapshot: QueueSnapshot, now: dt.datetime) -> queue_pb2.Job:
    """Convert a job with its place in the queue."""
    message = queue_pb2.Job(
        id=value.id,
        job_id=value.job_id,
        transcription_id=value.transcription_id,
        session_id=value.session_id,
        queue_position=snapshot.positions.get(value.job_id, 0),
        priority=value.priority,
        status=_JOB_STATUSES[value.status],
        progress_percent=value.progress,
        current_step=value.current_step,
        create_time=timestamp(value.created_at),
        start_time=timestamp(value.started_at),
        complete_time=timestamp(value.completed_at),
        processing_duration=duration(value.processing_seconds(now)),
        failure=failure(value.failure),
        stages=[_stage(stage) for stage in value.stages],
        filename=value.filename,
        file_size_bytes=value.size_bytes,
        file_duration=duration(value.duration),
    )
    ends = snapshot.forecast.end.get(value.job_id)
    begins = snapshot.forecast.begin.get(value.job_id)
    if value.status.live and ends is not None:
        message.estimated_complete_time.FromDatetime(now + dt.timedelta(seconds=ends))
    if value.status is JobStatus.QUEUED and begins is not None:
        message.estimated_wait.CopyFrom(duration(begins))
    return message


def queue_status(
    status: QueueStatus, workspace_id: str, *, capacity: int, running: bool
) -> queue_pb2.QueueStatus:
    """Convert the status of the queue with the place of one workspace."""
    count = status.by_status
    place = status.snapshot.places.get(workspace_id)
    wait = status.snapshot.forecast.next_begin if place is None else place.wait
    message = queue_pb2.QueueStatus(
        total_jobs=sum(count.values()),
        queued_jobs=count.get(JobStatus.QUEUED, 0),
        processing_jobs=count.get(JobStatus.PROCESSING, 0),
        completed_jobs=count.get(JobStatus.COMPLETED, 0),
        failed_jobs=count.get(JobStatus.FAILED, 0),
        cancelled_jobs=count.get(JobStatus.CANCELLED, 0),
        transcribe_workers=status.transcribe_workers,
        diarize_workers=status.diarize_workers,
        running=running,
        caller_position=place.position if place else 0,
        success_rate_percent=status.success_rate,
        capacity=capacity,
    )
    if wait is not None:
        message.estimated_wait.CopyFrom(duration(wait))
    if status.mean_processing is not None:
        message.average_processing_duration.CopyFrom(duration(status.mean_processing))
    return message


def queue_quota(used: Used, quotas: Quotas) -> queue_pb2.QueueQuota:
    """Convert what a workspace uses and its limits."""
    return queue_pb2.QueueQuota(
        queue_places=used.places,
        max_queue_places=quotas.queue_places,
        stored_bytes=used.stored_bytes,
        max_stored_bytes=quotas.stored_bytes,
        queued_duration=duration(used.queued_seconds),
        max_queued_duration=duration(quotas.queued_seconds),
    )


def session_statistics(statistics: JobStatistics, position: int) -> session_pb2.SessionStatistics:
    """Convert statistics. `position` is that of the workspace's first queued job, 0 for none."""
    return session_pb2.SessionStatistics(
        queue_position=position,
        processing=statistics.processing,
        completed_jobs=statistics.completed,
        audio_duration=duration(statistics.audio_seconds),
        processing_duration=duration(statistics.processing_seconds),
        average_confidence=statistics.mean_confidence,
    )


def _file(value: Transcription) -> transcription_pb2.AudioFile:
    file = value.file
    return transcription_pb2.AudioFile(
        filename=file.filename,
        size_bytes=file.size_bytes,
        duration=duration(file.duration),
        format=file.format,
        codec=file.codec,
        sample_rate_hertz=file.sample_rate,
        channels=file.channels,
        available=value.source_available,
    )


def _speaker(value: TranscriptSpeaker) -> transcription_pb2.TranscriptSpeaker:
    return transcription_pb2.TranscriptSpeaker(
        speaker_label=value.label,
        name=value.display_name,
        name_source=_NAME_SOURCES[value.name_source],
        speaker_id=value.speaker_id,
        match_confidence=value.match_confidence,
        segment_count=value.segment_count,
        total_duration=duration(value.total_duration),
        average_confidence=value.average_confidence,
        voiceprint_speech_duration=duration(
            value.voiceprint.speech_seconds if value.voiceprint else 0.0
        ),
        channel=value.channel,
    )


def _channel_plan(
    plan: ChannelPlan | None, requested: ChannelMode
) -> transcription_pb2.ChannelPlan:
    if plan is None:
        return transcription_pb2.ChannelPlan(requested=_MODES[requested], reason=_NOT_MEASURED)
    return transcription_pb2.ChannelPlan(
        requested=_MODES[plan.requested],
        decided=_MODES[plan.decided],
        reason=plan.reason,
        channels=[
            transcription_pb2.RecordingChannel(
                number=number, title=planned.signal.title, description=planned.description
            )
            for number, planned in enumerate(plan.signals, start=1)
        ],
    )


def _diarization(speakers: SpeakerBounds) -> diarization_pb2.DiarizationConfig:
    return diarization_pb2.DiarizationConfig(
        speaker_count=speakers.count,
        min_speaker_count=speakers.fewest,
        max_speaker_count=speakers.most,
    )


def _word(value: Word, speakers: GroupedSpeakers) -> transcription_pb2.Word:
    return transcription_pb2.Word(
        text=value.text,
        start=duration(value.start),
        end=duration(value.end),
        probability=value.probability,
        speaker_labels=dict.fromkeys(
            speakers.primary.get(label, label) for label in value.speakers
        ),
        word_id=value.id,
        edited=value.edited,
        edited_revision=value.written,
    )


def _stage(value: StageProgress) -> queue_pb2.StageStatus:
    return queue_pb2.StageStatus(
        stage=_STAGES[value.stage],
        state=_STATES[value.state],
        progress_percent=round(100.0 * value.fraction, 2),
        failure=failure(value.failure),
        part_count=value.part_count,
        parts_done=value.parts_done,
        reused=value.reused,
    )
