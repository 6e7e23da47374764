"""Language of brief speech, which is taken for one language as long as its words are sure.

A sentence or two are seldom in several languages. Detected piece by piece, an accent is easily
taken for another language.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from common.audio.resampling import SAMPLE_RATE, Samples
from transcriber.worker.engines.decoded import Decoded, quality
from transcriber.worker.engines.languages import CERTAIN, Heard, is_common
from transcriber.worker.engines.parts import Part, Stretch
from transcriber.worker.engines.protocol import RecognizedSegment
from transcriber.worker.engines.stretches import stretches
from transcriber.worker.engines.voice_activity import Span, total_length

#: Longest speech that is taken for one language, in seconds. More needs better evidence.
_BRIEF = 20.0
_BRIEFEST = 12.0
#: Speech of this length is never divided.
_SENTENCE = 6.0
#: A common language with this probability needs no comparison.
_CLEAR = 0.6
_CLEAR_IF_LONGER = 0.95
#: Number of languages compared, likely ones and common ones each.
_RIVALS = 2
#: The language that Whisper knows best. Accents in it are often taken for rare languages.
_BEST_KNOWN = "en"
#: Share of the probability of a language, as heard, that counts besides the words.
_AS_HEARD = 0.15
#: Quality by which the words in a rare language must be better.
_BETTER_IF_RARE = 0.15
#: Least quality of all words, and of those in each stretch.
_SURE = 0.6
_SURE_THROUGHOUT = 0.45
_SURE_THROUGHOUT_IF_LONGER = 0.7
#: Words of this quality in a common language need no comparison, unless another one is certain.
_SURE_UNCOMPARED = 0.75
#: A higher compression ratio is that of a loop, whose words are sure for no good reason.
_LOOP = 2.4

#: Returns the probability of each language in sound.
Detect = Callable[[Samples], Heard]
#: Returns the words of a part, in seconds from the beginning of the sound.
Decode = Callable[[Samples, Part], Sequence[RecognizedSegment]]


class PlainSpeech:
    """Choice of one language for brief speech."""

    def __init__(self, detect: Detect, decode: Decode) -> None:
        self._detect = detect
        self._decode = decode

    def part(self, sound: Samples, spans: Sequence[Span]) -> Part | None:
        """Return speech as a part in its most probable language, None if it may be in several."""
        seconds = total_length(spans) / SAMPLE_RATE
        if not spans or seconds > _BRIEF:
            return None
        heard = self._detect(np.concatenate([sound[span.start : span.end] for span in spans]))
        whole = Span(start=spans[0].start, end=spans[-1].end)
        part = Part(
            start=0,
            end=len(sound),
            spans=tuple(spans),
            language=heard.best,
            stretches=(Stretch(span=whole, heard=heard),),
        )
        if seconds > _BRIEFEST and part.probability < _CLEAR_IF_LONGER:
            return None
        if is_common(heard.best) and part.probability >= _CLEAR:
            return part
        return replace(part, language=self._best(sound, part, heard))

    def _best(self, sound: Samples, part: Part, heard: Heard) -> str:
        """Return the language with the surest words, a common one if they are sure in it."""
        common = heard.best_common
        fits = {common: self._fit(sound, part, common)}
        if fits[common] >= _SURE_UNCOMPARED and heard.probability(heard.best) < CERTAIN:
            return common
        for language in [*heard.likely(_RIVALS), _BEST_KNOWN]:
            if language in heard.probabilities and language not in fits:
                fits[language] = self._fit(sound, part, language)
        return max(fits, key=lambda language: fits[language])

    def _fit(self, sound: Samples, part: Part, language: str) -> float:
        segments = self._decode(sound, replace(part, language=language))
        words = [segment for segment in segments if segment.compression_ratio <= _LOOP]
        cost = 0.0 if is_common(language) else _BETTER_IF_RARE
        heard = replace(part, language=language).probability
        return quality(words, part.spans) + _AS_HEARD * heard - cost


def is_sure(sound: Samples, decoded: Decoded) -> bool:
    """Return whether the words of brief speech confirm its language."""
    part = decoded.part
    if part.seconds <= _SENTENCE:
        return True
    if quality(decoded.segments, part.spans) < _SURE:
        return False
    least = _SURE_THROUGHOUT if part.seconds <= _BRIEFEST else _SURE_THROUGHOUT_IF_LONGER
    return all(quality(decoded.segments, [span]) >= least for span in stretches(sound, part.spans))
