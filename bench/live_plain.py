"""The plain way of live recognition: decode again every half second.

This is LocalAgreement as whisper_streaming has it, without its other refinements. The sound since
the last trim is decoded again and again, words that two results in a row begin with are final, and
a long sound is trimmed after final words.
"""

import itertools
import time
from collections.abc import Callable, Sequence

from bench.engines_words import TimedWord
from bench.live_measures import LiveText
from bench.metrics import normalize
from common.audio.resampling import SAMPLE_RATE, Samples

#: Seconds of new sound for each result, and the sound from which on it is trimmed.
_STEP, _LONG = 0.5, 15.0

#: Returns the words of sound, in seconds from its beginning.
Decode = Callable[[Samples], Sequence[TimedWord]]


def run(samples: Samples, decode: Decode) -> LiveText:
    """Recognize sound as it would arrive, in real time. Return the text."""
    text, start = LiveText(), 0.0
    final: list[TimedWord] = []
    last: list[TimedWord] = []
    began, heard, length = time.monotonic(), 0.0, len(samples) / SAMPLE_RATE
    while heard < length:
        time.sleep(max(0.0, began + min(length, heard + _STEP) - time.monotonic()))
        heard = min(length, time.monotonic() - began)
        found = _after(final, _placed(decode(_cut(samples, start, heard)), start))
        count = len(found) if heard >= length else _agreed(last, found)
        final += found[:count]
        last = found[count:]
        text.add(time.monotonic() - began, found[:count], last)
        if final and heard - start > _LONG:
            start = max(start, final[-1].end)
    return text


def _cut(samples: Samples, start: float, end: float) -> Samples:
    return samples[round(start * SAMPLE_RATE) : round(end * SAMPLE_RATE)]


def _placed(words: Sequence[TimedWord], start: float) -> list[TimedWord]:
    return [
        TimedWord(text=word.text, start=word.start + start, end=word.end + start) for word in words
    ]


def _after(final: Sequence[TimedWord], words: Sequence[TimedWord]) -> list[TimedWord]:
    """Return the words after the final ones, by time."""
    until = final[-1].end if final else 0.0
    left = itertools.dropwhile(lambda word: (word.start + word.end) / 2 < until, words)
    return list(left)


def _agreed(last: Sequence[TimedWord], found: Sequence[TimedWord]) -> int:
    pairs = zip(last, found, strict=False)
    same = itertools.takewhile(lambda two: normalize(two[0].text) == normalize(two[1].text), pairs)
    return sum(1 for _ in same)
