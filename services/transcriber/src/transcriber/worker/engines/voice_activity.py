"""Where speech is: pure work on spans that a detector found."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """A stretch from `start` to `end`, in samples."""

    start: int
    end: int

    @property
    def length(self) -> int:
        """Samples in it."""
        return self.end - self.start


def regions(spans: Sequence[Span], *, gap: int, pad: int, total: int) -> list[Span]:
    """Join spans with less than `gap` samples between them, and widen the result by `pad`.

    Widened regions meet in the middle of what lies between them; none reaches outside
    0 to `total`.
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

    Each chunk is widened by up to `pad` into the pauses around it; a span that is longer than a
    chunk is cut into equal parts. Chunks are in order and do not overlap.
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
    """The middle of the longest stretch without speech in 0 to `total`; None if there is none."""
    edges = [0, *(edge for span in spans for edge in (span.start, span.end)), total]
    pauses = [(end - start, start) for start, end in zip(edges[::2], edges[1::2], strict=True)]
    length, start = max(pauses)
    return start + length // 2 if length > 0 else None


def without_words(
    spans: Sequence[Span], words: Sequence[tuple[int, int]], *, slack: int
) -> list[Span]:
    """Parts of the spans that no word (start, end in samples, `slack` around it) touches."""
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
    """Samples in all of them."""
    return sum(span.length for span in spans)
