"""Phrases of a request that the recognizer repeats where nobody speaks.

In noise that was taken for speech, Whisper likes to write the last phrase of its prompt over and
over again.
"""

import itertools
from collections.abc import Iterable, Iterator, Sequence

from transcriber.worker.engines.protocol import RecognizedSegment

#: Doubt of the recognizer whether somebody speaks. Names that are called twice have less.
_DOUBT = 0.5


def without_echoes(
    segments: Iterable[RecognizedSegment], phrases: Sequence[str]
) -> Iterator[RecognizedSegment]:
    """Yield segments except those that only repeat one phrase where speech is doubtful."""
    letters = [found for found in map(_letters, phrases) if found]
    for segment in segments:
        doubtful = segment.no_speech_prob >= _DOUBT
        if not (doubtful and any(_repeats(_letters(segment.text), one) for one in letters)):
            yield segment


def _repeats(text: str, phrase: str) -> bool:
    """Return whether a text is a phrase over and over again. The last one may be cut off."""
    if len(text) < 1.5 * len(phrase):
        return False
    return all(sign == other for sign, other in zip(text, itertools.cycle(phrase), strict=False))


def _letters(text: str) -> str:
    return "".join(filter(str.isalnum, text.casefold()))
