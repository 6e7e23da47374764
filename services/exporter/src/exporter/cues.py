"""Subtitle cues: the conversation in portions short enough to read while they are spoken."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

from exporter.document import Document, Segment, Word
from exporter.safe_text import one_line

# A cell is the width of a Latin letter. Subtitle guidelines allow 42 per line and two lines.
LINE_CELLS = 42
CUE_CELLS = 2 * LINE_CELLS
CUE_SECONDS = 7.0
PAUSE_SECONDS = 1.0  # a longer pause ends a cue
SHORTEST_SECONDS = 0.2
_SENTENCE_ENDS = (".", "?", "!", "。", "？", "！", "…", "।", "؟", "۔")

# Where a text without words may be cut: after blanks, and between characters of unspaced scripts.
_PIECES = re.compile(
    r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff][\u3001\u3002\uff0c\uff01\uff1f]*\s*|"
    r"[^\s\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+\s*|\s+"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class TimedPiece:
    """Piece of text with its trailing blanks. Times are in seconds."""

    text: str
    start: float
    end: float


@dataclass(frozen=True, kw_only=True, slots=True)
class Cue:
    """Text shown from `start` to `end`, in seconds.

    `begins_turn` is true when the speaker differs from that of the previous cue.
    """

    speaker_label: str
    pieces: tuple[TimedPiece, ...]
    start: float
    end: float
    begins_turn: bool

    @property
    def text(self) -> str:
        """The text on one line."""
        return one_line("".join(piece.text for piece in self.pieces))

    @property
    def lines(self) -> list[str]:
        """The text on at most two lines of similar length."""
        return balanced_lines(self.text)


def cues(document: Document) -> Iterator[Cue]:
    """Yield all cues in order of time. Cues of overlapping speech overlap."""
    previous: str | None = None
    for segment in document.segments:
        for group in _groups(segment):
            yield Cue(
                speaker_label=segment.speaker_label,
                pieces=tuple(group),
                start=group[0].start,
                end=max(group[-1].end, group[0].start + SHORTEST_SECONDS),
                begins_turn=segment.speaker_label != previous,
            )
            previous = segment.speaker_label


def timed_pieces(segment: Segment) -> list[TimedPiece]:
    """Split the text of a segment into pieces with their own times.

    The pieces are the words of the segment. Where it has none, or an edited text no longer matches
    them, the text is split at blanks and the duration spread evenly over its characters. The joined
    pieces equal the stripped text.
    """
    text = segment.text.strip()
    return _by_words(text, segment.words) or list(_by_length(text, segment))


def _by_words(text: str, words: tuple[Word, ...]) -> list[TimedPiece]:
    """Cut the text before each word. Return nothing where words and text differ."""
    starts: list[int] = []
    position = 0
    for word in words:
        found = text.find(word.text.strip(), position)
        # Anything but blanks between two words means that the text was edited after recognition.
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
    seconds_per_character = segment.duration / len(text)
    position = 0
    for match in _PIECES.finditer(text):
        start = segment.start + position * seconds_per_character
        position = match.end()
        end = segment.start + position * seconds_per_character
        yield TimedPiece(text=match.group(), start=start, end=end)


def _groups(segment: Segment) -> Iterator[list[TimedPiece]]:
    """Yield the pieces of each cue of a segment."""
    run: list[TimedPiece] = []
    filled = 0
    for piece in timed_pieces(segment):
        if run and _ends(run, filled, piece):
            yield from _even_parts(run)
            run, filled = [], 0
        run.append(piece)
        filled += cells(piece.text)
    if run:
        yield from _even_parts(run)


def _ends(run: list[TimedPiece], filled: int, following: TimedPiece) -> bool:
    """Return whether a cue ends here: at a pause, or at the end of a sentence that fills a line."""
    pause = following.start - run[-1].end > PAUSE_SECONDS
    return pause or (filled >= LINE_CELLS and run[-1].text.rstrip().endswith(_SENTENCE_ENDS))


def _even_parts(run: list[TimedPiece]) -> Iterator[list[TimedPiece]]:
    """Split a run into cues of similar length, so that none is left with a word or two."""
    widths = [cells(piece.text) for piece in run]
    seconds = run[-1].end - run[0].start
    count = max(1, ceil(sum(widths) / CUE_CELLS), ceil(seconds / CUE_SECONDS))
    target = sum(widths) / count
    part: list[TimedPiece] = []
    filled = 0
    for piece, width in zip(run, widths, strict=True):
        if part and (filled + width / 2 > target or filled + width > CUE_CELLS):
            yield part
            part, filled = [], 0
        part.append(piece)
        filled += width
    if part:
        yield part


def cells(text: str) -> int:
    """Return the width of a text in cells. Wide characters take two, combining marks none."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in text
    )


def balanced_lines(text: str) -> list[str]:
    """Split a text too wide for one line at the blank nearest to its middle."""
    if cells(text) <= LINE_CELLS:
        return [text]
    middle = len(text) / 2
    blanks = [place for place, char in enumerate(text) if char == " "]
    if not blanks:
        # An unspaced script may be cut anywhere. A single long word stays whole.
        half = (len(text) + 1) // 2
        return [text[:half], text[half:]] if cells(text) > len(text) else [text]
    cut = min(blanks, key=lambda place: abs(place - middle))
    return [text[:cut], text[cut + 1 :]]
