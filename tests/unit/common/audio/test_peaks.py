"""Peaks of waveforms."""

import io

import numpy as np
import pytest

from common.audio.peaks import (
    HEADER_BYTES,
    PEAK_BYTES,
    RATES,
    PeakMeter,
    Peaks,
    read_index,
    write_peaks,
)
from common.audio.resampling import SAMPLE_RATE, Samples


def measured(samples: Samples, *, step: int = 1000) -> io.BytesIO:
    """Return the peaks of one channel, pushed piece by piece."""
    file = io.BytesIO()
    meter = PeakMeter(file)
    for start in range(0, len(samples), step):
        meter.push(samples[start : start + step])
    meter.flush()
    return file


def written(*channels: Samples | None) -> bytes:
    """Return a file of peaks."""
    file = io.BytesIO()
    meters = [None if channel is None else measured(channel) for channel in channels]
    assert write_peaks(file, meters) == len(file.getvalue())
    return file.getvalue()


def level_of(data: bytes, rate: int) -> Peaks:
    """Return the peaks of a level with the shape (peaks, channels, 2)."""
    index = read_index(data[:HEADER_BYTES])
    level = index.level(rate)
    assert level is not None
    size = level.length * index.channels * PEAK_BYTES
    values = np.frombuffer(data[level.offset : level.offset + size], dtype=np.int8)
    return values.reshape(level.length, index.channels, 2)


def noise(seconds: float, seed: int) -> Samples:
    """Return noise that grows louder."""
    samples = np.random.default_rng(seed).uniform(-1, 1, round(seconds * SAMPLE_RATE))
    return (samples * np.linspace(0, 1, len(samples))).astype(np.float32)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("seconds", [0.001, 0.7, 30.0, 251.3])
def test_peaks_are_the_extremes_of_each_stretch(rate: int, seconds: float) -> None:
    channels = [noise(seconds, seed) for seed in (1, 2)]
    found = level_of(written(*channels), rate)
    size = SAMPLE_RATE // rate
    length = -(-len(channels[0]) // size)
    assert found.shape == (length, 2, 2)
    for number in {0, length // 2, length - 1}:
        for place, channel in enumerate(channels):
            stretch = channel[number * size : (number + 1) * size]
            low, high = np.clip(np.rint([128 * stretch.min(), 128 * stretch.max()]), -128, 127)
            assert tuple(found[number, place]) == (low, high)


def test_missing_and_shorter_channels_are_silent() -> None:
    found = level_of(written(noise(2.0, 1), None, noise(1.0, 3)), RATES[0])
    assert found.shape == (400, 3, 2)
    assert not found[:, 1].any()
    assert not found[200:, 2].any()
    assert found[100:200, 2].any()


def test_times_select_peaks() -> None:
    level = read_index(written(noise(10.0, 1))).level(20)
    assert level is not None
    assert level.between(0.0, None) == range(200)
    assert level.between(1.0, 2.0) == range(20, 40)
    assert level.between(1.01, 1.99) == range(20, 40)
    assert level.between(9.0, 99.0) == range(180, 200)
    assert len(level.between(50.0, 60.0)) == 0
    assert len(level.between(3.0, 2.0)) == 0


def test_other_files_are_refused() -> None:
    for data in (b"", b"STPEAKS1", b"x" * HEADER_BYTES):
        with pytest.raises(ValueError, match="peaks"):
            read_index(data)
