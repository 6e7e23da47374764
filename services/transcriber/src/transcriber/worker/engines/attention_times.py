"""Times of tokens from the attention of a decoder to the frames of a sound."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Matrix = npt.NDArray[np.float32]

_TINY = 1e-9


def starts(attention: Sequence[Matrix]) -> list[int]:
    """Return the frame at which each token starts, by its attention (heads, frames).

    Each token has at least one frame, and tokens are in order. With more tokens than frames, the
    last ones start at the last frame.
    """
    if not attention:
        return []
    rows = np.stack(attention)
    # Heads attend to some frames with every token. What differs between tokens tells the time.
    spread = rows.std(axis=0, keepdims=True) + _TINY
    fit = ((rows - rows.mean(axis=0, keepdims=True)) / spread).mean(axis=1)
    count = min(fit.shape)
    found = _best_path(fit[:count])
    return found + [fit.shape[1] - 1] * (len(attention) - count)


def _best_path(fit: Matrix) -> list[int]:
    """Return the first frame of each row on the best path from the first to the last corner."""
    tokens, frames = fit.shape
    best = np.full(tokens, -np.inf)
    best[0] = fit[0, 0]
    came = np.zeros((frames, tokens), dtype=bool)
    for frame in range(1, frames):
        advanced = np.concatenate(([-np.inf], best[:-1]))
        came[frame] = advanced > best
        best = np.maximum(advanced, best) + fit[:, frame]
    found = [0] * tokens
    token = tokens - 1
    for frame in range(frames - 1, 0, -1):
        if came[frame, token]:
            found[token] = frame
            token -= 1
    return found
