"""Conversion of rows to domain objects."""

from collections.abc import Iterable, Sequence
from typing import Any

from psycopg.rows import DictRow

from common.audio.signals import ChannelMode
from transcriber.domain.jobs import Failure, Job, JobStatus, Stage, Task, TaskState
from transcriber.domain.library import Tag, TitleSource
from transcriber.domain.options import ProcessingOptions, SpeakerBounds
from transcriber.domain.progress import stages_of
from transcriber.domain.transcriptions import (
    AudioFile,
    LanguageSpan,
    Transcription,
    TranscriptionStatus,
)
from transcriber.domain.transcripts import (
    NameSource,
    Segment,
    TranscriptSpeaker,
    Voiceprint,
    Word,
)
from transcriber.domain.workspace_settings import NO_SETTINGS, WorkspaceSettings
from transcriber.editing.machine_version import segment_id, word_id
from transcriber.editing.views import WordView
from transcriber.store.channel_plans import plan_of


def failure_of(row: DictRow) -> Failure | None:
    """Return the failure of a row, None without one."""
    if row["failure_code"] is None:
        return None
    return Failure(code=row["failure_code"], message=row["failure_message"])


def job_of(row: DictRow, tasks: Iterable[Task] = ()) -> Job:
    """Return a job from its row joined with its transcription, and its tasks."""
    return Job(
        id=row["id"],
        job_id=row["job_id"],
        transcription_id=row["transcription_id"],
        session_id=row["session_id"],
        workspace_id=row["workspace_id"],
        status=JobStatus(row["status"]),
        priority=row["priority"],
        progress=row["progress"],
        current_step=row["current_step"],
        created_at=row["created_at"],
        release_number=row["release_number"],
        started_at=row["started_at"],
        completed_at=row["completed_at"],
        failure=failure_of(row),
        filename=row["filename"],
        size_bytes=row["size_bytes"],
        duration=row["duration"],
        channel_plan=plan_of(row["channel_plan"]),
        stages=stages_of(tasks),
    )


def task_of(row: DictRow) -> Task:
    """Return a task from its row."""
    return Task(
        task_id=str(row["task_id"]),
        job_id=row["job_id"],
        transcription_id=row["transcription_id"],
        stage=Stage(row["stage"]),
        part=row["part"],
        state=TaskState(row["state"]),
        options=row["options"],
        fraction=row["fraction"],
        step=row["step"],
        worker_id=row["worker_id"],
        releases=row["releases"],
        released_at=row["released_at"],
        heartbeat_at=row["heartbeat_at"],
        stream_sequence=row["stream_sequence"],
        result_key=row["result_key"],
        reused=row["reused"],
        failure=failure_of(row),
    )


def transcription_of(
    row: DictRow,
    job: Job | None = None,
    speakers: Iterable[TranscriptSpeaker] = (),
    tags: Iterable[Tag] = (),
    settings: WorkspaceSettings = NO_SETTINGS,
) -> Transcription:
    """Return a transcription from its row, with everything that other tables have about it."""
    return Transcription(
        id=row["id"],
        session_id=row["session_id"],
        workspace_id=row["workspace_id"],
        file=AudioFile(
            filename=row["filename"],
            size_bytes=row["size_bytes"],
            duration=row["duration"],
            format=row["format"],
            codec=row["codec"],
            sample_rate=row["sample_rate"],
            channels=row["channels"],
            warnings=tuple(row["file_warnings"]),
        ),
        source_key=row["source_key"],
        source_available=row["source_deleted_at"] is None,
        options=ProcessingOptions(
            language=row["language_requested"],
            phrases=tuple(row["phrases"]),
            speakers=SpeakerBounds(
                count=row["speaker_count"], fewest=row["min_speakers"], most=row["max_speakers"]
            ),
            channels=ChannelMode(row["channels_requested"]),
            voice_memory=row["voice_memory"],
            translate=row["translate"],
            diarize=row["diarize"],
            model=row["model_requested"],
        ),
        status=TranscriptionStatus(row["status"]),
        created_at=row["created_at"],
        transcript_at=row["transcript_at"],
        channel_plan=plan_of(row["channel_plan"]),
        language_detected=row["language_detected"],
        languages=languages_of(row["languages"]),
        confidence=row["confidence"],
        warnings=tuple(row["warnings"]),
        failure=failure_of(row),
        speech_model=row["speech_model"],
        diarization_model=row["diarization_model"],
        voices_known=row["voices_known"],
        expiry_warned_at=row["expiry_warned_at"],
        kept_since=row["kept_since"],
        revision=row["revision"],
        machine_revision=row["machine_revision"],
        live_text=row["live_text"],
        title=row["title"],
        title_source=TitleSource(row["title_source"]),
        folder_id=row["folder_id"],
        favorite=row["favorite"],
        trashed_at=row["trashed_at"],
        tags=tuple(tags),
        job=job,
        speakers=tuple(speakers),
        workspace_settings=settings,
    )


def languages_of(stored: Sequence[Sequence[Any]]) -> tuple[LanguageSpan, ...]:
    """Return spans from [[start, end, language, probability], ...]."""
    return tuple(
        LanguageSpan(start=start, end=end, language=language, probability=probability)
        for start, end, language, probability in stored
    )


def languages_to_json(spans: Iterable[LanguageSpan]) -> list[list[Any]]:
    """Invert `languages_of`."""
    return [[span.start, span.end, span.language, span.probability] for span in spans]


def speaker_of(row: DictRow) -> TranscriptSpeaker:
    """Return a speaker from its row."""
    voiceprint = None
    if row["voiceprint"] is not None:
        voiceprint = Voiceprint(
            values=tuple(row["voiceprint"]),
            model=row["voiceprint_model"],
            model_version=row["voiceprint_version"],
            speech_seconds=row["voiceprint_seconds"],
        )
    return TranscriptSpeaker(
        label=row["label"],
        segment_count=row["segment_count"],
        total_duration=row["total_duration"],
        average_confidence=row["average_confidence"],
        name=row["name"],
        name_source=NameSource(row["name_source"]),
        speaker_id=row["speaker_id"],
        match_confidence=row["match_confidence"],
        speech_seconds=row["speech_seconds"],
        voiceprint=voiceprint,
        clean=tuple(zip(row["clean_starts"], row["clean_ends"], strict=True)),
        clip_key=row["clip_key"],
        channel=row["channel"],
        merged_into=row["merged_into"],
        name_removed=row["name_source"] == NameSource.NONE
        and row["stamps"].get("name", (0,))[0] > 0,
    )


def segment_of(row: DictRow) -> Segment:
    """Return a segment from its row, without words if they were not selected.

    Rows of the machine version have a position, from which identifiers follow.
    """
    return Segment(
        label=row["label"],
        text=row["text"],
        start=row["start_seconds"],
        end=row["end_seconds"],
        confidence=row["confidence"],
        language=row["language"],
        words=tuple(
            _word_of(row, place, word) for place, word in enumerate(row.get("words") or ())
        ),
        channel=row["channel"],
        id=row.get("item") or _segment_id(row),
        reviewed=row.get("reviewed", False),
        starred=row.get("starred", False),
    )


def words_to_json(words: Iterable[Word]) -> list[list[Any]]:
    """Return [[text, start, end, probability, [label, ...]], ...]."""
    return [
        [
            word.text,
            round(word.start, 6),
            round(word.end, 6),
            round(word.probability, 6),
            list(word.speakers),
        ]
        for word in words
    ]


def word_views_to_json(words: Iterable[WordView]) -> list[list[Any]]:
    """Return [[text, start, end, probability or null, [label, ...], identifier, revision], ...].

    The revision is the one that wrote an edited word, 0 for others.
    """
    return [
        [
            word.text,
            round(word.start, 6),
            round(word.end, 6),
            word.probability,
            list(word.speakers),
            str(word.id),
            word.written,
        ]
        for word in words
    ]


def _word_of(row: DictRow, place: int, stored: Sequence[Any]) -> Word:
    text, start, end, probability, speakers, *item = stored
    made = word_id(row.get("machine_revision", 1), row["position"], place)
    return Word(
        text=text,
        start=start,
        end=end,
        probability=probability or 0.0,
        speakers=tuple(speakers),
        id=item[0] if item else str(made),
        edited=probability is None,
        written=item[1] if len(item) > 1 else 0,
    )


def _segment_id(row: DictRow) -> str:
    return str(segment_id(row.get("machine_revision", 1), row["position"]))
