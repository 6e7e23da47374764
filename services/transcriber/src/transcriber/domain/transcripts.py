"""Words, turns, segments and speakers of a transcript.

All times are seconds from the beginning of the recording. Probabilities are 0 to 1. Channels are
numbered from 1 in the order of the plan, and 0 means a mix.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from common import characters

#: Least weight of a word or segment in a mean.
SHORTEST_SECONDS = 0.01


@dataclass(frozen=True, kw_only=True, slots=True)
class SpokenWord:
    """A recognized word.

    `passage` numbers the recognizer's segment. `spaced` is True if a space precedes the word
    there.
    """

    text: str
    start: float
    end: float
    probability: float
    language: str = ""
    passage: int = 0
    spaced: bool = True
    channel: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """Continuous speech of one speaker, under the diarizer's label."""

    start: float
    end: float
    speaker: str
    channel: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Word:
    """A word with the labels of everybody who speaks during it, its speaker first.

    `id` identifies it in edits. A word that a person wrote is `edited`, and its probability is 0.
    `written` is the revision that wrote it, 0 for the recognizer.
    """

    text: str
    start: float
    end: float
    probability: float
    speakers: tuple[str, ...]
    id: str = ""
    edited: bool = False
    written: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Segment:
    """Consecutive words of one speaker. `id` identifies it in edits."""

    label: str
    text: str
    start: float
    end: float
    confidence: float
    language: str
    words: tuple[Word, ...] = ()
    channel: int = 0
    id: str = ""
    reviewed: bool = False
    starred: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class SpeakerStatistics:
    """Statistics of a speaker. `origin` is the diarizer's label, empty without diarization."""

    label: str
    origin: str
    segment_count: int
    total_duration: float
    average_confidence: float
    channel: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Transcript:
    """A transcript. `language` is that of most of the speech, empty without words."""

    segments: tuple[Segment, ...]
    speakers: tuple[SpeakerStatistics, ...]
    confidence: float
    language: str

    @property
    def word_count(self) -> int:
        """Number of words."""
        return sum(len(segment.words) for segment in self.segments)


class NameSource(StrEnum):
    """Source of a speaker's name: none, suggested for a known voice, or confirmed by a person."""

    NONE = "none"
    SUGGESTED = "suggested"
    CONFIRMED = "confirmed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Voiceprint:
    """Voiceprint: a unit vector computed by one model."""

    values: tuple[float, ...]
    model: str
    model_version: str
    speech_seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class TranscriptSpeaker:
    """A stored speaker.

    `name` is empty if `name_source` is none. `clean` has (start, end) of turns without other
    speakers, longest first. `speech_seconds` counts all speech, overlaps included. `merged_into` is
    the label of the speaker who this one turned out to be, empty without one. `name_removed` is
    True after a person removed the name.
    """

    label: str
    segment_count: int
    total_duration: float
    average_confidence: float
    name: str = ""
    name_source: NameSource = NameSource.NONE
    speaker_id: int = 0
    match_confidence: float = 0.0
    speech_seconds: float = 0.0
    voiceprint: Voiceprint | None = None
    clean: tuple[tuple[float, float], ...] = ()
    clip_key: str = ""
    channel: int = 0
    merged_into: str = ""
    name_removed: bool = False

    @property
    def display_name(self) -> str:
        """Name, or the label without a name."""
        return self.name or self.label


def weight(word: SpokenWord | Word | Segment) -> float:
    """Return the weight of a word or segment in a mean: its length in seconds, never zero."""
    return max(SHORTEST_SECONDS, word.end - word.start)


def mean_probability(words: Sequence[SpokenWord | Word]) -> float:
    """Return the mean probability of words weighted by length, 0 without words."""
    total = sum(weight(word) for word in words)
    if not total:
        return 0.0
    mean = sum(word.probability * weight(word) for word in words) / total
    return min(1.0, max(0.0, mean))


def same_name(name: str) -> str:
    """Return the form in which spellings of one name are equal: without case and extra spaces."""
    return characters.key(name)
