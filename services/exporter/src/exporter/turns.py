"""Turns: consecutive segments of one speaker."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from common.writing_systems import joined
from exporter.document import Segment

# Longer turns are split between segments, so that a reader always finds a time close by.
PARAGRAPH_SECONDS = 90.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Turn:
    """Consecutive segments of one speaker. `continued` if the previous turn is theirs too."""

    speaker_label: str
    segments: tuple[Segment, ...]
    continued: bool = False

    @property
    def start(self) -> float:
        """Time in seconds from the start of the recording."""
        return self.segments[0].start

    @property
    def end(self) -> float:
        """Time in seconds from the start of the recording."""
        return max(segment.end for segment in self.segments)

    @property
    def text(self) -> str:
        """Text of all segments."""
        return joined(segment.text for segment in self.segments)

    @property
    def confidence(self) -> float:
        """Mean confidence of the segments weighted by duration, 0 to 1."""
        return mean_confidence(self.segments)


def turns(
    segments: Iterable[Segment], *, paragraph_seconds: float = PARAGRAPH_SECONDS
) -> Iterator[Turn]:
    """Yield turns of at most `paragraph_seconds`, except for a single longer segment."""
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
    """Return the mean confidence weighted by duration, or the plain mean without durations."""
    weights = [(segment.confidence, segment.duration) for segment in segments]
    total = sum(weight for _, weight in weights)
    if total > 0:
        return sum(confidence * weight for confidence, weight in weights) / total
    return sum(confidence for confidence, _ in weights) / len(weights) if weights else 0.0


def with_time_marks(
    conversation: Iterable[Turn], *, duration: float, step: float = 600.0
) -> Iterator[tuple[float | None, Turn]]:
    """Yield each turn with the time mark before it, if any: one every `step` seconds.

    `duration` is that of the recording in seconds. One shorter than a step has no marks.
    """
    following = 0.0
    for turn in conversation:
        mark: float | None = None
        if duration > step and turn.start >= following:
            mark = turn.start // step * step
            following = mark + step
        yield mark, turn
