"""A finished transcript as plain values. Times are in seconds from the start of the recording."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import cached_property

from common.filenames import portable
from exporter.changes import Changes
from exporter.summary.model import Summary


class NameSource(StrEnum):
    """Origin of a speaker's name."""

    NONE = "none"
    SUGGESTED = "suggested"
    CONFIRMED = "confirmed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Word:
    """Word with its punctuation.

    `probability` is between 0 and 1. `speakers` are labels, starting with the speaker of most of
    the word. There are several where speech overlaps.
    """

    text: str
    start: float
    end: float
    probability: float = 0.0
    speakers: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Segment:
    """Passage of one speaker. `confidence` is between 0 and 1, `channel` is 0 in a mix.

    Segments are in order of their start. Those of different channels may overlap.
    """

    index: int
    speaker_label: str
    text: str
    start: float
    end: float
    confidence: float = 0.0
    language: str = ""
    words: tuple[Word, ...] = ()
    channel: int = 0
    id: str = ""

    @property
    def duration(self) -> float:
        """Duration in seconds, never negative."""
        return max(0.0, self.end - self.start)


@dataclass(frozen=True, kw_only=True, slots=True)
class Speaker:
    """Speaker with the name to display. `match_confidence` is between 0 and 1.

    `channel` is the number of the speaker's channel, 0 in a mix.
    """

    label: str
    name: str
    source: NameSource = NameSource.NONE
    match_confidence: float = 0.0
    channel: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class AudioFacts:
    """The recording. Unknown facts are 0 or empty."""

    filename: str
    duration: float
    size_bytes: int = 0
    format: str = ""
    codec: str = ""
    sample_rate: int = 0
    channels: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class LanguageSpan:
    """Part of the recording in one language (ISO 639-1 code). `probability` is 0 to 1."""

    start: float
    end: float
    language: str
    probability: float = 0.0


class ChannelMode(StrEnum):
    """How the channels and tracks of a recording are recognized."""

    AUTO = "auto"
    MIX = "mix"
    SEPARATE = "separate"


@dataclass(frozen=True, kw_only=True, slots=True)
class Channel:
    """Sound that was recognized by itself. Numbers count from 1. `title` is that of its track."""

    number: int
    title: str = ""
    description: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ChannelPlan:
    """Mix or separation of the channels, None if they were not measured."""

    requested: ChannelMode = ChannelMode.AUTO
    decided: ChannelMode | None = None
    reason: str = ""
    channels: tuple[Channel, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class SpeakerTurn:
    """Continuous speech that diarization found. Times are in seconds, channel 0 is a mix."""

    speaker_label: str
    start: float
    end: float
    channel: int = 0


@dataclass(frozen=True, kw_only=True)
class Document:
    """Transcript with everything for a format to show.

    Speakers are in order of first appearance. `summary` is set only when an option requires it, and
    `changes` and `turns`, those of the diarizer, only when they are to be shown.
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
    channel_plan: ChannelPlan = ChannelPlan()
    summary: Summary | None = field(default=None)
    revision: int = 0
    changes: Changes | None = None
    turns: tuple[SpeakerTurn, ...] | None = None

    @property
    def title(self) -> str:
        """File name of the recording without its extension."""
        stem, dot, extension = self.audio.filename.rpartition(".")
        name = stem if dot and stem and len(extension) <= 5 else self.audio.filename
        return name.strip() or f"Transcript {self.transcription_id}"

    def file_name(self, extension: str) -> str:
        """Return a safe file name for downloads: `Weekly meeting-transcript.pdf`."""
        return f"{portable(self.title)}-transcript.{extension}"

    @cached_property
    def names(self) -> Mapping[str, str]:
        """Display names by speaker label."""
        return {speaker.label: speaker.name or speaker.label for speaker in self.speakers}

    def name_of(self, label: str) -> str:
        """Return the display name of a speaker, or the label of an unknown one."""
        return self.names.get(label, label)

    @cached_property
    def segments_by_index(self) -> Mapping[int, Segment]:
        """Segments by their index."""
        return {segment.index: segment for segment in self.segments}

    @cached_property
    def language_codes(self) -> tuple[str, ...]:
        """Languages of the recording, starting with the main one."""
        codes = [self.language, *(span.language for span in self.languages)]
        return tuple(dict.fromkeys(code for code in codes if code))
