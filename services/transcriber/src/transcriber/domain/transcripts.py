"""What goes into a transcript and what comes out: words, turns, segments, speakers.

All times are seconds from the beginning of the recording; probabilities are 0 to 1.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

#: Weight of a word without length, so that it counts at all.
SHORTEST_SECONDS = 0.01


@dataclass(frozen=True, kw_only=True, slots=True)
class SpokenWord:
    """A word as it was recognised.

    `passage` numbers the stretch that the recogniser wrote in one go; `spaced` tells whether a
    blank stands before the word there.
    """

    text: str
    start: float
    end: float
    probability: float
    language: str = ""
    passage: int = 0
    spaced: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """A stretch of speech of one speaker, under the label that diarization gave."""

    start: float
    end: float
    speaker: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Word:
    """A word with the labels of those who speak during it, the main one first."""

    text: str
    start: float
    end: float
    probability: float
    speakers: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Segment:
    """A stretch of one speaker's speech."""

    label: str
    text: str
    start: float
    end: float
    confidence: float
    language: str
    words: tuple[Word, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class SpeakerStatistics:
    """A speaker of a transcript; `origin` is the label that diarization gave, empty if none."""

    label: str
    origin: str
    segment_count: int
    total_duration: float
    average_confidence: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Transcript:
    """What was said by whom. `language` is the one that prevails, empty without words."""

    segments: tuple[Segment, ...]
    speakers: tuple[SpeakerStatistics, ...]
    confidence: float
    language: str

    @property
    def word_count(self) -> int:
        """Number of words."""
        return sum(len(segment.words) for segment in self.segments)


class NameSource(StrEnum):
    """How a speaker of a transcription came by the name."""

    NONE = "none"
    SUGGESTED = "suggested"
    CONFIRMED = "confirmed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Voiceprint:
    """What a voice is like, as a unit vector that one model computed."""

    values: tuple[float, ...]
    model: str
    model_version: str
    speech_seconds: float


@dataclass(frozen=True, kw_only=True, slots=True)
class TranscriptSpeaker:
    """A voice of one transcription, as it is stored.

    `name` is empty unless `name_source` says where it is from. `clean` holds stretches in which
    nobody else speaks, longest first. `speech_seconds` counts all speech, overlaps included.
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

    @property
    def display_name(self) -> str:
        """The name, else the label."""
        return self.name or self.label


def weight(word: SpokenWord | Word | Segment) -> float:
    """Length in seconds by which a word or segment counts in a mean; never zero."""
    return max(SHORTEST_SECONDS, word.end - word.start)


def mean_probability(words: Sequence[SpokenWord | Word]) -> float:
    """Mean probability of words weighted by their length; 0 without words."""
    total = sum(weight(word) for word in words)
    if not total:
        return 0.0
    mean = sum(word.probability * weight(word) for word in words) / total
    return min(1.0, max(0.0, mean))


def same_name(name: str) -> str:
    """What two spellings of one name have in common: case and blanks do not count."""
    return " ".join(name.split()).casefold()
