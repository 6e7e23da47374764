"""Spans of speech as found by a detector: joined, cut into chunks, and mapped without pauses."""

import bisect
import itertools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from common.audio.resampling import SAMPLE_RATE, Samples


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """A stretch from `start` to `end`, in samples."""

    start: int
    end: int

    @property
    def length(self) -> int:
        """Number of samples."""
        return self.end - self.start


def regions(spans: Sequence[Span], *, gap: int, pad: int, total: int) -> list[Span]:
    """Join spans with less than `gap` samples between them, and widen the result by `pad`.

    Widened regions meet in the middle of the gap between them and stay within 0 to `total`.
    """
    joined: list[Span] = []
    for span in spans:
        if joined and span.start - joined[-1].end < gap:
            joined[-1] = Span(start=joined[-1].start, end=span.end)
        else:
            joined.append(span)
    padded = []
    for number, span in enumerate(joined):
        before = joined[number - 1].end if number else -2 * pad
        after = joined[number + 1].start if number + 1 < len(joined) else total + 2 * pad
        start = max(span.start - pad, (before + span.start) // 2, 0)
        end = min(span.end + pad, (span.end + after) // 2, total)
        padded.append(Span(start=start, end=end))
    return padded


def chunks(spans: Sequence[Span], *, longest: int, pad: int, total: int) -> list[Span]:
    """Group spans, with the pauses between them, into chunks of at most `longest` samples.

    Each chunk is widened by up to `pad` into the pauses around it. A span longer than a chunk is
    cut into equal parts. Chunks are in order and do not overlap.
    """
    room = max(1, longest - 2 * pad)
    grouped: list[Span] = []
    for span in (part for whole in spans for part in _parts(whole, room)):
        if grouped and span.end - grouped[-1].start <= room:
            grouped[-1] = Span(start=grouped[-1].start, end=span.end)
        else:
            grouped.append(span)
    return regions(grouped, gap=0, pad=pad, total=total)


def _parts(span: Span, longest: int) -> list[Span]:
    count = -(-span.length // longest)
    edges = [span.start + span.length * number // count for number in range(count + 1)]
    return [Span(start=start, end=end) for start, end in itertools.pairwise(edges)]


def middle_of_longest_pause(spans: Sequence[Span], total: int) -> int | None:
    """Return the middle of the longest pause within 0 to `total`, None if there is none."""
    edges = [0, *(edge for span in spans for edge in (span.start, span.end)), total]
    pauses = [(end - start, start) for start, end in zip(edges[::2], edges[1::2], strict=True)]
    length, start = max(pauses)
    return start + length // 2 if length > 0 else None


def without_words(
    spans: Sequence[Span], words: Sequence[tuple[int, int]], *, slack: int
) -> list[Span]:
    """Return the parts of the spans without words.

    Words are pairs of start and end in samples, widened by `slack`.
    """
    left: list[Span] = []
    covered = sorted((start - slack, end + slack) for start, end in words)
    for span in spans:
        position = span.start
        for start, end in covered:
            if end <= position:
                continue
            if start >= span.end:
                break
            if start > position:
                left.append(Span(start=position, end=start))
            position = max(position, end)
        if position < span.end:
            left.append(Span(start=position, end=span.end))
    return left


def total_length(spans: Sequence[Span]) -> int:
    """Return the number of samples in all spans."""
    return sum(span.length for span in spans)


class SpeechMap:
    """Regions of a recording, joined to one piece of sound without the pauses between them."""

    def __init__(self, regions: Sequence[Span]) -> None:
        """Map regions that are in order and do not overlap."""
        self._regions = list(regions)
        lengths = (region.length for region in self._regions)
        self._starts = [0, *itertools.accumulate(lengths)][: len(self._regions)]

    def cut(self, sound: Samples) -> Samples:
        """Return the regions of `sound`, joined."""
        parts = [sound[region.start : region.end] for region in self._regions]
        return np.concatenate(parts) if parts else np.empty(0, dtype=np.float32)

    def find(self, span: Span) -> Span:
        """Return the place of a span of one region in the joined sound."""
        starts = [region.start for region in self._regions]
        index = max(0, bisect.bisect_right(starts, span.start) - 1)
        shift = self._starts[index] - self._regions[index].start
        return Span(start=span.start + shift, end=span.end + shift)

    def place(self, start: float, end: float) -> tuple[float, float]:
        """Return the place of a stretch of the joined sound in the recording, in seconds.

        It stays within the region that contains its middle, since no word extends over a pause.
        """
        middle = (start + end) / 2 * SAMPLE_RATE
        index = max(0, bisect.bisect_right(self._starts, middle) - 1)
        region, joined_start = self._regions[index], self._starts[index]
        shift = (region.start - joined_start) / SAMPLE_RATE
        first, last = region.start / SAMPLE_RATE, region.end / SAMPLE_RATE
        placed = min(max(start + shift, first), last)
        return placed, min(max(end + shift, placed), last)
