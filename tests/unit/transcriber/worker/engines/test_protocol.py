import pytest

from transcriber.worker.engines.protocol import (
    Recognition,
    RecognitionOptions,
    RecognizedLanguage,
    RecognizedSegment,
    RecognizedWord,
)


def segment(start: float, *texts: str) -> RecognizedSegment:
    words = tuple(
        RecognizedWord(text=text, start=start + n, end=start + n + 1, probability=0.9)
        for n, text in enumerate(texts)
    )
    return RecognizedSegment(
        start=start,
        end=start + len(texts),
        text=" ".join(texts),
        words=words,
        language="en",
        avg_logprob=-0.1,
        no_speech_prob=0.0,
        compression_ratio=1.0,
        temperature=0.0,
    )


def recognition(duration: float = 20.0, *spans: RecognizedLanguage) -> Recognition:
    return Recognition(
        segments=(segment(0.0, "Good", "morning."), segment(5.0, "Hello.")),
        languages=spans,
        duration=duration,
        speech_duration=3.0,
        processing_seconds=5.0,
        model="whisper-base",
        model_version="1",
    )


def span(start: float, end: float, language: str) -> RecognizedLanguage:
    return RecognizedLanguage(start=start, end=end, language=language, probability=0.9)


def test_words_and_text_are_those_of_the_segments() -> None:
    found = recognition()
    assert [word.text for word in found.words] == ["Good", "morning.", "Hello."]
    assert found.text == "Good morning.\nHello."


def test_the_language_is_that_of_most_of_it() -> None:
    spans = (span(0, 5, "en"), span(5, 11, "de"), span(11, 14, "en"))
    assert recognition(20.0, *spans).language == "en"
    assert recognition().language is None


def test_the_real_time_factor_is_processing_by_length() -> None:
    assert recognition(20.0).real_time_factor == pytest.approx(0.25)
    assert recognition(0.0).real_time_factor == 0.0


@pytest.mark.parametrize("beam_size", [0, 11, -1])
def test_beam_sizes_have_bounds(beam_size: int) -> None:
    with pytest.raises(ValueError, match="beam_size"):
        RecognitionOptions(beam_size=beam_size)
