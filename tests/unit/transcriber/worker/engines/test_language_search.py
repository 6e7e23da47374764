"""Search for languages in sound whose samples are the number of their language."""

from collections.abc import Sequence

import numpy as np
import pytest

from common.audio.resampling import SAMPLE_RATE, Samples
from transcriber.worker.engines.language_search import LanguageSearch
from transcriber.worker.engines.languages import Heard
from transcriber.worker.engines.parts import Part
from transcriber.worker.engines.protocol import RecognizedSegment, RecognizedWord
from transcriber.worker.engines.voice_activity import Span

CODES = {1: "en", 2: "de", 3: "fr"}
#: Numbers from here on are speech in a language that is not certain.
UNCLEAR = 10


def detect(sound: Samples) -> Heard:
    """Return shares of the numbers in the sound as probabilities, none above 0.97."""
    values, counts = np.unique(sound[sound > 0], return_counts=True)
    found: dict[str, float] = {"en": 0.01, "de": 0.01, "fr": 0.01}
    for value, count in zip(values.tolist(), counts.tolist(), strict=True):
        share = count / counts.sum()
        if value >= UNCLEAR:
            found |= {"la": 0.5 * share, "nl": 0.4 * share}
        else:
            found[CODES[value]] = 0.97 * share
    return Heard(seconds=len(sound) / SAMPLE_RATE, probabilities=found)


def segment(start: float, probability: float, seconds: float = 0.5) -> RecognizedSegment:
    """Return a word."""
    end = start + seconds
    word = RecognizedWord(text="word", start=start, end=end, probability=probability)
    return RecognizedSegment(
        start=start,
        end=end,
        text="word",
        words=(word,),
        language="",
        avg_logprob=0.0,
        no_speech_prob=0.0,
        compression_ratio=1.0,
        temperature=0.0,
    )


def no_words(sound: Samples, part: Part) -> list[RecognizedSegment]:
    return []


def judge_nothing(sound: Samples, part: Part, languages: Sequence[str]) -> str:
    raise AssertionError("no language is in doubt")


def said(*parts: tuple[int, float]) -> tuple[Samples, list[Span]]:
    """Return sound of (number or 0, seconds), and spans of speech."""
    sound = np.concatenate([np.full(round(length * SAMPLE_RATE), n) for n, length in parts])
    spans: list[Span] = []
    position = 0
    for number, length in parts:
        end = position + round(length * SAMPLE_RATE)
        if number:
            if spans and spans[-1].end == position:
                spans[-1] = Span(start=spans[-1].start, end=end)
            else:
                spans.append(Span(start=position, end=end))
        position = end
    return sound.astype(np.float32), spans


def found_in(
    search: LanguageSearch, sound: Samples, spans: Sequence[Span]
) -> list[tuple[str, float, float]]:
    whole, languages = search.listen(sound, spans)
    parts = search.divide(sound, whole, languages)
    return [
        (part.language, part.spans[0].start / SAMPLE_RATE, part.spans[-1].end / SAMPLE_RATE)
        for part in parts
    ]


def test_one_language_is_one_part_with_all_sound() -> None:
    sound, spans = said((1, 9.0), (0, 1.0), (1, 20.0), (0, 3.0))
    search = LanguageSearch(detect, no_words, judge_nothing)
    whole, languages = search.listen(sound, spans)
    (part,) = search.divide(sound, whole, languages)
    assert (part.start, part.end, part.spans) == (0, len(sound), tuple(spans))
    assert part.probability == pytest.approx(0.97)


def test_a_language_changes_in_the_pause() -> None:
    sound, spans = said((1, 9.0), (0, 0.5), (2, 10.0), (0, 0.4), (1, 5.0))
    search = LanguageSearch(detect, no_words, judge_nothing)
    assert found_in(search, sound, spans) == [
        ("en", 0.0, 9.0),
        ("de", 9.5, 19.5),
        ("en", 19.9, 24.9),
    ]
    assert search.languages == ["en", "de"]


def test_a_stretch_with_a_change_is_divided_at_a_quiet_moment() -> None:
    sound, spans = said((1, 9.4), (2, 10.0))
    sound[round(9.37 * SAMPLE_RATE) : round(9.43 * SAMPLE_RATE)] *= 1e-3

    def detect_loud(piece: Samples) -> Heard:
        return detect(piece[piece >= 1])

    search = LanguageSearch(detect_loud, no_words, judge_nothing)
    (first, _, end), (second, start, _) = found_in(search, sound, spans)
    assert (first, second) == ("en", "de")
    assert end == start == pytest.approx(9.4, abs=0.03)


def test_words_tell_the_place_where_an_accent_hides_the_language() -> None:
    # The first four seconds of German sound like English or another language.
    sound, spans = said((1, 9.4), (UNCLEAR, 4.0), (2, 10.0))
    sound[round(9.37 * SAMPLE_RATE) : round(9.43 * SAMPLE_RATE)] *= 1e-3

    def detect_loud(piece: Samples) -> Heard:
        return detect(piece[piece >= 1])

    def words(piece: Samples, part: Part) -> list[RecognizedSegment]:
        """Return a word per half second, sure where its language is spoken."""
        moments = np.arange(part.start, part.end, SAMPLE_RATE // 2) / SAMPLE_RATE
        return [
            segment(moment, 0.9 if (part.language == "en") == (moment < 9.4) else 0.3)
            for moment in moments
        ]

    search = LanguageSearch(detect_loud, words, judge_nothing)
    whole, _ = search.listen(sound, spans)
    numbers = [sound[stretch.middle] for stretch in whole.stretches]
    languages = ["en" if number == 1 else "de" for number in numbers]
    first, second = search.divide(sound, whole, languages)
    assert (first.language, second.language) == ("en", "de")
    assert second.start / SAMPLE_RATE == pytest.approx(9.4, abs=0.05)


def test_a_pause_between_certain_languages_needs_no_words() -> None:
    sound, spans = said((1, 5.0), (0, 0.6), (2, 5.0))

    def decode(piece: Samples, part: Part) -> list[RecognizedSegment]:
        raise AssertionError("the place is clear")

    search = LanguageSearch(detect, decode, judge_nothing)
    whole, languages = search.listen(sound, spans)
    _, second = search.divide(sound, whole, languages)
    assert second.start / SAMPLE_RATE == pytest.approx(5.3)


def test_a_short_passage_within_minutes_is_found() -> None:
    row = [(1, 4.0), (0, 0.3)] * 60
    sound, spans = said(*row, (3, 5.0), (0, 0.3), *row)
    parts = found_in(LanguageSearch(detect, no_words, judge_nothing), sound, spans)
    assert [language for language, _, _ in parts] == ["en", "fr", "en"]
    assert parts[1][1:] == pytest.approx((258.0, 263.0))


def test_unclear_speech_is_in_a_language_heard_in_an_earlier_window() -> None:
    search = LanguageSearch(detect, no_words, judge_nothing)
    found_in(search, *said((2, 12.0)))
    assert [code for code, _, _ in found_in(search, *said((UNCLEAR, 12.0)))] == ["de"]


def test_languages_are_judged_by_words_if_none_is_certain() -> None:
    asked: list[Sequence[str]] = []

    def judge(sound: Samples, part: Part, languages: Sequence[str]) -> str:
        asked.append(languages)
        return "nl"

    parts = found_in(LanguageSearch(detect, no_words, judge), *said((UNCLEAR, 12.0)))
    assert [code for code, _, _ in parts] == ["nl"]
    assert [list(languages[:2]) for languages in asked] == [["la", "nl"]]


def test_each_stretch_is_listened_to_once() -> None:
    lengths: list[float] = []

    def counting(piece: Samples) -> Heard:
        lengths.append(len(piece) / SAMPLE_RATE)
        return detect(piece)

    search = LanguageSearch(counting, no_words, judge_nothing)
    found_in(search, *said(*[(1, 4.0), (0, 0.3)] * 30))
    assert sum(lengths) == pytest.approx(120.0)
    assert len(lengths) == 30


def test_words_across_a_place_count_only_on_their_side() -> None:
    # Both languages have a word across a false place, with its middle on the side that counts.
    sound, spans = said((1, 9.4), (UNCLEAR, 4.0), (2, 10.0))
    for moment in (8.4, 9.4):
        sound[round((moment - 0.03) * SAMPLE_RATE) : round((moment + 0.03) * SAMPLE_RATE)] *= 1e-3
    words = {
        "en": [(0.0, 7.9, 0.9), (7.9, 8.8, 0.9), (8.8, 9.4, 0.5), (9.4, 23.4, 0.3)],
        "de": [(0.0, 8.1, 0.3), (8.1, 9.0, 0.6), (9.0, 9.4, 0.3), (9.4, 23.4, 0.9)],
    }

    def decode(piece: Samples, part: Part) -> list[RecognizedSegment]:
        first, last = part.start / SAMPLE_RATE, part.end / SAMPLE_RATE
        return [
            segment(max(start, first), probability, min(end, last) - max(start, first))
            for start, end, probability in words[part.language]
            if start < last and end > first
        ]

    def detect_loud(piece: Samples) -> Heard:
        return detect(piece[piece >= 1])

    search = LanguageSearch(detect_loud, decode, judge_nothing)
    whole, _ = search.listen(sound, spans)
    numbers = [sound[stretch.middle] for stretch in whole.stretches]
    languages = ["en" if number == 1 else "de" for number in numbers]
    _, second = search.divide(sound, whole, languages)
    assert second.start / SAMPLE_RATE == pytest.approx(9.4, abs=0.05)
