import itertools

import numpy as np
import pytest

from common.audio.resampling import SAMPLE_RATE, Samples
from transcriber.worker.engines.stretches import cuts, stretches
from transcriber.worker.engines.voice_activity import Span


def spans(*pairs: tuple[float, float]) -> list[Span]:
    return [Span(start=round(a * SAMPLE_RATE), end=round(b * SAMPLE_RATE)) for a, b in pairs]


def seconds(found: list[Span]) -> list[tuple[float, float]]:
    return [(span.start / SAMPLE_RATE, span.end / SAMPLE_RATE) for span in found]


def noise(length: float, quiet: list[tuple[float, float]] | None = None) -> Samples:
    """Return noise of some seconds with silence at the given places."""
    sound = 0.1 * np.random.default_rng(1).standard_normal(round(length * SAMPLE_RATE))
    for span in spans(*(quiet or [])):
        sound[span.start : span.end] *= 1e-3
    return sound.astype(np.float32)


def test_short_spans_are_joined() -> None:
    found = stretches(noise(10), spans((0, 1), (1.3, 2), (2.4, 3.4), (3.8, 7)))
    assert seconds(found) == [(0, 3.4), (3.8, 7)]


def test_a_long_pause_separates() -> None:
    assert seconds(stretches(noise(10), spans((0, 1), (3, 4)))) == [(0, 1), (3, 4)]


def test_long_speech_is_cut_where_it_is_quiet() -> None:
    first, second = stretches(noise(10, [(4.2, 4.3)]), spans((0, 7)))
    assert first.end == second.start
    assert 4.15 < first.end / SAMPLE_RATE < 4.35


@pytest.mark.parametrize("length", [4.1, 9.0, 60.0])
def test_stretches_cover_the_speech(length: float) -> None:
    found = stretches(noise(length), spans((0, length)))
    assert found[0].start == 0
    assert found[-1].end == round(length * SAMPLE_RATE)
    assert all(one.end == other.start for one, other in itertools.pairwise(found))
    assert max(span.length for span in found) <= 8 * SAMPLE_RATE


def test_pauses_and_quiet_moments_are_places_for_a_change() -> None:
    sound = noise(10, [(2, 2.6), (5, 5.08)])
    found = cuts(sound, spans((0, 2), (2.6, 10)), 0, len(sound))
    pause, dip = sorted(found, key=lambda cut: -cut.pause)[:2]
    assert pause.place / SAMPLE_RATE == pytest.approx(2.3)
    assert pause.pause == pytest.approx(0.6)
    assert dip.place / SAMPLE_RATE == pytest.approx(5.04, abs=0.03)
    assert 0.02 < dip.pause < 0.15


def test_places_are_sought_within_limits() -> None:
    sound = noise(10, [(2, 2.6), (5, 5.08)])
    found = cuts(sound, spans((0, 2), (2.6, 10)), 4 * SAMPLE_RATE, 6 * SAMPLE_RATE)
    assert [cut.place // SAMPLE_RATE for cut in found] == [5]


def test_no_sound_has_no_places() -> None:
    assert cuts(noise(0), [], 0, 0) == []
    assert stretches(noise(0), []) == []
