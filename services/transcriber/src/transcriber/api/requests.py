"""Validation of requests and their conversion to domain objects."""

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from common import filenames
from common.audio.signals import ChannelMode
from common.errors import NotFoundError, ValidationError
from securetranscribe.v1 import diarization_pb2, queue_pb2, reprocessing_pb2, transcription_pb2
from transcriber.api.preferences import Preferences
from transcriber.domain import options
from transcriber.domain.jobs import JobStatus, Stage
from transcriber.domain.options import ProcessingOptions, SpeakerBounds
from transcriber.domain.transcriptions import TranscriptionStatus
from transcriber.queue.job_start import StartRequest
from transcriber.recordings.acceptance import UploadRequest

StartMessage = (
    transcription_pb2.StartTranscriptionRequest | reprocessing_pb2.ReprocessTranscriptRequest
)
_JOB_ID = re.compile(r"job_[0-9a-f]{32}")
MOST_RESULTS = 1000
_DEFAULT_RESULTS = 50
_STATUSES = {
    transcription_pb2.TRANSCRIPTION_STATUS_UNSPECIFIED: None,
    transcription_pb2.TRANSCRIPTION_STATUS_PENDING: TranscriptionStatus.PENDING,
    transcription_pb2.TRANSCRIPTION_STATUS_PROCESSING: TranscriptionStatus.PROCESSING,
    transcription_pb2.TRANSCRIPTION_STATUS_COMPLETED: TranscriptionStatus.COMPLETED,
    transcription_pb2.TRANSCRIPTION_STATUS_FAILED: TranscriptionStatus.FAILED,
}
_JOB_STATUSES = {
    queue_pb2.JOB_STATUS_UNSPECIFIED: None,
    queue_pb2.JOB_STATUS_QUEUED: JobStatus.QUEUED,
    queue_pb2.JOB_STATUS_PROCESSING: JobStatus.PROCESSING,
    queue_pb2.JOB_STATUS_COMPLETED: JobStatus.COMPLETED,
    queue_pb2.JOB_STATUS_FAILED: JobStatus.FAILED,
    queue_pb2.JOB_STATUS_CANCELLED: JobStatus.CANCELLED,
}
_STAGES = {
    queue_pb2.STAGE_TRANSCRIBE: Stage.TRANSCRIBE,
    queue_pb2.STAGE_DIARIZE: Stage.DIARIZE,
    queue_pb2.STAGE_MERGE: Stage.MERGE,
}
_MODES = {
    transcription_pb2.CHANNEL_MODE_UNSPECIFIED: None,
    transcription_pb2.CHANNEL_MODE_AUTO: ChannelMode.AUTO,
    transcription_pb2.CHANNEL_MODE_MIX: ChannelMode.MIX,
    transcription_pb2.CHANNEL_MODE_SEPARATE: ChannelMode.SEPARATE,
}


def needs_preferences(config: transcription_pb2.UploadConfig) -> bool:
    """Return whether an upload depends on the session's preferences."""
    return not config.language or not config.HasField("auto_start")


def upload(config: transcription_pb2.UploadConfig, preferences: Preferences) -> UploadRequest:
    """Convert the description of an upload.

    Raises:
        ValidationError: a field is invalid.
    """
    if config.size_bytes < 0:
        raise ValidationError.of("size_bytes", "size_bytes must not be negative.")
    return UploadRequest(
        filename=filenames.clean(config.filename),
        options=ProcessingOptions(
            language=options.language(config.language or preferences.language),
            phrases=options.phrases(config.phrases),
            speakers=bounds(config.diarization),
            channels=channels(config.channels) or ChannelMode.AUTO,
            voice_memory=config.voice_memory if config.HasField("voice_memory") else None,
            translate=config.translate,
            diarize=config.diarize if config.HasField("diarize") else True,
            model=options.model(config.model),
        ),
        auto_start=config.auto_start if config.HasField("auto_start") else preferences.auto_start,
        priority=options.priority(config.priority),
        request_id=options.request_id(config.request_id),
        size_bytes=config.size_bytes,
        allow_truncated=config.allow_truncated,
    )


def amended(
    described: UploadRequest, late: transcription_pb2.UploadOptions, preferences: Preferences
) -> UploadRequest:
    """Return an upload with the options received after the file.

    Raises:
        ValidationError: an option is invalid.
    """
    if late.HasField("auto_start"):
        described = replace(described, auto_start=late.auto_start)
    if late.HasField("allow_truncated"):
        described = replace(described, allow_truncated=late.allow_truncated)
    if late.HasField("priority"):
        described = replace(described, priority=options.priority(late.priority))
    return replace(described, options=_amended(described.options, late, preferences))


def _amended(
    described: ProcessingOptions, late: transcription_pb2.UploadOptions, preferences: Preferences
) -> ProcessingOptions:
    changes: dict[str, Any] = {}
    if late.HasField("language"):
        changes["language"] = options.language(late.language or preferences.language)
    mode = channels(late.channels)
    if mode is not None:
        changes["channels"] = mode
    if late.HasField("diarization"):
        changes["speakers"] = bounds(late.diarization)
    if late.phrases:
        changes["phrases"] = options.phrases(late.phrases)
    if late.HasField("model"):
        changes["model"] = options.model(late.model)
    for name in ("translate", "voice_memory", "diarize"):
        if late.HasField(name):
            changes[name] = getattr(late, name)
    return replace(described, **changes)


def start(request: transcription_pb2.StartTranscriptionRequest) -> StartRequest:
    """Convert a request to start a job.

    Raises:
        ValidationError: a field is invalid.
    """
    return again(request, stages(request.stages))


def again(message: StartMessage, wanted: frozenset[Stage]) -> StartRequest:
    """Convert a request to start a job for a recording, whose stages are `wanted`.

    Raises:
        ValidationError: a field is invalid.
    """
    diarize = message.diarize if message.HasField("diarize") else None
    if diarize is None and Stage.DIARIZE in wanted:
        diarize = True
    return StartRequest(
        priority=options.priority(message.priority),
        request_id=options.request_id(message.request_id),
        language=options.language(message.language) if message.HasField("language") else None,
        speakers=bounds(message.diarization) if message.HasField("diarization") else None,
        channels=channels(message.channels),
        phrases=options.phrases(message.phrases.phrases) if message.HasField("phrases") else None,
        diarize=diarize,
        model=options.model(message.model) if message.HasField("model") else None,
        stages=wanted,
    )


def channels(value: int) -> ChannelMode | None:
    """Convert a mode of channels. None means unspecified.

    Raises:
        ValidationError: the mode is unknown.
    """
    if value not in _MODES:
        raise ValidationError.of("channels", "channels must be auto, mix or separate.")
    return _MODES[transcription_pb2.ChannelMode.ValueType(value)]


def bounds(config: diarization_pb2.DiarizationConfig) -> SpeakerBounds:
    """Convert bounds on the number of speakers.

    Raises:
        ValidationError: the numbers are out of range or contradict each other.
    """
    found = SpeakerBounds(
        count=config.speaker_count, fewest=config.min_speaker_count, most=config.max_speaker_count
    )
    if found.count and not found.fewest <= found.count <= (found.most or found.count):
        raise ValidationError.of(
            "diarization.speaker_count",
            "diarization.speaker_count must be from min_speaker_count to max_speaker_count. Send "
            "one without the others.",
        )
    return found


def stages(values: Iterable[int]) -> frozenset[Stage]:
    """Convert stages.

    Raises:
        ValidationError: a stage is unknown.
    """
    found = set()
    for value in values:
        stage = _STAGES.get(queue_pb2.Stage.ValueType(value))
        if stage is None:
            raise ValidationError.of("stages", "stages must be transcribe, diarize or merge.")
        found.add(stage)
    return frozenset(found)


def status(value: int) -> TranscriptionStatus | None:
    """Convert a status to filter by. None means all.

    Raises:
        ValidationError: the status is unknown.
    """
    if value not in _STATUSES:
        raise ValidationError.of("status", "There is no such status.")
    return _STATUSES[transcription_pb2.TranscriptionStatus.ValueType(value)]


def check_revision(message: transcription_pb2.StreamTranscriptRequest) -> None:
    """Check the revision to read.

    Raises:
        ValidationError: it is negative, or the machine version is requested as well.
    """
    if message.revision < 0:
        raise ValidationError.of("revision", "revision must not be negative.")
    if message.revision and message.machine_version:
        raise ValidationError.of("revision", "Request a revision or the machine version, not both.")


def job_status(value: int) -> JobStatus | None:
    """Convert a job's status to filter by. None means all.

    Raises:
        ValidationError: the status is unknown.
    """
    if value not in _JOB_STATUSES:
        raise ValidationError.of("status", "There is no such status.")
    return _JOB_STATUSES[queue_pb2.JobStatus.ValueType(value)]


def job_id(value: str) -> str:
    """Check a job's id.

    Raises:
        NotFoundError: it is malformed, so that no job can have it.
    """
    if not _JOB_ID.fullmatch(value):
        raise NotFoundError("There is no such job.")
    return value


def page(limit: int, offset: int) -> tuple[int, int]:
    """Return limit and offset of a page. A limit of 0 means the default.

    Raises:
        ValidationError: one is out of range.
    """
    if not 0 <= limit <= MOST_RESULTS:
        raise ValidationError.of("limit", f"limit must be from 1 to {MOST_RESULTS}.")
    if offset < 0:
        raise ValidationError.of("offset", "offset must not be negative.")
    return limit or _DEFAULT_RESULTS, offset
