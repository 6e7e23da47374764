"""Statistics of a conversation, in total and per speaker."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from exporter.document import Document, Segment
from exporter.turns import mean_confidence, turns

# Unspaced scripts. Each character counts as a word, as in text editors.
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]")


@dataclass(frozen=True, kw_only=True, slots=True)
class SpeakerStatistics:
    """Statistics of one speaker.

    `seconds` is the total duration of the segments and `share` its part of all speech, 0 to 1.
    `words_per_minute` is 0 without speech. `longest_turn` is in seconds. `confidence` is between
    0 and 1.
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
    """Statistics of a conversation. `speech_seconds` counts overlapping speech once per speaker."""

    speakers: tuple[SpeakerStatistics, ...]
    segments: int
    words: int
    speech_seconds: float


def word_count(text: str) -> int:
    """Count the words of a text, or its characters where the script is unspaced."""
    unspaced = len(_UNSPACED.findall(text))
    rest = _UNSPACED.sub(" ", text) if unspaced else text
    return unspaced + sum(1 for token in rest.split() if any(map(str.isalnum, token)))


def statistics(document: Document) -> Statistics:
    """Compute the statistics of a document, with speakers in order of first appearance."""
    by_label: dict[str, list[Segment]] = {speaker.label: [] for speaker in document.speakers}
    for segment in document.segments:
        by_label.setdefault(segment.speaker_label, []).append(segment)
    turn_lengths: dict[str, list[float]] = {}
    for turn in turns(document.segments, paragraph_seconds=float("inf")):
        turn_lengths.setdefault(turn.speaker_label, []).append(turn.end - turn.start)
    total = sum(segment.duration for segment in document.segments)
    speakers = tuple(
        _speaker(document.name_of(label), label, segments, turn_lengths.get(label, ()), total)
        for label, segments in by_label.items()
        if segments or label
    )
    return Statistics(
        speakers=speakers,
        segments=len(document.segments),
        words=sum(speaker.words for speaker in speakers),
        speech_seconds=total,
    )


def _speaker(
    name: str, label: str, segments: list[Segment], lengths: Iterable[float], total: float
) -> SpeakerStatistics:
    lengths = list(lengths)
    seconds = sum(segment.duration for segment in segments)
    words = sum(word_count(segment.text) for segment in segments)
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
