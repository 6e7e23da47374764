"""Finder of echoes between the recognized signals of a recording.

An echo is quieter or later than the original, follows its level, and has its words. Only what all
of these explain is taken for an echo, so that people who speak at once or repeat each other keep
their lines.
"""

import functools
from collections.abc import Callable, Mapping, Sequence

from common.audio.echo_path import LONGEST_DELAY, LONGEST_LAG, is_copy
from common.audio.envelope import Envelope
from transcriber.worker.echoes.likeness import TIME_ERROR, repeated
from transcriber.worker.echoes.places import Place, places, runs
from transcriber.worker.echoes.search import EchoLine, OriginalSignal, SearchedSignal, echo_lines
from transcriber.worker.engines.protocol import RecognizedSegment

#: Margin around lines to see their level rise and fall, in frames.
_AROUND_LINES = 20


class EchoFinder:
    """Finds the echoes in recognized signals.

    `segments` has those of each signal, by its number. `envelope` returns the envelope of a
    signal by its number, and is called only for signals that share words with another.
    """

    def __init__(
        self,
        segments: Mapping[int, Sequence[RecognizedSegment]],
        envelope: Callable[[int], Envelope],
    ) -> None:
        self._words = {number: places(said) for number, said in segments.items()}
        self._envelope = envelope
        self._repeated = functools.cache(self._find_repeated)
        self._copied = functools.cache(self._find_copied)

    def echoes_in(self, signal: int) -> list[EchoLine]:
        """Return the echoes of other signals in one signal, in order of time."""
        others = [other for other in self._others(signal) if any(self._copied(signal, other))]
        if not others:
            return []
        searched = SearchedSignal(
            words=self._words[signal],
            originals=self._originals(signal),
            envelope=self._envelope(signal),
        )
        originals = {
            other: OriginalSignal(
                words=self._originals(other),
                repeated=self._repeated(signal, other),
                envelope=self._envelope(other),
            )
            for other in others
        }
        return list(echo_lines(searched, originals))

    def _others(self, signal: int) -> list[int]:
        return [other for other in self._words if other != signal]

    def _originals(self, signal: int) -> list[Place]:
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
        said = self._repeated(signal, other)
        if not any(said):
            return said
        return _copied(self._words[signal], said, self._envelope(signal), self._envelope(other))


def _repeated(words: Sequence[Place], others: Sequence[Place]) -> list[bool]:
    """Return which words are among the others' at the time of an echo, segment by segment."""
    found = [False] * len(words)
    begin = 0
    for run in runs([place.segment for place in words]):
        earliest = words[run.start].word.start - LONGEST_DELAY - TIME_ERROR
        latest = words[run.stop - 1].word.start + TIME_ERROR
        while begin < len(others) and others[begin].word.start < earliest:
            begin += 1
        stop = begin
        while stop < len(others) and others[stop].word.start <= latest:
            stop += 1
        said = [words[place].word for place in run]
        near = [other.word for other in others[begin:stop]]
        for place, same in zip(run, repeated(said, near, delay=LONGEST_DELAY), strict=True):
            found[place] = same
    return found


def _copied(
    words: Sequence[Place], said: Sequence[bool], own: Envelope, other: Envelope
) -> list[bool]:
    """Return which repeated words are the copy, because they are later or quieter."""
    found = [False] * len(words)
    for run in runs([(place.segment, same) for place, same in zip(words, said, strict=True)]):
        if not said[run.start]:
            continue
        first = words[run.start].first - _AROUND_LINES
        last = words[run.stop - 1].last + _AROUND_LINES
        original = other.between(first - LONGEST_LAG, last + LONGEST_LAG)
        if is_copy(original, own.between(first, last)):
            for place in run:
                found[place] = True
    return found
