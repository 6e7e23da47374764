import pytest

from exporter.statistics import statistics
from tests.unit.exporter.documents import document, meeting, segment


def test_figures_of_each_speaker() -> None:
    figures = statistics(meeting())
    anna, ben = figures.speakers

    assert (anna.name, anna.segments, anna.turns, anna.words) == ("Anna Müller", 3, 2, 15)
    assert anna.seconds == pytest.approx(7.0)
    assert anna.longest_turn == pytest.approx(5.0)
    assert anna.share == pytest.approx(7 / 13)
    assert anna.words_per_minute == pytest.approx(15 * 60 / 7)
    assert anna.confidence == pytest.approx((0.9 * 4.5 + 0.7 * 2.5) / 7)
    assert (ben.segments, ben.turns, ben.words) == (2, 1, 16)
    assert figures.words == 31
    assert figures.speech_seconds == pytest.approx(13.0)


def test_a_speaker_without_speech_has_no_rate() -> None:
    figures = statistics(document([segment(0, "a", "Hi.", 1, 1)]))
    assert figures.speakers[0].share == 0.0
    assert figures.speakers[0].words_per_minute == 0.0


def test_overlapping_speech_counts_for_each_speaker() -> None:
    made = document(
        [
            segment(0, "a", "One two.", 0, 4),
            segment(1, "b", "Three.", 3, 5),
            segment(2, "a", "x", 4, 6),
        ]
    )
    figures = statistics(made)
    first, second = figures.speakers
    assert [first.seconds, second.seconds] == pytest.approx([6.0, 2.0])
    assert first.share + second.share == pytest.approx(1.0)
    assert figures.speech_seconds == pytest.approx(6.0)
    assert figures.words == 4


def test_overlapping_segments_of_one_speaker_count_once() -> None:
    made = document([segment(0, "a", "One two.", 0, 4), segment(1, "a", "Three.", 1, 2)])
    assert statistics(made).speakers[0].seconds == pytest.approx(4.0)


def test_words_of_scripts_without_blanks_are_their_syllables() -> None:
    figures = statistics(document([segment(0, "a", "完成报告 now", 0, 4, language="zh")]))
    assert figures.words == 5
