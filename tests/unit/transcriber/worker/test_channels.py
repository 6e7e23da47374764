"""Joining of recognitions of several signals."""

from dataclasses import replace

import pytest

from tests.unit.transcriber.worker.calls import recognized
from transcriber.worker.channels import echo_warnings, join_languages, without_echoes
from transcriber.worker.echoes.search import EchoLine
from transcriber.worker.engines.protocol import (
    Recognition,
    RecognizedLanguage,
    RecognizedSegment,
)


def found(*segments: RecognizedSegment) -> Recognition:
    return Recognition(
        segments=segments,
        languages=(),
        duration=60.0,
        speech_duration=10.0,
        processing_seconds=1.0,
        model="fake",
        model_version="1",
    )


def line(segment: int, *words: int, original: int = 0) -> EchoLine:
    return EchoLine(segment=segment, words=words, original=original)


@pytest.mark.parametrize(
    ("text", "dropped", "left"),
    [
        ("Well, yes. I do, of course.", (0, 1), "I do, of course."),
        ("Well, yes. I do, of course.", (2, 3), "Well, yes. of course."),
        ("Well, yes. I do, of course.", (4, 5), "Well, yes. I do,"),
        ("Well, yes. I do, of course.", (0, 3), "yes. I of course."),
    ],
)
def test_words_of_an_echo_leave_the_text(text: str, dropped: tuple[int, ...], left: str) -> None:
    (segment,) = without_echoes(found(recognized(text, 0.0, 6.0)), [line(0, *dropped)]).segments
    assert segment.text == left
    assert [word.text for word in segment.words] == left.split()
    assert (segment.start, segment.end) == (segment.words[0].start, segment.words[-1].end)


def test_text_without_blanks_stays_so() -> None:
    said = replace(recognized("我们 走 吧", 0.0, 3.0), text="我们走吧")
    (segment,) = without_echoes(found(said), [line(0, 1)]).segments
    assert segment.text == "我们吧"


def test_text_that_spells_words_differently_is_made_of_words() -> None:
    said = replace(recognized("twenty five years", 0.0, 3.0), text="25 years")
    (segment,) = without_echoes(found(said), [line(0, 2)]).segments
    assert segment.text == "twenty five"


def test_segment_of_an_echo_is_left_out() -> None:
    kept = recognized("Hello there.", 5.0, 6.0)
    left = without_echoes(found(recognized("Who is it?", 0.0, 1.0), kept), [line(0, 0, 1, 2)])
    assert left.segments == (kept,)


def test_two_echoes_in_a_segment_are_both_left_out() -> None:
    said = recognized("a b c d", 0.0, 4.0)
    (segment,) = without_echoes(found(said), [line(0, 0), line(0, 2)]).segments
    assert segment.text == "b d"


def test_echoes_are_counted_by_their_origin() -> None:
    lines = [line(0, 0), line(1, 0), line(2, 0, original=2)]
    assert echo_warnings(1, lines) == (
        "2 lines of channel 2 were echoes of channel 1 and were left out.",
        "1 line of channel 2 was an echo of channel 3 and was left out.",
    )
    assert echo_warnings(1, []) == ()


def span(start: float, end: float, language: str, probability: float = 1.0) -> RecognizedLanguage:
    return RecognizedLanguage(start=start, end=end, language=language, probability=probability)


def test_languages_of_signals_are_joined_by_time() -> None:
    spans = [span(0, 10, "en"), span(30, 40, "en"), span(5, 20, "en"), span(8, 12, "de")]
    assert join_languages(spans) == (
        span(0, 20, "en"),
        span(8, 12, "de"),
        span(30, 40, "en"),
    )


def test_probability_is_weighted_by_length() -> None:
    (joined,) = join_languages([span(0, 30, "en", 0.9), span(10, 20, "en", 0.5)])
    assert (joined.start, joined.end) == (0, 30)
    assert joined.probability == pytest.approx(0.8)
