"""Short clips cut out of recordings."""

import io
import math
import wave

import numpy as np
import pytest

from common.audio.decoding import read_window
from common.audio.errors import AudioError
from speakers.clips import LONGEST_SECONDS, cut

RATE = 16_000


def recording(seconds: float) -> bytes:
    """A tone that rises: at second t it has 200 + 100 t Hz."""
    time = np.arange(int(seconds * RATE)) / RATE
    samples = np.sin(2 * np.pi * (200 * time + 50 * time**2)) * 9000
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.astype("<i2").tobytes())
    return buffer.getvalue()


def test_the_sound_between_two_moments() -> None:
    content = recording(6.0)
    clip = cut(content, 2.0, 5.0)
    assert clip is not None
    assert clip.content_type == "audio/flac"
    heard = read_window(io.BytesIO(clip.content), 0.0, 100.0)
    expected = read_window(io.BytesIO(content), 2.0, 5.0)
    assert len(heard) == 3 * RATE
    assert np.abs(heard - expected).max() < 1e-3


def test_clips_are_short() -> None:
    clip = cut(recording(20.0), 1.0, 19.0)
    assert clip is not None
    assert len(read_window(io.BytesIO(clip.content), 0.0, 100.0)) == LONGEST_SECONDS * RATE


@pytest.mark.parametrize(("start", "end"), [(9.0, 12.0), (2.0, 2.0), (3.0, 1.0), (math.nan, 1.0)])
def test_nothing_to_cut(start: float, end: float) -> None:
    assert cut(recording(4.0), start, end) is None


def test_what_is_no_recording() -> None:
    with pytest.raises(AudioError):
        cut(b"no audio at all", 0.0, 1.0)
