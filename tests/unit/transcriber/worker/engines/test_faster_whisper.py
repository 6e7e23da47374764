"""Parts of the engine without a model."""

from dataclasses import dataclass, field

import numpy as np
import pytest

from common.audio.resampling import SAMPLE_RATE, Samples
from transcriber.worker.engines.faster_whisper import (
    WhisperRecognizer,
    _to_domain,
    brief,
    is_credible,
)
from transcriber.worker.engines.protocol import RecognitionOptions, RecognizedSegment
from transcriber.worker.engines.voice_activity import Span


@dataclass
class FakeWord:
    """As faster_whisper.transcribe.Word."""

    word: str
    start: float
    end: float
    probability: float = 0.9


@dataclass
class FakeSegment:
    """As faster_whisper.transcribe.Segment."""

    text: str = " Good morning."
    words: list[FakeWord] | None = field(
        default_factory=lambda: [FakeWord(" Good", 1.0, 1.4), FakeWord(" morning.", 1.4, 2.0)]
    )
    avg_logprob: float = -0.2
    no_speech_prob: float = 0.1
    compression_ratio: float = 1.2
    temperature: float | None = 0.0
    seek: int = 0


def test_segments_are_converted_with_shifted_times() -> None:
    (found,) = _to_domain([FakeSegment()], "en", lambda start, end: (start + 10, end + 10))
    assert found.text == "Good morning."
    assert [(word.text, word.start, word.end) for word in found.words] == [
        ("Good", 11.0, 11.4),
        ("morning.", 11.4, 12.0),
    ]
    assert (found.start, found.end) == (11.0, 12.0)
    assert found.language == "en"


@pytest.mark.parametrize(
    "segment",
    [
        FakeSegment(words=None),
        FakeSegment(words=[]),
        FakeSegment(words=[FakeWord("  ", 1.0, 1.1)]),
        FakeSegment(no_speech_prob=0.9, avg_logprob=-1.4),
    ],
)
def test_empty_and_invented_segments_are_left_out(segment: FakeSegment) -> None:
    assert not list(_to_domain([segment], "en", lambda start, end: (start, end)))


@pytest.mark.parametrize(
    ("segment", "credible"),
    [
        (FakeSegment(), True),
        (FakeSegment(avg_logprob=-0.9), False),
        (FakeSegment(no_speech_prob=0.7), False),
    ],
)
def test_text_of_a_second_attempt_must_be_credible(segment: FakeSegment, credible: bool) -> None:
    (found,) = _to_domain([segment], "en", lambda start, end: (start, end))
    assert is_credible(found) is credible


def test_text_of_a_segment_ends_before_a_loop() -> None:
    words = [FakeWord(" mind", 0.1 * n, 0.1 * n + 0.1) for n in range(30)]
    words += [FakeWord(" mind", 3.0, 3.0) for _ in range(60)]
    segment = FakeSegment(text="".join(word.word for word in words), words=words)
    (found,) = _to_domain([segment], "en", lambda start, end: (start, end))
    assert found.text.split() == ["mind"] * 30
    assert len(found.words) == 30
    assert found.end == pytest.approx(3.0)


class ForgetfulWhisper:
    """As faster_whisper.WhisperModel: one word per second, the first time only for five."""

    def __init__(self, judgment: float = -0.2) -> None:
        self.lengths: list[float] = []
        self.temperatures: list[tuple[float, ...]] = []
        self.judgment = judgment

    def transcribe(
        self, sound: Samples, *, temperature: tuple[float, ...], **_options: object
    ) -> tuple[list[FakeSegment], None]:
        self.temperatures.append(temperature)
        seconds = len(sound) / SAMPLE_RATE
        self.lengths.append(seconds)
        heard = min(5, int(seconds)) if len(self.lengths) == 1 else int(seconds)
        words = [FakeWord(f" word{n}", float(n), n + 0.9) for n in range(heard)]
        return [FakeSegment(words=words, avg_logprob=self.judgment)], None


def recognized(
    whisper: ForgetfulWhisper, seconds: int, *, attempt: bool = False
) -> list[RecognizedSegment]:
    recognizer = object.__new__(WhisperRecognizer)
    recognizer._whisper = whisper
    recognizer._batches = None
    sound = np.zeros(seconds * SAMPLE_RATE, dtype=np.float32)
    spans = [Span(start=0, end=seconds * SAMPLE_RATE)]
    recognize = recognizer.attempt if attempt else recognizer.transcribe
    return list(recognize(sound, spans, "en", RecognitionOptions()))


def test_skipped_speech_is_decoded_again() -> None:
    whisper = ForgetfulWhisper()
    first, again = recognized(whisper, 20)
    assert whisper.lengths == pytest.approx([20.0, 15.0], abs=0.5)
    assert first.words[-1].end == pytest.approx(4.9)
    assert again.words[0].start == pytest.approx(5.0, abs=0.1)
    assert again.words[-1].end == pytest.approx(19.4, abs=0.6)


def test_second_attempt_without_credible_text_is_dropped() -> None:
    assert len(recognized(ForgetfulWhisper(judgment=-0.9), 20)) == 1


def test_speech_full_of_words_is_decoded_once() -> None:
    whisper = ForgetfulWhisper()
    assert len(recognized(whisper, 6)) == 1
    assert len(whisper.lengths) == 1


def test_an_attempt_in_another_language_is_decoded_once() -> None:
    whisper = ForgetfulWhisper()
    (found,) = recognized(whisper, 20, attempt=True)
    assert len(found.words) == 5
    assert whisper.temperatures == [(0.0,)]
    recognized(whisper, 20)
    assert whisper.temperatures[1] == (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


@pytest.mark.parametrize(
    ("heard", "kept"), [(0, 1500), (400, 1500), (1200, 1500), (1301, 1602), (2000, 2300)]
)
def test_live_speech_needs_little_silence_at_its_end(heard: int, kept: int) -> None:
    features = np.zeros((80, 3000), np.float32)
    features[:, :heard] = np.arange(1, heard + 1)
    found = brief(features)
    assert found.shape == (80, kept)
    assert (found == features[:, :kept]).all()


@pytest.mark.parametrize("heard", [2800, 3000])
def test_long_speech_is_heard_whole(heard: int) -> None:
    features = np.zeros((80, 3000), np.float32)
    features[:, :heard] = 1.0
    assert brief(features).shape == (80, 3000)


def test_live_speech_is_decoded_once_by_the_model_for_it() -> None:
    whisper, live = ForgetfulWhisper(), ForgetfulWhisper()
    recognizer = object.__new__(WhisperRecognizer)
    recognizer._whisper = whisper
    recognizer._brief = live  # type: ignore[assignment]
    recognizer._batches = None
    sound = np.zeros(20 * SAMPLE_RATE, dtype=np.float32)
    spans = [Span(start=0, end=len(sound))]
    (found,) = recognizer.listen(sound, spans, "fr", RecognitionOptions())
    assert len(found.words) == 5
    assert (live.temperatures, whisper.temperatures) == ([(0.0,)], [])
