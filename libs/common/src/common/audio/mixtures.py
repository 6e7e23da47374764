"""Sums of other channels, such as the first track of a screen recorder."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from common.audio.loudness import Loudness

#: Share of the sound that the sum of the sources must explain.
_EXPLAINED = 0.97
#: Within this the sum explains the sound, in decibels.
_NEAR = 5.0
#: Share of the sound in which a source must be the loudest to count as one.
_LEAST_SHARE = 0.02
_FEWEST = 50
_STEPS = 200
_PRECISION = 1e-3

_Array = npt.NDArray[np.float64]


def sources(whole: Loudness, parts: Sequence[Loudness]) -> npt.NDArray[np.int64]:
    """Return the numbers of the parts with the whole as their sum, or none."""
    nothing = np.empty(0, dtype=np.int64)
    some = whole.active | np.any([part.active for part in parts], axis=0)
    some &= whole.usable
    if np.count_nonzero(some) < _FEWEST:
        return nothing
    energy = whole.energy[some].astype(np.float64)
    columns = np.stack([(part.energy * part.active)[some] for part in parts], axis=1)
    weights = _nonnegative(columns / energy[:, None])
    shares = columns * weights
    explained = np.abs(10 * np.log10((shares.sum(axis=1) + 1e-12) / energy)) < _NEAR
    if np.mean(explained[whole.active[some]]) < _EXPLAINED:
        return nothing
    loudest = np.bincount(np.argmax(shares, axis=1), minlength=len(parts))
    return np.flatnonzero(loudest >= _LEAST_SHARE * len(energy))


def _nonnegative(columns: _Array) -> _Array:
    """Return weights of columns, none negative, for a sum as near to 1 as possible."""
    products = columns.T @ columns
    target = columns.sum(axis=0)
    weights = np.zeros(columns.shape[1])
    for _ in range(_STEPS):
        before = weights.copy()
        for column, product in enumerate(products):
            if product[column] > 0:
                step = (target[column] - product @ weights) / product[column]
                weights[column] = max(0.0, weights[column] + step)
        if np.allclose(weights, before, atol=_PRECISION):
            break
    return weights
