"""Conversion of protobuf transcriptions to response models."""

import asyncio
import datetime as dt
from typing import TypeAlias

from common import sizes, times
from gateway.api.channels import ChannelsData
from gateway.api.conversion import optional_moment, readable_duration
from gateway.api.stages import failure_reason, stage_data
from gateway.api.transcription_models import (
    AssignData,
    FileInfo,
    JobWord,
    LanguageSpan,
    PartialSegment,
    PartialTranscript,
    Segment,
    SpeakersRequested,
    SpeakerStats,
    StatusData,
    TagData,
    TitleWord,
    TranscriptionItem,
    TranscriptionWord,
    UploadData,
)
from securetranscribe.v1 import diarization_pb2, queue_pb2, speech_pb2, transcription_pb2

_SEGMENTS_AT_A_TIME = 500

_Status: TypeAlias = "transcription_pb2.TranscriptionStatus.ValueType"

_STATUS: dict[_Status, TranscriptionWord] = {
    transcription_pb2.TRANSCRIPTION_STATUS_PENDING: "pending",
    transcription_pb2.TRANSCRIPTION_STATUS_PROCESSING: "processing",
    transcription_pb2.TRANSCRIPTION_STATUS_COMPLETED: "completed",
    transcription_pb2.TRANSCRIPTION_STATUS_FAILED: "failed",
}
STATUS_BY_WORD: dict[TranscriptionWord | None, _Status] = {
    None: transcription_pb2.TRANSCRIPTION_STATUS_UNSPECIFIED,
    **{word: number for number, word in _STATUS.items()},
}
_TITLE_SOURCE: "dict[transcription_pb2.TitleSource.ValueType, TitleWord]" = {
    transcription_pb2.TITLE_SOURCE_FILE: "file",
    transcription_pb2.TITLE_SOURCE_SUGGESTED: "suggested",
    transcription_pb2.TITLE_SOURCE_OWN: "own",
}
JOB_STATUS: "dict[queue_pb2.JobStatus.ValueType, JobWord]" = {
    queue_pb2.JOB_STATUS_QUEUED: "queued",
    queue_pb2.JOB_STATUS_PROCESSING: "processing",
    queue_pb2.JOB_STATUS_COMPLETED: "completed",
    queue_pb2.JOB_STATUS_FAILED: "failed",
    queue_pb2.JOB_STATUS_CANCELLED: "cancelled",
}


def upload_data(
    transcription: transcription_pb2.Transcription, *, language: str, job_id: str
) -> UploadData:
    """Convert an uploaded transcription."""
    file = transcription.file
    seconds = times.seconds(file.duration)
    return UploadData(
        transcription_id=transcription.transcription_id,
        session_id=transcription.session_id,
        filename=file.filename,
        file_size=file.size_bytes,
        formatted_file_size=sizes.readable(file.size_bytes),
        duration=seconds,
        formatted_duration=readable_duration(seconds),
        format=file.format,
        language_detected=transcription.language_detected or language or None,
        processing_started=bool(job_id),
        job_id=job_id or None,
        channels=ChannelsData.of(transcription.channel_plan),
        warnings=list(transcription.warnings),
    )


async def status_data(
    transcription: transcription_pb2.Transcription,
    session_kept_until: dt.datetime | None = None,
    *,
    transcript: bool = True,
) -> StatusData:
    """Convert a transcription in the full view, or in the basic one without its transcript.

    `session_kept_until` is the end of its owner.

    Yields to the event loop between batches of segments, so that long transcripts do not block it.
    """
    segments: list[Segment] = []
    for begin in range(0, len(transcription.segments), _SEGMENTS_AT_A_TIME):
        batch = transcription.segments[begin : begin + _SEGMENTS_AT_A_TIME]
        segments.extend(_segment(segment) for segment in batch)
        await asyncio.sleep(0)
    known = _has_transcript(transcription)
    started = optional_moment(transcription, "start_time")
    return StatusData(
        transcription_id=transcription.transcription_id,
        session_id=transcription.session_id,
        status=_STATUS[transcription.status],
        progress_percentage=transcription.progress_percent,
        current_step=transcription.current_step,
        created_at=times.moment(transcription.create_time),
        started_at=started,
        completed_at=optional_moment(transcription, "complete_time"),
        processing_time=(
            times.seconds(transcription.processing_duration) if started is not None else None
        ),
        file_info=file_info(transcription.file),
        full_transcript=transcription.full_text if known and transcript else None,
        language_detected=transcription.language_detected or None,
        languages=[_language_span(span) for span in transcription.languages],
        channels=ChannelsData.of(transcription.channel_plan),
        confidence_score=transcription.confidence if known else None,
        num_speakers=len(transcription.speakers) if known else None,
        speakers_requested=speakers_requested(transcription.diarization_requested),
        diarize=not transcription.without_diarization,
        phrases=list(transcription.phrases),
        model_requested=transcription.model_requested or None,
        speakers=speaker_names(transcription),
        segments=segments,
        partial_transcript=(
            partial_transcript(transcription.partial_transcript)
            if transcription.HasField("partial_transcript")
            else None
        ),
        speaker_stats=_speaker_stats(transcription),
        job_id=transcription.job_id or None,
        stages=stage_data(transcription.stages),
        warnings=list(transcription.warnings),
        error=failure_reason(transcription),
        kept_until=_earlier(optional_moment(transcription, "keep_until_time"), session_kept_until),
        recording_kept_until=optional_moment(transcription, "recording_keep_until_time"),
        title=transcription.title or transcription.file.filename,
        title_source=_TITLE_SOURCE.get(transcription.title_source, "file"),
        folder_id=transcription.folder_id or None,
        favorite=transcription.favorite,
        tags=[tag(one) for one in transcription.tags],
    )


def partial_transcript(partial: transcription_pb2.PartialTranscript) -> PartialTranscript:
    """Convert the text of a recording in processing."""
    return PartialTranscript(
        recognized_until=times.seconds(partial.covered),
        segments=[
            PartialSegment(
                text=segment.text,
                start_time=times.seconds(segment.start),
                end_time=times.seconds(segment.end),
                language=segment.language or None,
                channel=segment.channel or None,
            )
            for segment in partial.segments
        ],
    )


def speakers_requested(config: diarization_pb2.DiarizationConfig) -> SpeakersRequested:
    """Convert requested numbers of speakers."""
    return SpeakersRequested(
        num_speakers=config.speaker_count or None,
        min_speakers=config.min_speaker_count or None,
        max_speakers=config.max_speaker_count or None,
    )


def assign_data(answer: transcription_pb2.AssignSpeakersResponse) -> AssignData:
    """Convert the response to an assignment."""
    return AssignData(
        transcription_id=answer.transcription.transcription_id,
        speakers_assigned=answer.speakers_assigned,
        speakers=speaker_names(answer.transcription),
        revision=answer.revision,
    )


def item(transcription: transcription_pb2.Transcription) -> TranscriptionItem:
    """Convert a transcription for a list."""
    known = _has_transcript(transcription)
    seconds = times.seconds(transcription.file.duration)
    return TranscriptionItem(
        id=transcription.transcription_id,
        session_id=transcription.session_id,
        original_filename=transcription.file.filename,
        status=_STATUS[transcription.status],
        progress_percentage=transcription.progress_percent,
        file_duration=seconds,
        formatted_duration=readable_duration(seconds),
        file_format=transcription.file.format,
        num_speakers=len(transcription.speakers) if known else None,
        confidence_score=transcription.confidence if known else None,
        created_at=times.moment(transcription.create_time),
        completed_at=optional_moment(transcription, "complete_time"),
        title=transcription.title or transcription.file.filename,
        title_source=_TITLE_SOURCE.get(transcription.title_source, "file"),
        folder_id=transcription.folder_id or None,
        favorite=transcription.favorite,
        tags=[tag(one) for one in transcription.tags],
    )


def tag(message: transcription_pb2.Tag) -> TagData:
    """Convert a tag."""
    return TagData(tag_id=message.tag_id, name=message.name, color=message.color or None)


def file_info(file: transcription_pb2.AudioFile) -> FileInfo:
    """Convert the uploaded file."""
    seconds = times.seconds(file.duration)
    return FileInfo(
        filename=file.filename,
        file_size=file.size_bytes,
        formatted_file_size=sizes.readable(file.size_bytes),
        duration=seconds,
        formatted_duration=readable_duration(seconds),
        format=file.format,
    )


def speaker_names(transcription: transcription_pb2.Transcription) -> list[str]:
    """Return the distinct display names in order of first appearance."""
    return list(dict.fromkeys(speaker.name for speaker in transcription.speakers))


def _earlier(one: dt.datetime | None, other: dt.datetime | None) -> dt.datetime | None:
    return min((moment for moment in (one, other) if moment is not None), default=None)


def _has_transcript(transcription: transcription_pb2.Transcription) -> bool:
    """Return whether there is a transcript, which reprocessing keeps until it completes."""
    complete = transcription.status == transcription_pb2.TRANSCRIPTION_STATUS_COMPLETED
    return complete or bool(transcription.speakers) or bool(transcription.full_text)


def _segment(segment: transcription_pb2.Segment) -> Segment:
    return Segment(
        speaker=segment.speaker_name or segment.speaker_label,
        text=segment.text,
        start_time=times.seconds(segment.start),
        end_time=times.seconds(segment.end),
        confidence=segment.confidence,
        channel=segment.channel or None,
        words=None,
    )


def _language_span(span: speech_pb2.LanguageSpan) -> LanguageSpan:
    return LanguageSpan(
        start=times.seconds(span.start),
        end=times.seconds(span.end),
        language=span.language,
        probability=span.probability,
    )


def _speaker_stats(transcription: transcription_pb2.Transcription) -> dict[str, SpeakerStats]:
    return {
        speaker.name: SpeakerStats(
            segment_count=speaker.segment_count,
            total_duration=times.seconds(speaker.total_duration),
            avg_confidence=speaker.average_confidence,
            channel=speaker.channel or None,
        )
        for speaker in transcription.speakers
    }
