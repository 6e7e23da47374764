"""Spans of recordings, read as recordings of their own."""

import io
from collections.abc import Iterator

import numpy as np
import pytest

from common.audio.clips import cut_clip
from common.audio.decoding import decode, read_window
from common.audio.errors import EmptyAudioError, TruncatedAudioError
from common.audio.probe import probe
from common.audio.resampling import SAMPLE_RATE, Samples
from common.audio.signals import AudioSource, Signal, SignalPart, Sound, Span
from common.audio.windows import windows
from tests.unit.common.audio.sounds import float_wav, noise

SECONDS = 12.0
NOISE = noise(SECONDS, SAMPLE_RATE)
WAV = float_wav(np.stack([NOISE, -NOISE], axis=1))
BOTH = Signal(parts=(SignalPart(track=0, gains=(0.5, -0.5)),))


def excerpt(start: float, end: float | None) -> Sound:
    return Sound(file=io.BytesIO(WAV), signal=BOTH, span=Span(start=start, end=end))


def decoded(source: AudioSource) -> Samples:
    return np.concatenate([np.empty(0, np.float32), *decode(source)])


def expected(start: float, end: float) -> Samples:
    return NOISE[round(start * SAMPLE_RATE) : round(end * SAMPLE_RATE)]


@pytest.mark.parametrize("end", [7.0, None])
def test_excerpt_begins_and_ends_with_its_span(end: float | None) -> None:
    assert np.allclose(decoded(excerpt(3.0, end)), expected(3.0, end or SECONDS), atol=1e-6)


def test_moments_count_from_the_start_of_the_span() -> None:
    found = read_window(excerpt(3.0, 7.0), 1.5, 60.0)
    assert np.allclose(found, expected(4.5, 7.0), atol=1e-6)
    assert not len(read_window(excerpt(3.0, 7.0), 5.0, 6.0))


@pytest.mark.parametrize(
    ("start", "end", "length"),
    [(3.0, 7.0, 4.0), (3.0, None, 9.0), (10.0, 20.0, 2.0), (15.0, 20.0, 0.0), (15.0, None, 0.0)],
)
def test_length_is_that_of_the_sound_in_the_span(
    start: float, end: float | None, length: float
) -> None:
    info = probe(excerpt(start, end))
    assert info.duration == pytest.approx(length)
    assert info.sample_rate == SAMPLE_RATE


def test_span_after_the_end_is_empty() -> None:
    assert not len(decoded(excerpt(20.0, 30.0)))
    assert not list(windows(excerpt(20.0, None), duration=0.0, longest=5.0))
    with pytest.raises(EmptyAudioError):
        cut_clip(excerpt(20.0, None), 0.0, 1.0)


def test_windows_of_an_excerpt_begin_at_zero() -> None:
    found = list(windows(excerpt(2.0, 11.0), duration=9.0, longest=4.0))
    assert found[0].start == 0.0
    assert found[-1].end == pytest.approx(9.0)
    joined = np.concatenate([window.samples for window in found])
    assert np.allclose(joined, expected(2.0, 11.0), atol=1e-6)


@pytest.mark.parametrize(("start", "end"), [(0.0, 4.0), (4.0, 20.0)])
def test_truncated_recording_is_truncated_only_where_it_breaks_off(
    start: float, end: float
) -> None:
    whole = Sound(file=io.BytesIO(WAV[: len(WAV) // 2]), span=Span(start=start, end=end))
    info = probe(whole, allow_truncated=True)
    assert info.duration == pytest.approx(4.0 if start == 0 else 2.0, abs=0.01)
    assert info.declared == (None if start == 0 else pytest.approx(8.0, abs=0.01))
    if start:
        with pytest.raises(TruncatedAudioError):
            probe(whole)


def test_listener_hears_an_excerpt_decoded_as_a_whole() -> None:
    heard: list[int] = []

    def listener(blocks: Iterator[Samples]) -> Iterator[Samples]:
        for block in blocks:
            heard.append(len(block))
            yield block

    sound = Sound(file=io.BytesIO(WAV), span=Span(start=3.0, end=7.0), listener=listener)
    read_window(sound, 0.0, 1.0)
    assert not heard
    decoded(sound)
    assert sum(heard) == 4 * SAMPLE_RATE
