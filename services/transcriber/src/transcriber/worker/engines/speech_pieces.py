"""Pieces of speech for a model of limited hearing."""

import itertools
from collections.abc import Iterator, Sequence

from common.audio.resampling import Samples
from common.audio.windows import quietest
from transcriber.worker.engines.voice_activity import Span

#: Share of a full piece from which on it may end in the longest pause.
_FULL = 0.6
#: Share of the longest piece in which a span that is too long is cut, at its end.
_CUT = 0.2


def pieces(sound: Samples, spans: Sequence[Span], *, longest: int) -> list[Span]:
    """Join spans of speech, with the pauses between them, to pieces of up to `longest` samples.

    Long pieces carry more context than short ones. A piece ends in the longest of its last pauses.
    A span without a pause is cut in a quiet moment.
    """
    left = [part for span in spans for part in _cut(sound, span, longest)]
    found: list[Span] = []
    while left:
        count = _fitting(left, longest)
        if count < len(left):
            count = _best_end(left, count, longest)
        found.append(Span(start=left[0].start, end=left[count - 1].end))
        left = left[count:]
    return found


def _cut(sound: Samples, span: Span, longest: int) -> Iterator[Span]:
    """Yield a span in parts of up to `longest` samples."""
    start = span.start
    while span.end - start > longest:
        first = start + longest - round(_CUT * longest)
        cut = first + quietest(sound[first : start + longest])
        yield Span(start=start, end=cut)
        start = cut
    yield Span(start=start, end=span.end)


def _fitting(spans: Sequence[Span], longest: int) -> int:
    """Return how many spans make up a piece at most."""
    fits = itertools.takewhile(lambda span: span.end - spans[0].start <= longest, spans)
    return max(1, sum(1 for _ in fits))


def _best_end(spans: Sequence[Span], most: int, longest: int) -> int:
    """Return how many spans make up a piece with the longest pause at its end."""
    full = spans[0].start + _FULL * longest
    ends = [count for count in range(1, most + 1) if spans[count - 1].end >= full]
    return max(ends or [most], key=lambda count: spans[count].start - spans[count - 1].end)
