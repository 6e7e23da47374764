"""Short clips cut out of recordings."""

import io
import math
import wave

import numpy as np
import pytest

from common.audio.clips import LONGEST_SECONDS, cut_clip, encode_flac
from common.audio.decoding import read_window
from common.audio.errors import AudioError, EmptyAudioError
from common.audio.probe import probe

RATE = 16_000


def recording(seconds: float) -> bytes:
    """Return a rising tone with 200 + 100 t Hz at second t."""
    time = np.arange(int(seconds * RATE)) / RATE
    samples = np.sin(2 * np.pi * (200 * time + 50 * time**2)) * 9000
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples.astype("<i2").tobytes())
    return buffer.getvalue()


def test_clip_contains_the_requested_range() -> None:
    content = recording(6.0)
    clip = cut_clip(io.BytesIO(content), 2.0, 5.0)
    heard = read_window(io.BytesIO(clip), 0.0, 100.0)
    expected = read_window(io.BytesIO(content), 2.0, 5.0)
    assert len(heard) == 3 * RATE
    assert np.abs(heard - expected).max() < 1e-3


def test_clip_length_is_limited() -> None:
    clip = cut_clip(io.BytesIO(recording(20.0)), 1.0, 19.0)
    assert len(read_window(io.BytesIO(clip), 0.0, 100.0)) == LONGEST_SECONDS * RATE


@pytest.mark.parametrize(("start", "end"), [(9.0, 12.0), (2.0, 2.0), (3.0, 1.0), (math.nan, 1.0)])
def test_range_without_sound_gives_no_clip(start: float, end: float) -> None:
    with pytest.raises(EmptyAudioError):
        cut_clip(io.BytesIO(recording(4.0)), start, end)


def test_undecodable_content_raises() -> None:
    with pytest.raises(AudioError):
        cut_clip(io.BytesIO(b"no audio at all"), 0.0, 1.0)


def test_encoded_sound_decodes_to_the_same_samples() -> None:
    tone = (np.sin(np.arange(32000) * 2 * np.pi * 440 / 16000) * 0.5).astype(np.float32)
    data = encode_flac(tone)
    assert data.startswith(b"fLaC")
    info = probe(io.BytesIO(data))
    assert (info.codec, info.sample_rate, info.channels) == ("flac", 16000, 1)
    assert info.duration == pytest.approx(2.0, abs=0.01)
    heard = read_window(io.BytesIO(data), 0.0, 2.0)
    assert np.abs(heard[:31000] - tone[:31000]).max() < 0.001


def test_empty_sound_cannot_be_encoded() -> None:
    with pytest.raises(EmptyAudioError, match="no sound"):
        encode_flac(np.empty(0, dtype=np.float32))


def test_samples_beyond_full_scale_are_clipped() -> None:
    data = encode_flac(np.full(16000, 1.5, dtype=np.float32))
    assert read_window(io.BytesIO(data), 0.0, 1.0).min() > 0.99
