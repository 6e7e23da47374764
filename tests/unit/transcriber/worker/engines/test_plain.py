from collections.abc import Mapping

import numpy as np

from common.audio.resampling import SAMPLE_RATE, Samples
from transcriber.worker.engines.decoded import Decoded
from transcriber.worker.engines.languages import Heard
from transcriber.worker.engines.parts import Part
from transcriber.worker.engines.plain import PlainSpeech, is_sure
from transcriber.worker.engines.protocol import RecognizedSegment, RecognizedWord
from transcriber.worker.engines.voice_activity import Span


def sound(seconds: float) -> Samples:
    return np.zeros(round(seconds * SAMPLE_RATE), dtype=np.float32)


def segment(
    language: str, *probabilities: float, compression_ratio: float = 1.0
) -> RecognizedSegment:
    """Return a segment with a word of each probability per second."""
    words = tuple(
        RecognizedWord(text=language, start=start, end=start + 1.0, probability=probability)
        for start, probability in enumerate(probabilities)
    )
    return RecognizedSegment(
        start=0.0,
        end=float(len(probabilities)),
        text=language,
        words=words,
        language=language,
        avg_logprob=-0.2,
        no_speech_prob=0.0,
        compression_ratio=compression_ratio,
        temperature=0.0,
    )


class Trials:
    """Words of whole speech by language, and which were asked for."""

    def __init__(
        self, heard: Mapping[str, float], sure: Mapping[str, float], *, loops: tuple[str, ...] = ()
    ) -> None:
        self.decoded: list[str] = []
        self.listened: list[float] = []
        self._heard = heard
        self._sure = sure
        self._loops = loops

    def language(self, *lengths: float) -> str | None:
        """Return the language of spans of these lengths with a second between them."""
        spans: list[Span] = []
        start = 0.0
        for length in lengths:
            end = start + length
            spans.append(Span(start=round(start * SAMPLE_RATE), end=round(end * SAMPLE_RATE)))
            start = end + 1.0
        part = PlainSpeech(self._detect, self._decode).part(sound(start), spans)
        return part.language if part is not None else None

    def _detect(self, piece: Samples) -> Heard:
        seconds = len(piece) / SAMPLE_RATE
        self.listened.append(seconds)
        return Heard(seconds=seconds, probabilities=self._heard)

    def _decode(self, _sound: Samples, part: Part) -> list[RecognizedSegment]:
        self.decoded.append(part.language)
        ratio = 5.0 if part.language in self._loops else 1.0
        count = round(part.seconds)
        probabilities = [self._sure.get(part.language, 0.1)] * count
        return [segment(part.language, *probabilities, compression_ratio=ratio)]


def decoded(seconds: int, *probabilities: float) -> Decoded:
    spans = (Span(start=0, end=seconds * SAMPLE_RATE),)
    part = Part(start=0, end=seconds * SAMPLE_RATE, spans=spans, language="en")
    return Decoded(part=part, segments=(segment("en", *probabilities),))


def test_clear_speech_is_listened_to_once_and_not_compared() -> None:
    trials = Trials({"de": 0.7, "la": 0.3}, {})
    assert trials.language(3.0, 2.0) == "de"
    assert trials.listened == [5.0]
    assert trials.decoded == []


def test_accent_taken_for_a_rare_language_is_in_the_common_one_with_sure_words() -> None:
    trials = Trials({"la": 0.6, "it": 0.1, "en": 0.3}, {"en": 0.8, "la": 0.85})
    assert trials.language(4.0) == "en"
    assert trials.decoded == ["en"]


def test_certain_rare_language_needs_clearly_surer_words() -> None:
    heard = {"cy": 0.9, "en": 0.05}
    assert Trials(heard, {"cy": 0.7, "en": 0.75}).language(4.0) == "en"
    assert Trials(heard, {"cy": 0.8, "en": 0.3}).language(4.0) == "cy"


def test_english_is_tried_even_if_it_is_not_heard() -> None:
    trials = Trials({"yo": 0.2, "pt": 0.19, "hi": 0.18, "en": 0.01}, {"en": 0.7, "pt": 0.5})
    assert trials.language(3.0) == "en"


def test_sure_words_of_a_loop_do_not_count() -> None:
    heard = {"el": 0.3, "en": 0.2}
    assert Trials(heard, {"el": 0.95, "en": 0.5}).language(4.0) == "el"
    assert Trials(heard, {"el": 0.95, "en": 0.5}, loops=("el",)).language(4.0) == "en"


def test_longer_speech_must_be_clearer() -> None:
    assert Trials({"en": 0.9}, {}).language(11.0) == "en"
    assert Trials({"en": 0.9}, {}).language(15.0) is None
    assert Trials({"en": 0.97}, {}).language(15.0) == "en"
    assert Trials({"en": 1.0}, {}).language(21.0) is None


def test_silence_is_in_no_language() -> None:
    trials = Trials({"en": 1.0}, {})
    assert trials.language() is None
    assert trials.listened == []


def test_a_sentence_is_not_searched_for_changes() -> None:
    assert is_sure(sound(5), decoded(5, 0.1, 0.1, 0.1, 0.1, 0.1))


def test_a_stretch_with_unsure_words_is_searched() -> None:
    assert is_sure(sound(12), decoded(12, *[0.8] * 12))
    assert not is_sure(sound(12), decoded(12, *[0.95] * 6, *[0.3] * 6))


def test_longer_speech_must_be_surer_throughout() -> None:
    assert is_sure(sound(12), decoded(12, *[0.9] * 6, *[0.6] * 6))
    assert not is_sure(sound(18), decoded(18, *[0.9] * 12, *[0.6] * 6))
