"""Several recordings at a time, computed together by the real models."""

import io
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import prometheus_client
import pytest

from bench.recordings import Recording
from common.audio.decoding import decode
from common.audio.resampling import Samples
from common.batching import BatchLimits
from common.models.store import ModelStore
from common.tasks.task import TaskCancelledError
from tests.integration.ml.engine_protocols import WORKER
from tests.unit.common.audio import sounds
from transcriber.worker.app import load_recognizer
from transcriber.worker.engines.faster_whisper import FasterWhisperEngine
from transcriber.worker.engines.protocol import Recognition, RecognitionOptions
from transcriber.worker.engines.voice_activity import chunks
from transcriber.worker.settings import SpeechWorkerSettings

if TYPE_CHECKING:
    from diarizer.engines.protocol import Diarization
    from diarizer.engines.pyannote import PyannoteEngine

Given = TypeVar("Given")
Answer = TypeVar("Answer")
#: Of the libraries, about each other.
pytestmark = pytest.mark.filterwarnings("ignore")
GERMAN = Path(__file__).with_name("german.ogg")
#: Times of words are in steps of 0.02 s, those of turns in steps of 0.017 s.
ROUNDING = 0.021
#: Longest chunk, in samples.
LONGEST = 20 * 16_000


@pytest.fixture(scope="module")
def recordings(telephone: Recording) -> list[Samples]:
    """Three recordings of different lengths, with three voices and two languages."""
    call = np.concatenate(list(decode(telephone.audio)))
    german = np.concatenate(list(decode(GERMAN)))
    return [call, call[5 * 16_000 : 17 * 16_000], german]


def wav(samples: Samples) -> io.BytesIO:
    return io.BytesIO(sounds.encode(samples.astype(np.float32), sounds.FORMATS["wav"]))


def at_the_same_time(
    run: Callable[[Given], Answer], given: Sequence[Given]
) -> list[Answer | Exception]:
    begun = threading.Barrier(len(given))

    def one(item: Given) -> Answer | Exception:
        begun.wait(60)
        try:
            return run(item)
        except Exception as error:
            return error

    with ThreadPoolExecutor(len(given)) as threads:
        return list(threads.map(one, given))


def halvings(model: str) -> float:
    name = "securetranscribe_batch_halvings_total"
    return prometheus_client.REGISTRY.get_sample_value(name, {"model": model}) or 0.0


class TestRecognition:
    @pytest.fixture(scope="class")
    def engine(self, speech: Callable[..., FasterWhisperEngine]) -> FasterWhisperEngine:
        return speech(at_once=3, batch_size=8, threads=2)

    @pytest.fixture
    def sizes(self, engine: FasterWhisperEngine, monkeypatch: pytest.MonkeyPatch) -> list[int]:
        """Note the number of chunks of each batch of the model."""
        found: list[int] = []
        whisper = engine._aligner._whisper
        encode = whisper.encode

        def noting(features: Any) -> Any:
            found.append(len(features))
            return encode(features)

        monkeypatch.setattr(whisper, "encode", noting)
        return found

    def recognize(self, engine: FasterWhisperEngine, sound: Samples, **options: Any) -> Recognition:
        return engine.recognize(
            wav(sound),
            RecognitionOptions(**options),
            on_progress=lambda *_: None,
            cancelled=lambda: False,
        )

    @pytest.fixture(scope="class")
    def alone(self, engine: FasterWhisperEngine, recordings: list[Samples]) -> list[Recognition]:
        return [self.recognize(engine, sound) for sound in recordings]

    def test_words_are_those_of_single_runs(
        self,
        engine: FasterWhisperEngine,
        recordings: list[Samples],
        alone: list[Recognition],
    ) -> None:
        found = at_the_same_time(lambda sound: self.recognize(engine, sound), recordings)
        for one, expected in zip(found, alone, strict=True):
            assert_same_words(one, expected)
        assert [one.language for one in alone] == ["en", "en", "de"]

    @pytest.fixture
    def patient(self, engine: FasterWhisperEngine, monkeypatch: pytest.MonkeyPatch) -> None:
        """Have batches wait for all recordings, however slow this machine is."""
        assert engine._aligner._batches is not None
        limits = BatchLimits(most=8, wait_seconds=60.0)
        monkeypatch.setattr(engine._aligner._batches._batcher, "_limits", limits)

    @pytest.mark.usefixtures("patient")
    def test_batches_are_shared(
        self,
        engine: FasterWhisperEngine,
        recordings: list[Samples],
        sizes: list[int],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """The first two recordings have two chunks and one, which fit one batch."""
        counted, recording = threading.Barrier(2), engine._recording

        @contextmanager
        def together() -> Iterator[None]:
            # A batch does not wait for a recording that is not counted yet.
            with recording():
                counted.wait(60)
                yield

        monkeypatch.setattr(engine, "_recording", together)
        at_the_same_time(lambda sound: self.recognize(engine, sound, language="en"), recordings[:2])
        assert sizes[0] == 3

    @pytest.mark.usefixtures("patient")
    def test_memory_that_is_short_changes_no_word(
        self,
        engine: FasterWhisperEngine,
        recordings: list[Samples],
        alone: list[Recognition],
        sizes: list[int],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        whisper = engine._aligner._whisper
        encode = whisper.encode

        def full(features: Any) -> Any:
            if len(features) > 1:
                raise RuntimeError("CUDA failed with error out of memory")
            return encode(features)

        monkeypatch.setattr(whisper, "encode", full)
        before = halvings("whisper-base")
        found = at_the_same_time(lambda sound: self.recognize(engine, sound), recordings)
        for one, expected in zip(found, alone, strict=True):
            assert_same_words(one, expected)
        assert halvings("whisper-base") > before
        assert set(sizes) == {1}

    def test_cancelled_recording_ends_alone(
        self, engine: FasterWhisperEngine, recordings: list[Samples], alone: list[Recognition]
    ) -> None:
        def run(number: int) -> Recognition:
            return engine.recognize(
                wav(recordings[number]),
                RecognitionOptions(),
                on_progress=lambda *_: None,
                cancelled=lambda: number == 1,
            )

        cancelled, other = at_the_same_time(run, [1, 2])
        assert isinstance(cancelled, TaskCancelledError)
        assert_same_words(other, alone[2])

    def test_text_is_that_of_the_library(
        self, engine: FasterWhisperEngine, recordings: list[Samples]
    ) -> None:
        from faster_whisper import BatchedInferencePipeline

        sound, recognizer = recordings[0], engine._aligner
        assert recognizer._batches is not None
        clips = chunks(recognizer.find_speech(sound), longest=LONGEST, pad=3_200, total=len(sound))
        expected, _ = BatchedInferencePipeline(recognizer._whisper).transcribe(
            sound,
            language="en",
            word_timestamps=True,
            vad_filter=False,
            clip_timestamps=[
                {"start": clip.start / 16_000, "end": clip.end / 16_000} for clip in clips
            ],
            hotwords="New Jersey",
        )
        found = recognizer._batches.transcribe(
            sound, clips, language="en", task="transcribe", beam_size=5, hotwords="New Jersey"
        )
        assert list(found) == list(expected)

    def test_worker_with_moonshine_works_on_two_recordings(
        self, store: ModelStore, recordings: list[Samples]
    ) -> None:
        settings = SpeechWorkerSettings(model_dir=store.model_dir, worker_batch=2, **WORKER)  # type: ignore[arg-type]
        recognizer = load_recognizer(settings)
        assert recognizer.at_once == 2
        engine: Any = recognizer._engine
        expected = [self.recognize(engine, sound) for sound in recordings[1:]]
        assert "moonshine" in expected[0].model
        found = at_the_same_time(lambda sound: self.recognize(engine, sound), recordings[1:])
        for one, other in zip(found, expected, strict=True):
            assert_same_words(one, other)


def assert_same_words(found: Recognition | Exception, expected: Recognition) -> None:
    assert isinstance(found, Recognition)
    assert [word.text for word in found.words] == [word.text for word in expected.words]
    assert found.languages == expected.languages
    for word, other in zip(found.words, expected.words, strict=True):
        assert word.start == pytest.approx(other.start, abs=ROUNDING)
        assert word.end == pytest.approx(other.end, abs=ROUNDING)
        assert word.probability == pytest.approx(other.probability, abs=0.05)


class TestDiarization:
    @pytest.fixture(scope="class")
    def engine(self, diarizer: "Callable[..., PyannoteEngine]") -> "PyannoteEngine":
        return diarizer(at_once=3, threads=2)

    def diarize(self, engine: "PyannoteEngine", sound: Samples) -> "Diarization":
        from diarizer.engines.protocol import DiarizationOptions

        return engine.diarize(
            wav(sound),
            DiarizationOptions(),
            on_progress=lambda *_: None,
            cancelled=lambda: False,
        )

    @pytest.fixture(scope="class")
    def alone(
        self, diarizer: "Callable[..., PyannoteEngine]", recordings: list[Samples]
    ) -> "list[Diarization]":
        """The results of the engine as it is on a CPU, without batches across recordings."""
        engine = diarizer(threads=2)
        assert engine.at_once == 1
        return [self.diarize(engine, sound) for sound in recordings]

    def test_turns_are_those_of_single_runs(
        self, engine: "PyannoteEngine", recordings: list[Samples], alone: "list[Diarization]"
    ) -> None:
        assert engine.at_once == 3
        found = at_the_same_time(lambda sound: self.diarize(engine, sound), recordings)
        for one, expected in zip(found, alone, strict=True):
            assert_same_turns(one, expected)
        assert len(alone[0].speakers) == 2

    def test_memory_that_is_short_changes_no_turn(
        self,
        engine: "PyannoteEngine",
        recordings: list[Samples],
        alone: "list[Diarization]",
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        from diarizer.engines.networks import BatchedNetwork
        from diarizer.engines.torch_runtime import torch

        def limited(network: BatchedNetwork) -> None:
            inner = network._network

            def full(batch: torch.Tensor) -> torch.Tensor:
                if len(batch) > 3:
                    raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB.")
                return inner(batch)

            monkeypatch.setattr(network, "_network", full)

        voice = engine._backend.embedder._net  # type: ignore[attr-defined]
        segmentation = engine._backend.pipelines[0]._segmentation.model.forward  # type: ignore[attr-defined]
        for network in (voice, segmentation):
            assert isinstance(network, BatchedNetwork)
            limited(network)
        before = [halvings(model) for model in ("segmentation-3.0", "campplus")]
        found = at_the_same_time(lambda sound: self.diarize(engine, sound), recordings)
        for one, expected in zip(found, alone, strict=True):
            assert_same_turns(one, expected)
        after = [halvings(model) for model in ("segmentation-3.0", "campplus")]
        assert all(late > early for early, late in zip(before, after, strict=True))

    def test_worker_loads_a_pipeline_per_recording(self, store: ModelStore) -> None:
        from common.engines import at_once
        from diarizer.app import load_engine
        from diarizer.settings import DiarizerSettings

        several = DiarizerSettings(model_dir=store.model_dir, worker_batch=2, **WORKER)  # type: ignore[arg-type]
        assert at_once(load_engine(several)) == 2
        assert at_once(load_engine(several.model_copy(update={"worker_batch": 0}))) == 1


def assert_same_turns(found: "Diarization | Exception", expected: "Diarization") -> None:
    assert not isinstance(found, Exception)
    assert len(found.turns) == len(expected.turns)
    for turn, other in zip(found.turns, expected.turns, strict=True):
        assert turn.speaker == other.speaker
        assert turn.start == pytest.approx(other.start, abs=ROUNDING)
        assert turn.end == pytest.approx(other.end, abs=ROUNDING)
    for speaker, known in zip(found.speakers, expected.speakers, strict=True):
        assert speaker.label == known.label
        if known.voiceprint is not None:
            assert speaker.voiceprint is not None
            likeness = np.dot(speaker.voiceprint.embedding, known.voiceprint.embedding)
            assert likeness == pytest.approx(1.0, abs=1e-3)
