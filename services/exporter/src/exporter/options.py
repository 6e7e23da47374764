"""Which content a caller wants beyond what a format has anyway."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Option(StrEnum):
    """Additional content, by its name in the JSON API."""

    MEETING_SUMMARY = "meeting_summary"
    ACTION_ITEMS = "action_items"
    SPEAKER_STATS = "speaker_stats"
    TIMESTAMPS = "timestamps"
    CONFIDENCE = "confidence"
    WORDS = "words"


@dataclass(frozen=True, kw_only=True, slots=True)
class ExportOptions:
    """The wanted additions. Without any, each format has what its readers expect."""

    meeting_summary: bool = False
    action_items: bool = False
    speaker_stats: bool = False
    timestamps: bool = False
    confidence: bool = False
    words: bool = False

    @classmethod
    def of(cls, options: Iterable[Option]) -> "ExportOptions":
        """From a list of options; naming one twice changes nothing."""
        return cls(**{option.value: True for option in options})

    @property
    def needs_summary(self) -> bool:
        """Whether the document has to carry a summary to be rendered."""
        return self.meeting_summary or self.action_items
