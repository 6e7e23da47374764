"""Search for the languages of a recording and for the places where they change."""

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np

from common.audio.resampling import SAMPLE_RATE, Samples
from transcriber.worker.engines.languages import Heard, average, certainly_spoken, settle
from transcriber.worker.engines.parts import Part, Stretch, excerpt
from transcriber.worker.engines.protocol import RecognizedSegment
from transcriber.worker.engines.stretches import Cut, cuts, stretches
from transcriber.worker.engines.voice_activity import Span, total_length

#: A change of language is sought by sound of this length, listened to in steps.
_LISTEN = 2 * SAMPLE_RATE
_STEP = round(0.4 * SAMPLE_RATE)
#: No language is detected in less sound.
_LEAST = round(0.6 * SAMPLE_RATE)
#: Evidence for a change that each second of a pause counts for, up to half a second.
_PER_PAUSE = 10.0
_LONGEST_PAUSE = 0.5
#: The sound next to a place counts so many times as much as that further away.
_NEAR = 2.0
#: A pause of this length is where the language changes if those around it are this probable.
_CLEAR_PAUSE = round(0.5 * SAMPLE_RATE)
_CLEAR = 0.9
#: Weight of a language as heard. An accent misleads it more than the words.
_AS_HEARD = 0.25
#: Evidence for a place that each second of certain words counts for.
_PER_WORD = 20.0
#: Number of places that are listened to closely.
_LIKELY = 6
#: Average probability from which on a language needs no trial.
_PROBABLE = 0.6
#: Languages worth a trial if none is certain, likely ones and common ones.
_RIVALS = 2
#: Shorter parts belong to the one before them.
_SHORTEST_PART = SAMPLE_RATE

#: Returns the probability of each language in sound.
Detect = Callable[[Samples], Heard]
#: Returns the words of a part, in seconds from the beginning of the sound.
Decode = Callable[[Samples, Part], Sequence[RecognizedSegment]]


class Judge(Protocol):
    """Decision between languages by the words recognized in each."""

    def __call__(self, sound: Samples, part: Part, languages: Sequence[str]) -> str:
        """Return the language that the part is in."""
        ...


class LanguageSearch:
    """Search through the windows of one recording. Later windows profit from earlier ones."""

    def __init__(self, detect: Detect, decode: Decode, judge: Judge) -> None:
        self._detect = detect
        self._decode = decode
        self._judge = judge
        self._heard: list[Heard] = []
        #: Languages of the recording, the most spoken first.
        self.languages: list[str] = []

    def listen(self, sound: Samples, spans: Sequence[Span]) -> tuple[Part, list[str]]:
        """Return all speech of a window as stretches, and the language of each."""
        found = [
            Stretch(span=span, heard=self._detect(sound[span.start : span.end]))
            for span in stretches(sound, spans)
        ]
        self._heard += [stretch.heard for stretch in found]
        whole = Part(
            start=0, end=len(sound), spans=tuple(spans), language="", stretches=tuple(found)
        )
        self.languages = certainly_spoken(self._heard) or [self._doubtful(sound, whole)]
        return whole, settle([stretch.heard for stretch in found], self.languages)

    def add(self, part: Part) -> None:
        """Take the language of speech that was not searched."""
        self._heard += [stretch.heard for stretch in part.stretches]
        self.languages = [part.language]

    def divide(self, sound: Samples, whole: Part, languages: Sequence[str]) -> list[Part]:
        """Return speech as parts in one language each, given the language of each stretch."""
        edges = [0]
        chosen = list(languages[:1])
        for number, (before, after) in enumerate(itertools.pairwise(languages)):
            if before != after:
                change = _Change(self._detect, sound, whole, languages, number)
                edges.append(change.place(self._decode, after=edges[-1]))
                chosen.append(after)
        return _joined(whole, [*edges, len(sound)], chosen)

    def _doubtful(self, sound: Samples, whole: Part) -> str:
        """Return the language of a recording in which none is certain."""
        together = average(self._heard)
        if together.probability(together.best) >= _PROBABLE:
            return together.best
        return self._judge(sound, whole, together.likely(_RIVALS))


class _Change:
    """Change of language between two stretches, whose place is to be found.

    Either stretch may contain it. So it is sought from the beginning of the first to the end of the
    second.
    """

    def __init__(
        self, detect: Detect, sound: Samples, whole: Part, settled: Sequence[str], number: int
    ) -> None:
        """Take all speech with the languages of its stretches. The change follows this stretch."""
        found = whole.stretches
        self._detect = detect
        self._sound = sound
        self._whole = whole
        self._pair = (settled[number], settled[number + 1])
        one, other = found[number], found[number + 1]
        self._start, self._end = one.span.start, other.span.end
        self._gap = Span(start=one.span.end, end=other.span.start)
        sure = min(one.heard.probability(self._pair[0]), other.heard.probability(self._pair[1]))
        self._is_clear = sure >= _CLEAR and self._gap.length >= _CLEAR_PAUSE
        first = number
        while first and settled[first - 1] == settled[number]:
            first -= 1
        last = number + 1
        while last + 1 < len(settled) and settled[last + 1] == settled[number + 1]:
            last += 1
        # Nothing beyond these is in one of the two languages.
        self._first, self._last = found[first].span.start, found[last].span.end

    def place(self, decode: Decode, *, after: int) -> int:
        """Return the best place, in samples, not before `after`.

        Words of the language that is spoken are surer than those of the other one. They tell the
        place where an accent hides the language.
        """
        begin = max(self._start, after)
        if begin <= self._gap.start and self._is_clear:
            return (self._gap.start + self._gap.end) // 2
        if self._end - begin < _LEAST:
            return (begin + self._end) // 2
        starts = range(begin, max(begin + 1, self._end - _LISTEN + 1), _STEP)
        leanings = np.array([self._leaning(start, start + _LISTEN) for start in starts])
        centers = np.array(starts) + _LISTEN // 2
        words = [
            decode(self._sound, excerpt(self._whole, begin, self._end, language))
            for language in self._pair
        ]

        def rough(cut: Cut) -> float:
            before, behind = leanings[centers < cut.place], leanings[centers > cut.place]
            pause = _PER_PAUSE * min(cut.pause, _LONGEST_PAUSE)
            moment = cut.place / SAMPLE_RATE
            sure = _certainty(words[0], 0.0, moment) + _certainty(words[1], moment, math.inf)
            heard = float(before.sum() - behind.sum()) * _STEP / SAMPLE_RATE
            return heard + pause + _PER_WORD * sure

        def fine(cut: Cut) -> float:
            before = self._leaning(cut.place - _LISTEN, cut.place)
            behind = self._leaning(cut.place, cut.place + _LISTEN)
            return rough(cut) + _NEAR * (before - behind)

        found = cuts(self._sound, self._whole.spans, begin, self._end)
        ends = [Cut(place=begin, pause=0.0), Cut(place=self._end, pause=0.0)]
        likely = sorted([cut for cut in found if cut.place >= begin] + ends, key=rough)
        return max(likely[-_LIKELY:], key=fine).place

    def _leaning(self, start: int, end: int) -> float:
        """Return the evidence in a piece of sound for the first language against the second."""
        piece = self._sound[max(start, self._first) : min(end, self._last)]
        if len(piece) < _LEAST:
            return 0.0
        heard = self._detect(piece)
        one, other = self._pair
        leaning = heard.evidence(one, self._pair) - heard.evidence(other, self._pair)
        # Where a third language is heard, the two cannot be told apart by it.
        return _AS_HEARD * leaning * (heard.probability(one) + heard.probability(other))


def _certainty(segments: Sequence[RecognizedSegment], start: float, end: float) -> float:
    """Return the seconds of words within `start` to `end`, weighted by their probability.

    Words are cut at the edges, so that no moment counts in two languages.
    """
    return sum(
        max(0.0, min(word.end, end) - max(word.start, start)) * word.probability
        for segment in segments
        for word in segment.words
    )


def _joined(whole: Part, edges: Sequence[int], languages: Sequence[str]) -> list[Part]:
    """Return the parts between the edges. Short ones join the part before or after them."""
    parts: list[Part] = []
    for (start, end), language in zip(itertools.pairwise(edges), languages, strict=True):
        part = excerpt(whole, start, end, language)
        before = parts[-1] if parts else None
        if before is None or (before.language != language and _is_long(before) and _is_long(part)):
            parts.append(part)
        else:
            kept = max(before, part, key=lambda one: one.seconds).language
            parts[-1] = excerpt(whole, before.start, end, kept)
    return [part for part in parts if part.spans]


def _is_long(part: Part) -> bool:
    return total_length(part.spans) >= _SHORTEST_PART
