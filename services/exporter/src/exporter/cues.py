"""Subtitle cues: the conversation in portions short enough to read while they are spoken."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise, zip_longest
from math import ceil

from common.writing_systems import breaks, cells, ends_clause, ends_sentence
from exporter.document import Document, Segment, Word
from exporter.safe_text import one_line

# A cell is the width of a Latin letter. Subtitle guidelines allow 42 per line and two lines.
LINE_CELLS = 42
CUE_CELLS = 2 * LINE_CELLS
CUE_SECONDS = 7.0
PAUSE_SECONDS = 1.0  # a longer pause ends a cue
SHORTEST_SECONDS = 0.2
# A line break within a clause of a script without blanks is as bad as lines that differ so much.
_UNNATURAL_CELLS = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class TimedPiece:
    """Piece of text with its trailing blanks. Times are in seconds.

    `starts_line` tells whether a line may begin with it. `probability` is that of its word, None
    where the text was edited.
    """

    text: str
    start: float
    end: float
    starts_line: bool = True
    probability: float | None = None


#: Pieces that are shown on one line.
_Unit = tuple[TimedPiece, ...]


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

    def lines(self, before: str = "") -> list[str]:
        """Return the text, with another one before it, on at most two lines of similar width."""
        ends = accumulate(len(piece.text) for piece in self.pieces)
        places = [
            len(before) + end
            for end, following in zip(ends, self.pieces[1:], strict=False)
            if following.starts_line
        ]
        return balanced_lines(before + self.text, places)


def cues(document: Document) -> Iterator[Cue]:
    """Yield all cues in order of their start, as WebVTT requires.

    Cues of different speakers overlap where their speech does, and those of one segment never do.
    """
    found = [
        (group, end, segment.speaker_label)
        for segment in document.segments
        for group, end in _timed_groups(segment)
    ]
    previous: str | None = None
    for group, end, label in sorted(found, key=lambda one: one[0][0].start):
        yield Cue(
            speaker_label=label,
            pieces=tuple(group),
            start=group[0].start,
            end=end,
            begins_turn=label != previous,
        )
        previous = label


def _timed_groups(segment: Segment) -> Iterator[tuple[list[TimedPiece], float]]:
    """Yield the pieces of each cue of a segment with the end of the cue."""
    groups = list(_groups(segment))
    for group, following in zip_longest(groups, groups[1:]):
        shortest = group[0].start + SHORTEST_SECONDS
        end = max(piece.end for piece in group)
        if following:
            end = min(end, following[0].start)
        yield group, max(end, shortest)


def timed_pieces(segment: Segment) -> list[TimedPiece]:
    """Split the text of a segment into pieces with their own times.

    The pieces are the words of the segment. Where it has none, or an edited text no longer matches
    them, the text is split where lines may break and the duration spread evenly over its
    characters, as with a word too wide for a line. The joined pieces equal the stripped text.
    """
    text = segment.text.strip()
    if not text:
        return []
    whole = TimedPiece(text=text, start=segment.start, end=max(segment.start, segment.end))
    return _by_words(text, segment.words) or list(_parts(whole))


def _by_words(text: str, words: Sequence[Word]) -> list[TimedPiece]:
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
    allowed = {0, *breaks(text)}
    pieces: list[TimedPiece] = []
    for (first, last), word in zip(pairwise([*starts, len(text)]), words, strict=True):
        piece = TimedPiece(
            text=text[first:last],
            start=word.start,
            end=max(word.start, word.end),
            starts_line=first in allowed,
            probability=word.probability,
        )
        pieces += _parts(piece) if cells(piece.text) > LINE_CELLS else [piece]
    return pieces


def _parts(whole: TimedPiece) -> Iterator[TimedPiece]:
    """Split a piece where lines may break. Its time is spread evenly over its characters."""
    seconds_per_character = (whole.end - whole.start) / max(1, len(whole.text))
    for first, last in pairwise([0, *breaks(whole.text), len(whole.text)]):
        yield TimedPiece(
            text=whole.text[first:last],
            start=whole.start + first * seconds_per_character,
            end=whole.start + last * seconds_per_character,
            starts_line=whole.starts_line or first > 0,
            probability=whole.probability,
        )


def _groups(segment: Segment) -> Iterator[list[TimedPiece]]:
    """Yield the pieces of each cue of a segment."""
    run: list[_Unit] = []
    filled = 0
    for unit in _units(timed_pieces(segment)):
        if run and _ends(run, filled, unit):
            yield from _even_parts(run)
            run, filled = [], 0
        run.append(unit)
        filled += _width(unit)
    if run:
        yield from _even_parts(run)


def _units(pieces: Iterable[TimedPiece]) -> Iterator[_Unit]:
    """Yield pieces with those after them that start no line."""
    unit: list[TimedPiece] = []
    for piece in pieces:
        if unit and piece.starts_line:
            yield tuple(unit)
            unit = []
        unit.append(piece)
    if unit:
        yield tuple(unit)


def _width(unit: _Unit) -> int:
    return sum(cells(piece.text) for piece in unit)


def _ends(run: Sequence[_Unit], filled: int, following: _Unit) -> bool:
    """Return whether a cue ends here: at a pause, or at the end of a sentence that fills a line."""
    last = run[-1][-1]
    pause = following[0].start - last.end > PAUSE_SECONDS
    return pause or (filled >= LINE_CELLS and ends_sentence(last.text))


def _even_parts(run: Sequence[_Unit]) -> Iterator[list[TimedPiece]]:
    """Split a run into cues of similar length, so that none is left with a word or two."""
    widths = [_width(unit) for unit in run]
    seconds = run[-1][-1].end - run[0][0].start
    count = max(1, ceil(sum(widths) / CUE_CELLS), ceil(seconds / CUE_SECONDS))
    target = sum(widths) / count
    part: list[TimedPiece] = []
    filled = 0
    for unit, width in zip(run, widths, strict=True):
        if part and (filled + width / 2 > target or filled + width > CUE_CELLS):
            yield part
            part, filled = [], 0
        part += unit
        filled += width
    if part:
        yield part


def balanced_lines(text: str, places: Iterable[int] = ()) -> list[str]:
    """Split a text too wide for one line in two lines of similar width.

    A blank or the end of a clause is preferred, then `places`. Others are taken if no line fits.
    """
    if cells(text) <= LINE_CELLS:
        return [text]
    everywhere = list(breaks(text))
    preferred = {place for place in everywhere if _is_natural(text, place)}
    preferred |= set(places).intersection(everywhere)
    for choice in (sorted(preferred), everywhere):
        cut = _best_cut(text, choice)
        if cut and _fits(text[:cut]) and _fits(text[cut:]):
            break
    else:
        cut = _best_cut(text, sorted(preferred) or everywhere)
    return [text[:cut].rstrip(), text[cut:]] if cut else [text]


def _best_cut(text: str, places: Sequence[int]) -> int:
    """Return the position that gives lines of similar width, 0 without positions."""
    bounds = [0, *places, len(text)]
    ends = list(accumulate(cells(text[start:end]) for start, end in pairwise(bounds)))
    total = ends[-1]

    def badness(number: int) -> int:
        left = ends[number] - text[places[number] - 1].isspace()
        natural = _is_natural(text, places[number])
        return abs(total - ends[number] - left) + (0 if natural else _UNNATURAL_CELLS)

    return places[min(range(len(places)), key=badness)] if places else 0


def _is_natural(text: str, place: int) -> bool:
    return text[place - 1].isspace() or ends_clause(text[max(0, place - 4) : place])


def _fits(line: str) -> bool:
    return cells(line.rstrip()) <= LINE_CELLS
