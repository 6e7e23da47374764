"""Events and tasks as protobuf messages."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from common.identity import Owner
from common.signed_objects import TaskAccess
from common.times import duration, timestamp
from securetranscribe.v1 import (
    diarization_pb2,
    event_pb2,
    queue_pb2,
    speech_pb2,
    transcript_pb2,
    transcription_pb2,
)
from transcriber.domain.jobs import Failure, Job, Stage, Task
from transcriber.domain.partial_transcripts import PartialTranscript
from transcriber.domain.parts import Part
from transcriber.domain.transcriptions import Transcription
from transcriber.domain.transcripts import TranscriptSpeaker
from transcriber.editing.history import VOCABULARY, BatchKind, Entry

_FailureMessage = queue_pb2.Failure
#: Kinds of revisions by those of batches.
REVISION_KINDS = {
    BatchKind.EDIT: transcript_pb2.REVISION_KIND_EDIT,
    BatchKind.UNDO: transcript_pb2.REVISION_KIND_UNDO,
    BatchKind.REDO: transcript_pb2.REVISION_KIND_REDO,
    BatchKind.NAMES: transcript_pb2.REVISION_KIND_NAMES,
}


def revision_kind(entry: Entry) -> transcript_pb2.RevisionKind.ValueType:
    """Return how a batch made its revision."""
    if entry.kind is BatchKind.EDIT and entry.author == VOCABULARY:
        return transcript_pb2.REVISION_KIND_VOCABULARY
    return REVISION_KINDS[entry.kind]


def failure(value: Failure | None) -> _FailureMessage | None:
    """Convert a failure. None stays None and leaves the field absent."""
    return None if value is None else _FailureMessage(code=value.code, message=value.message)


@dataclass(frozen=True, kw_only=True, slots=True)
class TaskSource:
    """The recording read by a task: its object in the audio bucket, and its length."""

    transcription_id: int
    session_id: str
    source_key: str
    seconds: float


def task(value: Task, source: TaskSource, release: int, access: TaskAccess) -> queue_pb2.Task:
    """Return a task for a worker. `release` counts from 1 how often it has been handed out."""
    part = Part.of(value.options)
    message = queue_pb2.Task(
        task_id=value.task_id,
        job_id=value.job_id,
        transcription_id=source.transcription_id,
        session_id=source.session_id,
        audio_key=source.source_key,
        audio_duration=duration(source.seconds),
        part_index=value.part,
        part_count=1 if part is None else part.count,
        result_key=value.result_key,
        release=release,
        signals=_signals(value.options),
        audio_url=access.recording,
        stored_result_url=access.stored_result,
        result_url=access.result,
        playback_url=access.playback,
        peaks_url=access.peaks,
    )
    if part is not None:
        message.range.CopyFrom(_range(part.start, part.end))
        message.heard.CopyFrom(_range(*part.heard))
    options = value.options
    if value.stage is Stage.TRANSCRIBE:
        message.transcribe.config.CopyFrom(
            speech_pb2.RecognitionConfig(
                language=options.get("language", ""),
                phrases=options.get("phrases", []),
                translate=options.get("translate", False),
                model=options.get("model", ""),
            )
        )
    elif part is not None:
        # A part may lack some of the speakers. The whole of them is judged when they are joined.
        most = options.get("speaker_count", 0) or options.get("max_speakers", 0)
        message.diarize.config.CopyFrom(diarization_pb2.DiarizationConfig(max_speaker_count=most))
    else:
        message.diarize.config.CopyFrom(
            diarization_pb2.DiarizationConfig(
                speaker_count=options.get("speaker_count", 0),
                min_speaker_count=options.get("min_speakers", 0),
                max_speaker_count=options.get("max_speakers", 0),
                without_voiceprints=options.get("without_voiceprints", False),
            )
        )
    return message


def _range(start: float, end: float) -> queue_pb2.AudioRange:
    return queue_pb2.AudioRange(start=duration(start), end=duration(end))


def _signals(options: Mapping[str, Any]) -> list[speech_pb2.Signal]:
    """Return the signals in the options of a task, none if its recording was not surveyed."""
    return [
        speech_pb2.Signal(
            title=signal["title"],
            parts=[
                speech_pb2.SignalPart(track=part["track"], gains=part["gains"])
                for part in signal["parts"]
            ],
        )
        for signal in options.get("signals", ())
    ]


def transcription_created(value: Transcription) -> event_pb2.Event:
    """Return an event for a stored recording."""
    return event_pb2.Event(
        session_id=value.session_id,
        workspace_id=value.workspace_id,
        transcription_created=event_pb2.TranscriptionCreated(
            transcription_id=value.id,
            duration=duration(value.file.duration),
            format=value.file.format,
        ),
    )


def transcription_deleted(value: Transcription) -> event_pb2.Event:
    """Return an event for a deleted transcription."""
    return event_pb2.Event(
        session_id=value.session_id,
        workspace_id=value.workspace_id,
        transcription_deleted=event_pb2.TranscriptionDeleted(transcription_id=value.id),
    )


def transcription_expiring(value: Transcription, until: dt.datetime) -> event_pb2.Event:
    """Return an event for a transcription that will be erased at a time."""
    return event_pb2.Event(
        session_id=value.session_id,
        workspace_id=value.workspace_id,
        transcription_expiring=event_pb2.TranscriptionExpiring(
            transcription_id=value.id, keep_until_time=timestamp(until)
        ),
    )


def transcript_edited(transcription_id: int, owner: Owner, entry: Entry) -> event_pb2.Event:
    """Return an event for a new revision of a transcript."""
    return event_pb2.Event(
        session_id=owner.session_id,
        workspace_id=owner.workspace_id,
        transcript_edited=event_pb2.TranscriptEdited(
            transcription_id=transcription_id,
            revision=entry.revision,
            kind=revision_kind(entry),
            author=entry.author,
        ),
    )


def transcript_renewed(value: Transcription, revision: int) -> event_pb2.Event:
    """Return an event for another machine version, with the edits repeated on it.

    `revision` is the newest one after them.
    """
    return event_pb2.Event(
        session_id=value.session_id,
        workspace_id=value.workspace_id,
        transcript_edited=event_pb2.TranscriptEdited(
            transcription_id=value.id,
            revision=revision,
            kind=transcript_pb2.REVISION_KIND_MACHINE,
        ),
    )


def transcript_part(job: Job, shown: PartialTranscript) -> event_pb2.Event:
    """Return an event for the next text of a recording in processing."""
    return event_pb2.Event(
        session_id=job.session_id,
        workspace_id=job.workspace_id,
        transcript_part=event_pb2.TranscriptPart(
            transcription_id=job.transcription_id, partial_transcript=partial_transcript(shown)
        ),
    )


def partial_transcript(shown: PartialTranscript) -> transcription_pb2.PartialTranscript:
    """Convert the text of a recording in processing."""
    return transcription_pb2.PartialTranscript(
        job_id=shown.job_id,
        covered=duration(shown.covered),
        segments=[
            transcription_pb2.PartialSegment(
                start=duration(segment.start),
                end=duration(segment.end),
                text=segment.text,
                language=segment.language,
                channel=segment.channel,
            )
            for segment in shown.segments
        ],
    )


def speakers_assigned(
    value: Transcription, speakers: Iterable[TranscriptSpeaker]
) -> event_pb2.Event:
    """Return an event for changed names of speakers."""
    return event_pb2.Event(
        session_id=value.session_id,
        workspace_id=value.workspace_id,
        speakers_assigned=event_pb2.SpeakersAssigned(
            transcription_id=value.id,
            named_speakers=sum(bool(speaker.name) for speaker in speakers),
        ),
    )


def job_queued(job: Job) -> event_pb2.Event:
    """Return an event for a queued job."""
    return event_pb2.Event(
        session_id=job.session_id,
        workspace_id=job.workspace_id,
        job_queued=event_pb2.JobQueued(
            job_id=job.job_id, transcription_id=job.transcription_id, priority=job.priority
        ),
    )


def job_started(job: Job) -> event_pb2.Event:
    """Return an event for the start of a job."""
    return event_pb2.Event(
        session_id=job.session_id,
        workspace_id=job.workspace_id,
        job_started=event_pb2.JobStarted(job_id=job.job_id, transcription_id=job.transcription_id),
    )


def job_progress(job: Job, expected_end: dt.datetime | None) -> event_pb2.Event:
    """Return an event for progress of a job."""
    return event_pb2.Event(
        session_id=job.session_id,
        workspace_id=job.workspace_id,
        job_progress=event_pb2.JobProgress(
            job_id=job.job_id,
            transcription_id=job.transcription_id,
            progress_percent=job.progress,
            current_step=job.current_step,
            estimated_complete_time=timestamp(expected_end),
        ),
    )


def job_completed(
    job: Job, *, at: dt.datetime, confidence: float, speakers: int, warnings: bool
) -> event_pb2.Event:
    """Return an event for a completed job."""
    return event_pb2.Event(
        session_id=job.session_id,
        workspace_id=job.workspace_id,
        job_completed=event_pb2.JobCompleted(
            job_id=job.job_id,
            transcription_id=job.transcription_id,
            complete_time=timestamp(at),
            confidence=confidence,
            speaker_count=speakers,
            duration=duration(job.duration),
            has_warnings=warnings,
        ),
    )


def job_failed(job: Job, *, at: dt.datetime, why: Failure) -> event_pb2.Event:
    """Return an event for a failed job."""
    return event_pb2.Event(
        session_id=job.session_id,
        workspace_id=job.workspace_id,
        job_failed=event_pb2.JobFailed(
            job_id=job.job_id,
            transcription_id=job.transcription_id,
            failure=failure(why),
            complete_time=timestamp(at),
        ),
    )


def job_cancelled(job: Job, *, at: dt.datetime) -> event_pb2.Event:
    """Return an event for a cancelled job."""
    return event_pb2.Event(
        session_id=job.session_id,
        workspace_id=job.workspace_id,
        job_cancelled=event_pb2.JobCancelled(
            job_id=job.job_id,
            transcription_id=job.transcription_id,
            complete_time=timestamp(at),
        ),
    )
