"""Sound as FLAC, read back."""

import io

import numpy as np
import pytest

from common.audio.decoding import read_window
from common.audio.errors import EmptyAudioError
from common.audio.flac import encode_flac
from common.audio.probe import probe


def test_what_is_written_sounds_the_same() -> None:
    tone = (np.sin(np.arange(32000) * 2 * np.pi * 440 / 16000) * 0.5).astype(np.float32)
    data = encode_flac(tone)
    assert data.startswith(b"fLaC")
    info = probe(io.BytesIO(data))
    assert (info.codec, info.sample_rate, info.channels) == ("flac", 16000, 1)
    assert info.duration == pytest.approx(2.0, abs=0.01)
    heard = read_window(io.BytesIO(data), 0.0, 2.0)
    assert np.abs(heard[:31000] - tone[:31000]).max() < 0.001


def test_nothing_cannot_be_written() -> None:
    with pytest.raises(EmptyAudioError, match="no sound"):
        encode_flac(np.empty(0, dtype=np.float32))


def test_samples_beyond_the_scale_are_clipped_not_wrapped() -> None:
    data = encode_flac(np.full(16000, 1.5, dtype=np.float32))
    assert read_window(io.BytesIO(data), 0.0, 1.0).min() > 0.99
