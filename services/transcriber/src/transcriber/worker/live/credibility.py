"""Whether words were said, or invented by a model that heard noise or music."""

from collections.abc import Sequence

from transcriber.worker.engines.protocol import RecognizedWord

#: Least mean probability of words, and of few words, which noise is more often taken for.
_PROBABLE, _PROBABLE_IF_FEW = 0.45, 0.55
_FEW = 3
#: Least words per second of speech, and the speech in seconds from which on they are counted.
_PACE, _LONG = 0.4, 4.0


def is_credible(words: Sequence[RecognizedWord], *, seconds: float, started: bool) -> bool:
    """Return whether to show words that were recognized in so many seconds of speech.

    Words that continue final ones (`started`) are not judged, since some words of every speaker are
    unsure.
    """
    if started or not words:
        return True
    mean = sum(word.probability for word in words) / len(words)
    if seconds >= _LONG and len(words) < _PACE * seconds:
        return False
    return mean >= (_PROBABLE_IF_FEW if len(words) <= _FEW else _PROBABLE)
