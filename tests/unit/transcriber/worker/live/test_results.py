"""Messages of live streams."""

from common.times import seconds
from tests.unit.transcriber.worker.live.words import words
from transcriber.worker.live.jobs import Piece
from transcriber.worker.live.results import Results


def piece(text: str, *, final: bool, continues: bool = False) -> Piece:
    return Piece(words=tuple(words(text, start=1.0)), final=final, continues=continues)


def test_segments_are_numbered_over_all_channels() -> None:
    results = Results(channels=2, offset=0.0)
    sent = [
        results.piece(channel, piece("a", final=final), language="en", lag=0.1).segment
        for channel, final in ((0, False), (1, False), (0, False), (1, True), (0, True), (1, True))
    ]
    assert sent == [0, 1, 0, 1, 0, 2]


def test_times_count_from_the_beginning_of_the_recording() -> None:
    results = Results(channels=1, offset=100.0)
    results.covered(0, 16_000)
    found = results.piece(0, piece("one two", final=True, continues=True), language="en", lag=0.25)
    assert seconds(found.words[0].word.start) == 101.0
    assert seconds(found.processed_duration) == 101.0
    assert seconds(found.lag.text) == 0.25
    assert found.continues
    assert found.language == "en"


def test_a_draft_is_taken_back_by_one_without_words_and_news() -> None:
    results = Results(channels=1, offset=0.0)
    found = results.piece(0, piece("", final=False), language="en", lag=0.5)
    assert not found.words
    assert not found.HasField("lag")
    assert not found.speech_started


def test_the_slowest_channel_bounds_the_covered_sound() -> None:
    results = Results(channels=2, offset=0.0)
    results.covered(0, 80_000)
    assert results.progress(0.0) is None
    results.covered(1, 32_000)
    found = results.progress(0.0)
    assert found is not None
    assert seconds(found.processed_duration) == 2.0
    assert results.progress(0.0) is None
