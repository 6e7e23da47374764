"""Signs of channels in a mix, so that no voice cancels itself."""

from collections.abc import Sequence

from common.audio.evidence import Evidence

#: A sum of correlations above this, against the amplitudes, is no reason to invert a channel.
_UNCERTAIN = -0.02


def signs(numbers: Sequence[int], evidence: Evidence) -> list[int]:
    """Return 1 or -1 for each channel, with which their sum is the loudest.

    The loudest channel keeps its sign. Channels that do not correlate keep theirs, too.
    """
    amplitudes = {number: 10 ** (evidence.channels[number].level / 20) for number in numbers}
    order = sorted(numbers, key=lambda number: -amplitudes[number])
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
    return [chosen[number] for number in numbers]


def _sign(
    number: int, others: dict[int, int], amplitudes: dict[int, float], evidence: Evidence
) -> int:
    total = sum(amplitudes[other] for other in others)
    together = sum(
        sign * amplitudes[other] * evidence.pair(number, other).correlation
        for other, sign in others.items()
    )
    return -1 if together < _UNCERTAIN * total else 1
