"""Samples as the numbers that services send to each other."""

from collections.abc import Sequence

import numpy as np

from common.audio.resampling import Samples


def as_pcm16(samples: Sequence[float] | Samples) -> bytes:
    """Return samples in ±1 as signed 16-bit little-endian numbers. Larger values are clipped."""
    numbers: bytes = (np.clip(np.asarray(samples), -1, 1) * 32767).astype("<i2").tobytes()
    return numbers
