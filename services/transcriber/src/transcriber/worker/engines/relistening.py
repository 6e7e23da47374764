"""Second decoding of doubtful speech in another language, and the choice between the two.

A language that is not spoken is told by its words: Whisper translates or guesses, and is less sure
of them.
"""

import itertools
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from common.audio.resampling import SAMPLE_RATE, Samples
from transcriber.worker.engines.doubts import Doubt
from transcriber.worker.engines.languages import CERTAIN, average
from transcriber.worker.engines.parts import Part, Stretch, excerpt
from transcriber.worker.engines.protocol import RecognizedSegment
from transcriber.worker.engines.voice_activity import Span, total_length

#: Below these qualities words are unsure, and no words of the language at all.
_UNSURE = 0.7
_COLLAPSED = 0.45
#: The first of these is higher if the language has at most this probability.
_UNSURE_IF_UNLIKELY = 0.85
_UNLIKELY = 0.2
#: Least probability of a language that is heard nowhere else in the recording.
_NEW_LANGUAGE = 0.3
#: Least probability of a language of the recording in unsure speech.
_POSSIBLE = 0.04
#: Below this probability of its language, speech may be in any other likely one.
_IMPROBABLE = 0.5
#: Quality by which another language must be better, if heard elsewhere or not.
_BETTER = 0.05
_BETTER_IF_NEW = 0.1
#: Parts up to this length, in seconds, are decoded in a neighbor's language too unless certain.
_BRIEF = 10.0
_BRIEFEST = 4.0
_SURE = 0.9
#: Speech that decides on the language of a recording, in seconds.
_TRIAL = 12.0
#: Shorter doubtful speech, in seconds, is not reported.
_REPORTED = 4.0
#: A difference in quality up to this is no decision.
_ALIKE = 0.1
#: Least share of the speech that words cover. Wrong languages leave speech out.
_COVERED = 0.5

#: Returns the words of a part, in seconds from the beginning of the sound.
Decode = Callable[[Samples, Part], list[RecognizedSegment]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Decoded:
    """Part with its segments, in seconds from the beginning of its window."""

    part: Part
    segments: tuple[RecognizedSegment, ...]


class Relistening:
    """Decoding of parts in the languages that they may be in."""

    def __init__(self, decode: Decode) -> None:
        self._decode = decode
        self._doubts: list[Doubt] = []

    def take_doubts(self) -> list[Doubt]:
        """Return the doubts of decisions on the whole recording since the last call."""
        doubts, self._doubts = self._doubts, []
        return doubts

    def judge(self, sound: Samples, part: Part, languages: Sequence[str]) -> str:
        """Return the language in which the beginning of a part is recognized best."""
        chosen = list(_beginning(part.stretches, _TRIAL))
        start, end = chosen[0].span.start, chosen[-1].span.end
        trials = [excerpt(part, start, end, language) for language in languages]
        qualities = {
            trial.language: quality(self._decode(sound, trial), trial.spans) for trial in trials
        }
        best, *others = sorted(languages, key=lambda language: -qualities[language])
        if others and qualities[best] - qualities[others[0]] < _ALIKE:
            self._doubts += _doubt(part, best, others[0])
        return best

    def review(
        self, sound: Samples, whole: Part, found: Sequence[Decoded], spoken: Sequence[str]
    ) -> tuple[list[str], list[Doubt]]:
        """Return the language of each stretch by the words in it, and doubts.

        `found` are the parts of the `whole` window, in order. `spoken` has the languages of the
        recording.
        """
        languages: list[str] = []
        doubts: list[Doubt] = []
        for number, decoded in enumerate(found):
            before = found[number - 1].part.language if number else None
            after = found[number + 1].part.language if number + 1 < len(found) else None
            doubtful = list(_doubtful(decoded, before, after, spoken))
            better: dict[Stretch, str] = {}
            for stretches, rivals in doubtful:
                start, end = stretches[0].span.start, stretches[-1].span.end
                trial = excerpt(whole, start, end, decoded.part.language)
                own = self._own_quality(sound, trial, decoded)
                best, doubt = self._best(sound, trial, own, rivals, spoken)
                better |= dict.fromkeys(stretches, best)
                doubts += doubt
            if not doubtful:
                doubts += _unsure(decoded)
            language = decoded.part.language
            languages += [better.get(stretch, language) for stretch in decoded.part.stretches]
        return languages, doubts

    def _own_quality(self, sound: Samples, trial: Part, decoded: Decoded) -> float:
        """Return the quality of stretches in the language of their part, which may end in them."""
        part = decoded.part
        inside = part.start <= trial.start and trial.end <= part.end
        return quality(decoded.segments if inside else self._decode(sound, trial), trial.spans)

    def _best(
        self, sound: Samples, own: Part, sure: float, rivals: Sequence[str], spoken: Sequence[str]
    ) -> tuple[str, list[Doubt]]:
        """Return the language in which speech is recognized best, its own with quality `sure`."""
        trials = [replace(own, language=rival) for rival in rivals]
        qualities = [quality(self._decode(sound, trial), own.spans) for trial in trials]
        gained, rival = max(zip(qualities, rivals, strict=True))
        gain = gained - sure
        better = gain > (_BETTER if rival in spoken else _BETTER_IF_NEW)
        winner, loser = (rival, own.language) if better else (own.language, rival)
        heard = average([stretch.heard for stretch in own.stretches])
        is_open = abs(gain) < _ALIKE and heard.probability(winner) < CERTAIN
        return winner, _doubt(own, winner, loser) if is_open else []


def _unsure(decoded: Decoded) -> list[Doubt]:
    """Return a doubt about a part whose language is improbable and whose words are unsure."""
    part = decoded.part
    if part.probability >= _IMPROBABLE or quality(decoded.segments, part.spans) >= _UNSURE:
        return []
    heard = average([stretch.heard for stretch in part.stretches])
    others = [name for name in heard.probabilities if name != part.language]
    return _doubt(part, part.language, max(others, key=heard.probability)) if others else []


def _doubt(part: Part, language: str, other: str) -> list[Doubt]:
    """Return the doubt to be reported, none about a few words."""
    if part.seconds < _REPORTED:
        return []
    start, end = part.spans[0].start / SAMPLE_RATE, part.spans[-1].end / SAMPLE_RATE
    return [Doubt(start=start, end=end, languages=(language, other))]


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


def _doubtful(
    decoded: Decoded, before: str | None, after: str | None, spoken: Sequence[str]
) -> Iterator[tuple[list[Stretch], tuple[str, ...]]]:
    """Yield stretches of a part that may be in other languages, with those languages.

    `before` and `after` are the languages of the parts next to it.
    """
    part = decoded.part
    if not part.stretches:
        return
    around = {language for language in (before, after) if language and language != part.language}
    is_sure = part.probability >= _SURE and part.seconds >= _BRIEFEST
    if around and part.seconds <= _BRIEF and not is_sure:
        yield list(part.stretches), tuple(sorted(around))
        return
    near = {part.stretches[0]: before, part.stretches[-1]: after}
    rivals = [_rivals(one, decoded, near.get(one), spoken) for one in part.stretches]
    rows = zip(part.stretches, rivals, strict=True)
    for others, group in itertools.groupby(rows, key=lambda row: row[1]):
        if others:
            yield [stretch for stretch, _ in group], others


def _rivals(
    stretch: Stretch, decoded: Decoded, near: str | None, spoken: Sequence[str]
) -> tuple[str, ...]:
    """Return the languages that a stretch may be in instead, none if it is in no doubt.

    `near` is the language of the part next to it, if any.
    """
    own, heard = decoded.part.language, stretch.heard
    sure = quality(decoded.segments, [stretch.span])
    if sure >= (_UNSURE if heard.probability(own) >= _UNLIKELY else _UNSURE_IF_UNLIKELY):
        return ()
    rivals = {near or own}
    if heard.probability(heard.best) >= _NEW_LANGUAGE:
        rivals.add(heard.best)
    if heard.probability(own) < _IMPROBABLE:
        rivals |= {name for name in heard.likely(1) if heard.probability(name) >= _POSSIBLE}
    known = max((name for name in spoken if name != own), key=heard.probability, default=own)
    if sure < _COLLAPSED or heard.probability(known) >= _POSSIBLE:
        rivals.add(known)
    return tuple(sorted(rivals - {own}))


def _beginning(stretches: Sequence[Stretch], seconds: float) -> Iterator[Stretch]:
    """Yield the first stretches up to a length."""
    total = 0.0
    for stretch in stretches:
        yield stretch
        total += stretch.heard.seconds
        if total >= seconds:
            return
