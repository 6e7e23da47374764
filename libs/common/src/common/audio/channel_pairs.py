"""Comparison of two channels: the same sound, the same room, or a party in each."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from common.audio.loudness import FRAME_SECONDS, Array, Loudness, Mask, Polarity, mean_over_bands

#: Delays up to this are found: echo of a call on a slow line. In a short recording, chance makes
#: anything similar with some delay, so they are shorter by this factor at least.
_LONGEST_LAG = round(1.0 / FRAME_SECONDS)
_SHORTER = 16
#: A delay is credible if loudness is this similar with it.
_CREDIBLE = 0.3
#: One channel alone is heard if it is louder than the border by this, in decibels.
_CLEAR = 9.0
#: Borders between the channels that are tried, in decibels.
_BORDERS = np.arange(-30.0, 31.0)
#: Loudness within this of its usual difference is equal, in decibels.
_EQUAL = 3.0
_FEWEST = 50
#: A copy is at most this much quieter than its original, in decibels.
_QUIETEST_COPY = -6.0
_SMALLEST = 1e-9


@dataclass(frozen=True, kw_only=True, slots=True)
class PairEvidence:
    """Comparison of two channels, `one` and `other`.

    `apart` is the share of the active time in which one of the two is clearly heard alone, and
    `alone` this time in seconds for each. `isolation` is by how many decibels each is quieter while
    the other one is heard alone. `bleed` is the level of each in the channel of the other one
    against that in its own, in decibels. `similarity` is the correlation of their loudness over
    time, with the best delay. `equal` is the share of sound whose loudness differs as usual in that
    band. `copied` is the share of the sound of each that the other one holds at no lower level.
    `correlation` is that of the samples without delay, negative if one of them is inverted.
    `opposed` is the share of loud moments in which that is the other way round.
    """

    one: int
    other: int
    apart: float
    alone: tuple[float, float]
    isolation: tuple[float, float]
    bleed: tuple[float, float]
    similarity: float
    equal: float
    copied: tuple[float, float]
    correlation: float
    opposed: float


def not_compared(one: int, other: int) -> PairEvidence:
    """Return no evidence of anything."""
    low, high = sorted((one, other))
    return PairEvidence(
        one=low,
        other=high,
        apart=0.0,
        alone=(0.0, 0.0),
        isolation=(0.0, 0.0),
        bleed=(0.0, 0.0),
        similarity=0.0,
        equal=0.0,
        copied=(0.0, 0.0),
        correlation=0.0,
        opposed=0.0,
    )


def compare(one: int, other: int, channels: Sequence[Loudness], polarity: Polarity) -> PairEvidence:
    """Compare two of all channels of a recording, by their numbers."""
    first, second = (
        _chosen(channels[number], _own(one, other, channels)) for number in (one, other)
    )
    lag, similarity = _similarity(first.heard, second.heard)
    lags = {0, lag} if similarity > _CREDIBLE else {0}
    aligned = [_aligned(first, second, lag) for lag in sorted(lags)]
    # An echo or a delay must not be taken for a party, so the less favorable delay counts.
    solo = min((_solo(*pair) for pair in aligned), key=lambda found: np.prod(found.counts))
    return PairEvidence(
        one=one,
        other=other,
        apart=round(min(1.0, sum(solo.counts) / max(1, solo.active)), 3),
        alone=_rounded(*(count * FRAME_SECONDS for count in solo.counts)),
        isolation=_rounded(*solo.isolation),
        bleed=_rounded(*solo.bleed),
        similarity=round(similarity, 3),
        equal=round(max(_equal(*pair) for pair in aligned), 3),
        copied=_rounded(
            max(_copied(one, other) for one, other in aligned),
            max(_copied(other, one) for one, other in aligned),
            digits=3,
        ),
        correlation=round(polarity.correlation(one, other), 3),
        opposed=round(polarity.opposed(one, other), 3),
    )


def _own(one: int, other: int, channels: Sequence[Loudness]) -> Mask:
    """Mark the frames without a louder third channel.

    Several parties in one room are heard alike in the channels of all others.
    """
    louder = np.maximum(channels[one].heard, channels[other].heard)
    own = np.ones(len(louder), dtype=np.bool_)
    for number, channel in enumerate(channels):
        if number not in {one, other}:
            own &= channel.heard <= louder
    return own if np.count_nonzero(own) >= _FEWEST else np.ones_like(own)


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Loudness of a channel in some frames, as in Loudness."""

    decibels: Array
    energy: Array
    total: Array
    active: Mask
    heard: Array


def _chosen(channel: Loudness, frames: Mask) -> _Stretch:
    return _Stretch(
        channel.decibels[frames],
        channel.energy[frames],
        channel.total[frames],
        channel.active[frames],
        channel.heard[frames],
    )


def _similarity(one: Array, other: Array) -> tuple[int, float]:
    """Return the delay of `one` against `other` in frames, and their correlation with it."""
    one, other = (values - values.mean() for values in (one, other))
    reach = min(_LONGEST_LAG, len(one) // _SHORTER)
    size = 1 << int(len(one) + reach).bit_length()
    product = np.fft.rfft(one, size) * np.conj(np.fft.rfft(other, size))
    scale = float(np.linalg.norm(one) * np.linalg.norm(other)) + _SMALLEST
    correlation = np.fft.irfft(product, size) / scale
    around = np.concatenate([correlation[size - reach :], correlation[: reach + 1]])
    best = int(np.argmax(around))
    return best - reach, float(around[best])


def _aligned(first: _Stretch, second: _Stretch, lag: int) -> tuple[_Stretch, _Stretch]:
    """Return the common frames of two channels, with a delay of the first one."""
    size = len(first.heard) - abs(lag)
    usable = first.active.any(axis=0) & second.active.any(axis=0)
    one, other = (
        _Stretch(
            channel.decibels[start : start + size],
            channel.energy[start : start + size],
            channel.total[start : start + size],
            channel.active[start : start + size] & usable,
            channel.heard[start : start + size],
        )
        for channel, start in ((first, max(0, lag)), (second, max(0, -lag)))
    )
    return one, other


@dataclass(frozen=True, kw_only=True, slots=True)
class _Solo:
    """Frames with one channel alone, for a certain delay between the channels."""

    counts: tuple[int, int] = (0, 0)
    active: int = 0
    isolation: tuple[float, float] = (0.0, 0.0)
    bleed: tuple[float, float] = (0.0, 0.0)


def _solo(one: _Stretch, other: _Stretch) -> _Solo:
    """Count the frames with one channel clearly louder than usual against the other.

    Loudness is relative to that of each channel, but a party who says little may never have been
    loud. So the border between the channels is searched for.
    """
    difference = one.decibels - other.decibels
    # Noise hides how quiet the other channel is, so these are bounds on the safe side.
    upper = mean_over_bands(difference, one.active)
    lower = mean_over_bands(difference, other.active)
    active = int(np.count_nonzero(~np.isnan(upper) | ~np.isnan(lower)))
    above = np.sort(upper[~np.isnan(upper)])
    below = np.sort(lower[~np.isnan(lower)])
    highs = len(above) - np.searchsorted(above, _BORDERS + _CLEAR, side="right")
    lows = np.searchsorted(below, _BORDERS - _CLEAR, side="left")
    best = int(np.argmax(highs * lows))
    if not highs[best] * lows[best]:
        return _Solo(active=active)
    high = upper > _BORDERS[best] + _CLEAR
    low = lower < _BORDERS[best] - _CLEAR
    return _Solo(
        counts=(int(highs[best]), int(lows[best])),
        active=active,
        isolation=(
            _median(one, one.active, high) - _median(one, other.active, low),
            _median(other, other.active, low) - _median(other, one.active, high),
        ),
        bleed=(_ratio(other, one, high), _ratio(one, other, low)),
    )


def _median(channel: _Stretch, active: Mask, frames: Mask) -> float:
    return float(np.median(mean_over_bands(channel.decibels[frames], active[frames])))


def _ratio(echo: _Stretch, own: _Stretch, frames: Mask) -> float:
    """Return the level of a party in another channel against that in its own, in decibels."""
    ratio = 10 * np.log10(echo.energy[frames] / own.energy[frames])
    return float(np.median(mean_over_bands(ratio, own.active[frames])))


def _equal(one: _Stretch, other: _Stretch) -> float:
    both = one.active & other.active
    if np.count_nonzero(both) < _FEWEST:
        return 0.0
    difference = one.decibels - other.decibels
    near = [
        np.abs(band[some] - np.median(band[some])) < _EQUAL
        for band, some in zip(difference.T, both.T, strict=True)
        if some.any()
    ]
    return float(np.mean(np.concatenate(near)))


def _copied(original: _Stretch, copy: _Stretch) -> float:
    """Return the share of a channel's sound within another one, alone or with other sound."""
    some = original.active
    if np.count_nonzero(some) < _FEWEST:
        return 0.0
    ratio = 10 * np.log10((copy.total[some] + _SMALLEST) / original.energy[some])
    usual = float(np.quantile(ratio, 0.25))
    return float(np.mean(ratio > usual - _EQUAL)) if usual > _QUIETEST_COPY else 0.0


def _rounded(first: float, second: float, *, digits: int = 1) -> tuple[float, float]:
    return round(float(first), digits), round(float(second), digits)
