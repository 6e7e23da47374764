"""Tiers: the speech of each speaker on a time line of its own. Times are in milliseconds."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from common.writing_systems import joined
from exporter.cues import TimedPiece, timed_pieces
from exporter.document import Document, Segment
from exporter.safe_text import one_line


@dataclass(frozen=True, kw_only=True, slots=True)
class Interval:
    """Text from `start` to `end`, which is later."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Passage(Interval):
    """Interval of one or more segments with the intervals of its words, all within it."""

    words: tuple[Interval, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Tier:
    """Passages of one speaker in order of time, none of which overlap.

    `name` and `words_name` differ from the names of all other tiers.
    """

    label: str
    name: str
    words_name: str
    passages: tuple[Passage, ...]


def tiers(document: Document) -> tuple[Tier, ...]:
    """Return a tier per speaker with segments, in order of first appearance.

    Speech of several speakers at once is in several tiers. Where segments of the same speaker
    overlap, the earlier one ends when the later one starts.
    """
    spoken: dict[str, list[Segment]] = {speaker.label: [] for speaker in document.speakers}
    for segment in document.segments:
        if one_line(segment.text):
            spoken.setdefault(segment.speaker_label, []).append(segment)
    taken: set[str] = set()
    return tuple(
        Tier(
            label=label,
            name=(name := _unique(one_line(document.name_of(label)) or "Unknown", taken)),
            words_name=_unique(f"{name} - words", taken),
            passages=tuple(_passages(segments)),
        )
        for label, segments in spoken.items()
        if segments
    )


def length(document: Document, found: Sequence[Tier]) -> int:
    """Return the length of the recording, at least up to the end of the last passage."""
    ends = [passage.end for tier in found for passage in tier.passages]
    return max([milliseconds(document.audio.duration), *ends])


def milliseconds(seconds: float) -> int:
    """Return a time in milliseconds, 0 for a negative one."""
    return max(0, round(seconds * 1000))


def _unique(name: str, taken: set[str]) -> str:
    candidate, number = name, 2
    while candidate in taken:
        candidate, number = f"{name} ({number})", number + 1
    taken.add(candidate)
    return candidate


def _passages(segments: Sequence[Segment]) -> Iterator[Passage]:
    placed: list[tuple[Interval, list[TimedPiece]]] = []
    for segment in sorted(segments, key=lambda one: (one.start, one.index)):
        start = milliseconds(segment.start)
        interval = Interval(
            text=one_line(segment.text),
            start=start,
            end=max(milliseconds(segment.end), start + 1),
        )
        _place(placed, interval, timed_pieces(segment))
    for interval, pieces in placed:
        words = tuple(_words(pieces, interval))
        yield Passage(text=interval.text, start=interval.start, end=interval.end, words=words)


def _place(
    placed: list[tuple[Interval, list[TimedPiece]]], interval: Interval, pieces: list[TimedPiece]
) -> None:
    """Add an interval. The last one is cut where it starts, or joined to it at the same start."""
    if placed and placed[-1][0].end > interval.start:
        last, earlier = placed.pop()
        if last.start == interval.start:
            interval = replace(
                interval,
                text=joined([last.text, interval.text]),
                end=max(last.end, interval.end),
            )
            pieces = earlier + pieces
        else:
            placed.append((replace(last, end=interval.start), earlier))
    placed.append((interval, pieces))


def _words(pieces: Sequence[TimedPiece], within: Interval) -> Iterator[Interval]:
    """Yield the words of a passage in order, cut to it. One without room joins that before it."""
    waiting: Interval | None = None
    for piece in pieces:
        text = one_line(piece.text)
        if not text:
            continue
        start = min(max(milliseconds(piece.start), within.start), within.end - 1)
        end = min(max(milliseconds(piece.end), start + 1), within.end)
        if waiting is None:
            waiting = Interval(text=text, start=start, end=end)
        elif start <= waiting.start:
            waiting = replace(waiting, text=joined([waiting.text, text]), end=max(waiting.end, end))
        else:
            yield replace(waiting, end=min(waiting.end, start))
            waiting = Interval(text=text, start=start, end=end)
    if waiting:
        yield waiting
