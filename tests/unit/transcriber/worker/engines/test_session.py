from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pytest

from common.audio.resampling import SAMPLE_RATE, Samples
from common.audio.windows import AudioWindow
from common.tasks.task import TaskCancelledError
from transcriber.worker.engines.protocol import (
    RecognitionOptions,
    RecognizedLanguage,
    RecognizedSegment,
    RecognizedWord,
)
from transcriber.worker.engines.session import RecognitionSession
from transcriber.worker.engines.voice_activity import Span


@dataclass
class FakeRecognizer:
    """Detects speech in samples other than 0, in the language given by their value.

    Each span becomes a segment with a word per second, named after its language.
    """

    languages: Mapping[int, Mapping[str, float]]
    listened: list[float] = field(default_factory=list)
    asked: list[tuple[str, RecognitionOptions]] = field(default_factory=list)

    def find_speech(self, sound: Samples) -> list[Span]:
        edges = np.flatnonzero(np.diff(np.concatenate(([0], sound, [0]))))
        found: list[Span] = []
        for start, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
            if sound[start]:
                found.append(Span(start=start, end=end))
        return found

    def detect_language(self, sound: Samples) -> Mapping[str, float]:
        self.listened.append(len(sound) / SAMPLE_RATE)
        values, counts = np.unique(sound[sound > 0], return_counts=True)
        return self.languages[int(values[np.argmax(counts)])]

    def transcribe(
        self, sound: Samples, spans: Sequence[Span], language: str, options: RecognitionOptions
    ) -> Iterator[RecognizedSegment]:
        self.asked.append((language, options))
        for span in spans:
            start, end = span.start / SAMPLE_RATE, span.end / SAMPLE_RATE
            words = tuple(
                RecognizedWord(
                    text=language,
                    start=n,
                    end=min(n + 1.0, end),
                    probability=sure(sound, n, language),
                )
                for n in np.arange(start, end).tolist()
            )
            yield RecognizedSegment(
                start=start,
                end=end,
                text=language,
                words=words,
                language=language,
                avg_logprob=-0.2,
                no_speech_prob=0.0,
                compression_ratio=1.0,
                temperature=0.0,
            )

    def attempt(
        self, sound: Samples, spans: Sequence[Span], language: str, options: RecognitionOptions
    ) -> Iterator[RecognizedSegment]:
        return self.transcribe(sound, spans, language, options)


ENGLISH, GERMAN, UNSURE, MUMBLED = 1, 2, 3, 4
LANGUAGES = {
    ENGLISH: {"en": 0.95, "de": 0.05},
    GERMAN: {"de": 0.95, "en": 0.05},
    UNSURE: {"cy": 0.5, "en": 0.4, "de": 0.1},
    MUMBLED: {"nl": 0.4, "en": 0.3, "de": 0.3},
}
#: Languages of which the words of each sound are sure.
SPOKEN = {ENGLISH: "en", GERMAN: "de", UNSURE: "en", MUMBLED: "de"}


def sure(sound: Samples, second: float, language: str) -> float:
    """Return the probability of a word of this language."""
    number = int(sound[round(second * SAMPLE_RATE)])
    return 0.9 if SPOKEN[number] == language else 0.3


def window(start: float, *parts: tuple[int, float]) -> AudioWindow:
    """Return sound from parts of (language or 0, seconds)."""
    pieces = [np.full(round(seconds * SAMPLE_RATE), value) for value, seconds in parts]
    return AudioWindow(start=start, samples=np.concatenate(pieces).astype(np.float32))


def session(
    recognizer: FakeRecognizer,
    *,
    expected: float = 100.0,
    language: str | None = None,
    progress: list[float] | None = None,
    cancelled: Callable[[], bool] = lambda: False,
    offset: float = 0.0,
) -> RecognitionSession:
    reports = progress if progress is not None else []
    return RecognitionSession(
        recognizer,
        RecognitionOptions(language=language),
        expected=expected,
        on_progress=lambda fraction, _step: reports.append(fraction),
        cancelled=cancelled,
        offset=offset,
    )


def test_times_count_from_the_start_of_the_recording() -> None:
    work = session(FakeRecognizer(LANGUAGES))
    work.add(window(0.0, (0, 2.0), (ENGLISH, 3.0), (0, 5.0)))
    work.add(window(10.0, (0, 1.0), (ENGLISH, 4.0)))
    assert [(s.start, s.end) for s in work.segments] == [(2.0, 5.0), (11.0, 15.0)]
    starts = [word.start for segment in work.segments for word in segment.words]
    assert starts == [2.0, 3.0, 4.0, 11.0, 12.0, 13.0, 14.0]
    assert work.duration == 15.0
    assert work.speech_duration == pytest.approx(7.0)


def test_silence_is_neither_detected_nor_transcribed() -> None:
    recognizer = FakeRecognizer(LANGUAGES)
    work = session(recognizer)
    work.add(window(0.0, (0, 30.0)))
    assert work.segments == []
    assert work.languages == []
    assert work.speech_duration == 0.0
    assert recognizer.listened == []
    assert recognizer.asked == []


def test_given_language_is_not_detected() -> None:
    recognizer = FakeRecognizer(LANGUAGES)
    work = session(recognizer, language="fr")
    work.add(window(0.0, (ENGLISH, 10.0)))
    assert recognizer.listened == []
    assert [language for language, _ in recognizer.asked] == ["fr"]
    assert work.languages == [
        RecognizedLanguage(start=0.0, end=10.0, language="fr", probability=1.0)
    ]


def test_the_language_of_each_stretch_is_detected_once() -> None:
    recognizer = FakeRecognizer(LANGUAGES)
    work = session(recognizer, expected=1000)
    work.add(window(0.0, *[(ENGLISH, 9.0), (0, 1.0)] * 60))
    assert sum(recognizer.listened) == pytest.approx(540.0)
    assert all(2 <= seconds <= 6 for seconds in recognizer.listened)
    assert [language for language, _ in recognizer.asked] == ["en"]
    assert work.warnings == ()


def test_brief_speech_is_in_one_language_if_its_words_are_sure() -> None:
    recognizer = FakeRecognizer(LANGUAGES)
    work = session(recognizer)
    work.add(window(0.0, (ENGLISH, 5.0), (0, 1.0), (ENGLISH, 3.0)))
    assert recognizer.listened == [8.0]
    assert [language for language, _ in recognizer.asked] == ["en"]
    assert [(span.language, span.end) for span in work.languages] == [("en", 9.0)]


def test_brief_speech_with_unsure_words_is_searched() -> None:
    work = session(FakeRecognizer(LANGUAGES))
    work.add(window(0.0, (ENGLISH, 6.0), (0, 1.0), (GERMAN, 5.0)))
    assert [span.language for span in work.languages] == ["en", "de"]


def test_a_window_in_another_language_is_transcribed_in_it() -> None:
    work = session(FakeRecognizer(LANGUAGES))
    work.add(window(0.0, (ENGLISH, 40.0), (0, 5.0)))
    work.add(window(45.0, (GERMAN, 30.0)))
    assert [segment.language for segment in work.segments] == ["en", "de"]
    assert [(span.start, span.end, span.language) for span in work.languages] == [
        (0.0, 40.0, "en"),
        (45.0, 75.0, "de"),
    ]


def test_a_doubtful_window_is_in_the_language_of_the_recording() -> None:
    work = session(FakeRecognizer(LANGUAGES))
    work.add(window(0.0, (ENGLISH, 60.0)))
    work.add(window(60.0, (UNSURE, 20.0)))
    assert {segment.language for segment in work.segments} == {"en"}
    (span,) = work.languages
    assert (span.start, span.end) == (0.0, 80.0)


def test_unsure_words_are_decoded_in_a_language_heard_elsewhere() -> None:
    work = session(FakeRecognizer(LANGUAGES))
    work.add(window(0.0, (GERMAN, 12.0), (0, 2.0), (ENGLISH, 12.0), (0, 2.0), (MUMBLED, 12.0)))
    assert [segment.language for segment in work.segments] == ["de", "en", "de"]
    assert [(span.start, span.end, span.language) for span in work.languages] == [
        (0.0, 12.0, "de"),
        (14.0, 26.0, "en"),
        (28.0, 40.0, "de"),
    ]
    assert work.warnings == ()


def test_a_doubt_names_the_time_in_the_recording() -> None:
    work = session(FakeRecognizer({**LANGUAGES, UNSURE: {"cy": 0.45, "br": 0.4}}))
    work.add(window(0.0, (0, 90.0)))
    work.add(window(90.0, (UNSURE, 20.0)))
    assert work.warnings == ("The language between 1:30 and 1:50 is uncertain: Welsh or Breton.",)


def test_a_doubt_in_an_excerpt_names_the_time_in_the_recording() -> None:
    work = session(FakeRecognizer({**LANGUAGES, UNSURE: {"cy": 0.45, "br": 0.4}}), offset=240.0)
    work.add(window(0.0, (UNSURE, 20.0)))
    assert work.warnings == ("The language between 4:00 and 4:20 is uncertain: Welsh or Breton.",)


def test_a_switch_within_a_window_splits_it() -> None:
    recognizer = FakeRecognizer(LANGUAGES)
    work = session(recognizer, expected=620)
    english, german = [(ENGLISH, 28.0), (0, 2.0)] * 10, [(GERMAN, 28.0), (0, 2.0)] * 10
    work.add(window(0.0, *english, *german))
    assert [language for language, _ in recognizer.asked] == ["en", "de"]
    first, second = work.languages
    assert (first.language, second.language) == ("en", "de")
    assert first.end == pytest.approx(298.0)
    assert second.start == pytest.approx(300.0)
    assert all(
        segment.language == ("en" if segment.end <= 300 else "de") for segment in work.segments
    )
    assert sum(s.end - s.start for s in work.segments) == pytest.approx(560.0)


def test_a_passage_of_seconds_within_minutes_is_in_its_language() -> None:
    work = session(FakeRecognizer(LANGUAGES), expected=620)
    english = [(ENGLISH, 9.0), (0, 0.5)] * 30
    work.add(window(0.0, *english, (GERMAN, 6.0), (0, 0.5), *english))
    assert [span.language for span in work.languages] == ["en", "de", "en"]
    passage = work.languages[1]
    assert (passage.start, passage.end) == (285.0, 291.0)
    assert all(
        (segment.language == "de") == (285.0 <= segment.start < 291.0) for segment in work.segments
    )


def test_progress_rises_to_one() -> None:
    reports: list[float] = []
    work = session(FakeRecognizer(LANGUAGES), expected=20.0, progress=reports)
    work.add(window(0.0, (ENGLISH, 4.0), (0, 2.0), (ENGLISH, 4.0)))
    work.add(window(10.0, (ENGLISH, 10.0)))
    assert reports == sorted(reports)
    assert reports[0] == 0.0
    assert 0.2 in reports
    assert reports[-1] == 1.0


def test_step_has_a_name_for_users() -> None:
    reports: set[str] = set()
    work = RecognitionSession(
        FakeRecognizer(LANGUAGES),
        RecognitionOptions(language="en"),
        expected=4.0,
        on_progress=lambda _fraction, step: reports.add(step),
        cancelled=lambda: False,
    )
    work.add(window(0.0, (ENGLISH, 4.0)))
    assert reports == {"Recognizing speech"}


def test_a_recording_longer_than_expected_keeps_progress_within_one() -> None:
    reports: list[float] = []
    work = session(FakeRecognizer(LANGUAGES), expected=5.0, progress=reports)
    work.add(window(0.0, (ENGLISH, 10.0)))
    work.add(window(10.0, (ENGLISH, 10.0)))
    assert max(reports) <= 1.0
    assert reports == sorted(reports)


def test_cancelling_stops_between_segments() -> None:
    reports: list[float] = []
    work = session(
        FakeRecognizer(LANGUAGES),
        expected=9.0,
        progress=reports,
        cancelled=lambda: len(reports) >= 2,
    )
    with pytest.raises(TaskCancelledError):
        work.add(window(0.0, *[(ENGLISH, 2.0), (0, 1.0)] * 3))
    assert len(reports) == 2
