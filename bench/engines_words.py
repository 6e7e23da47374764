"""Times and probabilities of recognized words against a reference."""

import difflib
import itertools
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from bench.metrics import normalize

#: Edges of the classes of probability.
_CLASSES = (0.0, 0.3, 0.5, 0.7, 0.8, 0.9, 0.97, 1.01)


@dataclass(frozen=True, kw_only=True, slots=True)
class TimedWord:
    """A word with its times in seconds, and its probability by an engine."""

    text: str
    start: float
    end: float
    probability: float = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Boundaries:
    """Distances of words from their reference in seconds: starts, and ends."""

    starts: tuple[float, ...]
    ends: tuple[float, ...]

    def row(self) -> str:
        """Return the median and the 90th percentile of both."""
        return ", ".join(
            f"{name} {_quantile(found, 0.5):.3f} s (p90 {_quantile(found, 0.9):.3f})"
            for name, found in (("start", self.starts), ("end", self.ends))
        )


def boundaries(reference: Sequence[TimedWord], found: Sequence[TimedWord]) -> Boundaries:
    """Return the distances of right words."""
    pairs = list(_pairs(reference, found))
    return Boundaries(
        starts=tuple(abs(one.start - other.start) for one, other in pairs),
        ends=tuple(abs(one.end - other.end) for one, other in pairs),
    )


def judged(reference: str, found: Sequence[TimedWord]) -> list[tuple[float, bool]]:
    """Return the probability of each word, and whether it is right."""
    words = [(part, word.probability) for word in found for part in normalize(word.text)]
    right = [False] * len(words)
    matcher = difflib.SequenceMatcher(
        None, normalize(reference), [text for text, _ in words], autojunk=False
    )
    for block in matcher.get_matching_blocks():
        right[block.b : block.b + block.size] = [True] * block.size
    return [(probability, ok) for (_, probability), ok in zip(words, right, strict=True)]


def calibration(words: Sequence[tuple[float, bool]]) -> tuple[list[str], float]:
    """Return a row per class of probability, and the mean distance of probability and truth."""
    rows: list[str] = []
    error = 0.0
    for low, high in itertools.pairwise(_CLASSES):
        inside = [word for word in words if low <= word[0] < high]
        if inside:
            said = statistics.fmean(probability for probability, _ in inside)
            right = statistics.fmean(ok for _, ok in inside)
            error += len(inside) / len(words) * abs(said - right)
            edges = f"{low:.2f} to {min(high, 1.0):.2f}"
            rows.append(f"{edges}: {len(inside)} words, {right:.2f} right")
    return rows, error


def _pairs(
    reference: Sequence[TimedWord], found: Sequence[TimedWord]
) -> list[tuple[TimedWord, TimedWord]]:
    """Return the words in common, in order."""
    matcher = difflib.SequenceMatcher(
        None,
        [" ".join(normalize(word.text)) for word in reference],
        [" ".join(normalize(word.text)) for word in found],
        autojunk=False,
    )
    return [
        (reference[block.a + place], found[block.b + place])
        for block in matcher.get_matching_blocks()
        for place in range(block.size)
    ]


def _quantile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0
