import io
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from common.audio.decoding import decode, read_window
from common.audio.errors import NoAudioStreamError
from common.audio.resampling import SAMPLE_RATE, Samples
from common.audio.signals import Signal, SignalPart, Sound
from tests.unit.common.audio import films, sounds
from tests.unit.common.audio.films import TrackOf


def heard(data: bytes, *parts: tuple[int, tuple[float, ...]]) -> Samples:
    signal = Signal(parts=tuple(SignalPart(track=track, gains=gains) for track, gains in parts))
    blocks = list(decode(Sound(file=io.BytesIO(data), signal=signal)))
    return np.concatenate(blocks)


def likeness(one: Samples, other: npt.NDArray[np.floating]) -> float:
    """Return the correlation of two sounds from their beginning, without a delay."""
    size = min(len(one), len(other))
    return float(np.corrcoef(one[:size], other[:size])[0, 1])


def at_16_khz(samples: Samples) -> Samples:
    return samples[::3]


@pytest.fixture(scope="module")
def voices() -> list[Samples]:
    return [sounds.noise(3.0, films.RATE, seed=seed) for seed in range(3)]


def test_one_channel_is_taken_alone() -> None:
    left, right = (sounds.noise(1.0, SAMPLE_RATE, seed=seed) for seed in (1, 2))
    data = sounds.float_wav(np.stack([left, right], axis=1))
    assert np.abs(heard(data, (0, (1.0, 0.0))) - left).max() < 1e-6
    assert np.abs(heard(data, (0, (0.0, 1.0))) - right).max() < 1e-6


def test_inverted_channel_is_turned() -> None:
    voice = sounds.noise(1.0, SAMPLE_RATE)
    data = sounds.float_wav(np.stack([voice, -voice], axis=1))
    assert np.abs(heard(data, (0, (0.5, -0.5))) - voice).max() < 1e-6


def test_tracks_are_added_on_one_clock(voices: list[Samples]) -> None:
    data = films.container(
        [TrackOf(samples=voices[0][None]), TrackOf(samples=voices[1][None], start=1.5)]
    )
    whole = heard(data, (0, (0.5,)), (1, (0.5,)))
    assert len(whole) / SAMPLE_RATE == pytest.approx(4.5, abs=0.1)
    assert likeness(whole[: 3 * SAMPLE_RATE // 2], at_16_khz(voices[0])) > 0.95
    assert likeness(whole[3 * SAMPLE_RATE :], at_16_khz(voices[1])[3 * SAMPLE_RATE // 2 :]) > 0.95


def test_sound_after_the_picture_keeps_its_time(voices: list[Samples]) -> None:
    data = films.container([TrackOf(samples=voices[0][None], start=2.0)], pictures=6.0)
    whole = np.concatenate(list(decode(io.BytesIO(data))))
    assert np.abs(whole[: round(1.9 * SAMPLE_RATE)]).max() == 0
    assert likeness(whole[2 * SAMPLE_RATE :], at_16_khz(voices[0])) > 0.95
    window = read_window(io.BytesIO(data), 3.0, 4.0)
    assert likeness(window, at_16_khz(voices[0])[SAMPLE_RATE:]) > 0.95


@pytest.mark.parametrize("container", ["matroska", "ogg", "webm", "asf", "mp4"])
@pytest.mark.parametrize("start", [2.0, 30.0])
def test_sound_alone_begins_at_once(voices: list[Samples], container: str, start: float) -> None:
    codec = {"ogg": "libopus", "webm": "libopus", "asf": "wmav2"}.get(container, "aac")
    track = TrackOf(samples=voices[0][None], start=start, codec=codec)
    whole = np.concatenate(list(decode(io.BytesIO(films.container([track], kind=container)))))
    assert len(whole) / SAMPLE_RATE == pytest.approx(3.0, abs=0.15)
    assert abs(sounds.lag(whole, at_16_khz(voices[0]))) < 0.1 * SAMPLE_RATE


def test_frames_with_other_channels_are_averaged() -> None:
    voice = sounds.noise(1.0, SAMPLE_RATE)
    assert np.abs(heard(sounds.float_wav(voice), (0, (0.0, 1.0))) - voice).max() < 1e-6


def test_path_is_read_for_every_part(tmp_path: Path, voices: list[Samples]) -> None:
    file = tmp_path / "two.mka"
    file.write_bytes(films.container([TrackOf(samples=voice[None]) for voice in voices[:2]]))
    parts = (SignalPart(track=0, gains=(0.5,)), SignalPart(track=1, gains=(0.5,)))
    whole = np.concatenate(list(decode(Sound(file=file, signal=Signal(parts=parts)))))
    assert likeness(whole, at_16_khz(voices[0]) + at_16_khz(voices[1])) > 0.9


def test_missing_track_is_an_error(voices: list[Samples]) -> None:
    data = films.container([TrackOf(samples=voices[0][None])])
    with pytest.raises(NoAudioStreamError):
        heard(data, (7, (1.0,)))
