"""Entries of the index: from texts to their parts."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from transcriber.editing.views import SegmentView
from transcriber.search import folding

TITLE = "@title"
_SPEAKER = "@speaker:"
_NOTE = "@note:"
#: Characters of a text that are indexed. Longer segments are made by hand only.
_LONGEST = 20_000

#: Configurations of Postgres by language. Others have `simple`.
CONFIGURATIONS = {
    "ar": "arabic", "ca": "catalan", "da": "danish", "de": "german", "el": "greek",
    "en": "english", "es": "spanish", "et": "estonian", "eu": "basque", "fi": "finnish",
    "fr": "french", "ga": "irish", "hi": "hindi", "hu": "hungarian", "hy": "armenian",
    "id": "indonesian", "it": "italian", "lt": "lithuanian", "ne": "nepali", "nl": "dutch",
    "no": "norwegian", "nn": "norwegian", "pt": "portuguese", "ro": "romanian", "ru": "russian",
    "sr": "serbian", "sv": "swedish", "ta": "tamil", "tr": "turkish", "yi": "yiddish",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexEntry:
    """A segment, title, speaker or note of a transcription.

    `extra` is found too but not shown.
    """

    item: str
    text: str
    kind: str = "segment"
    label: str = ""
    start: float = 0.0
    language: str = ""
    extra: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return the columns of the entry, with the parts of its words."""
        searched = f"{self.text} {self.extra}"[:_LONGEST]
        words = [token.folded for token in folding.tokens(searched)]
        return {
            "item": self.item,
            "kind": self.kind,
            "label": self.label,
            "start": self.start,
            "language": self.language,
            "text": self.text,
            "searched": searched,
            "plain": f" {' '.join(words)} ",
            "grams": folding.text_grams(words),
            "configuration": CONFIGURATIONS.get(self.language, "simple"),
        }


def segment_entry(view: SegmentView) -> IndexEntry:
    """Return the entry of a segment."""
    return IndexEntry(
        item=str(view.id),
        text=view.text,
        label=view.label,
        start=view.start,
        language=view.language,
    )


def title_entry(title: str, filename: str, created_at: dt.datetime) -> IndexEntry:
    """Return the entry of a title, or of a file name without one, with the date."""
    day = created_at.astimezone(dt.UTC).date()
    also = filename if title else ""
    extra = f"{also} {day.isoformat()} {day:%d.%m.%Y}"
    return IndexEntry(item=TITLE, kind="title", text=title or filename, extra=extra)


def speaker_entry(label: str, name: str) -> IndexEntry:
    """Return the entry of a speaker's name."""
    return IndexEntry(item=f"{_SPEAKER}{label}", kind="speaker", text=name, label=label)


def note_entry(note_id: str, text: str, word_id: str) -> IndexEntry:
    """Return the entry of a note. Its label is its first word."""
    return IndexEntry(item=f"{_NOTE}{note_id}", kind="note", text=text, label=word_id)


def note_items(note_ids: Iterable[str]) -> list[str]:
    """Return the items of notes."""
    return [f"{_NOTE}{note_id}" for note_id in note_ids]
