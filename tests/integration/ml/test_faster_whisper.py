"""Speech recognition with the real model."""

import io
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from bench.metrics import word_errors
from bench.recordings import Recording
from common import languages
from common.audio.decoding import decode
from common.audio.resampling import Samples
from common.gpu import GpuError
from common.tasks.task import TaskCancelledError
from tests.unit.common.audio import sounds
from transcriber.worker.engines.faster_whisper import BriefWhisper, FasterWhisperEngine
from transcriber.worker.engines.protocol import LiveSpeech, Recognition, RecognitionOptions
from transcriber.worker.engines.voice_activity import Span

MakeEngine = Callable[..., FasterWhisperEngine]
Write = Callable[[Samples], Path]


@pytest.fixture(scope="module")
def engine(speech: MakeEngine) -> FasterWhisperEngine:
    return speech()


def run(
    engine: FasterWhisperEngine, source: Path | io.BytesIO, **options: object
) -> tuple[Recognition, list[float]]:
    reports: list[float] = []
    found = engine.recognize(
        source,
        RecognitionOptions(**options),  # type: ignore[arg-type]
        on_progress=lambda fraction, _step: reports.append(fraction),
        cancelled=lambda: False,
    )
    return found, reports


def test_conversation_is_recognized_with_times(
    engine: FasterWhisperEngine, telephone: Recording
) -> None:
    found, reports = run(engine, telephone.audio)
    assert word_errors(telephone.text, found.text).rate < 0.25
    assert found.language == "en"
    assert found.duration == pytest.approx(30.0, abs=0.01)
    assert 15 < found.speech_duration < 30
    starts = [word.start for word in found.words]
    assert starts == sorted(starts)
    assert all(0 <= word.start <= word.end <= found.duration for word in found.words)
    assert all(0 < word.probability <= 1 for word in found.words)
    # Diane names New Jersey between 12.6 and 14.7 s, Sheila Chicago before 18.0 s.
    jersey = next(word for word in found.words if "Jersey" in word.text)
    chicago = next(word for word in found.words if "Chicago" in word.text)
    assert 12.5 < jersey.start < jersey.end < 15.0
    assert 16.5 < chicago.start < chicago.end < 18.6
    assert reports == sorted(reports)
    assert reports[-1] == 1.0
    assert found.model == "whisper-base"
    assert found.warnings == ()


@pytest.mark.parametrize("scale", [1, 32_768])
def test_damaged_samples_and_another_scale_cost_no_words(
    engine: FasterWhisperEngine, telephone: Recording, scale: int
) -> None:
    sound = scale * np.concatenate(list(decode(telephone.audio)))
    sound[100_000] = np.nan
    sound[150_000] = 1e30
    found, _ = run(engine, io.BytesIO(sounds.float_wav(sound)))
    assert word_errors(telephone.text, found.text).rate < 0.25
    assert any("1 sample of the recording held no valid number" in text for text in found.warnings)
    assert any("dB" in text for text in found.warnings) == (scale != 1)


def test_short_windows_lose_few_words(speech: MakeEngine, telephone: Recording) -> None:
    found, _ = run(speech(window_seconds=12.0), io.BytesIO(telephone.audio.read_bytes()))
    assert word_errors(telephone.text, found.text).rate < 0.3
    starts = [word.start for word in found.words]
    assert starts == sorted(starts)
    assert found.duration == pytest.approx(30.0, abs=0.01)


def test_batched_mode_recognizes_the_same_conversation(
    speech: MakeEngine, telephone: Recording
) -> None:
    found, reports = run(speech(batched=True, batch_size=2), telephone.audio, language="en")
    assert word_errors(telephone.text, found.text).rate < 0.25
    assert reports[-1] == 1.0


@pytest.mark.parametrize("kind", ["silence", "noise", "hum"])
def test_no_text_is_invented_without_speech(
    engine: FasterWhisperEngine, wav: Write, kind: str
) -> None:
    count = 20 * 16_000
    sound = {
        "silence": np.zeros(count),
        "noise": 0.05 * np.random.default_rng(1).standard_normal(count),
        "hum": 0.1 * np.sin(np.arange(count) * 2 * np.pi * 50 / 16_000),
    }[kind]
    found, reports = run(engine, wav(sound.astype(np.float32)))
    assert found.segments == ()
    assert found.languages == ()
    assert found.language is None
    assert found.duration == pytest.approx(20.0)
    assert reports[-1] == 1.0


@pytest.mark.parametrize("count", [1, 400, 8_000])
def test_very_short_recording_has_no_words(
    engine: FasterWhisperEngine, wav: Write, count: int
) -> None:
    found, _ = run(engine, wav(np.full(count, 0.01, dtype=np.float32)))
    assert found.segments == ()


def test_samples_are_recognized_without_a_file(
    engine: FasterWhisperEngine, telephone: Recording
) -> None:
    sound = np.concatenate(list(decode(telephone.audio, 10.0, 18.0)))
    found = engine.recognize_samples(
        sound, RecognitionOptions(language="en"), cancelled=lambda: False
    )
    assert "Jersey" in found.text
    assert found.duration == pytest.approx(8.0)
    assert found.languages[0].probability == 1.0


def test_live_speech_has_the_same_words_with_half_the_silence(
    engine: FasterWhisperEngine, telephone: Recording, monkeypatch: pytest.MonkeyPatch
) -> None:
    frames = []
    encode = BriefWhisper.encode

    def counted(model: BriefWhisper, features: np.ndarray) -> object:
        encoded = encode(model, features)
        frames.append(encoded.shape[1])
        return encoded

    monkeypatch.setattr(BriefWhisper, "encode", counted)
    sound = np.concatenate(list(decode(telephone.audio)))[7 * 16_000 : 17 * 16_000]
    whole = engine.recognize_samples(
        sound, RecognitionOptions(language="en"), cancelled=lambda: False
    )
    assert frames == []
    speech = LiveSpeech(samples=sound, spans=(Span(start=0, end=len(sound)),))
    found = engine.recognize_speech(speech, RecognitionOptions(language="en"))
    text = " ".join(word.text for word in found.words)
    assert len(found.words) > 15
    assert word_errors(whole.text, text).rate < 0.2
    # A frame of the encoder has 20 ms: 15 s in place of 30.
    assert set(frames) == {750}
    for word in found.words:
        assert 0 <= word.start <= word.end <= 10.1


def test_cancelling_ends_the_work(engine: FasterWhisperEngine, telephone: Recording) -> None:
    reports: list[float] = []
    with pytest.raises(TaskCancelledError):
        engine.recognize(
            telephone.audio,
            RecognitionOptions(language="en"),
            on_progress=lambda fraction, _step: reports.append(fraction),
            cancelled=lambda: len(reports) > 0,
        )
    assert reports == [0.0]


def test_unknown_language_is_refused(engine: FasterWhisperEngine, telephone: Recording) -> None:
    assert {"en", "de", "zh", "jv"} <= engine.languages <= set(languages.NAMES)
    with pytest.raises(ValueError, match="tlh"):
        run(engine, telephone.audio, language="tlh")


def test_language_with_another_code_in_the_model(
    engine: FasterWhisperEngine, telephone: Recording
) -> None:
    """Javanese is `jv`, and `jw` in Whisper's vocabulary."""
    sound = np.concatenate(list(decode(telephone.audio, 12.0, 15.0)))
    options = RecognitionOptions(language="jv")
    found = engine.recognize_samples(sound, options, cancelled=lambda: False)
    assert [span.language for span in found.languages] == ["jv"]
    assert {segment.language for segment in found.segments} == {"jv"}


def test_recognition_needs_no_torch() -> None:
    code = "import sys, transcriber.worker.engines.faster_whisper; print('torch' in sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.strip() == "False"


def test_engine_does_not_load_on_a_missing_gpu(
    speech: MakeEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ctranslate2.get_cuda_device_count", lambda: 0)
    with pytest.raises(GpuError, match="CTranslate2 finds no NVIDIA card"):
        speech(device="cuda")


def test_words_with_a_known_text_are_aligned(
    engine: FasterWhisperEngine, telephone: Recording
) -> None:
    sound = np.concatenate(list(decode(telephone.audio, 10.0, 18.0)))
    options = RecognitionOptions(language="en")
    found = engine.recognize_samples(sound, options, cancelled=lambda: False)
    words = [f" {word.text}" for word in found.words]
    times = engine.align(sound, words, "en")
    assert len(times) == len(words)
    starts = [start for start, _ in times]
    assert starts == sorted(starts)
    apart = [abs(word.start - start) for word, (start, _) in zip(found.words, times, strict=True)]
    assert np.median(apart) < 0.1
    assert engine.align(sound, [" word"] * 300, "en") == []
