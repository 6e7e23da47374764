"""A finished transcript as the exporter sees it: plain values, times in seconds."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property

from exporter.summary.model import Summary


class NameSource(StrEnum):
    """How a speaker came by the shown name."""

    NONE = "none"
    SUGGESTED = "suggested"
    CONFIRMED = "confirmed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Word:
    """A word with its punctuation.

    `start` and `end` are seconds from the beginning of the recording, `probability` is 0 to 1.
    `speakers` are labels, the one who holds most of the word first; several where speech overlaps.
    """

    text: str
    start: float
    end: float
    probability: float = 0.0
    speakers: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Segment:
    """A stretch of one speaker's speech. `confidence` is 0 to 1."""

    index: int
    speaker_label: str
    text: str
    start: float
    end: float
    confidence: float = 0.0
    language: str = ""
    words: tuple[Word, ...] = ()

    @property
    def duration(self) -> float:
        """Length in seconds, never negative."""
        return max(0.0, self.end - self.start)


@dataclass(frozen=True, kw_only=True, slots=True)
class Speaker:
    """Somebody who takes part. `name` is what to show; `match_confidence` is 0 to 1."""

    label: str
    name: str
    source: NameSource = NameSource.NONE
    match_confidence: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class AudioFacts:
    """The recording. `duration` is in seconds, `size_bytes` and `sample_rate` 0 when unknown."""

    filename: str
    duration: float
    size_bytes: int = 0
    format: str = ""
    codec: str = ""
    sample_rate: int = 0
    channels: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class LanguageSpan:
    """A stretch of the recording in one language (ISO 639-1 code)."""

    start: float
    end: float
    language: str


@dataclass(frozen=True, kw_only=True)
class Document:
    """A transcript with all that any format may need.

    `summary` is there only when somebody asked for a summary or for action items; see
    `exporter.summary`. Speakers stand in order of first appearance.
    """

    transcription_id: int
    audio: AudioFacts
    speakers: tuple[Speaker, ...]
    segments: tuple[Segment, ...]
    language: str = ""
    languages: tuple[LanguageSpan, ...] = ()
    confidence: float = 0.0
    speech_model: str = ""
    diarization_model: str = ""
    warnings: tuple[str, ...] = ()
    created: datetime | None = None
    completed: datetime | None = None
    summary: Summary | None = field(default=None)

    @property
    def title(self) -> str:
        """The name of the recording without its extension."""
        stem, dot, extension = self.audio.filename.rpartition(".")
        name = stem if dot and stem and len(extension) <= 5 else self.audio.filename
        return name.strip() or f"Transcript {self.transcription_id}"

    @cached_property
    def names(self) -> Mapping[str, str]:
        """Name to show for each label."""
        return {speaker.label: speaker.name or speaker.label for speaker in self.speakers}

    def name_of(self, label: str) -> str:
        """Name to show for a label; the label itself where no such speaker is known."""
        return self.names.get(label, label)

    @cached_property
    def segments_by_index(self) -> Mapping[int, Segment]:
        """The segments by their number."""
        return {segment.index: segment for segment in self.segments}

    @cached_property
    def language_codes(self) -> tuple[str, ...]:
        """The languages spoken, the prevailing one first."""
        codes = [self.language, *(span.language for span in self.languages)]
        return tuple(dict.fromkeys(code for code in codes if code))
