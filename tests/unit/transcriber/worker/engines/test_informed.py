"""Phrases in the words of two decodings."""

from collections.abc import Iterator, Mapping, Sequence

import pytest

from common.audio.resampling import Samples
from common.tasks.task import TaskCancelledError
from tests.unit.common.audio.sounds import noise
from transcriber.worker.engines.informed import (
    InformedRecognizer,
    with_phrases,
    words_with_phrases,
)
from transcriber.worker.engines.protocol import (
    RecognitionOptions,
    RecognizedSegment,
    RecognizedWord,
)
from transcriber.worker.engines.voice_activity import Span

PHRASES = ("Ilvarra Quist", "Velotraxin", "Kestrelworks", "章三")


def segment(text: str, start: float = 0.0, *, length: float = 5.0) -> RecognizedSegment:
    """Return a segment whose words divide a time evenly. Han characters are words."""
    texts = list(text) if text and text[0] > "\u3000" else text.split()
    step = length / max(len(texts), 1)
    words = tuple(
        RecognizedWord(
            text=word, start=start + step * at, end=start + step * (at + 1), probability=0.9
        )
        for at, word in enumerate(texts)
    )
    return RecognizedSegment(
        start=start,
        end=start + length,
        text=text,
        words=words,
        language="en",
        avg_logprob=-0.3,
        no_speech_prob=0.1,
        compression_ratio=1.2,
        temperature=0.0,
    )


@pytest.mark.parametrize(
    ("plain", "informed", "expected"),
    [
        ("ask ilver kissed now", "ask Ilvarra Quist now", "ask Ilvarra Quist now"),
        ("ask ill var akist now", "ask Ilvarra Quist now", "ask Ilvarra Quist now"),
        ("the velo tracks in, then", "the Velotraxin, then", "the Velotraxin, then"),
        ("the velotraxon's dose", "the Velotraxin's dose", "the Velotraxin's dose"),
        ("Ilvarra kissed me", "Ilvarra Quist me", "Ilvarra Quist me"),
        ("is right and stays so", "is write and stays sew", "is right and stays so"),
        ("nothing of it", "nothing of it", "nothing of it"),
        ("at kestrel works here", "at Kestrelworks here", "at Kestrelworks here"),
        ("velotraxin is good", "Velotraxin is good", "Velotraxin is good"),
        ("velotraxin, is good", "Velotraxin is good", "velotraxin, is good"),
        ("我叫张三吗", "我叫章三吗", "我叫章三吗"),
    ],
)
def test_only_phrases_are_taken(plain: str, informed: str, expected: str) -> None:
    (found,) = with_phrases([segment(plain)], [segment(informed)], PHRASES)
    assert found.text == expected
    times = [time for word in found.words for time in (word.start, word.end)]
    assert times == sorted(times)


def test_other_changed_words_next_to_a_phrase_stay() -> None:
    plain = segment("by barnaby twelve tree and two friends", length=7.0)
    informed = segment("by barnaby Twelvetree x in two friends", length=7.0)
    (found,) = with_phrases([plain], [informed], ["Barnaby Twelvetree"])
    assert "Twelvetree" in found.text
    assert "and" in found.text
    assert " in " not in found.text


def test_words_of_live_speech_get_phrases() -> None:
    plain = segment("ask ilver kissed now").words
    informed = segment("ask Ilvarra Quist now")
    found = words_with_phrases(plain, iter([informed]), PHRASES)
    assert [word.text for word in found] == ["ask", "Ilvarra", "Quist", "now"]
    assert words_with_phrases(plain, iter([]), PHRASES) == plain
    assert words_with_phrases((), iter([informed]), PHRASES) == ()


def test_phrases_are_not_invented_where_nothing_was_heard() -> None:
    plain = [segment("good morning")]
    informed = [segment("good morning"), segment("Ilvarra Quist, Ilvarra Quist", 20.0)]
    assert list(with_phrases(plain, informed, PHRASES)) == plain
    assert list(with_phrases([], informed, PHRASES)) == []


def test_a_phrase_does_not_swallow_a_whole_sentence() -> None:
    plain = [segment("this is a long sentence that nobody may lose to a name")]
    assert list(with_phrases(plain, [segment("Velotraxin")], PHRASES)) == plain


def test_a_phrase_across_two_segments_is_in_the_first_one() -> None:
    plain = [segment("ask velo"), segment("tracks in now", 5.0)]
    informed = [segment("ask Velotraxin now", length=10.0)]
    first, second = with_phrases(plain, informed, PHRASES)
    assert (first.text, second.text) == ("ask Velotraxin", "now")


class Model:
    """Recognizes one text without phrases and another one with them."""

    def __init__(self, plain: str, informed: str) -> None:
        self.seen: list[tuple[str, ...]] = []
        self._plain, self._informed = plain, informed

    def find_speech(self, sound: Samples) -> list[Span]:
        return [Span(start=0, end=len(sound))]

    def detect_language(self, sound: Samples) -> Mapping[str, float]:
        return {"en": 1.0}

    def transcribe(
        self, sound: Samples, spans: Sequence[Span], language: str, options: RecognitionOptions
    ) -> Iterator[RecognizedSegment]:
        self.seen.append(options.phrases)
        text = self._informed if options.phrases else self._plain
        return iter([segment(text)] if text else [])

    def attempt(
        self, sound: Samples, spans: Sequence[Span], language: str, options: RecognitionOptions
    ) -> Iterator[RecognizedSegment]:
        return self.transcribe(sound, spans, language, options)


def heard(model: Model, phrases: tuple[str, ...]) -> list[str]:
    sound = noise(5.0, 16_000)
    options = RecognitionOptions(language="en", phrases=phrases)
    recognizer = InformedRecognizer(model)
    spans = recognizer.find_speech(sound)
    return [found.text for found in recognizer.transcribe(sound, spans, "en", options)]


def test_sound_is_decoded_twice_only_with_phrases_and_words() -> None:
    model = Model("the velo tracks in", "the Velotraxin")
    assert heard(model, ()) == ["the velo tracks in"]
    assert model.seen == [()]
    assert heard(model, PHRASES) == ["the Velotraxin"]
    assert model.seen[1:] == [(), PHRASES]
    silent = Model("", "Velotraxin, Velotraxin")
    assert heard(silent, PHRASES) == []
    assert silent.seen == [()]


def test_a_cancelled_task_ends_between_segments() -> None:
    model = Model("the velo tracks in", "the Velotraxin")
    sound = noise(5.0, 16_000)
    recognizer = InformedRecognizer(model, cancelled=lambda: True)
    options = RecognitionOptions(language="en", phrases=PHRASES)
    with pytest.raises(TaskCancelledError):
        list(recognizer.transcribe(sound, [Span(start=0, end=len(sound))], "en", options))
    assert model.seen == [()]


def test_comparisons_of_languages_have_no_phrases() -> None:
    model = Model("plain", "informed")
    options = RecognitionOptions(language="en", phrases=PHRASES)
    sound = noise(5.0, 16_000)
    spans = [Span(start=0, end=len(sound))]
    list(InformedRecognizer(model).attempt(sound, spans, "en", options))
    assert model.seen == [()]
