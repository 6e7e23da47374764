"""Short clips of one speaker."""

import io

import numpy as np
import pytest

from common.audio.decoding import read_window
from common.audio.probe import probe
from transcriber.clips import LEAST_SECONDS, LONGEST_SECONDS, encode, stretch


def test_the_longest_clean_stretch_is_taken() -> None:
    assert stretch([(0.0, 2.0), (10.0, 15.0), (20.0, 21.0)]) == (10.0, 15.0)


def test_a_long_one_is_cut_to_its_middle() -> None:
    start, end = stretch([(0.0, 20.0)]) or (0, 0)
    assert end - start == pytest.approx(LONGEST_SECONDS)
    assert start == pytest.approx(20.0 - end)


def test_there_is_none_where_nobody_speaks_alone_for_long_enough() -> None:
    assert stretch([]) is None
    assert stretch([(0.0, LEAST_SECONDS / 2)]) is None


def test_a_clip_sounds_like_what_it_was_cut_from() -> None:
    tone = (np.sin(np.arange(32000) * 2 * np.pi * 440 / 16000) * 0.5).astype(np.float32)
    data = encode(tone)
    assert data.startswith(b"fLaC")
    info = probe(io.BytesIO(data))
    assert (info.codec, info.sample_rate, info.channels) == ("flac", 16000, 1)
    assert info.duration == pytest.approx(2.0, abs=0.01)
    heard = read_window(io.BytesIO(data), 0.0, 2.0)
    assert np.abs(heard[:31000] - tone[:31000]).max() < 0.001


def test_samples_beyond_the_scale_are_clipped_not_wrapped() -> None:
    heard = read_window(io.BytesIO(encode(np.full(16000, 1.5, dtype=np.float32))), 0.0, 1.0)
    assert heard.min() > 0.99
