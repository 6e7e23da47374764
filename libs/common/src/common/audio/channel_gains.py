"""Gains of channels in a mix, chosen so that no voice cancels itself."""

from collections.abc import Sequence

from common.audio.evidence import Evidence

#: A sum of correlations above this, against the amplitudes, is no reason to invert a channel.
_UNCERTAIN = -0.05
#: Share of loud moments from which on some voices have one polarity and others the other one.
_OPPOSED = 0.12


def gains(numbers: Sequence[int], evidence: Evidence) -> list[float]:
    """Return the gain of each channel. Their absolute values add up to 1.

    They are equal, with signs with which the sum is the loudest. Where voices differ in polarity,
    as on microphones with a figure of eight, no signs suit all voices. There the quieter channel
    gets less, so that something is left of every voice.
    """
    order = sorted(numbers, key=lambda number: -evidence.channels[number].level)
    signs = _signs(order, evidence)
    weights = {number: _weight(number, order, evidence) for number in numbers}
    total = sum(weights.values())
    return [signs[number] * weights[number] / total for number in numbers]


def _weight(number: int, order: Sequence[int], evidence: Evidence) -> float:
    """Return the weight of a channel, less than 1 if it opposes a louder one.

    `order` has the channels from the loudest to the quietest.
    """

    def opposing(louder: int) -> list[int]:
        quieter = order[order.index(louder) + 1 :]
        return [n for n in quieter if evidence.pair(louder, n).opposed >= _OPPOSED]

    louder = order[: order.index(number)]
    rivals = [len(opposing(n)) for n in louder if number in opposing(n)]
    return 1 / (2 * max(rivals)) if rivals else 1.0


def _signs(order: Sequence[int], evidence: Evidence) -> dict[int, int]:
    """Return 1 or -1 for each channel. The first one, the loudest, is not inverted."""
    amplitudes = {number: 10 ** (evidence.channels[number].level / 20) for number in order}
    chosen: dict[int, int] = {}
    for number in order:
        chosen[number] = _sign(number, chosen, amplitudes, evidence)
    for _ in order:
        before = dict(chosen)
        for number in order[1:]:
            others = {other: sign for other, sign in chosen.items() if other != number}
            chosen[number] = _sign(number, others, amplitudes, evidence)
        if chosen == before:
            break
    return chosen


def _sign(
    number: int, others: dict[int, int], amplitudes: dict[int, float], evidence: Evidence
) -> int:
    total = sum(amplitudes[other] for other in others)
    together = sum(
        sign * amplitudes[other] * evidence.pair(number, other).correlation
        for other, sign in others.items()
    )
    return -1 if together < _UNCERTAIN * total else 1
