"""Subtitles: the conversation cut into what can be read while it is said."""

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil

from exporter.document import Document, Segment
from exporter.safe_text import one_line
from exporter.timed_text import TimedPiece, timed_pieces

LINE_CELLS = 42  # of a Latin letter's width; what subtitle guidelines give a line
CUE_CELLS = 2 * LINE_CELLS
CUE_SECONDS = 7.0
PAUSE_SECONDS = 1.0  # a pause this long ends a cue
SHORTEST_SECONDS = 0.2
_SENTENCE_ENDS = (".", "?", "!", "。", "？", "！", "…", "।", "؟", "۔")


@dataclass(frozen=True, kw_only=True, slots=True)
class Cue:
    """What is shown from `start` to `end` (seconds). `begins_turn` when the speaker has changed."""

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
        """The text on at most two lines of about equal length."""
        return balanced_lines(self.text)


def cues(document: Document) -> Iterator[Cue]:
    """All cues in order of time; cues of people who talk at once overlap."""
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


def _groups(segment: Segment) -> Iterator[list[TimedPiece]]:
    """The pieces of each cue of a segment."""
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
    """Whether a cue ends here of itself: at a pause, or at a sentence's end that fills a line."""
    pause = following.start - run[-1].end > PAUSE_SECONDS
    return pause or (filled >= LINE_CELLS and run[-1].text.rstrip().endswith(_SENTENCE_ENDS))


def _even_parts(run: list[TimedPiece]) -> Iterator[list[TimedPiece]]:
    """Cuts what is too long for one cue into cues of about equal length: none is a scrap."""
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
    """Width of a text in Latin letters: wide characters count two, marks none."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in text
    )


def balanced_lines(text: str) -> list[str]:
    """The text as it is when it fits on a line, else cut at the blank nearest to its middle."""
    if cells(text) <= LINE_CELLS:
        return [text]
    middle = len(text) / 2
    blanks = [place for place, char in enumerate(text) if char == " "]
    if not blanks:
        # A script without blanks may be cut anywhere.
        half = (len(text) + 1) // 2
        return [text[:half], text[half:]] if cells(text) > len(text) else [text]  # a long word
    cut = min(blanks, key=lambda place: abs(place - middle))
    return [text[:cut], text[cut + 1 :]]
