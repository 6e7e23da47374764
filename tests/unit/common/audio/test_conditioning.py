"""Recordings with NaN samples, extreme levels, or another scale."""

import io

import numpy as np
import pytest

from common.audio.conditioning import SignalConditioner
from common.audio.decoding import decode, read_window
from common.audio.resampling import SAMPLE_RATE, Samples
from common.audio.windows import windows
from tests.unit.common.audio import sounds


@pytest.fixture(scope="module")
def tone() -> Samples:
    """Return twenty seconds of a tone with pauses and a peak of 0.4."""
    times = np.arange(20 * SAMPLE_RATE) / SAMPLE_RATE
    sounding = np.sin(np.pi * times) > -0.5
    return (0.4 * np.sin(600 * np.pi * times) * sounding).astype(np.float32)


def heard(data: bytes) -> tuple[Samples, SignalConditioner]:
    conditioner = SignalConditioner()
    return np.concatenate(list(decode(io.BytesIO(data), conditioner=conditioner))), conditioner


def test_sane_samples_are_unchanged(tone: Samples) -> None:
    sound, conditioner = heard(sounds.float_wav(tone))
    assert np.abs(sound - tone).max() < 1e-6
    assert conditioner.warnings == ()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("bits", [32, 64])
def test_nan_and_infinity_become_silence(tone: Samples, value: float, bits: int) -> None:
    damaged = tone.copy()
    damaged[5_000] = value
    sound, conditioner = heard(sounds.float_wav(damaged, bits=bits))
    damaged[5_000] = 0.0
    assert np.abs(sound - damaged).max() < 1e-6
    (warning,) = conditioner.warnings
    assert warning.startswith("1 sample of the recording held no valid number")


def test_resampling_does_not_spread_nan() -> None:
    whole = sounds.noise(3.0, 48_000)
    damaged = whole.copy()
    damaged[70_000:70_010] = np.nan
    sound, conditioner = heard(sounds.float_wav(np.stack([damaged, whole], axis=1), rate=48_000))
    expected, _ = heard(sounds.float_wav(np.stack([whole, whole], axis=1), rate=48_000))
    assert np.isfinite(sound).all()
    changed = np.flatnonzero(np.abs(sound - expected) > 1e-4)
    assert 0 < len(changed) < 100
    assert conditioner.not_numbers == 10


@pytest.mark.parametrize("value", [3.0, 1e6, 1e30])
def test_one_wild_sample_does_not_change_the_gain(tone: Samples, value: float) -> None:
    damaged = tone.copy()
    damaged[5_000] = value
    sound, conditioner = heard(sounds.float_wav(damaged))
    assert sound[5_000] == 1.0
    assert np.abs(np.delete(sound, 5_000) - np.delete(tone, 5_000)).max() < 1e-6
    (warning,) = conditioner.warnings
    assert "1 sample of the recording lay far beyond full scale" in warning


def test_burst_of_garbage_does_not_lower_the_rest(tone: Samples) -> None:
    damaged = tone.copy()
    damaged[80_000:80_400] = 1e7
    sound, conditioner = heard(sounds.float_wav(damaged))
    assert np.abs(sound[81_000:] - tone[81_000:]).max() < 1e-6
    assert conditioner.wild == 400


@pytest.mark.parametrize("scale", [2.0**15, 2.0**23, 2.0**31])
def test_samples_in_integer_range_are_scaled(tone: Samples, scale: float) -> None:
    sound, conditioner = heard(sounds.float_wav(tone * scale))
    assert np.abs(sound - tone).max() < 1e-6
    (warning,) = conditioner.warnings
    decibels = 20 * np.log10(scale)
    assert f"lowered by {decibels:.0f} dB" in warning


def test_single_window_has_the_gain_of_the_whole(tone: Samples) -> None:
    data = sounds.float_wav(tone * 32_768)
    sound, _ = heard(data)
    window = read_window(io.BytesIO(data), 10.0, 12.0)
    assert np.abs(window - sound[10 * SAMPLE_RATE : 12 * SAMPLE_RATE]).max() < 1e-6


def test_gain_of_overdriven_sound_is_kept(tone: Samples) -> None:
    louder = np.concatenate([tone, 5 * tone, tone])
    sound, conditioner = heard(sounds.float_wav(louder))
    assert conditioner.gain == pytest.approx(0.5, rel=0.01)
    assert np.abs(sound).max() <= 1.0
    after = slice(41 * SAMPLE_RATE, None)
    assert np.abs(sound[after] - conditioner.gain * louder[after]).max() < 1e-5
    (warning,) = conditioner.warnings
    assert "lowered by 6 dB" in warning


def test_garbage_becomes_finite() -> None:
    sound, conditioner = heard(sounds.float_wav(np.full(50_000, np.nan)))
    assert len(sound) == 50_000
    assert not sound.any()
    assert conditioner.not_numbers == 50_000


def test_lossy_overshoots_are_clipped_without_warning() -> None:
    loud = np.clip(4 * sounds.noise(3.0, 44_100), -0.99, 0.99)
    sound, conditioner = heard(sounds.encode(loud, sounds.FORMATS["mp3"]))
    assert np.abs(sound).max() <= 1.0
    assert conditioner.wild == 0


def test_windows_report_changes(tone: Samples) -> None:
    damaged = tone.copy()
    damaged[[5_000, 250_000]] = np.nan
    conditioner = SignalConditioner()
    data = io.BytesIO(sounds.float_wav(damaged))
    cut = list(windows(data, duration=20.0, longest=8.0, conditioner=conditioner))
    assert len(cut) > 1
    assert sum(len(window.samples) for window in cut) == 20 * SAMPLE_RATE
    assert conditioner.not_numbers == 2
