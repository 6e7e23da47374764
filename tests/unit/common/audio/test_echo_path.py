"""Paths of echoes between envelopes."""

import numpy as np
import pytest

from common.audio.echo_path import (
    LONGEST_LAG,
    EchoPath,
    correlate,
    find_lag,
    find_path,
    loud_part,
    mean_level,
    predict,
)
from common.audio.envelope import FLOOR, Levels


def speech(frames: int = 600, *, seed: int = 1) -> Levels:
    """Return levels that rise and fall like syllables."""
    random = np.random.default_rng(seed)
    syllables = np.repeat(random.uniform(-60, -15, frames // 15), 15)
    return np.convolve(syllables, np.ones(5) / 5, mode="same").astype(np.float32)


def late(levels: Levels, lag: int, gain: float) -> Levels:
    found = np.full(len(levels), FLOOR, dtype=np.float32)
    found[lag:] = levels[: len(levels) - lag] + gain
    return found


def is_path(path: EchoPath | None, lag: int, gain: float) -> bool:
    return path is not None and path.lag == lag and abs(path.gain - gain) < 0.5


EVERYWHERE = np.ones(600, dtype=np.bool_)


@pytest.mark.parametrize(("lag", "gain"), [(0, -6.0), (3, -20.0), (40, -30.0), (60, 4.0)])
def test_lag_and_gain_are_measured(lag: int, gain: float) -> None:
    path = find_path(speech(), late(speech(), lag, gain), EVERYWHERE, EVERYWHERE)
    assert is_path(path, lag, gain)


def test_noise_of_the_channel_does_not_change_the_gain() -> None:
    noisy = np.maximum(late(speech(), 10, -20.0), -50.0)
    path = find_path(speech(), noisy, EVERYWHERE, EVERYWHERE)
    assert is_path(path, 10, -20.0)


def test_own_speech_in_the_channel_is_left_out() -> None:
    echo = late(speech(), 10, -20.0)
    echo[:300] = speech(seed=2)[:300]
    alone = EVERYWHERE.copy()
    alone[:300] = False
    path = find_path(speech(), echo, EVERYWHERE, alone)
    assert is_path(path, 10, -20.0)


def test_other_speech_and_silence_have_no_path() -> None:
    silence = np.full(600, -70.0, dtype=np.float32)
    for other in (speech(seed=2), silence):
        assert find_path(speech(), other, EVERYWHERE, EVERYWHERE) is None
    assert find_path(speech(), speech(), ~EVERYWHERE, EVERYWHERE) is None
    assert find_path(speech(), speech(), EVERYWHERE, ~EVERYWHERE) is None


@pytest.mark.parametrize("lag", [-2, 0, 20])
def test_expected_echo_begins_after_the_lag(lag: int) -> None:
    original = np.full(100, FLOOR, dtype=np.float32)
    original[50] = -10.0
    expected = predict(original, EchoPath(lag=lag, gain=-20.0))
    assert int(np.argmax(expected)) == 50 + lag
    assert expected[50 + lag] == pytest.approx(-30.0, abs=0.01)


def test_expected_echo_decays_slowly() -> None:
    original = np.full(100, FLOOR, dtype=np.float32)
    original[10] = 0.0
    expected = predict(original, EchoPath(lag=0, gain=0.0))
    assert expected[40] == pytest.approx(-30.0, abs=0.01)
    assert expected[9] == FLOOR


@pytest.mark.parametrize("lag", [-60, -7, 0, 25, 60])
def test_lag_of_a_line_is_found_in_both_directions(lag: int) -> None:
    levels = speech()
    copy = levels[200 - lag : 260 - lag] - 15
    around = levels[200 - LONGEST_LAG : 260 + LONGEST_LAG]
    correlation, found = find_lag(around, copy)
    assert found == lag
    assert correlation == pytest.approx(1.0, abs=1e-3)


def test_constant_levels_do_not_correlate() -> None:
    constant = np.full(50, -20.0, dtype=np.float32)
    assert correlate(constant, speech(50)) == 0.0
    assert find_lag(np.full(50 + 2 * LONGEST_LAG, -20.0, dtype=np.float32), constant)[0] == 0.0


def test_mean_level_is_that_of_the_power() -> None:
    assert mean_level(np.array([-10.0, -100.0], dtype=np.float32)) == pytest.approx(-13.0, abs=0.1)
    assert mean_level(np.empty(0, dtype=np.float32)) == FLOOR


def test_noise_is_raised_to_a_common_level() -> None:
    assert loud_part(np.array([-10.0, -35.0, -80.0], dtype=np.float32)).tolist() == [-10, -35, -40]
