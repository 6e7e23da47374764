"""Samples as 16-bit numbers."""

import numpy as np

from common.audio.pcm import as_pcm16


def test_samples_are_16_bit_numbers() -> None:
    assert as_pcm16(np.array([0.0, 1.0, -2.0], np.float32)) == bytes.fromhex("0000ff7f0180")
