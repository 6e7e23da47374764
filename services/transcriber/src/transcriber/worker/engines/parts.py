"""Parts of a window's speech, each in one language."""

from collections.abc import Sequence
from dataclasses import dataclass

from common.audio.resampling import SAMPLE_RATE
from transcriber.worker.engines.languages import Heard, average
from transcriber.worker.engines.voice_activity import Span, total_length

#: Start, end and language of a part.
Place = tuple[int, int, str]


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Stretch:
    """Stretch of speech with the languages detected in it. Two are equal if they are the same."""

    span: Span
    heard: Heard

    @property
    def middle(self) -> int:
        """Middle of the stretch, in samples."""
        return (self.span.start + self.span.end) // 2


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """Speech in one language at `spans`, within `start` to `end` (samples) of its window.

    A part with a language given by the caller has no stretches.
    """

    start: int
    end: int
    spans: tuple[Span, ...]
    language: str
    stretches: tuple[Stretch, ...] = ()

    @property
    def place(self) -> Place:
        """Start, end and language. Parts of a window with the same ones have the same words."""
        return self.start, self.end, self.language

    @property
    def seconds(self) -> float:
        """Length of the speech."""
        return total_length(self.spans) / SAMPLE_RATE

    @property
    def probability(self) -> float:
        """Probability of the language, 1.0 if it was given."""
        if not self.stretches:
            return 1.0
        return average([stretch.heard for stretch in self.stretches]).probability(self.language)


def between(spans: Sequence[Span], start: int, end: int) -> tuple[Span, ...]:
    """Return the parts of the spans within `start` to `end`."""
    inside = (Span(start=max(s.start, start), end=min(s.end, end)) for s in spans)
    return tuple(span for span in inside if span.length > 0)


def excerpt(part: Part, start: int, end: int, language: str) -> Part:
    """Return the speech of a part within `start` to `end`, taken for another language."""
    return Part(
        start=start,
        end=end,
        spans=between(part.spans, start, end),
        language=language,
        stretches=tuple(one for one in part.stretches if start <= one.middle < end),
    )
