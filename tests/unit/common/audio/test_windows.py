import io
import tracemalloc

import numpy as np
import pytest

from common.audio.resampling import SAMPLE_RATE, Samples
from common.audio.windows import quietest, windows
from tests.unit.common.audio import sounds

RATE = 16_000


def wav(samples: Samples) -> io.BytesIO:
    return io.BytesIO(sounds.encode(samples, sounds.FORMATS["wav"]))


def test_short_recording_is_one_window() -> None:
    (window,) = windows(wav(sounds.noise(5.0, RATE)), duration=5.0, longest=10.0)
    assert window.start == 0.0
    assert window.end == pytest.approx(5.0)


def test_windows_are_adjacent_and_complete() -> None:
    whole = sounds.noise(47.0, RATE)
    found = list(windows(wav(whole), duration=47.0, longest=10.0, zone=2.0))
    assert all(window.duration <= 10.0 for window in found)
    ends = [window.end for window in found]
    assert [window.start for window in found[1:]] == pytest.approx(ends[:-1])
    assert np.abs(np.concatenate([window.samples for window in found]) - whole).max() < 0.001


def test_windows_have_similar_lengths() -> None:
    found = list(windows(wav(sounds.noise(31.0, RATE)), duration=31.0, longest=10.0, zone=1.0))
    assert len(found) == 4
    assert all(window.duration > 6.5 for window in found)


@pytest.mark.parametrize("cut", [0, 31_999])
def test_no_short_window_is_left_wherever_the_cuts_are(cut: int) -> None:
    found = list(
        windows(
            wav(sounds.noise(20.0, RATE)),
            duration=20.0,
            longest=10.0,
            zone=2.0,
            find_cut=lambda _zone: cut,
        )
    )
    assert all(2.9 < window.duration <= 10.0 for window in found)


def test_windows_end_in_the_quietest_moment() -> None:
    whole = sounds.noise(20.0, RATE)
    whole[round(7.0 * RATE) : round(7.6 * RATE)] = 0.0
    first, *_ = windows(wav(whole), duration=20.0, longest=12.0, zone=4.0)
    assert 7.0 < first.end < 7.6


def test_caller_may_choose_the_cut() -> None:
    seen: list[int] = []

    def find_cut(zone: Samples) -> int:
        seen.append(len(zone))
        return 100

    found = list(
        windows(
            wav(sounds.noise(20.0, RATE)), duration=20.0, longest=11.0, zone=2.0, find_cut=find_cut
        )
    )
    assert seen[0] == 2 * SAMPLE_RATE
    third = 20.0 / 3 * SAMPLE_RATE
    assert len(found[0].samples) == pytest.approx(third - SAMPLE_RATE + 100, abs=2)


def test_recording_longer_than_expected_is_read_to_its_end() -> None:
    found = list(windows(wav(sounds.noise(30.0, RATE)), duration=8.0, longest=10.0, zone=1.0))
    assert found[-1].end == pytest.approx(30.0)
    assert all(window.duration <= 10.0 for window in found)


def test_quietest_moment_of_very_short_sound_is_its_middle() -> None:
    assert quietest(np.zeros(100, dtype=np.float32)) == 50


@pytest.mark.parametrize("seconds", [55.0, 110.0])
def test_only_the_window_at_hand_takes_memory(seconds: float) -> None:
    recording = wav(sounds.noise(seconds, RATE))
    tracemalloc.start()
    try:
        for window in windows(recording, duration=seconds, longest=60.0, zone=4.0):
            tracemalloc.reset_peak()
            held, _ = tracemalloc.get_traced_memory()
            assert held < 1.3 * 60.0 * RATE * window.samples.itemsize
            del window
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 1.6 * 60.0 * RATE * 4
