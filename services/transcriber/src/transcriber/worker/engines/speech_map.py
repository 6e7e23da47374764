"""Speech without its pauses, and the way back to the recording's own times."""

import bisect
import itertools
from collections.abc import Sequence

import numpy as np

from common.audio.decoding import SAMPLE_RATE, Samples
from transcriber.worker.engines.voice_activity import Span


class SpeechMap:
    """Regions of a recording joined to one piece of sound."""

    def __init__(self, regions: Sequence[Span]) -> None:
        """`regions` are in order and do not overlap."""
        self._regions = list(regions)
        lengths = (region.length for region in self._regions)
        self._starts = [0, *itertools.accumulate(lengths)][: len(self._regions)]

    def cut(self, sound: Samples) -> Samples:
        """The regions of `sound`, joined."""
        parts = [sound[region.start : region.end] for region in self._regions]
        return np.concatenate(parts) if parts else np.empty(0, dtype=np.float32)

    def place(self, start: float, end: float) -> tuple[float, float]:
        """Where a stretch of the joined sound (seconds) is in the recording.

        It stays within the region that holds its middle: a word does not reach over a pause.
        """
        middle = (start + end) / 2 * SAMPLE_RATE
        index = max(0, bisect.bisect_right(self._starts, middle) - 1)
        region, joined_start = self._regions[index], self._starts[index]
        shift = (region.start - joined_start) / SAMPLE_RATE
        first, last = region.start / SAMPLE_RATE, region.end / SAMPLE_RATE
        placed = min(max(start + shift, first), last)
        return placed, min(max(end + shift, placed), last)
