"""Parts with their words, and how sure the words are."""

from collections.abc import Sequence
from dataclasses import dataclass

from common.audio.resampling import SAMPLE_RATE
from transcriber.worker.engines.parts import Part
from transcriber.worker.engines.protocol import RecognizedSegment
from transcriber.worker.engines.voice_activity import Span, total_length

#: Least share of the speech that words cover. Wrong languages leave speech out.
_COVERED = 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class Decoded:
    """Part with its segments, in seconds from the beginning of its window."""

    part: Part
    segments: tuple[RecognizedSegment, ...]


def certainty(found: Sequence[Decoded]) -> float:
    """Return how sure the words of parts are together, comparable for the same speech."""
    return sum(one.part.seconds * quality(one.segments, one.part.spans) for one in found)


def quality(segments: Sequence[RecognizedSegment], spans: Sequence[Span]) -> float:
    """Return how sure the words within the spans are, from 0 to 1.

    This is the probability of the words, averaged by length. Speech without words counts as unsure.
    """
    if not spans:
        return 0.0
    start, end = spans[0].start / SAMPLE_RATE, spans[-1].end / SAMPLE_RATE
    certain = covered = 0.0
    for word in (word for segment in segments for word in segment.words):
        if start <= (word.start + word.end) / 2 < end:
            length = max(0.02, word.end - word.start)
            covered += length
            certain += length * word.probability
    return certain / max(covered, _COVERED * total_length(spans) / SAMPLE_RATE, 1e-3)
