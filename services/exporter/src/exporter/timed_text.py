"""A segment's text in pieces that each have their own time."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from exporter.document import Segment, Word

# Where a text without words may be cut: after a run of blanks, and between characters of scripts
# that have none.
_PIECES = re.compile(
    r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff][\u3001\u3002\uff0c\uff01\uff1f]*\s*|"
    r"[^\s\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+\s*|\s+"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class TimedPiece:
    """A piece of text with the blanks that follow it; times are seconds."""

    text: str
    start: float
    end: float


def timed_pieces(segment: Segment) -> list[TimedPiece]:
    """The segment's text by words; without words, by blanks, the time spread over the characters.

    The pieces put together are exactly the stripped text of the segment.
    """
    text = segment.text.strip()
    return _by_words(text, segment.words) or list(_by_length(text, segment))


def _by_words(text: str, words: tuple[Word, ...]) -> list[TimedPiece]:
    """Pieces that end where the next word begins; none where words and text do not agree."""
    starts: list[int] = []
    position = 0
    for word in words:
        found = text.find(word.text.strip(), position)
        # More than blanks between two words means that the text was edited after recognition.
        if not word.text.strip() or found < 0 or text[position:found].strip():
            return []
        starts.append(found)
        position = found + len(word.text.strip())
    if not starts or text[position:].strip():
        return []
    ends = [*starts[1:], len(text)]
    return [
        TimedPiece(text=text[start:end], start=word.start, end=max(word.start, word.end))
        for start, end, word in zip(starts, ends, words, strict=True)
    ]


def _by_length(text: str, segment: Segment) -> Iterator[TimedPiece]:
    if not text:
        return
    second_per_character = segment.duration / len(text)
    position = 0
    for match in _PIECES.finditer(text):
        start = segment.start + position * second_per_character
        position = match.end()
        end = segment.start + position * second_per_character
        yield TimedPiece(text=match.group(), start=start, end=end)
