"""Transcripts: segments with their words, and the speakers of a transcription."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from psycopg.types.json import Jsonb

from common.postgres import Connection, execute, fetch_all, fetch_one, give_work
from transcriber.domain.transcriptions import LanguageSpan
from transcriber.domain.transcripts import Segment, Transcript, TranscriptSpeaker
from transcriber.store import step_names
from transcriber.store.rows import languages_to_json, segment_of, speaker_of, words_to_json

_SEGMENTS = """
SELECT item, position, label, text, start_seconds, end_seconds, confidence, language, channel,
       reviewed, starred, machine_revision
FROM current_segments
WHERE transcription_id = %s ORDER BY start_seconds, rank
"""
_BATCH = """
SELECT item, position, label, text, start_seconds, end_seconds, confidence, language, channel,
       reviewed, starred, machine_revision
FROM current_segments
WHERE transcription_id = %s ORDER BY start_seconds, rank OFFSET %s LIMIT %s
"""
_BATCH_WITH_WORDS = """
SELECT item, position, label, text, start_seconds, end_seconds, confidence, language, channel,
       reviewed, starred, machine_revision, words
FROM current_segments
WHERE transcription_id = %s ORDER BY start_seconds, rank OFFSET %s LIMIT %s
"""
_BETWEEN = """
SELECT item, position, label, text, start_seconds, end_seconds, confidence, language, channel,
       reviewed, starred, machine_revision, CASE WHEN %(words)s THEN words END AS words
FROM current_segments
WHERE transcription_id = %(id)s AND end_seconds > %(start)s
  AND (%(end)s::double precision IS NULL OR start_seconds < %(end)s)
ORDER BY start_seconds, rank OFFSET %(offset)s LIMIT %(limit)s
"""
_COUNT_BETWEEN = """
SELECT count(*) AS total FROM current_segments
WHERE transcription_id = %(id)s AND end_seconds > %(start)s
  AND (%(end)s::double precision IS NULL OR start_seconds < %(end)s)
"""
_VERSION = "SELECT transcript_at, revision FROM transcriptions WHERE id = %s"
_SPEAKERS = """
SELECT * FROM transcript_speakers WHERE transcription_id = ANY(%s) ORDER BY position
"""
_CLEAR_EDITS = "DELETE FROM edited_segments WHERE transcription_id = %s"
# Until the new transcript is indexed, nothing of the old one is found.
_CLEAR_INDEX = "DELETE FROM search_segments WHERE transcription_id = %s AND kind <> 'title'"
_CLEAR_SEGMENTS = "DELETE FROM segments WHERE transcription_id = %s"
_CLEAR_SPEAKERS = "DELETE FROM transcript_speakers WHERE transcription_id = %s"
_COPY_SEGMENTS = """
COPY segments (transcription_id, position, label, text, start_seconds, end_seconds, confidence,
               language, channel, words) FROM STDIN
"""
_INSERT_SPEAKER = """
INSERT INTO transcript_speakers (
    transcription_id, label, position, name, name_source, speaker_id, match_confidence,
    segment_count, total_duration, average_confidence, speech_seconds, voiceprint,
    voiceprint_model, voiceprint_version, voiceprint_seconds, clean_starts, clean_ends, clip_key,
    channel)
VALUES (
    %(transcription_id)s, %(label)s, %(position)s, %(name)s, %(name_source)s, %(speaker_id)s,
    %(match_confidence)s, %(segment_count)s, %(total_duration)s, %(average_confidence)s,
    %(speech_seconds)s, %(voiceprint)s::real[], %(voiceprint_model)s, %(voiceprint_version)s,
    %(voiceprint_seconds)s, %(clean_starts)s::double precision[],
    %(clean_ends)s::double precision[], %(clip_key)s, %(channel)s)
"""
_COMPLETED = """
UPDATE transcriptions
SET status = 'completed', transcript_at = now(),
    revision = CASE WHEN transcript_at IS NULL AND NOT live_text THEN revision
                    ELSE revision + 1 END,
    machine_revision = CASE WHEN transcript_at IS NULL AND NOT live_text THEN revision
                            ELSE revision + 1 END,
    live_text = false,
    language_detected = %(language)s,
    languages = %(languages)s, confidence = %(confidence)s, warnings = %(warnings)s,
    failure_code = NULL, failure_message = NULL, speech_model = %(speech_model)s,
    diarization_model = %(diarization_model)s,
    channel_plan = (SELECT jobs.channel_plan FROM jobs WHERE jobs.job_id = transcriptions.job_id),
    names_due_at = now() + make_interval(secs => %(names_after)s),
    clips_due_at = CASE WHEN %(clips_due)s THEN now() END
WHERE id = %(id)s
RETURNING transcript_at
"""
#: Names are suggested while a job completes. This is the time for later attempts.
NAMES_SECONDS = 15.0
_CLIP = """
UPDATE transcript_speakers SET clip_key = %(clip_key)s
WHERE transcription_id = %(transcription_id)s AND label = %(label)s
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Completion:
    """A finished transcript with everything stored with it.

    With `names_due`, names are suggested later. With `clips_due`, clips are cut.
    """

    transcript: Transcript
    speakers: Sequence[TranscriptSpeaker]
    languages: Sequence[LanguageSpan]
    warnings: Sequence[str]
    speech_model: str
    diarization_model: str
    names_due: bool
    clips_due: bool


class Transcripts:
    """The tables of segments and speakers, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def segments(self, transcription_id: int) -> list[Segment]:
        """Return all segments in order of time, without words."""
        rows = await fetch_all(self._connection, _SEGMENTS, (transcription_id,))
        return [segment_of(row) for row in rows]

    async def batch(
        self, transcription_id: int, *, words: bool, first: int, limit: int
    ) -> list[Segment]:
        """Return up to `limit` segments from number `first` on, in order of time."""
        sql = _BATCH_WITH_WORDS if words else _BATCH
        rows = await fetch_all(self._connection, sql, (transcription_id, first, limit))
        return [segment_of(row) for row in rows]

    async def between(
        self,
        transcription_id: int,
        *,
        start: float,
        end: float | None,
        words: bool,
        offset: int,
        limit: int,
    ) -> tuple[list[Segment], int]:
        """Return a page of the segments between two times in seconds, and their number.

        Segments that reach into the time are included. `end` may be None.
        """
        parameters = {
            "id": transcription_id,
            "start": start if start > 0 else -1.0,
            "end": end,
            "words": words,
            "offset": offset,
            "limit": limit,
        }
        rows = await fetch_all(self._connection, _BETWEEN, parameters)
        count = await fetch_one(self._connection, _COUNT_BETWEEN, parameters)
        assert count is not None
        return [segment_of(row) for row in rows], count["total"]

    async def version(self, transcription_id: int) -> tuple[dt.datetime | None, int]:
        """Return when the stored transcript was assembled, and its revision."""
        row = await fetch_one(self._connection, _VERSION, (transcription_id,))
        return (row["transcript_at"], row["revision"]) if row else (None, 0)

    async def speakers(
        self, transcription_ids: Sequence[int]
    ) -> dict[int, list[TranscriptSpeaker]]:
        """Return speakers in order of first appearance, by transcription."""
        found: dict[int, list[TranscriptSpeaker]] = {item: [] for item in transcription_ids}
        for row in await fetch_all(self._connection, _SPEAKERS, (list(transcription_ids),)):
            found[row["transcription_id"]].append(speaker_of(row))
        return found

    async def replace(self, transcription_id: int, completion: Completion) -> dt.datetime:
        """Store a transcript in place of an earlier one. Return its time of assembly."""
        await execute(self._connection, _CLEAR_EDITS, (transcription_id,))
        await execute(self._connection, _CLEAR_INDEX, (transcription_id,))
        await execute(self._connection, _CLEAR_SEGMENTS, (transcription_id,))
        await execute(self._connection, _CLEAR_SPEAKERS, (transcription_id,))
        await self._copy(transcription_id, completion.transcript.segments)
        for position, speaker in enumerate(completion.speakers):
            parameters = _speaker_parameters(transcription_id, position, speaker)
            await execute(self._connection, _INSERT_SPEAKER, parameters)
        row = await fetch_one(
            self._connection,
            _COMPLETED,
            {
                "id": transcription_id,
                "language": completion.transcript.language,
                "languages": Jsonb(languages_to_json(completion.languages)),
                "confidence": completion.transcript.confidence,
                "warnings": list(completion.warnings),
                "speech_model": completion.speech_model,
                "diarization_model": completion.diarization_model,
                "names_after": NAMES_SECONDS if completion.names_due else None,
                "clips_due": completion.clips_due,
            },
        )
        assert row is not None
        moment: dt.datetime = row["transcript_at"]
        for step in (step_names.CLIPS, step_names.SEARCH_TEXTS, step_names.TITLES):
            give_work(self._connection, step)
        if completion.names_due:
            give_work(self._connection, step_names.NAMES, after=NAMES_SECONDS)
        return moment

    async def set_clip(self, transcription_id: int, label: str, clip_key: str) -> None:
        """Store the key of a speaker's clip."""
        parameters = {
            "transcription_id": transcription_id,
            "label": label,
            "clip_key": clip_key,
        }
        await execute(self._connection, _CLIP, parameters)

    async def _copy(self, transcription_id: int, segments: Sequence[Segment]) -> None:
        async with (
            self._connection.cursor() as cursor,
            cursor.copy(_COPY_SEGMENTS.encode()) as copy,
        ):
            for position, segment in enumerate(segments):
                await copy.write_row(
                    (
                        transcription_id,
                        position,
                        segment.label,
                        segment.text,
                        segment.start,
                        segment.end,
                        segment.confidence,
                        segment.language,
                        segment.channel,
                        Jsonb(words_to_json(segment.words)),
                    )
                )


def _speaker_parameters(
    transcription_id: int, position: int, speaker: TranscriptSpeaker
) -> dict[str, object]:
    voice = speaker.voiceprint
    return {
        "transcription_id": transcription_id,
        "label": speaker.label,
        "position": position,
        "name": speaker.name,
        "name_source": speaker.name_source,
        "speaker_id": speaker.speaker_id,
        "match_confidence": speaker.match_confidence,
        "segment_count": speaker.segment_count,
        "total_duration": speaker.total_duration,
        "average_confidence": speaker.average_confidence,
        "speech_seconds": speaker.speech_seconds,
        "voiceprint": None if voice is None else list(voice.values),
        "voiceprint_model": voice.model if voice else "",
        "voiceprint_version": voice.model_version if voice else "",
        "voiceprint_seconds": voice.speech_seconds if voice else 0.0,
        "clean_starts": [start for start, _ in speaker.clean],
        "clean_ends": [end for _, end in speaker.clean],
        "clip_key": speaker.clip_key,
        "channel": speaker.channel,
    }
