"""Measures of transcripts besides those of `bench.metrics`: tcpWER, JER, invented words, times."""

import difflib
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from bench.engines_words import TimedWord
from bench.metrics import Turns, WordErrors, activity

#: Most seconds between a word and the same word of the reference in tcpWER.
COLLAR = 5.0
#: A word in the middle of so many seconds without speech around it is invented.
_NEAR_SPEECH = 1.0
_STEP = 0.01

Normalize = Callable[[str], list[str]]


@dataclass(frozen=True, kw_only=True, slots=True)
class WordTimes:
    """Distances of words at the edges of utterances from their reference, in seconds.

    `drift` is the median distance of starts in the last third of a recording minus that in the
    first third, None with too few words.
    """

    median: float
    most: float
    drift: float | None
    words: int


def spread(text: str, start: float, end: float, normalize: Normalize) -> list[TimedWord]:
    """Return the normalized words of a text, with times by their numbers of characters."""
    words = normalize(text)
    total = sum(len(word) for word in words)
    found = []
    at = start
    for word in words:
        until = at + (end - start) * len(word) / total
        found.append(TimedWord(text=word, start=at, end=until))
        at = until
    return found


def timed_word_errors(
    reference: Sequence[TimedWord], hypothesis: Sequence[TimedWord], *, collar: float = COLLAR
) -> WordErrors:
    """Count the edits between two lists of words, of which only those near in time are paired."""
    row = [(number, 0, 0, number) for number in range(len(hypothesis) + 1)]
    for word in reference:
        above, row = row, [(row[0][0] + 1, row[0][1], row[0][2] + 1, row[0][3])]
        for column, other in enumerate(hypothesis):
            deleted, inserted = above[column + 1], row[column]
            ways = [
                (deleted[0] + 1, deleted[1], deleted[2] + 1, deleted[3]),
                (inserted[0] + 1, inserted[1], inserted[2], inserted[3] + 1),
            ]
            if word.start < other.end + collar and other.start - collar < word.end:
                cost, substituted, *rest = above[column]
                wrong = int(word.text != other.text)
                ways.append((cost + wrong, substituted + wrong, rest[0], rest[1]))
            row.append(min(ways))
    _, substitutions, deletions, insertions = row[-1]
    return WordErrors(
        words=len(reference),
        substitutions=substitutions,
        deletions=deletions,
        insertions=insertions,
    )


def timed_speaker_word_errors(
    reference: Mapping[str, Sequence[TimedWord]],
    hypothesis: Mapping[str, Sequence[TimedWord]],
    *,
    collar: float = COLLAR,
) -> WordErrors:
    """Count word errors per speaker and near in time (tcpWER) under the best pairing of speakers.

    Words are normalized already. The measure is that of MeetEval, with words of the reference
    spread over their utterance by characters.
    """
    size = max(len(reference), len(hypothesis))
    ours = [*reference.values(), *([] for _ in range(size - len(reference)))]
    theirs = [*hypothesis.values(), *([] for _ in range(size - len(hypothesis)))]
    counts = [[timed_word_errors(one, other, collar=collar) for other in theirs] for one in ours]
    costs = np.array(
        [[one.substitutions + one.deletions + one.insertions for one in row] for row in counts]
    ).reshape(size, size)
    rows, columns = linear_sum_assignment(costs)
    return total([counts[row][column] for row, column in zip(rows, columns, strict=True)])


def total(counts: Sequence[WordErrors]) -> WordErrors:
    """Return the sum of word errors."""
    return WordErrors(
        words=sum(one.words for one in counts),
        substitutions=sum(one.substitutions for one in counts),
        deletions=sum(one.deletions for one in counts),
        insertions=sum(one.insertions for one in counts),
    )


def jaccard_error_rate(reference: Turns, hypothesis: Turns) -> float:
    """Return the mean share of time per reference speaker not shared with its counterpart (JER).

    Each speaker is compared with one other by the time of both together. A speaker without a
    counterpart counts as 1.
    """
    length = 1 + max((round(end / _STEP) for _, end, _ in [*reference, *hypothesis]), default=0)
    ours, theirs = activity(reference, length, _STEP), activity(hypothesis, length, _STEP)
    if not len(ours):
        return float(len(theirs) > 0)
    together = ours.astype(np.float32) @ theirs.astype(np.float32).T
    either = ours.sum(axis=1)[:, None] + theirs.sum(axis=1)[None] - together
    shared = together / np.maximum(either, 1)
    rows, columns = linear_sum_assignment(-shared)
    return 1.0 - float(shared[rows, columns].sum()) / len(ours)


def silence(turns: Turns, seconds: float) -> float:
    """Return the seconds of a recording at least one second away from all speech."""
    return float((~_near_speech(turns, seconds)).sum()) * _STEP


def invented_words(turns: Turns, words: Sequence[TimedWord], seconds: float) -> int:
    """Count the words whose middle is at least one second away from all speech."""
    near = _near_speech(turns, seconds)
    middles = [min(len(near) - 1, int((word.start + word.end) / 2 / _STEP)) for word in words]
    return sum(not near[max(0, middle)] for middle in middles)


def _near_speech(turns: Turns, seconds: float) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    near = np.zeros(max(1, round(seconds / _STEP)), dtype=np.bool_)
    for start, end, _ in turns:
        near[
            max(0, round((start - _NEAR_SPEECH) / _STEP)) : round((end + _NEAR_SPEECH) / _STEP)
        ] = True
    return near


def word_times(
    utterances: Sequence[Sequence[TimedWord]], words: Sequence[TimedWord], seconds: float
) -> WordTimes | None:
    """Return the distances of words at the edges of utterances, None without any.

    Only the first word of an utterance has a known start, and only the last one a known end. All
    words are normalized already and in order of time.
    """
    edges = [
        (word.text, word.start if number == 0 else None, word.end if number == last else None)
        for said in utterances
        for last in (len(said) - 1,)
        for number, word in enumerate(said)
    ]
    matcher = difflib.SequenceMatcher(
        None, [text for text, _, _ in edges], [word.text for word in words], autojunk=False
    )
    starts: list[tuple[float, float]] = []
    distances: list[float] = []
    for block in matcher.get_matching_blocks():
        for place in range(block.size):
            _, start, end = edges[block.a + place]
            word = words[block.b + place]
            if start is not None:
                starts.append((start, word.start - start))
                distances.append(abs(word.start - start))
            if end is not None:
                distances.append(abs(word.end - end))
    if not distances:
        return None
    distances.sort()
    return WordTimes(
        median=statistics.median(distances),
        most=distances[min(len(distances) - 1, int(0.9 * len(distances)))],
        drift=_drift(starts, seconds),
        words=len(distances),
    )


def _drift(starts: Sequence[tuple[float, float]], seconds: float) -> float | None:
    first = [distance for at, distance in starts if at < seconds / 3]
    last = [distance for at, distance in starts if at >= 2 * seconds / 3]
    if len(first) < 3 or len(last) < 3:
        return None
    return statistics.median(last) - statistics.median(first)
