"""Second decoding of doubtful speech in another language, and the choice between the two.

A language that is not spoken is told by its words: Whisper translates or guesses, and is less sure
of them.
"""

import itertools
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from common.audio.resampling import SAMPLE_RATE, Samples
from transcriber.worker.engines.doubts import Doubt
from transcriber.worker.engines.languages import CERTAIN, average
from transcriber.worker.engines.parts import Part, Stretch, excerpt
from transcriber.worker.engines.protocol import RecognizedSegment
from transcriber.worker.engines.voice_activity import Span, total_length

#: Below these qualities words are unsure, and no words of the language at all.
_UNSURE = 0.7
_COLLAPSED = 0.45
#: Least probability of a language that is heard nowhere else in the recording.
_NEW_LANGUAGE = 0.3
#: Least probability of a language of the recording in unsure speech.
_POSSIBLE = 0.05
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
        """Return the doubts since the last call."""
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
        best, second = sorted(languages, key=lambda language: -qualities[language])[:2]
        if qualities[best] - qualities[second] < _ALIKE:
            self._note(part, best, second)
        return best

    def review(self, sound: Samples, found: Sequence[Decoded], spoken: Sequence[str]) -> list[str]:
        """Return the language of each stretch, by the words of all parts in order.

        `spoken` has the languages of the recording.
        """
        languages: list[str] = []
        for number, decoded in enumerate(found):
            near = {one.part.language for one in found[max(0, number - 1) : number + 2]}
            better: dict[Stretch, str] = {}
            doubtful = list(_doubtful(decoded, near - {decoded.part.language}, spoken))
            for stretches, rivals in doubtful:
                best = self._best(sound, decoded, stretches, rivals, spoken)
                better |= dict.fromkeys(stretches, best)
            if not doubtful:
                self._note_unsure(decoded)
            own = decoded.part.language
            languages += [better.get(stretch, own) for stretch in decoded.part.stretches]
        return languages

    def _best(
        self,
        sound: Samples,
        decoded: Decoded,
        stretches: Sequence[Stretch],
        rivals: Sequence[str],
        spoken: Sequence[str],
    ) -> str:
        """Return the language in which stretches of a decoded part are recognized best."""
        start, end = stretches[0].span.start, stretches[-1].span.end
        trials = [excerpt(decoded.part, start, end, rival) for rival in rivals]
        qualities = [quality(self._decode(sound, trial), trial.spans) for trial in trials]
        gained, trial = max(zip(qualities, trials, strict=True), key=lambda row: row[0])
        gain = gained - quality(decoded.segments, trial.spans)
        better = gain > (_BETTER if trial.language in spoken else _BETTER_IF_NEW)
        pair = (trial.language, decoded.part.language)
        winner, loser = pair if better else pair[::-1]
        heard = average([stretch.heard for stretch in stretches])
        if abs(gain) < _ALIKE and heard.probability(winner) < CERTAIN:
            self._note(trial, winner, loser)
        return winner

    def _note_unsure(self, decoded: Decoded) -> None:
        """Note a doubt about a part whose language is improbable and whose words are unsure."""
        part = decoded.part
        if part.probability < 0.5 and quality(decoded.segments, part.spans) < _UNSURE:
            heard = average([stretch.heard for stretch in part.stretches])
            others = [name for name in heard.probabilities if name != part.language]
            if others:
                self._note(part, part.language, max(others, key=heard.probability))

    def _note(self, part: Part, language: str, other: str) -> None:
        if part.seconds >= _REPORTED:
            self._doubts.append(
                Doubt(
                    start=part.spans[0].start / SAMPLE_RATE,
                    end=part.spans[-1].end / SAMPLE_RATE,
                    languages=(language, other),
                )
            )


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
    decoded: Decoded, around: Collection[str], spoken: Sequence[str]
) -> Iterator[tuple[list[Stretch], tuple[str, ...]]]:
    """Yield stretches of a part that may be in other languages, with those languages."""
    part = decoded.part
    if not part.stretches:
        return
    is_sure = part.probability >= _SURE and part.seconds >= _BRIEFEST
    if around and part.seconds <= _BRIEF and not is_sure:
        yield list(part.stretches), tuple(sorted(around))
        return
    rivals = [_rivals(stretch, decoded, spoken) for stretch in part.stretches]
    rows = zip(part.stretches, rivals, strict=True)
    for others, group in itertools.groupby(rows, key=lambda row: row[1]):
        if others:
            yield [stretch for stretch, _ in group], others


def _rivals(stretch: Stretch, decoded: Decoded, spoken: Sequence[str]) -> tuple[str, ...]:
    """Return the languages that a stretch may be in instead, none if it is in no doubt."""
    own, heard = decoded.part.language, stretch.heard
    sure = quality(decoded.segments, [stretch.span])
    if sure >= _UNSURE:
        return ()
    rivals = {heard.best} if heard.probability(heard.best) >= _NEW_LANGUAGE else set()
    others = [language for language in spoken if language != own]
    known = max(others, key=heard.probability, default=own)
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
