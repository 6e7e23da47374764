import pytest

from exporter.statistics import statistics, word_count
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


@pytest.mark.parametrize(
    ("text", "count"),
    [("Well - yes, 3 times.", 4), ("完成报告 now", 5), ("보고서를 끝내야", 2), ("…", 0)],
)
def test_word_count(text: str, count: int) -> None:
    assert word_count(text) == count
