"""Optional content of exported documents."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Option(StrEnum):
    """Optional content by its name in the JSON API."""

    MEETING_SUMMARY = "meeting_summary"
    ACTION_ITEMS = "action_items"
    SPEAKER_STATS = "speaker_stats"
    TIMESTAMPS = "timestamps"
    CONFIDENCE = "confidence"
    WORDS = "words"


@dataclass(frozen=True, kw_only=True, slots=True)
class ExportOptions:
    """Options of one export, all off by default."""

    meeting_summary: bool = False
    action_items: bool = False
    speaker_stats: bool = False
    timestamps: bool = False
    confidence: bool = False
    words: bool = False

    @classmethod
    def of(cls, options: Iterable[Option]) -> "ExportOptions":
        """Turn the listed options on. Repeated options are allowed."""
        return cls(**{option.value: True for option in options})

    @property
    def needs_summary(self) -> bool:
        """Whether the document needs a summary."""
        return self.meeting_summary or self.action_items
