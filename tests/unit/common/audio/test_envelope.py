"""Envelopes of recordings."""

import numpy as np
import pytest

from common.audio.envelope import FLOOR, Envelope, envelope_of
from common.audio.resampling import SAMPLE_RATE
from tests.unit.common.audio.sounds import noise


def test_level_is_that_of_each_frame() -> None:
    loud = np.full(SAMPLE_RATE // 10, 0.5, dtype=np.float32)
    found = envelope_of([loud, 0 * loud, loud * np.float32(0.1)])
    assert found.levels.tolist() == [-6] * 10 + [FLOOR] * 10 + [-26] * 10


@pytest.mark.parametrize("size", [1, 159, 160, 1000])
def test_blocks_may_have_any_length(size: int) -> None:
    sound = noise(0.5, SAMPLE_RATE)
    blocks = [sound[start : start + size] for start in range(0, len(sound), size)]
    assert np.array_equal(envelope_of(blocks).levels, envelope_of([sound]).levels)


def test_incomplete_frame_at_the_end_counts() -> None:
    assert len(envelope_of([np.ones(161, dtype=np.float32)]).levels) == 2
    assert len(envelope_of([]).levels) == 0


def test_outside_of_the_recording_is_silence() -> None:
    found = Envelope(levels=np.array([-10, -20, -30], dtype=np.int8))
    assert found.between(-2, 2).tolist() == [FLOOR, FLOOR, -10, -20]
    assert found.between(2, 5).tolist() == [-30, FLOOR, FLOOR]
    assert found.between(7, 9).tolist() == [FLOOR, FLOOR]
    assert found.between(-9, -7).tolist() == [FLOOR, FLOOR]
