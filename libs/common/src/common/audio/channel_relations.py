"""Relations of two channels: the same sound, one room, or a party in each."""

import math

import numpy as np

from common.audio.channel_pairs import PairEvidence
from common.audio.evidence import Evidence

#: Each of two parties must be heard alone for so many seconds, or this share of a short recording.
_LEAST_ALONE_SECONDS = 0.6
_LEAST_ALONE_SHARE = 0.1
#: For this long, and somebody for this share of the time, to be told apart by isolation.
_ALONE_SECONDS = 1.0
_ALONE_SHARE = 0.5
#: A party below this in the channel of the other one is isolated, in decibels. All limits and
#: weights were set on constructed recordings.
_ISOLATED = -11.0
#: From here on, and with a similarity or a correlation above these, channels belong together.
_TOGETHER = -10.0
_SIMILAR = 0.7
_CORRELATED = 0.5
#: Share of equally loud sound, and similarity over time, of the same sound in two channels.
_SAME_SOUND = 0.85
_SAME_TIME = 0.85
#: Share of the time alone from which on a channel tells the isolation.
_TELLING = 0.25
#: Weights of similarity, of a tenfold lack of balance, and of a decibel of isolation.
_OF_SIMILARITY = 0.75
_OF_BALANCE = 0.85
_OF_ISOLATION = 0.02
#: Isolation of both channels together between these values counts, in decibels.
_USUAL_ISOLATION = 25.0
_MOST_ISOLATION = 15.0
_SMALLEST = 1e-3


def are_apart(pair: PairEvidence, evidence: Evidence) -> bool:
    """Return whether two channels hold different parties."""
    active = sum(pair.alone) / max(pair.apart, _SMALLEST)
    if min(pair.alone) < min(_LEAST_ALONE_SECONDS, max(_SMALLEST, _LEAST_ALONE_SHARE * active)):
        return False
    measures = _bleed(pair, evidence)
    often = min(pair.alone) >= _ALONE_SECONDS and pair.apart >= _ALONE_SHARE
    if max(measures) <= _ISOLATED and often:
        return True
    alike = pair.similarity > _SIMILAR or abs(pair.correlation) > _CORRELATED
    if min(measures) > _TOGETHER and alike:
        return False
    return not _resemble(pair) and separation(pair) > 0


def is_same(pair: PairEvidence, evidence: Evidence) -> bool:
    """Return whether two channels hold the same sound."""
    # Bleed of a party is the same sound, too, in the channel of another one who says little.
    return _resemble(pair) and not are_apart(pair, evidence)


def _resemble(pair: PairEvidence) -> bool:
    return pair.equal >= _SAME_SOUND and pair.similarity >= _SAME_TIME


def _bleed(pair: PairEvidence, evidence: Evidence) -> tuple[float, float]:
    """Return the bleed as recorded, and as if both channels were equally loud, in decibels.

    It is that of the party who bleeds more. One with little time alone was rarely really alone.
    """
    telling = [seconds >= _TELLING * sum(pair.alone) for seconds in pair.alone]
    one, other = (evidence.channels[number].level for number in (pair.one, pair.other))
    found = [
        (bleed, bleed + louder)
        for bleed, louder, tells in zip(
            pair.bleed, (one - other, other - one), telling, strict=True
        )
        if tells
    ]
    as_recorded, leveled = zip(*found, strict=True)
    return max(as_recorded), max(leveled)


def separation(pair: PairEvidence) -> float:
    """Return how clearly two channels hold different parties, from about -1 to 1.

    Parties are heard alone most of the time, their loudness is not similar, each has its share of
    the time, and is quiet while the other one is heard.
    """
    balance = min(pair.alone) / max(sum(pair.alone), _SMALLEST)
    isolation = np.clip(sum(pair.isolation) - _USUAL_ISOLATION, 0.0, _MOST_ISOLATION)
    return (
        pair.apart
        - _OF_SIMILARITY * pair.similarity
        - _OF_BALANCE * math.log10(0.5 / max(balance, _SMALLEST))
        + _OF_ISOLATION * float(isolation)
    )
