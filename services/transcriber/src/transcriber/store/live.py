"""Live sessions: the stream that serves one, and the texts recognized so far."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from psycopg.types.json import Jsonb

from common.postgres import Connection, execute, fetch_all, fetch_one
from common.writing_systems import joined
from transcriber.domain.live import LiveSegment, LiveWord
from transcriber.domain.partial_transcripts import PartialSegment, PartialTranscript

_TAKE_OVER = "UPDATE captures SET live_stream = %s WHERE capture_id = %s"
_SESSION = """
SELECT live_stream, state, next_chunk, live_sequence, live_covered FROM captures
WHERE capture_id = %s AND NOT given_up
"""
_FOLLOWED = """
SELECT live_stream, state, next_chunk, live_sequence, live_covered FROM captures
WHERE transcription_id = %s AND live IS NOT NULL AND NOT given_up
"""
# The row is locked until the transaction ends, so that results get their sequences in order.
_NEXT_SEQUENCE = """
UPDATE captures
SET live_sequence = live_sequence + 1, live_covered = greatest(live_covered, %(covered)s)
WHERE capture_id = %(capture_id)s AND live_stream = %(stream)s
  AND state IN ('receiving', 'finishing')
RETURNING transcription_id, live_sequence
"""
_COVER = """
UPDATE captures SET live_covered = greatest(live_covered, %(covered)s)
WHERE capture_id = %(capture_id)s AND live_stream = %(stream)s
"""
_ADD = """
INSERT INTO live_segments
    (transcription_id, segment, sequence, start_seconds, end_seconds, channel, language, label,
     continues, words, position)
VALUES (%(transcription_id)s, %(segment)s, %(sequence)s, %(start)s, %(end)s, %(channel)s,
        %(language)s, %(label)s, %(continues)s, %(words)s, %(position)s)
"""
# The row of the capture is locked, so that positions follow each other.
_ADD_TEXT = """
INSERT INTO segments (
    transcription_id, position, label, text, start_seconds, end_seconds, confidence, language,
    channel, words)
SELECT id, (SELECT coalesce(max(position), -1) + 1 FROM segments
            WHERE transcription_id = %(transcription_id)s),
       %(speaker)s, %(text)s, %(start)s, %(end)s, %(confidence)s, %(language)s, %(channel)s,
       %(text_words)s
FROM transcriptions WHERE id = %(transcription_id)s AND live_text AND transcript_at IS NULL
RETURNING position
"""
_LABEL_TEXT = """
UPDATE segments SET label = %(label)s
FROM live_segments l
WHERE l.transcription_id = %(transcription_id)s AND l.segment = %(segment)s
  AND segments.transcription_id = l.transcription_id AND segments.position = l.position
"""
_LABEL = """
UPDATE live_segments SET label = %(label)s, label_sequence = %(sequence)s
WHERE transcription_id = %(transcription_id)s AND segment = %(segment)s AND label <> %(label)s
"""
_KNOWN_LABEL = """
SELECT s.label FROM live_segments s JOIN captures c USING (transcription_id)
WHERE c.capture_id = %s AND s.segment = %s
"""
_AFTER = """
SELECT segment, sequence, label_sequence, channel, language, label, continues, words
FROM live_segments
WHERE transcription_id = %(transcription_id)s
  AND greatest(sequence, label_sequence) > %(after)s AND sequence <= %(until)s
ORDER BY greatest(sequence, label_sequence) LIMIT %(limit)s
"""
_ENDS = """
SELECT channel, max(end_seconds) AS end, max(segment) AS segment FROM live_segments
WHERE transcription_id = %s GROUP BY channel
"""
_TEXT = """
SELECT sequence, start_seconds, end_seconds, channel, language, words FROM live_segments
WHERE transcription_id = %(transcription_id)s AND sequence > %(after)s
  AND start_seconds >= %(start)s
ORDER BY start_seconds, segment
"""
_LABELS = """
SELECT DISTINCT label FROM live_segments WHERE transcription_id = %s AND label <> ''
"""
_REMEMBERS = "SELECT voice_memory FROM transcriptions WHERE id = %s"
_FORGET = "DELETE FROM live_segments WHERE transcription_id = %s"

#: Label of segments whose speaker is not known.
UNKNOWN = "Speaker_1"


@dataclass(frozen=True, kw_only=True, slots=True)
class LiveState:
    """State of a session: the stream that serves it, and how far sound and text are.

    `covered` is in seconds.
    """

    stream: str
    state: str
    next_chunk: int
    sequence: int
    covered: float


@dataclass(frozen=True, kw_only=True, slots=True)
class TextEnds:
    """Ends of the final texts in seconds, by channel, and the first unused segment number."""

    by_channel: Mapping[int, float]
    next_segment: int


class LiveTexts:
    """The table of final texts of live sessions, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def take_over(self, capture_id: str, stream: str) -> None:
        """Make this the stream that serves a session."""
        await execute(self._connection, _TAKE_OVER, (stream, capture_id))

    async def state(self, capture_id: str) -> LiveState | None:
        """Return the state of a session, None if it is gone."""
        return _state(await fetch_one(self._connection, _SESSION, (capture_id,)))

    async def state_of(self, transcription_id: int) -> LiveState | None:
        """Return the state of the session of a transcription, None without one."""
        return _state(await fetch_one(self._connection, _FOLLOWED, (transcription_id,)))

    async def add(
        self, capture_id: str, stream: str, segment: LiveSegment, *, covered: float
    ) -> LiveSegment | None:
        """Add a final text of the serving stream, and return it with its sequence.

        Return None if another stream serves the session, or it has ended.
        """
        parameters = {"capture_id": capture_id, "stream": stream, "covered": covered}
        row = await fetch_one(self._connection, _NEXT_SEQUENCE, parameters)
        if row is None:
            return None
        added = replace(segment, sequence=row["live_sequence"])
        stored = _row(row["transcription_id"], added)
        text = await fetch_one(self._connection, _ADD_TEXT, stored)
        stored["position"] = None if text is None else text["position"]
        await execute(self._connection, _ADD, stored)
        return added

    async def label(self, capture_id: str, stream: str, segment: int, label: str) -> int | None:
        """Label the speaker of a segment, and return the sequence of the change.

        Return None if nothing changes, or another stream serves the session.
        """
        known = await fetch_one(self._connection, _KNOWN_LABEL, (capture_id, segment))
        if known is None or known["label"] == label:
            return None
        parameters = {"capture_id": capture_id, "stream": stream, "covered": 0.0}
        row = await fetch_one(self._connection, _NEXT_SEQUENCE, parameters)
        if row is None:
            return None
        change = {
            "transcription_id": row["transcription_id"],
            "segment": segment,
            "label": label,
            "sequence": row["live_sequence"],
        }
        await execute(self._connection, _LABEL, change)
        await execute(self._connection, _LABEL_TEXT, change)
        return int(row["live_sequence"])

    async def cover(self, capture_id: str, stream: str, covered: float) -> None:
        """Note how far final texts and known silence cover the sound, in seconds."""
        parameters = {"capture_id": capture_id, "stream": stream, "covered": covered}
        await execute(self._connection, _COVER, parameters)

    async def after(
        self, transcription_id: int, sequence: int, *, until: int, limit: int
    ) -> list[LiveSegment]:
        """Return texts that are new or have a new label after a sequence, in its order.

        Those with a sequence behind `until` are left out.
        """
        parameters = {
            "transcription_id": transcription_id,
            "after": sequence,
            "until": until,
            "limit": limit,
        }
        rows = await fetch_all(self._connection, _AFTER, parameters)
        return [_segment(row) for row in rows]

    async def labels(self, transcription_id: int) -> list[str]:
        """Return the labels of speakers in the texts."""
        rows = await fetch_all(self._connection, _LABELS, (transcription_id,))
        return [row["label"] for row in rows]

    async def remembers_voices(self, transcription_id: int) -> bool:
        """Return whether voices of the recording may be compared with remembered ones."""
        row = await fetch_one(self._connection, _REMEMBERS, (transcription_id,))
        return row is not None and bool(row["voice_memory"])

    async def ends(self, transcription_id: int) -> TextEnds:
        """Return where the final texts end."""
        rows = await fetch_all(self._connection, _ENDS, (transcription_id,))
        return TextEnds(
            by_channel={row["channel"]: row["end"] for row in rows},
            next_segment=max((row["segment"] for row in rows), default=-1) + 1,
        )

    async def partial(
        self, transcription_id: int, *, after: int = 0, start: float = 0.0
    ) -> PartialTranscript | None:
        """Return the texts after a sequence that begin at `start` or later, None without any.

        `parts` is the last sequence.
        """
        parameters = {"transcription_id": transcription_id, "after": after, "start": start}
        rows = await fetch_all(self._connection, _TEXT, parameters)
        if not rows:
            return None
        return PartialTranscript(
            job_id="",
            parts=max(row["sequence"] for row in rows),
            covered=max(row["end_seconds"] for row in rows),
            segments=tuple(
                PartialSegment(
                    start=row["start_seconds"],
                    end=row["end_seconds"],
                    text=joined(word[0] for word in row["words"]),
                    language=row["language"],
                    channel=row["channel"],
                )
                for row in rows
            ),
        )

    async def forget(self, transcription_id: int) -> None:
        """Remove the texts of a session, once there is a transcript."""
        await execute(self._connection, _FORGET, (transcription_id,))


def _state(row: Mapping[str, Any] | None) -> LiveState | None:
    if row is None:
        return None
    return LiveState(
        stream=row["live_stream"],
        state=row["state"],
        next_chunk=row["next_chunk"],
        sequence=row["live_sequence"],
        covered=row["live_covered"],
    )


def _row(transcription_id: int, segment: LiveSegment) -> dict[str, Any]:
    words = [[word.text, word.start, word.end, word.probability] for word in segment.words]
    return {
        "transcription_id": transcription_id,
        "segment": segment.segment,
        "sequence": segment.sequence,
        "start": segment.start,
        "end": segment.end,
        "channel": segment.channel,
        "language": segment.language,
        "label": segment.label,
        "continues": segment.continues,
        "words": Jsonb(words),
        "speaker": segment.label or UNKNOWN,
        "text": joined(word.text for word in segment.words),
        "confidence": sum(word.probability for word in segment.words) / len(segment.words),
        "text_words": Jsonb([[*word, [segment.label or UNKNOWN]] for word in words]),
    }


def _segment(row: Mapping[str, Any]) -> LiveSegment:
    return LiveSegment(
        segment=row["segment"],
        words=_words(row["words"]),
        language=row["language"],
        channel=row["channel"],
        continues=row["continues"],
        label=row["label"],
        sequence=row["sequence"],
        label_sequence=row["label_sequence"],
    )


def _words(stored: Sequence[Sequence[Any]]) -> tuple[LiveWord, ...]:
    return tuple(
        LiveWord(text=text, start=start, end=end, probability=probability)
        for text, start, end, probability in stored
    )
