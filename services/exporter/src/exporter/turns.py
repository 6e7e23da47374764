"""The conversation in turns: who speaks, from when to when, and what."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from exporter.document import Segment

# A long speech is cut at a segment's end into paragraphs of at most this many seconds, so that a
# time is never far away on the page.
PARAGRAPH_SECONDS = 90.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """Consecutive segments of one speaker; `continued` when the turn before was theirs too."""

    speaker_label: str
    segments: tuple[Segment, ...]
    continued: bool = False

    @property
    def start(self) -> float:
        """Seconds from the beginning of the recording."""
        return self.segments[0].start

    @property
    def end(self) -> float:
        """Seconds from the beginning of the recording."""
        return max(segment.end for segment in self.segments)

    @property
    def text(self) -> str:
        """What was said in it."""
        return joined(segment.text for segment in self.segments)

    @property
    def confidence(self) -> float:
        """Mean confidence of the segments weighted by their length, 0 to 1."""
        return mean_confidence(self.segments)


def turns(
    segments: Iterable[Segment], *, paragraph_seconds: float = PARAGRAPH_SECONDS
) -> Iterator[Turn]:
    """Joins consecutive segments of one speaker, in at most `paragraph_seconds` a turn."""
    collected: list[Segment] = []
    continued = False
    for segment in segments:
        if not segment.text.strip():
            continue
        if collected:
            same = segment.speaker_label == collected[0].speaker_label
            if not same or segment.end - collected[0].start > paragraph_seconds:
                yield _turn(collected, continued=continued)
                collected, continued = [], same
        collected.append(segment)
    if collected:
        yield _turn(collected, continued=continued)


def _turn(segments: list[Segment], *, continued: bool) -> Turn:
    return Turn(
        speaker_label=segments[0].speaker_label, segments=tuple(segments), continued=continued
    )


def mean_confidence(segments: Iterable[Segment]) -> float:
    """Mean confidence weighted by length; a plain mean where no segment has a length."""
    weights = [(segment.confidence, segment.duration) for segment in segments]
    total = sum(weight for _, weight in weights)
    if total > 0:
        return sum(confidence * weight for confidence, weight in weights) / total
    return sum(confidence for confidence, _ in weights) / len(weights) if weights else 0.0


def joined(texts: Iterable[str]) -> str:
    """Pieces of text put together, with a blank except between scripts that have none."""
    pieces: list[str] = []
    last = ""
    for text in texts:
        piece = text.strip()
        if not piece:
            continue
        if last and not (_without_blanks(last) and _without_blanks(piece[0])):
            pieces.append(" ")
        pieces.append(piece)
        last = piece[-1]
    return "".join(pieces)


def _without_blanks(character: str) -> bool:
    """Whether words of the character's script stand side by side without a blank."""
    code = ord(character)
    return (
        0x2E80 <= code <= 0x30FF  # radicals, CJK punctuation, kana
        or 0x3400 <= code <= 0x9FFF  # ideographs
        or 0xF900 <= code <= 0xFAFF
        or 0xFF00 <= code <= 0xFFEF  # wide forms
        or 0x0E00 <= code <= 0x0EFF  # Thai, Lao
        or 0x20000 <= code <= 0x3FFFF
    )


def marked(
    conversation: Iterable[Turn], *, length: float, step: float = 600.0
) -> Iterator[tuple[float | None, Turn]]:
    """Each turn with the time mark that stands before it, if one does: one every `step` seconds.

    A recording shorter than a step has none. `length` is that of the recording, in seconds.
    """
    following = 0.0
    for turn in conversation:
        mark: float | None = None
        if length > step and turn.start >= following:
            mark = turn.start // step * step
            following = mark + step
        yield mark, turn
