"""transcriber.worker.engines.specialists: speech that is left to a model for one language."""

from collections.abc import Mapping

import pytest

from common.audio.resampling import SAMPLE_RATE
from tests.unit.transcriber.worker.engines.test_session import (
    ENGLISH,
    GERMAN,
    LANGUAGES,
    FakeRecognizer,
    window,
)
from transcriber.worker.engines.languages import Heard
from transcriber.worker.engines.parts import Part, Stretch
from transcriber.worker.engines.protocol import RecognitionOptions
from transcriber.worker.engines.session import RecognitionSession
from transcriber.worker.engines.specialists import Specialist
from transcriber.worker.engines.voice_activity import Span
from transcriber.worker.engines.windowed import WindowedEngine


def specialist(transcriber: FakeRecognizer) -> Specialist:
    return Specialist(language="en", transcriber=transcriber, model="owl", model_version="2")


def part(*heard: tuple[float, Mapping[str, float]], language: str = "en") -> Part:
    stretches, at = [], 0
    for seconds, probabilities in heard:
        end = at + round(seconds * SAMPLE_RATE)
        stretches.append(
            Stretch(
                span=Span(start=at, end=end),
                heard=Heard(seconds=seconds, probabilities=probabilities),
            )
        )
        at = end
    spans = tuple(stretch.span for stretch in stretches)
    return Part(start=0, end=at, spans=spans, language=language, stretches=tuple(stretches))


CLEAR = {"en": 0.97, "de": 0.02}


@pytest.mark.parametrize(
    ("speech", "alone"),
    [
        (part((20.0, CLEAR)), True),
        (part((20.0, {"en": 0.7, "de": 0.3})), True),
        (part((20.0, {"en": 0.5, "nl": 0.3})), False),
        (part((60.0, CLEAR), (5.0, {"de": 0.6, "en": 0.4})), False),
        # Accents are taken for rare languages, and brief sounds for any.
        (part((60.0, CLEAR), (5.0, {"cy": 0.6, "en": 0.4})), True),
        (part((60.0, CLEAR), (1.0, {"de": 0.6, "en": 0.4})), True),
    ],
)
def test_language_is_alone_without_another_likely_one(speech: Part, alone: bool) -> None:
    assert specialist(FakeRecognizer(LANGUAGES)).is_alone(speech) == alone


def test_other_languages_and_phrases_are_not_taken() -> None:
    model = specialist(FakeRecognizer(LANGUAGES))
    assert model.takes(part((9.0, CLEAR)), RecognitionOptions())
    assert not model.takes(part((9.0, CLEAR), language="de"), RecognitionOptions())
    assert not model.takes(part((9.0, CLEAR)), RecognitionOptions(phrases=("Owlstone",)))


def session(
    general: FakeRecognizer, special: FakeRecognizer, language: str | None = None
) -> RecognitionSession:
    return RecognitionSession(
        general,
        RecognitionOptions(language=language),
        expected=100.0,
        on_progress=lambda _fraction, _step: None,
        cancelled=lambda: False,
        specialist=specialist(special),
    )


@pytest.mark.parametrize("seconds", [5.0, 90.0])
@pytest.mark.parametrize("language", ["en", None])
def test_speech_in_the_language_is_transcribed_once(seconds: float, language: str | None) -> None:
    general, special = FakeRecognizer(LANGUAGES), FakeRecognizer(LANGUAGES)
    work = session(general, special, language)
    work.add(window(0.0, (0, 1.0), (ENGLISH, seconds), (0, 1.0)))
    assert general.asked == []
    assert [asked for asked, _ in special.asked] == ["en"]
    assert work.segments[0].start == 1.0
    assert work.languages[0].language == "en"
    assert work.is_specialized
    assert not work.is_general


@pytest.mark.parametrize("seconds", [5.0, 90.0])
def test_other_languages_stay_with_the_general_model(seconds: float) -> None:
    general, special = FakeRecognizer(LANGUAGES), FakeRecognizer(LANGUAGES)
    work = session(general, special)
    work.add(window(0.0, (GERMAN, seconds)))
    assert special.asked == []
    assert {word.text for segment in work.segments for word in segment.words} == {"de"}


def test_recording_in_two_languages_stays_with_the_general_model() -> None:
    general, special = FakeRecognizer(LANGUAGES), FakeRecognizer(LANGUAGES)
    work = session(general, special)
    work.add(window(0.0, (ENGLISH, 30.0), (0, 1.0), (GERMAN, 30.0)))
    # A later window has only English, but the recording has both.
    work.add(window(61.0, (ENGLISH, 40.0)))
    assert special.asked == []
    assert {span.language for span in work.languages} == {"en", "de"}


def test_recognition_names_the_models_that_were_used() -> None:
    general = FakeRecognizer(LANGUAGES)
    engine = WindowedEngine(
        general,
        model="general",
        model_version="1",
        languages=frozenset({"en", "de"}),
        window_seconds=600.0,
    )
    engine.delegate(specialist(FakeRecognizer(LANGUAGES)))

    def models(value: int) -> tuple[str, str]:
        sound = window(0.0, (value, 5.0)).samples
        found = engine.recognize_samples(sound, RecognitionOptions(), cancelled=lambda: False)
        return found.model, found.model_version

    assert models(ENGLISH) == ("owl", "2")
    assert models(GERMAN) == ("general", "1")
    assert models(0) == ("general", "1")


def test_unsure_words_of_the_specialist_are_left_out() -> None:
    languages = {GERMAN: {"en": 0.7, "de": 0.3}}
    general, special = FakeRecognizer(languages), FakeRecognizer(languages)
    work = session(general, special)
    work.add(window(0.0, (GERMAN, 8.0)))
    assert [asked for asked, _ in special.asked] == ["en"]
    assert general.asked
    assert work.is_general
    assert not work.is_specialized
