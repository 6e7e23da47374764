import numpy as np
import pytest

from common.audio.decoding import SAMPLE_RATE
from transcriber.worker.engines.speech_map import SpeechMap
from transcriber.worker.engines.voice_activity import Span


def seconds(start: float, end: float) -> Span:
    return Span(start=round(start * SAMPLE_RATE), end=round(end * SAMPLE_RATE))


@pytest.fixture
def speech() -> SpeechMap:
    return SpeechMap([seconds(2, 4), seconds(10, 11), seconds(20, 30)])


def test_the_regions_are_joined(speech: SpeechMap) -> None:
    sound = np.arange(40 * SAMPLE_RATE, dtype=np.float32)
    joined = speech.cut(sound)
    assert len(joined) == 13 * SAMPLE_RATE
    assert joined[0] == 2 * SAMPLE_RATE
    assert joined[2 * SAMPLE_RATE] == 10 * SAMPLE_RATE
    assert joined[3 * SAMPLE_RATE] == 20 * SAMPLE_RATE


@pytest.mark.parametrize(
    ("joined", "original"),
    [((0.0, 0.5), (2.0, 2.5)), ((2.25, 2.75), (10.25, 10.75)), ((3.0, 13.0), (20.0, 30.0))],
)
def test_times_are_moved_back(
    speech: SpeechMap, joined: tuple[float, float], original: tuple[float, float]
) -> None:
    assert speech.place(*joined) == pytest.approx(original)


def test_a_word_over_a_seam_stays_on_the_side_of_its_middle(speech: SpeechMap) -> None:
    assert speech.place(1.8, 2.1) == pytest.approx((3.8, 4.0))
    assert speech.place(1.9, 2.3) == pytest.approx((10.0, 10.3))


def test_a_word_beyond_the_end_is_kept_inside(speech: SpeechMap) -> None:
    assert speech.place(12.9, 13.4) == pytest.approx((29.9, 30.0))
    assert speech.place(13.5, 14.0) == pytest.approx((30.0, 30.0))
