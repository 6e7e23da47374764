import itertools

import numpy as np
import pytest

from common.audio.resampling import SAMPLE_RATE
from transcriber.worker.engines.voice_activity import (
    Span,
    SpeechMap,
    chunks,
    middle_of_longest_pause,
    regions,
    total_length,
    without_words,
)


def spans(*pairs: tuple[int, int]) -> list[Span]:
    return [Span(start=start, end=end) for start, end in pairs]


def pairs(found: list[Span]) -> list[tuple[int, int]]:
    return [(span.start, span.end) for span in found]


def test_short_pauses_are_closed_and_long_ones_kept() -> None:
    found = regions(spans((100, 200), (220, 300), (400, 500)), gap=50, pad=0, total=1000)
    assert pairs(found) == [(100, 300), (400, 500)]


def test_regions_are_widened_but_not_over_the_ends() -> None:
    assert pairs(regions(spans((10, 90)), gap=5, pad=20, total=100)) == [(0, 100)]


def test_widened_regions_meet_in_the_middle() -> None:
    found = regions(spans((100, 200), (230, 300)), gap=10, pad=40, total=1000)
    assert pairs(found) == [(60, 215), (215, 340)]


def test_no_speech_has_no_regions_and_no_chunks() -> None:
    assert regions([], gap=10, pad=5, total=100) == []
    assert chunks([], longest=10, pad=1, total=100) == []
    assert total_length([]) == 0


def test_chunks_are_filled_up_to_their_length() -> None:
    found = chunks(spans((0, 30), (40, 60), (70, 95), (100, 120)), longest=100, pad=0, total=200)
    assert pairs(found) == [(0, 95), (100, 120)]


def test_chunks_are_never_longer_than_asked_even_when_widened() -> None:
    found = chunks(spans((0, 500), (520, 560)), longest=120, pad=10, total=600)
    assert all(span.length <= 120 for span in found)
    assert found[0].start == 0
    assert found[-1].end >= 560
    assert all(one.end <= other.start for one, other in itertools.pairwise(found))


def test_long_speech_is_cut_into_equal_parts() -> None:
    assert pairs(chunks(spans((0, 250)), longest=100, pad=0, total=250)) == [
        (0, 83),
        (83, 166),
        (166, 250),
    ]


@pytest.mark.parametrize(
    ("speech", "middle"),
    [
        ([(0, 40), (60, 100)], 50),
        ([(30, 100)], 15),
        ([(0, 80)], 90),
        ([], 50),
        ([(0, 100)], None),
    ],
)
def test_the_longest_pause_is_found(speech: list[tuple[int, int]], middle: int | None) -> None:
    assert middle_of_longest_pause(spans(*speech), 100) == middle


def test_speech_without_words_is_the_rest_around_words() -> None:
    speech = spans((0, 100), (200, 300))
    words = [(10, 20), (90, 110), (190, 240)]
    assert pairs(without_words(speech, words, slack=5)) == [(0, 5), (25, 85), (245, 300)]


def test_speech_full_of_words_leaves_nothing() -> None:
    assert without_words(spans((0, 100)), [(0, 60), (50, 100)], slack=0) == []


def test_all_speech_is_left_without_words() -> None:
    assert pairs(without_words(spans((0, 100), (200, 300)), [], slack=5)) == [(0, 100), (200, 300)]


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
def test_times_are_mapped_to_the_recording(
    speech: SpeechMap, joined: tuple[float, float], original: tuple[float, float]
) -> None:
    assert speech.place(*joined) == pytest.approx(original)


def test_word_across_a_seam_stays_on_the_side_of_its_middle(speech: SpeechMap) -> None:
    assert speech.place(1.8, 2.1) == pytest.approx((3.8, 4.0))
    assert speech.place(1.9, 2.3) == pytest.approx((10.0, 10.3))


def test_a_word_beyond_the_end_is_kept_inside(speech: SpeechMap) -> None:
    assert speech.place(12.9, 13.4) == pytest.approx((29.9, 30.0))
    assert speech.place(13.5, 14.0) == pytest.approx((30.0, 30.0))
