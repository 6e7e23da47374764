"""Words that Whisper invents: text of silence, and loops.

A loop is text that repeats itself, like a refrain, a menu or a prayer. It is told from those by the
times of its words, which Whisper aligns to the sound. Words that were said take time. Those of a
loop find no sound of their own and get no time at all, one after the other.
"""

import itertools
import zlib
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

#: Whisper's own limit for the ratio of the length of a text to that of its compressed form.
_REPETITIVE = 2.4
#: A word that takes less time, in seconds, was not said. Times are in steps of 0.02 s.
_TIMELESS = 0.03
#: A loop begins with so many words in a row without a time. A single one may be said fast.
_RUN = 3
#: How much a word without a time before a loop counts against one with a time in it.
_LOST = 1.25
#: Least average logarithm of the probability of tokens in text that repeats itself.
_CERTAIN = -0.7
#: Least probability and least pace, per second, of words before a loop.
_PROBABLE = 0.6
_PACE = 0.7


def said(segments: Iterable[Any]) -> Iterator[tuple[Any, list[Any]]]:
    """Yield segments of faster-whisper with the words that were said, without invented ones."""
    for _, group in itertools.groupby(segments, key=lambda segment: segment.seek):
        decoded = [segment for segment in group if not _is_silent(segment)]
        left = _said_words(decoded)
        for segment in decoded:
            words = list(itertools.islice(segment.words or (), left))
            left -= len(words)
            if words:
                yield segment, words


def _is_silent(segment: Any) -> bool:
    """Return whether a segment is text of silence. Decoding has tried other ways before."""
    return bool(segment.no_speech_prob > 0.6 and segment.avg_logprob < -1.0)


def _said_words(segments: Sequence[Any]) -> int:
    """Return how many of the words of segments decoded together were said, before a loop."""
    words = [word for segment in segments for word in segment.words or ()]
    if not _is_repetitive("".join(segment.text for segment in segments).strip()):
        return len(words)
    if min(segment.avg_logprob for segment in segments) < _CERTAIN:
        return 0
    before = _before_loop(words)
    return before if before == len(words) or _are_credible(words[:before]) else 0


def _is_repetitive(text: str) -> bool:
    content = text.encode()
    return len(content) / len(zlib.compress(content)) > _REPETITIVE


def _before_loop(words: Sequence[Any]) -> int:
    """Return the number of words before a loop, by their times.

    The alignment may also lose the times of words that were said, and find those of later ones. So
    the loop begins where the fewest words before it have no time, and the fewest of it have one.
    """
    timeless = [word.end - word.start < _TIMELESS for word in words]
    timed_left = timeless.count(False)
    best, least = len(words), _LOST * sum(timeless)
    run = timeless_before = 0
    for number, none in enumerate(timeless):
        run = run + 1 if none else 0
        timed_left -= not none
        timeless_before += none
        cost = _LOST * (timeless_before - _RUN) + timed_left
        if run == _RUN and cost < least:
            best, least = number + 1 - _RUN, cost
    return best


def _are_credible(words: Sequence[Any]) -> bool:
    """Return whether words before a loop were said. In noise, they are few and unsure."""
    if not words:
        return False
    seconds = words[-1].end - words[0].start
    sure = sum(word.probability for word in words) / len(words)
    return bool(sure >= _PROBABLE and len(words) >= _PACE * seconds)
