"""Choice between languages by the words of a decoder that only gets spoken ones right."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from common.audio.resampling import SAMPLE_RATE, Samples
from transcriber.worker.engines.decoded import Decoded, quality
from transcriber.worker.engines.doubts import Doubt
from transcriber.worker.engines.languages import Heard
from transcriber.worker.engines.parts import Part, Stretch
from transcriber.worker.engines.protocol import RecognizedSegment, RecognizedWord
from transcriber.worker.engines.relistening import Relistening
from transcriber.worker.engines.voice_activity import Span

SOUND: Samples = np.zeros(60 * SAMPLE_RATE, dtype=np.float32)


def segments(
    start: float, end: float, probability: float, text: str = "word"
) -> list[RecognizedSegment]:
    """Return a segment with one word per second."""
    words = tuple(
        RecognizedWord(text=text, start=n, end=min(n + 1.0, end), probability=probability)
        for n in np.arange(start, end)
    )
    return [
        RecognizedSegment(
            start=start,
            end=end,
            text="",
            words=words,
            language="",
            avg_logprob=0.0,
            no_speech_prob=0.0,
            compression_ratio=1.0,
            temperature=0.0,
        )
    ]


def stretch(start: float, end: float, **probabilities: float) -> Stretch:
    span = Span(start=round(start * SAMPLE_RATE), end=round(end * SAMPLE_RATE))
    return Stretch(span=span, heard=Heard(seconds=end - start, probabilities=probabilities))


def part(language: str, *found: Stretch) -> Part:
    return Part(
        start=found[0].span.start,
        end=found[-1].span.end,
        spans=tuple(one.span for one in found),
        language=language,
        stretches=found,
    )


@dataclass
class Decoder:
    """Words are as probable as their language says."""

    probabilities: Mapping[str, float]
    same_words: bool = False
    asked: list[tuple[str, float, float]] = field(default_factory=list)

    def __call__(self, sound: Samples, given: Part) -> list[RecognizedSegment]:
        start, end = given.start / SAMPLE_RATE, given.end / SAMPLE_RATE
        self.asked.append((given.language, start, end))
        text = "word" if self.same_words else given.language
        return segments(start, end, self.probabilities[given.language], text)


def decoded(given: Part, probability: float) -> Decoded:
    start, end = given.start / SAMPLE_RATE, given.end / SAMPLE_RATE
    return Decoded(part=given, segments=tuple(segments(start, end, probability)))


def reviewed(
    decoder: Decoder, *found: Decoded, spoken: Sequence[str]
) -> tuple[list[str], list[Doubt]]:
    whole = Part(
        start=0,
        end=len(SOUND),
        spans=tuple(span for one in found for span in one.part.spans),
        language="",
        stretches=tuple(stretch for one in found for stretch in one.part.stretches),
    )
    return Relistening(decoder).review(SOUND, whole, found, spoken)


def test_sure_words_are_not_decoded_again() -> None:
    decoder = Decoder({})
    given = part("en", stretch(0, 5, en=0.3, cy=0.6), stretch(5, 12, en=0.9))
    languages, doubts = reviewed(decoder, decoded(given, 0.9), spoken=["en"])
    assert languages == ["en", "en"]
    assert (decoder.asked, doubts) == ([], [])


def test_unsure_words_are_replaced_by_surer_ones_of_another_language() -> None:
    decoder = Decoder({"de": 0.9})
    given = part("en", stretch(0, 5, en=0.9), stretch(5, 10, de=0.6, en=0.2), stretch(10, 15, en=1))
    before = Decoded(
        part=given,
        segments=(*segments(0, 5, 0.9), *segments(5, 10, 0.5), *segments(10, 15, 0.9)),
    )
    languages, doubts = reviewed(decoder, before, spoken=["en"])
    assert languages == ["en", "de", "en"]
    assert decoder.asked == [("de", 5.0, 10.0)]
    assert doubts == []


def test_words_that_are_no_better_in_another_language_stay() -> None:
    decoder = Decoder({"la": 0.3})
    given = part("en", stretch(0, 12, la=0.6, en=0.3))
    languages, _ = reviewed(decoder, decoded(given, 0.6), spoken=["en"])
    assert languages == ["en"]
    assert decoder.asked == [("la", 0.0, 12.0)]


@pytest.mark.parametrize(("spoken", "language"), [(["de", "nl"], "nl"), (["de"], "de")])
def test_language_heard_nowhere_else_must_be_clearly_better(
    spoken: list[str], language: str
) -> None:
    given = part("de", stretch(0, 12, nl=0.5, de=0.4))
    languages, _ = reviewed(Decoder({"nl": 0.68}), decoded(given, 0.6), spoken=spoken)
    assert languages == [language]


@pytest.mark.parametrize(("name", "language"), [("nl", "nl"), ("cy", "de")])
def test_rare_language_heard_nowhere_else_must_be_better_yet(name: str, language: str) -> None:
    given = part("de", stretch(0, 12, **{name: 0.5, "de": 0.4}))
    languages, _ = reviewed(Decoder({name: 0.75}), decoded(given, 0.6), spoken=["de"])
    assert languages == [language]


def test_the_sound_decides_if_the_words_are_the_same() -> None:
    given = part("de", stretch(0, 12, en=0.6, de=0.05))
    for same_words, language in ((True, "en"), (False, "de")):
        decoder = Decoder({"en": 0.9}, same_words=same_words)
        languages, _ = reviewed(decoder, decoded(given, 0.9), spoken=["de"])
        assert languages == [language]


def test_languages_that_fit_alike_are_in_doubt() -> None:
    given = part("de", stretch(1, 13, nl=0.5, de=0.4))
    _, doubts = reviewed(Decoder({"nl": 0.62}), decoded(given, 0.6), spoken=["de"])
    assert doubts == [Doubt(start=1.0, end=13.0, languages=("de", "nl"))]


def test_improbable_language_with_unsure_words_is_in_doubt() -> None:
    given = part("la", stretch(0, 12, la=0.4, br=0.25))
    _, doubts = reviewed(Decoder({}), decoded(given, 0.6), spoken=["la"])
    assert doubts == [Doubt(start=0.0, end=12.0, languages=("la", "br"))]


def test_brief_part_is_compared_with_the_language_next_to_it() -> None:
    decoder = Decoder({"en": 0.9})
    before = decoded(part("en", stretch(0, 20, en=0.95)), 0.9)
    brief = decoded(part("cy", stretch(20, 24, cy=0.8, en=0.1)), 0.5)
    languages, _ = reviewed(decoder, before, brief, spoken=["en", "cy"])
    assert languages == ["en", "en"]
    assert decoder.asked == [("en", 20.0, 24.0)]


def test_certain_part_is_not_compared() -> None:
    before = decoded(part("en", stretch(0, 20, en=0.95)), 0.9)
    brief = decoded(part("de", stretch(20, 25, de=0.97)), 0.9)
    languages, _ = reviewed(Decoder({}), before, brief, spoken=["en", "de"])
    assert languages == ["en", "de"]


def test_unsure_words_are_compared_with_the_language_next_to_them() -> None:
    decoder = Decoder({"de": 0.9, "la": 0.2})
    before = decoded(part("de", stretch(0, 20, de=0.95)), 0.9)
    given = part("en", stretch(20, 24, la=0.5, en=0.3), stretch(24, 40, en=0.95))
    after = Decoded(part=given, segments=(*segments(20, 24, 0.5), *segments(24, 40, 0.9)))
    languages, _ = reviewed(decoder, before, after, spoken=["de", "en"])
    assert languages == ["de", "de", "en"]
    assert {code for code, start, end in decoder.asked if (start, end) == (20.0, 24.0)} == {
        "de",
        "la",
    }


def test_common_language_is_tried_if_speech_is_unclear() -> None:
    decoder = Decoder({"de": 0.8, "lv": 0.3})
    given = part("en", stretch(0, 8, lv=0.4, de=0.15, en=0.05))
    languages, _ = reviewed(decoder, decoded(given, 0.6), spoken=["en"])
    assert languages == ["de"]


def test_sure_words_are_compared_if_another_common_language_is_heard() -> None:
    decoder = Decoder({"en": 0.95, "la": 0.95})
    given = part("de", stretch(0, 6, en=0.7, de=0.02), stretch(7, 12, la=0.8, de=0.02))
    languages, _ = reviewed(decoder, decoded(given, 0.9), spoken=["de"])
    assert languages == ["en", "de"]
    assert decoder.asked == [("en", 0.0, 6.0)]


def test_doubtful_stretches_in_a_row_are_decoded_together() -> None:
    decoder = Decoder({"de": 0.9, "la": 0.4, "nl": 0.5})
    given = part("en", stretch(0, 4, la=0.5, en=0.2), stretch(4, 8, nl=0.5, en=0.2, de=0.1))
    languages, _ = reviewed(decoder, decoded(given, 0.5), spoken=["en", "de"])
    assert languages == ["de", "de"]
    assert {(start, end) for _, start, end in decoder.asked} == {(0.0, 8.0)}
    assert {code for code, _, _ in decoder.asked} == {"de", "la", "nl"}


def test_each_doubtful_stretch_is_in_the_language_of_its_surest_words() -> None:
    heard = {"la": 0.5, "en": 0.2, "de": 0.1}
    given = part("en", stretch(0, 4, **heard), stretch(4, 8, **heard))

    def decode(sound: Samples, trial: Part) -> list[RecognizedSegment]:
        if trial.language == "de":
            return [*segments(0, 4, 0.3), *segments(4, 8, 0.95)]
        return segments(0, 8, 0.1)

    whole = replace(given, language="")
    before = Decoded(part=given, segments=tuple(segments(0, 8, 0.6)))
    languages, _ = Relistening(decode).review(SOUND, whole, [before], ["en", "de"])
    assert languages == ["en", "de"]


def test_most_likely_rivals_are_tried_those_of_the_recording_first() -> None:
    decoder = Decoder(dict.fromkeys(("de", "la", "nl", "af", "fy"), 0.1))
    given = part(
        "en",
        stretch(0, 4, la=0.5),
        stretch(4, 8, nl=0.4, af=0.35),
        stretch(8, 12, fy=0.3),
    )
    reviewed(decoder, decoded(given, 0.3), spoken=["en", "de"])
    assert [code for code, _, _ in decoder.asked] == ["de", "la", "nl"]


def test_given_language_is_not_reviewed() -> None:
    given = Part(start=0, end=160_000, spans=(Span(start=0, end=160_000),), language="fr")
    assert reviewed(Decoder({}), decoded(given, 0.1), spoken=[]) == ([], [])


def test_the_language_with_the_surest_words_is_chosen() -> None:
    decoder = Decoder({"la": 0.4, "nl": 0.8, "de": 0.5})
    given = part("", stretch(0, 6, la=0.4), stretch(6, 13, la=0.4), stretch(13, 40, nl=0.5))
    relistening = Relistening(decoder)
    assert relistening.judge(SOUND, given, ["la", "nl", "de"]) == "nl"
    assert {(start, end) for _, start, end in decoder.asked} == {(0.0, 13.0)}
    assert relistening.take_doubts() == []


def test_a_close_choice_of_the_language_is_in_doubt() -> None:
    relistening = Relistening(Decoder({"no": 0.71, "da": 0.7}))
    given = part("", stretch(0, 20, da=0.5, no=0.4))
    assert relistening.judge(SOUND, given, ["da", "no"]) == "no"
    (doubt,) = relistening.take_doubts()
    assert doubt.languages == ("no", "da")


def test_speech_without_words_is_of_low_quality() -> None:
    spans = [Span(start=0, end=10 * SAMPLE_RATE)]
    assert quality(segments(0, 10, 0.8), spans) == pytest.approx(0.8)
    assert quality(segments(0, 2, 0.8), spans) == pytest.approx(0.32)
    assert quality([], spans) == 0.0
    assert quality([], []) == 0.0
