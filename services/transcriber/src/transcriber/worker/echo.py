"""Echoes: lines of one signal that are another party heard through a loudspeaker.

An echo is quieter or later than the original, follows its level, and has its words. Only what all
of these explain is taken for an echo, so that people who speak at once or repeat each other keep
their lines.
"""

import bisect
import functools
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from common.audio.envelope import FRAME_SECONDS, Envelope, Levels
from transcriber.worker.echo_path import (
    LONGEST_DELAY,
    LONGEST_LAG,
    Frames,
    correlate,
    find_lag,
    find_path,
    loud_part,
    mean_level,
    predict,
)
from transcriber.worker.engines.protocol import RecognizedSegment, RecognizedWord
from transcriber.worker.likeness import TIME_ERROR, repeated

#: The path of an echo is measured for so many seconds at a time, since people move, from the sound
#: up to so many seconds before and after.
_CHAPTER_SECONDS = 120.0
_CONTEXT_SECONDS = 60.0
#: Words up to so many decibels above the expected echo are the echo.
_EXCESS = 5.0
#: An echo so far below the noise of the signal cannot be heard, in decibels.
_INAUDIBLE = 6.0
#: Share of the quietest frames that gives the noise of a signal.
_NOISE = 0.05
#: Least share of a line's words that are those of the original.
_LEAST_LIKENESS = 0.5
#: A line with other words is an echo only if it follows the original's level so closely.
_SURE_CORRELATION = 0.8
#: Shorter lines (seconds) are kept between words of one's own, and shorter ones with other words.
_LEAST_SECONDS = 0.5
_LEAST_SURE_SECONDS = 1.0
#: Pauses up to this length (seconds) do not separate a line from words of one's own.
_PAUSE = 0.3
#: From this correlation on, the lag of a line is certain.
_CERTAIN_CORRELATION = 0.7
#: A line so many frames later than another is not the original.
_LATER = 3
#: An echo is amplified by less than this, and quieter by more than this if it is not later.
_MOST_GAIN = 10.0
_LEAST_LOSS = 2.0
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
class _Place:
    """A word with its place in a signal, in frames, and in a segment that begins at `start`."""

    word: RecognizedWord
    start: float
    segment: int
    number: int
    first: int
    last: int


class EchoFinder:
    """Finds the echoes in recognized signals.

    `segments` has those of each signal, by its number. `envelope` returns the envelope of a
    signal by its number, and is called once for each signal that shares words with another.
    """

    def __init__(
        self,
        segments: Mapping[int, Sequence[RecognizedSegment]],
        envelope: Callable[[int], Envelope],
    ) -> None:
        self._words = {number: _places(said) for number, said in segments.items()}
        self._envelope = functools.cache(envelope)
        self._repeated = functools.cache(self._find_repeated)
        self._copied = functools.cache(self._find_copied)

    def echoes_in(self, signal: int) -> list[EchoLine]:
        """Return the echoes of other signals in one signal, in order of time."""
        others = [other for other in self._others(signal) if any(self._copied(signal, other))]
        if not others:
            return []
        search = _Search(
            own=_Signal(
                words=self._words[signal],
                originals=self._originals(signal),
                envelope=self._envelope(signal),
            ),
            others={
                other: _Original(
                    words=self._originals(other),
                    repeated=self._repeated(signal, other),
                    envelope=self._envelope(other),
                )
                for other in others
            },
        )
        return list(search.lines())

    def _others(self, signal: int) -> list[int]:
        return [other for other in self._words if other != signal]

    def _originals(self, signal: int) -> list[_Place]:
        """Return the words of a signal that are no copy of another's."""
        copies = [self._copied(signal, other) for other in self._others(signal)]
        return [
            place
            for number, place in enumerate(self._words[signal])
            if not any(copied[number] for copied in copies)
        ]

    def _find_repeated(self, signal: int, other: int) -> list[bool]:
        return _repeated(self._words[signal], self._words[other])

    def _find_copied(self, signal: int, other: int) -> list[bool]:
        repeated = self._repeated(signal, other)
        if not any(repeated):
            return repeated
        return _copied(self._words[signal], repeated, self._envelope(signal), self._envelope(other))


def _places(segments: Sequence[RecognizedSegment]) -> list[_Place]:
    found = [
        _Place(
            word=word,
            start=one.start,
            segment=segment,
            number=number,
            first=round(word.start / FRAME_SECONDS),
            last=max(round(word.end / FRAME_SECONDS), round(word.start / FRAME_SECONDS) + 5),
        )
        for segment, one in enumerate(segments)
        for number, word in enumerate(one.words)
    ]
    return sorted(found, key=lambda place: place.first)


def _repeated(places: Sequence[_Place], others: Sequence[_Place]) -> list[bool]:
    """Return which words are among the others' at the time of an echo, segment by segment."""
    found = [False] * len(places)
    begin = 0
    for run in _runs(places, [place.segment for place in places]):
        earliest = places[run.start].word.start - LONGEST_DELAY - TIME_ERROR
        latest = places[run.stop - 1].word.start + TIME_ERROR
        while begin < len(others) and others[begin].word.start < earliest:
            begin += 1
        stop = begin
        while stop < len(others) and others[stop].word.start <= latest:
            stop += 1
        words = [places[place].word for place in run]
        near = [other.word for other in others[begin:stop]]
        for place, same in zip(run, repeated(words, near, delay=LONGEST_DELAY), strict=True):
            found[place] = same
    return found


def _copied(
    places: Sequence[_Place], same: Sequence[bool], own: Envelope, other: Envelope
) -> list[bool]:
    """Return which repeated words are the copy, because they are later or quieter."""
    found = [False] * len(places)
    keys = [(place.segment, said) for place, said in zip(places, same, strict=True)]
    for run in _runs(places, keys):
        if not same[run.start]:
            continue
        first = places[run.start].first - _AROUND_LINES
        last = places[run.stop - 1].last + _AROUND_LINES
        if _is_copy(
            other.between(first - LONGEST_LAG, last + LONGEST_LAG), own.between(first, last)
        ):
            for place in run:
                found[place] = True
    return found


def _is_copy(original: Levels, copy: Levels) -> bool:
    """Return which of two alike lines is the copy. `original` has LONGEST_LAG frames around it."""
    gain = mean_level(copy) - mean_level(original)
    correlation, lag = find_lag(original, copy)
    if correlation >= _CERTAIN_CORRELATION and abs(lag) >= _LATER:
        return lag > 0 and gain < _MOST_GAIN
    return gain <= -_LEAST_LOSS


def _runs(places: Sequence[_Place], keys: Sequence[object]) -> Iterator[range]:
    """Yield ranges of consecutive places with equal keys."""
    begin = 0
    for place in range(1, len(places) + 1):
        if place == len(places) or keys[place] != keys[begin]:
            yield range(begin, place)
            begin = place


@dataclass(frozen=True, kw_only=True, slots=True)
class _Signal:
    """A signal with its words, of which `originals` are no copies of another's."""

    words: Sequence[_Place]
    originals: Sequence[_Place]
    envelope: Envelope


@dataclass(frozen=True, kw_only=True, slots=True)
class _Original:
    """Another signal with its own words. `repeated` tells which words of the first it has."""

    words: Sequence[_Place]
    repeated: Sequence[bool]
    envelope: Envelope


class _Search:
    """Search for the echoes of other signals in one of them."""

    def __init__(self, *, own: _Signal, others: Mapping[int, _Original]) -> None:
        self._own = own
        self._others = others
        levels = own.envelope.levels
        self._noise = float(np.quantile(levels, _NOISE)) if len(levels) else 0.0

    def lines(self) -> Iterator[EchoLine]:
        """Yield the echoes in order of time."""
        words = self._own.words
        chapters = [int(place.start // _CHAPTER_SECONDS) for place in words]
        for run in _runs(words, chapters):
            yield from self._chapter(run, chapters[run.start] * _CHAPTER_SECONDS)

    def _chapter(self, run: range, start: float) -> Iterator[EchoLine]:
        first = round((start - _CONTEXT_SECONDS) / FRAME_SECONDS)
        last = round((start + _CHAPTER_SECONDS + _CONTEXT_SECONDS) / FRAME_SECONDS)
        heard = self._own.envelope.between(first, last)
        expected = self._expected(heard, first, last)
        if not expected:
            return
        echo = _sum(list(expected.values()))
        words = [self._own.words[number] for number in run]
        explained = [self._is_explained(number, heard, echo, first) for number in run]
        keys = [(place.segment, known) for place, known in zip(words, explained, strict=True)]
        for part in _runs(words, keys):
            line = range(run[part.start], run[part.start] + len(part))
            if explained[part.start] and self._is_echo(line, heard, echo, first):
                yield self._line(line, expected, first)

    def _expected(self, heard: Levels, first: int, last: int) -> dict[int, Levels]:
        """Return the levels of the echo of each other signal that is heard in this one."""
        alone = ~_spoken(self._own.originals, first, last)
        expected: dict[int, Levels] = {}
        for number, other in self._others.items():
            original = other.envelope.between(first, last)
            path = find_path(original, heard, _spoken(other.words, first, last), alone)
            if path is not None and (path.lag >= _LATER or path.gain <= -_LEAST_LOSS):
                expected[number] = predict(original, path)
        return expected

    def _is_explained(self, number: int, heard: Levels, echo: Levels, first: int) -> bool:
        """Return whether a word is no louder than the echo at that moment, or than the noise."""
        place = self._own.words[number]
        during = slice(place.first - first, place.last - first)
        level, expected = mean_level(heard[during]), mean_level(echo[during])
        audible = expected >= self._noise - _INAUDIBLE or self._is_repeated(number)
        return audible and level <= max(expected, self._noise) + _EXCESS

    def _is_repeated(self, number: int) -> bool:
        return any(other.repeated[number] for other in self._others.values())

    def _is_echo(self, line: range, heard: Levels, echo: Levels, first: int) -> bool:
        """Return whether a line that an echo would explain is one."""
        places = self._own.words
        begin, end = places[line.start], places[line.stop - 1]
        seconds = end.word.end - begin.word.start
        if seconds < _LEAST_SECONDS and self._is_amid_own_words(line):
            return False
        same = sum(self._is_repeated(number) for number in line)
        if same >= _LEAST_LIKENESS * len(line):
            return True
        during = slice(begin.first - first - _AROUND_LINES, end.last - first + _AROUND_LINES)
        likeness = correlate(loud_part(echo[during]), loud_part(heard[during]))
        return likeness >= _SURE_CORRELATION and seconds >= _LEAST_SURE_SECONDS

    def _is_amid_own_words(self, line: range) -> bool:
        places = self._own.words
        before = places[line.start - 1] if line.start else None
        after = places[line.stop] if line.stop < len(places) else None
        begin, end = places[line.start].word.start, places[line.stop - 1].word.end
        return (before is not None and begin - before.word.end < _PAUSE) or (
            after is not None and after.word.start - end < _PAUSE
        )

    def _line(self, line: range, expected: dict[int, Levels], first: int) -> EchoLine:
        places = self._own.words
        during = slice(places[line.start].first - first, places[line.stop - 1].last - first)
        original = max(
            expected,
            key=lambda other: (
                sum(self._others[other].repeated[number] for number in line),
                mean_level(expected[other][during]),
            ),
        )
        return EchoLine(
            segment=places[line.start].segment,
            words=tuple(places[number].number for number in line),
            original=original,
        )


def _spoken(places: Sequence[_Place], first: int, last: int) -> Frames:
    """Return in which frames from `first` to before `last` there are words."""
    spoken = np.zeros(last - first, dtype=np.bool_)
    after = bisect.bisect_left(places, first - _LONGEST_WORD, key=lambda place: place.first)
    for place in itertools.islice(places, after, None):
        if place.first > last + _AROUND_WORDS:
            break
        begin = max(0, place.first - _AROUND_WORDS - first)
        spoken[begin : max(begin, place.last + _AROUND_WORDS - first)] = True
    return spoken


def _sum(levels: Sequence[Levels]) -> Levels:
    """Return the level of several sounds together."""
    return np.asarray(10 * np.log10(sum(10.0 ** (one / 10) for one in levels)), dtype=np.float32)
