"""Second decoding of doubtful speech in another language, and the choice between the two.

A language that is not spoken is told by its words: Whisper translates or guesses, and is less sure
of them.
"""

import difflib
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from common.audio.resampling import SAMPLE_RATE, Samples
from transcriber.worker.engines import rivals
from transcriber.worker.engines.decoded import Decoded, quality
from transcriber.worker.engines.doubts import Doubt
from transcriber.worker.engines.languages import CERTAIN, average, best_sequence, is_common
from transcriber.worker.engines.parts import Part, Stretch, excerpt
from transcriber.worker.engines.protocol import RecognizedSegment
from transcriber.worker.engines.rivals import Region

#: Share of the probability of a language, as heard, that counts besides the words.
_AS_HEARD = 0.15
#: Seconds times quality that a change of language within doubtful speech must be worth.
_CHANGE = 0.3
#: Quality by which another language must be better, if heard elsewhere or not.
_BETTER = 0.05
_BETTER_IF_NEW = 0.1
_BETTER_IF_NEW_AND_RARE = 0.2
#: Share of words in common from which on two texts are the same.
_SAME_WORDS = 0.8
#: Speech that decides on the language of a recording, in seconds.
_TRIAL = 12.0
#: Shorter doubtful speech, in seconds, is not reported.
_REPORTED = 4.0
#: A difference in quality up to this is no decision.
_ALIKE = 0.1
#: Returns the words of a part, in seconds from the beginning of the sound.
Decode = Callable[[Samples, Part], list[RecognizedSegment]]


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
            doubtful = list(rivals.regions(decoded, before, after, spoken))
            better: dict[Stretch, str] = {}
            for region in doubtful:
                fitting, doubt = self._best(sound, whole, decoded, region, spoken)
                better |= zip(region.stretches, fitting, strict=True)
                doubts += doubt
            if not doubtful:
                doubts += _unsure(decoded)
            language = decoded.part.language
            languages += [better.get(stretch, language) for stretch in decoded.part.stretches]
        return languages, doubts

    def _best(
        self,
        sound: Samples,
        whole: Part,
        decoded: Decoded,
        region: Region,
        spoken: Sequence[str],
    ) -> tuple[list[str], list[Doubt]]:
        """Return the language in which each stretch of a doubtful region is recognized best."""
        stretches = region.stretches
        own = excerpt(whole, stretches[0].span.start, stretches[-1].span.end, decoded.part.language)
        words = {own.language: self._own_words(sound, own, decoded)}
        words |= {
            rival: self._decode(sound, replace(own, language=rival)) for rival in region.rivals
        }
        # The same text in both is that of the sound, and the sound alone tells its language.
        costs = {
            rival: _lead(rival, spoken)
            for rival in region.rivals
            if not _alike(own, words[rival], words[own.language])
        }
        fits = [
            {
                language: one.heard.seconds
                * (
                    quality(words[language], [one.span])
                    + _AS_HEARD * one.heard.probability(language)
                    - costs.get(language, 0.0)
                )
                for language in words
            }
            for one in stretches
        ]
        chosen = best_sequence(fits, change=_CHANGE)
        doubts: list[Doubt] = []
        rows = zip(stretches, chosen, strict=True)
        for language, group in itertools.groupby(rows, key=lambda row: row[1]):
            run = [stretch for stretch, _ in group]
            part = excerpt(whole, run[0].span.start, run[-1].span.end, language)
            doubts += _close(part, words)
        return chosen, doubts

    def _own_words(
        self, sound: Samples, own: Part, decoded: Decoded
    ) -> Sequence[RecognizedSegment]:
        """Return the words of stretches in the language of their part, which may end in them."""
        part = decoded.part
        inside = part.start <= own.start and own.end <= part.end
        return decoded.segments if inside else self._decode(sound, own)


def _lead(language: str, spoken: Sequence[str]) -> float:
    """Return the quality by which words in a language must be better to be taken."""
    if language in spoken:
        return _BETTER
    return _BETTER_IF_NEW if is_common(language) else _BETTER_IF_NEW_AND_RARE


def _alike(
    part: Part, one: Sequence[RecognizedSegment], other: Sequence[RecognizedSegment]
) -> bool:
    """Return whether two texts of a part have mostly the same words."""
    start, end = part.start / SAMPLE_RATE, part.end / SAMPLE_RATE
    first, second = (
        [
            word.text.casefold().strip(",.!?")
            for segment in found
            for word in segment.words
            if start <= (word.start + word.end) / 2 < end
        ]
        for found in (one, other)
    )
    matching = difflib.SequenceMatcher(None, first, second, autojunk=False).ratio()
    return bool(first and second) and matching >= _SAME_WORDS


def _close(part: Part, words: Mapping[str, Sequence[RecognizedSegment]]) -> list[Doubt]:
    """Return a doubt about a part whose words in another language are about as sure."""
    sure = {language: quality(segments, part.spans) for language, segments in words.items()}
    other = max((name for name in sure if name != part.language), key=lambda name: sure[name])
    if abs(sure[part.language] - sure[other]) >= _ALIKE or part.probability >= CERTAIN:
        return []
    return _doubt(part, part.language, other)


def _unsure(decoded: Decoded) -> list[Doubt]:
    """Return a doubt about a part whose language is improbable and whose words are unsure."""
    part = decoded.part
    if (
        part.probability >= rivals.IMPROBABLE
        or quality(decoded.segments, part.spans) >= rivals.UNSURE
    ):
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


def _beginning(stretches: Sequence[Stretch], seconds: float) -> Iterator[Stretch]:
    """Yield the first stretches up to a length."""
    total = 0.0
    for stretch in stretches:
        yield stretch
        total += stretch.heard.seconds
        if total >= seconds:
            return
