"""Search for the echoes of other signals in one signal."""

import bisect
import itertools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from common.audio.echo_path import (
    Frames,
    correlate,
    find_path,
    is_echo_path,
    loud_part,
    mean_level,
    predict,
)
from common.audio.envelope import FRAME_SECONDS, Envelope, Levels
from transcriber.worker.echoes.places import Place, runs

#: The path of an echo is measured for so many seconds at a time, since people move, from the sound
#: up to so many seconds before and after.
_CHAPTER_SECONDS = 120.0
_CONTEXT_SECONDS = 60.0
#: Words up to so many decibels above the expected echo are the echo.
_EXCESS = 5.0
#: Where the level of a line follows the echo closely, it may be louder by as much.
_MOST_EXCESS = 15.0
#: An echo so far below the noise of the signal cannot be heard, in decibels.
_INAUDIBLE = 6.0
#: Share of the quietest frames that gives the noise of a signal.
_NOISE = 0.05
#: Share of a line's words from which on it has the words of the original.
_LEAST_SAME = 0.5
#: A line with other words is an echo if it follows the original's level so closely for so long
#: (seconds).
_SURE_CORRELATION = 0.8
_LEAST_SURE_SECONDS = 1.0
#: Without words of one's own next to it, a misheard line is an echo that is hardly louder than
#: expected (decibels) and has some words or something of the level of the original.
_MISHEARD_EXCESS = 3.0
_MISHEARD_SAME = 0.2
_MISHEARD_CORRELATION = 0.5
#: Shorter lines (seconds) next to words of one's own are kept.
_LEAST_SECONDS = 0.5
#: Louder lines (decibels) next to words of the original are said in unison with it.
_UNISON_EXCESS = 1.0
#: Words after a longer pause (seconds) are not next to a line.
_PAUSE = 0.3
#: Margins in frames: around words, and around lines to see their level rise and fall.
_AROUND_WORDS = 10
_AROUND_LINES = 20
#: No word lasts longer, in frames.
_LONGEST_WORD = 3_000


@dataclass(frozen=True, kw_only=True, slots=True)
class EchoLine:
    """Consecutive words of a segment that are an echo of another signal.

    `segment` and `original` are numbers, and `words` those of the words within the segment.
    """

    segment: int
    words: tuple[int, ...]
    original: int


@dataclass(frozen=True, kw_only=True, slots=True)
class SearchedSignal:
    """A signal in which echoes are searched. `originals` are its words that are no copies."""

    words: Sequence[Place]
    originals: Sequence[Place]
    envelope: Envelope


@dataclass(frozen=True, kw_only=True, slots=True)
class OriginalSignal:
    """A signal that may be heard in the searched one, with its own words.

    `repeated` tells which words of the searched signal are among them.
    """

    words: Sequence[Place]
    repeated: Sequence[bool]
    envelope: Envelope


def echo_lines(signal: SearchedSignal, others: Mapping[int, OriginalSignal]) -> Iterator[EchoLine]:
    """Yield the echoes of other signals in order of time. `others` has these by their numbers."""
    levels = signal.envelope.levels
    noise = float(np.quantile(levels, _NOISE)) if len(levels) else 0.0
    repeated = [
        any(other.repeated[number] for other in others.values())
        for number in range(len(signal.words))
    ]
    for words in runs([int(place.start // _CHAPTER_SECONDS) for place in signal.words]):
        start = signal.words[words.start].start // _CHAPTER_SECONDS * _CHAPTER_SECONDS
        first = round((start - _CONTEXT_SECONDS) / FRAME_SECONDS)
        last = round((start + _CHAPTER_SECONDS + _CONTEXT_SECONDS) / FRAME_SECONDS)
        expected = _expected(signal, others, first, last)
        if expected:
            chapter = _Chapter(
                words=signal.words,
                repeated=repeated,
                expected=expected,
                heard=signal.envelope.between(first, last),
                noise=noise,
                first=first,
            )
            for line in chapter.lines(words):
                yield EchoLine(
                    segment=signal.words[line.start].segment,
                    words=tuple(signal.words[number].number for number in line),
                    original=chapter.origin(line, others),
                )


def _expected(
    signal: SearchedSignal, others: Mapping[int, OriginalSignal], first: int, last: int
) -> dict[int, Levels]:
    """Return the levels of the echo of each other signal that is heard in this one."""
    heard = signal.envelope.between(first, last)
    alone = ~_spoken(signal.originals, first, last)
    expected: dict[int, Levels] = {}
    for number, other in others.items():
        original = other.envelope.between(first, last)
        path = find_path(original, heard, _spoken(other.words, first, last), alone)
        if path is not None and is_echo_path(path):
            expected[number] = predict(original, path)
    return expected


def _spoken(words: Sequence[Place], first: int, last: int) -> Frames:
    """Return in which frames from `first` to before `last` there are words."""
    spoken = np.zeros(last - first, dtype=np.bool_)
    after = bisect.bisect_left(words, first - _LONGEST_WORD, key=lambda place: place.first)
    for place in itertools.islice(words, after, None):
        if place.first > last + _AROUND_WORDS:
            break
        begin = max(0, place.first - _AROUND_WORDS - first)
        spoken[begin : max(begin, place.last + _AROUND_WORDS - first)] = True
    return spoken


class _Chapter:
    """A part of a signal from frame `first` on.

    `heard` has its levels, and `expected` those of the echoes of other signals. Lines are ranges of
    numbers of words. `repeated` tells which words other signals have.
    """

    def __init__(
        self,
        *,
        words: Sequence[Place],
        repeated: Sequence[bool],
        expected: Mapping[int, Levels],
        heard: Levels,
        noise: float,
        first: int,
    ) -> None:
        self._words = words
        self._repeated = repeated
        self._expected = expected
        self._noise = noise
        self._first = first
        self._heard = heard
        self._echo = _sum(list(expected.values()))

    def lines(self, words: range) -> Iterator[range]:
        """Yield the lines among some words that are echoes."""
        following = self._following(words)
        explained = [number in following or self._is_explained(number) for number in words]
        keys = [
            (self._words[number].segment, known)
            for number, known in zip(words, explained, strict=True)
        ]
        for line in runs(keys, first=words.start):
            if explained[line.start - words.start] and self._is_echo(line):
                yield line

    def origin(self, line: range, others: Mapping[int, OriginalSignal]) -> int:
        """Return the number of the signal whose echo a line is."""
        return max(
            self._expected,
            key=lambda other: (
                sum(others[other].repeated[number] for number in line),
                mean_level(self._expected[other][self._during(line)]),
            ),
        )

    def _following(self, words: range) -> set[int]:
        """Return repeated words in lines that follow the echo, though they may be louder.

        Telephones and conference systems suppress an echo now more, now less.
        """
        keys = [(self._words[number].segment, self._repeated[number]) for number in words]
        found: set[int] = set()
        for line in runs(keys, first=words.start):
            if (
                self._repeated[line.start]
                and self._seconds(line) >= _LEAST_SURE_SECONDS
                and self._excess(line) <= _MOST_EXCESS
                and self._likeness(line) >= _SURE_CORRELATION
            ):
                found.update(line)
        return found

    def _is_explained(self, number: int) -> bool:
        """Return whether a word is no louder than the echo at that moment, or than the noise."""
        word = range(number, number + 1)
        expected = mean_level(self._echo[self._during(word)])
        audible = expected >= self._noise - _INAUDIBLE or self._repeated[number]
        return audible and self._excess(word) <= _EXCESS

    def _is_echo(self, line: range) -> bool:
        """Return whether a line that an echo would explain is one."""
        adjacent, seconds, excess = self._adjacent(line), self._seconds(line), self._excess(line)
        if adjacent and seconds < _LEAST_SECONDS:
            return False
        if excess > _UNISON_EXCESS and any(self._repeated[number] for number in adjacent):
            return False
        same = sum(self._repeated[number] for number in line) / len(line)
        if same >= _LEAST_SAME:
            return True
        likeness = self._likeness(line)
        if seconds >= _LEAST_SURE_SECONDS and likeness >= _SURE_CORRELATION:
            return True
        return (
            not adjacent
            and seconds >= _LEAST_SECONDS
            and excess <= _MISHEARD_EXCESS
            and (same >= _MISHEARD_SAME or likeness >= _MISHEARD_CORRELATION)
        )

    def _adjacent(self, line: range) -> list[int]:
        """Return the words right before and after a line, without a pause."""
        found = []
        before, after = line.start - 1, line.stop
        if before >= 0 and self._pause(before, line.start) < _PAUSE:
            found.append(before)
        if after < len(self._words) and self._pause(line.stop - 1, after) < _PAUSE:
            found.append(after)
        return found

    def _pause(self, number: int, following: int) -> float:
        return self._words[following].word.start - self._words[number].word.end

    def _excess(self, line: range) -> float:
        """Return how much louder a line is than the echo and the noise, in decibels."""
        during = self._during(line)
        return mean_level(self._heard[during]) - max(mean_level(self._echo[during]), self._noise)

    def _likeness(self, line: range) -> float:
        """Return the correlation of a line's level with that of the echo."""
        during = self._during(line, around=_AROUND_LINES)
        return correlate(loud_part(self._echo[during]), loud_part(self._heard[during]))

    def _seconds(self, line: range) -> float:
        return self._words[line.stop - 1].word.end - self._words[line.start].word.start

    def _during(self, line: range, *, around: int = 0) -> slice:
        """Return the frames of a line within the chapter."""
        begin, end = self._words[line.start].first, self._words[line.stop - 1].last
        return slice(max(0, begin - self._first - around), max(0, end - self._first + around))


def _sum(levels: Sequence[Levels]) -> Levels:
    """Return the level of several sounds together."""
    return np.asarray(10 * np.log10(sum(10.0 ** (one / 10) for one in levels)), dtype=np.float32)
