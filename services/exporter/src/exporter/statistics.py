"""Statistics of a conversation, in total and per speaker."""

from collections.abc import Iterable
from dataclasses import dataclass

from common.writing_systems import count_words
from exporter.document import Document, Segment
from exporter.turns import mean_confidence, turns


@dataclass(frozen=True, kw_only=True, slots=True)
class SpeakerStatistics:
    """Statistics of one speaker.

    `seconds` is the time in which the speaker speaks and `share` its part of the time of all
    speakers, 0 to 1. `words_per_minute` is 0 without speech. `longest_turn` is in seconds.
    `confidence` is between 0 and 1.
    """

    label: str
    name: str
    segments: int
    turns: int
    words: int
    seconds: float
    share: float
    words_per_minute: float
    longest_turn: float
    confidence: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Statistics:
    """Statistics of a conversation. `speech_seconds` is the time in which anybody speaks."""

    speakers: tuple[SpeakerStatistics, ...]
    segments: int
    words: int
    speech_seconds: float


def statistics(document: Document) -> Statistics:
    """Compute the statistics of a document, with speakers in order of first appearance."""
    by_label: dict[str, list[Segment]] = {speaker.label: [] for speaker in document.speakers}
    for segment in document.segments:
        by_label.setdefault(segment.speaker_label, []).append(segment)
    turn_lengths: dict[str, list[float]] = {}
    for turn in turns(document.segments, paragraph_seconds=float("inf")):
        turn_lengths.setdefault(turn.speaker_label, []).append(turn.end - turn.start)
    total = sum(map(_seconds, by_label.values()))
    speakers = tuple(
        _speaker(document.name_of(label), label, segments, turn_lengths.get(label, ()), total)
        for label, segments in by_label.items()
        if segments or label
    )
    return Statistics(
        speakers=speakers,
        segments=len(document.segments),
        words=sum(speaker.words for speaker in speakers),
        speech_seconds=_seconds(document.segments),
    )


def _speaker(
    name: str, label: str, segments: list[Segment], lengths: Iterable[float], total: float
) -> SpeakerStatistics:
    lengths = list(lengths)
    seconds = _seconds(segments)
    words = sum(count_words(segment.text) for segment in segments)
    return SpeakerStatistics(
        label=label,
        name=name,
        segments=len(segments),
        turns=len(lengths),
        words=words,
        seconds=seconds,
        share=seconds / total if total > 0 else 0.0,
        words_per_minute=words * 60 / seconds if seconds > 0 else 0.0,
        longest_turn=max(lengths, default=0.0),
        confidence=mean_confidence(segments),
    )


def _seconds(segments: Iterable[Segment]) -> float:
    """Return the time covered by segments, overlaps counted once."""
    total = 0.0
    latest = 0.0
    for start, end in sorted((segment.start, segment.end) for segment in segments):
        total += max(0.0, end - max(start, latest))
        latest = max(latest, end)
    return total
