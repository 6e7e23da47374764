"""Content of an imported file, whatever its format. Times are in seconds."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from transcriber.domain.transcripts import Turn


class ImportFormat(StrEnum):
    """Formats that can be imported, by their names in the JSON API."""

    SRT = "srt"
    VTT = "vtt"
    WHISPERX = "whisperx"
    OPENAI = "openai"
    TEXTGRID = "textgrid"
    EAF = "eaf"
    RTTM = "rttm"
    CTM = "ctm"


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportedWord:
    """A word with its times. `probability` is None if the file has none."""

    text: str
    start: float
    end: float
    probability: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportedSegment:
    """A passage of text.

    `speaker` is the name or label in the file, empty without one. `words` are empty if the file has
    no times of words. `channel` is 0 for a mix.
    """

    start: float
    end: float
    text: str
    speaker: str = ""
    channel: int = 0
    words: tuple[ImportedWord, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class ImportedTranscript:
    """A parsed file.

    `turns` are those of a file without text. `notes` are sentences about content that was left out.
    """

    format: ImportFormat
    segments: Sequence[ImportedSegment] = ()
    turns: Sequence[Turn] = ()
    language: str = ""
    notes: Sequence[str] = ()

    @property
    def has_word_times(self) -> bool:
        """Whether any word has times of its own."""
        return any(segment.words for segment in self.segments)

    @property
    def names_speakers(self) -> bool:
        """Whether any passage has a speaker."""
        return any(segment.speaker for segment in self.segments)
