"""Path of an echo: how one signal is heard in another, measured from their envelopes."""

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from common.audio.envelope import FLOOR, FRAME_SECONDS, Levels

Frames = npt.NDArray[np.bool_]
_Array = TypeVar("_Array", Levels, Frames)

#: The longest delay of an echo, in seconds and in frames.
LONGEST_DELAY = 0.6
LONGEST_LAG = round(LONGEST_DELAY / FRAME_SECONDS)
#: Clocks of two tracks may differ by some frames.
_EARLIEST_LAG = -3
#: Correlation of the levels from which on one signal is heard in the other.
_LEAST_CORRELATION = 0.5
#: Fewer frames of speech are no basis for a path.
_LEAST_FRAMES = 60
#: Levels so far below the loudest ones are noise, in decibels.
_RANGE = 30.0
#: The loudest frames, as a quantile.
_LOUDEST = 0.95
#: Share of the louder frames that gives the gain: the noise of a channel distorts quieter ones.
_LOUD = 0.4
#: Decay of sound in a room, in decibels per frame: 60 dB in 0.6 s.
_DECAY = 1.0
#: From this correlation on, the lag of a line is certain.
_CERTAIN_CORRELATION = 0.7
#: A line so many frames later than another is not the original.
_LATER = 3
#: An echo is amplified by less than this, and quieter by more than this if it is not later.
_MOST_GAIN = 10.0
_LEAST_LOSS = 2.0


@dataclass(frozen=True, kw_only=True, slots=True)
class EchoPath:
    """Delay of an echo in frames, and its level against the original in decibels."""

    lag: int
    gain: float


def is_echo_path(path: EchoPath) -> bool:
    """Return whether a path is that of an echo: of sound that arrives later or quieter."""
    return path.lag >= _LATER or path.gain <= -_LEAST_LOSS


def is_copy(original: Levels, copy: Levels) -> bool:
    """Return which of two alike lines is the copy. `original` has LONGEST_LAG frames around it."""
    gain = mean_level(copy) - mean_level(original)
    correlation, lag = find_lag(original, copy)
    if correlation >= _CERTAIN_CORRELATION and abs(lag) >= _LATER:
        return lag > 0 and gain < _MOST_GAIN
    return gain <= -_LEAST_LOSS


def find_path(original: Levels, copy: Levels, speaking: Frames, alone: Frames) -> EchoPath | None:
    """Return the path of an echo of `original` in `copy`, None if nothing is heard.

    `speaking` has the frames of `original` with speech, and `alone` those of `copy` without speech
    of its own.
    """
    if np.count_nonzero(speaking) < _LEAST_FRAMES or np.count_nonzero(alone) < _LEAST_FRAMES:
        return None
    said = np.maximum(original, np.quantile(original[speaking], _LOUDEST) - _RANGE)
    heard = np.maximum(copy, np.quantile(copy[alone], _LOUDEST) - _RANGE)
    best, found = _LEAST_CORRELATION, None
    for lag in range(_EARLIEST_LAG, LONGEST_LAG + 1):
        use = _shifted(speaking, lag) & _shifted(alone, -lag)
        if np.count_nonzero(use) < _LEAST_FRAMES:
            continue
        correlation = correlate(_shifted(said, lag)[use], _shifted(heard, -lag)[use])
        if correlation > best:
            best, found = correlation, lag
    if found is None:
        return None
    use = _shifted(speaking, found) & _shifted(alone, -found)
    x, y = _shifted(original, found)[use], _shifted(copy, -found)[use]
    loud = x >= np.quantile(x, 1 - _LOUD)
    return EchoPath(lag=found, gain=float(np.median((y - x)[loud])))


def predict(original: Levels, path: EchoPath) -> Levels:
    """Return the levels of the echo at most, given that a room lets sound decay slowly."""
    arriving = np.full(len(original), float(FLOOR), dtype=np.float32)
    if path.lag >= 0:
        arriving[path.lag :] = original[: max(0, len(original) - path.lag)]
    else:
        arriving[: path.lag] = original[-path.lag :]
    slope = np.arange(len(original), dtype=np.float32) * np.float32(_DECAY)
    latest: Levels = np.maximum.accumulate(arriving + np.float32(path.gain) + slope)
    return latest - slope


def find_lag(original: Levels, copy: Levels) -> tuple[float, int]:
    """Return the highest correlation of two envelopes and its lag in frames.

    The lag is positive if `copy` is later. `original` has LONGEST_LAG frames more at both ends.
    """
    heard = loud_part(copy)
    heard = heard - heard.mean()
    places = np.lib.stride_tricks.sliding_window_view(loud_part(original), len(copy))
    said = places - places.mean(axis=1, keepdims=True)
    norms = np.sqrt(np.square(said).sum(axis=1) * np.dot(heard, heard))
    correlations = np.where(norms > 0, said @ heard / np.maximum(norms, 1e-9), 0.0)
    best = int(np.argmax(correlations))
    return float(correlations[best]), LONGEST_LAG - best


def correlate(x: Levels, y: Levels) -> float:
    """Return the correlation of two envelopes, 0 for constant ones."""
    x, y = x - x.mean(), y - y.mean()
    norm = float(np.sqrt(np.dot(x, x) * np.dot(y, y)))
    return float(np.dot(x, y)) / norm if norm > 0 else 0.0


def loud_part(levels: Levels) -> Levels:
    """Return the levels, with all those far below the loudest one raised to a common one."""
    loud: Levels = np.maximum(levels, levels.max() - np.float32(_RANGE))
    return loud


def mean_level(levels: Levels) -> float:
    """Return the level of the mean power, in decibels."""
    if not len(levels):
        return float(FLOOR)
    return float(10 * np.log10(np.mean(10.0 ** (levels / 10))))


def _shifted(values: _Array, lag: int) -> _Array:
    """Return the values without the last `lag` ones, or without the first ones if negative."""
    return values[: max(0, len(values) - lag)] if lag >= 0 else values[-lag:]
