"""Diarization with pyannote.audio, window by window."""

import diarizer.engines.torch_runtime  # noqa: F401 - first: it prepares the other imports

# isort: split
import queue
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from pyannote.audio import Pipeline
from pyannote.audio.pipelines.speaker_diarization import SpeakerDiarization

from common import gpu
from common.audio.conditioning import SignalConditioner
from common.audio.probe import probe
from common.audio.resampling import SAMPLE_RATE, Samples
from common.audio.signals import AudioSource
from common.audio.windows import AudioWindow, windows
from common.engines import Device, EngineSettings, Progress
from common.models.store import EmbeddedDiarization, ModelError, PipelineDirectory
from common.tasks.task import TaskCancelledError
from common.voices.assembly import WindowDiarization, assemble
from common.voices.turns import speech_seconds
from common.voices.values import FloatArray, Voice
from diarizer.engines.campplus import CampPlus
from diarizer.engines.embedded_networks import EmbeddedNetworks, voice_network
from diarizer.engines.embedded_pipeline import EmbeddedPipeline
from diarizer.engines.protocol import (
    Diarization,
    DiarizationOptions,
    Speaker,
    Turn,
    Voiceprint,
)
from diarizer.engines.quiet import quiet
from diarizer.engines.torch_runtime import exact_numbers, torch
from diarizer.engines.voiceprints import VoiceEmbedder, take_voices

#: Steps of the pipeline: start and share of a window's work, and name for users.
_STEPS = {
    "segmentation": (0.0, 0.45, "Finding who speaks when"),
    "embeddings": (0.45, 0.5, "Comparing voices"),
}
_LAST_STEP = "Telling speakers apart"
_OTHER_STEP = (0.95, 0.05, _LAST_STEP)

#: Least cosine of the voices of one person in two windows: measured for CAM++, and a cautious
#: guess for other embeddings.
_CAMPPLUS_LINK = 0.65
_OTHER_LINK = 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class PyannoteSettings:
    """Settings of this engine.

    A window has at most `window_seconds`. Speakers of two windows are one person from a cosine of
    `link_threshold` on. None means the value for the model. `half` computes in 16 bits, only to
    measure the cost.
    """

    device: Device = "cpu"
    threads: int = 1
    window_seconds: float = 1_200.0
    link_threshold: float | None = None
    at_once: int = 1
    half: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Backend:
    """Loaded pipelines with their embedding, names and versions.

    There is one of `pipelines` per recording at a time. It is called like SpeakerDiarization of
    pyannote and returns the same. Voices of two windows are one person's from a cosine of
    `link_threshold` on. `for_parts` are arguments of the pipeline for finding rather too many
    speakers. `recording` is entered for the time of each recording.
    """

    pipelines: Sequence[Callable[..., Any]]
    embedder: VoiceEmbedder
    model: str
    model_version: str
    voice_model: str
    voice_model_version: str
    link_threshold: float
    for_parts: Mapping[str, object] = field(default_factory=dict)
    recording: Callable[[], AbstractContextManager[None]] = nullcontext


class PyannoteEngine:
    """DiarizationEngine for recordings of any length in bounded memory."""

    def __init__(self, backend: Backend, settings: PyannoteSettings) -> None:
        torch.set_num_threads(settings.threads)
        self._backend = backend
        self._settings = settings
        self._idle: queue.SimpleQueue[Callable[..., Any]] = queue.SimpleQueue()
        for pipeline in backend.pipelines:
            self._idle.put(pipeline)

    @property
    def at_once(self) -> int:
        """Most recordings at a time."""
        return len(self._backend.pipelines)

    @property
    def model(self) -> str:
        """Name of the models."""
        return self._backend.model

    @property
    def model_version(self) -> str:
        """Version of the models."""
        return self._backend.model_version

    @property
    def link_threshold(self) -> float:
        """Least cosine of the voiceprints of one person from much speech."""
        return self._backend.link_threshold

    def embed_speech(self, samples: Samples) -> Voiceprint | None:
        """Return the voice of one person, as described in VoiceEngine."""
        torch.set_num_threads(self._settings.threads)
        turn = Turn(start=0.0, end=len(samples) / SAMPLE_RATE, speaker="")
        with self._backend.recording(), torch.inference_mode():
            voices = take_voices(samples, [turn], self._backend.embedder)
        return self._voiceprint(voices.get(turn.speaker))

    def diarize(
        self,
        source: AudioSource,
        options: DiarizationOptions,
        *,
        on_progress: Progress,
        cancelled: Callable[[], bool],
    ) -> Diarization:
        """Diarize one recording, as described in DiarizationEngine."""
        began = time.monotonic()
        if self.at_once > 1:
            # Their number is that of the thread, and each recording has another one.
            torch.set_num_threads(self._settings.threads)
        expected = probe(source, allow_truncated=True).duration
        longest = self._settings.window_seconds
        alone = expected <= longest
        found: list[WindowDiarization] = []
        duration = 0.0
        conditioner = SignalConditioner()
        pieces = windows(source, duration=expected, longest=longest, conditioner=conditioner)
        with self._pipeline() as pipeline:
            for window in pieces:
                report = _Report(window, max(expected, window.end), on_progress, cancelled)
                found.append(self._diarize_window(pipeline, window, options, report, alone=alone))
                duration = window.end
                del window  # before the next one is decoded
        whole = assemble(found, options.limits, threshold=self._backend.link_threshold)
        on_progress(1.0, _LAST_STEP)
        seconds = speech_seconds(whole.turns)
        return Diarization(
            turns=whole.turns,
            exclusive_turns=whole.exclusive_turns,
            speakers=tuple(
                Speaker(
                    label=label,
                    speech_seconds=seconds[label],
                    voiceprint=self._voiceprint(whole.voices.get(label)),
                )
                for label in seconds
            ),
            duration=duration,
            processing_seconds=time.monotonic() - began,
            model=self.model,
            model_version=self.model_version,
            warnings=conditioner.warnings,
            link_threshold=self._backend.link_threshold,
        )

    @contextmanager
    def _pipeline(self) -> Iterator[Callable[..., Any]]:
        """Take a pipeline for one recording. A pipeline has the state of one."""
        pipeline = self._idle.get()
        try:
            with self._backend.recording():
                yield pipeline
        finally:
            self._idle.put(pipeline)

    def _diarize_window(
        self,
        pipeline: Callable[..., Any],
        window: AudioWindow,
        options: DiarizationOptions,
        report: "_Report",
        *,
        alone: bool,
    ) -> WindowDiarization:
        bounds: dict[str, Any] = {"max_speakers": options.most}
        if options.part:
            # A limit would join two people where a third one is split.
            bounds = {"max_speakers": 1 if options.most == 1 else None, **self._backend.for_parts}
        elif alone:
            # A part of a recording may lack some of its speakers.
            bounds |= {"num_speakers": options.num_speakers, "min_speakers": options.min_speakers}
        report.step("segmentation", 0, 1)
        file = {
            "waveform": torch.from_numpy(window.samples)[None],
            "sample_rate": SAMPLE_RATE,
            "uri": "recording",
        }
        with quiet(), torch.inference_mode():
            output = pipeline(file, hook=report.hook, **bounds)
            turns = _turns(output.speaker_diarization)
            exclusive = _turns(output.exclusive_speaker_diarization)
            report.step("voices", 0, 1)
            voices = take_voices(window.samples, turns, self._backend.embedder)
        return WindowDiarization(
            start=window.start,
            duration=window.duration,
            turns=turns,
            exclusive_turns=exclusive,
            voices=voices,
        )

    def _voiceprint(self, voice: Voice | None) -> Voiceprint | None:
        if voice is None:
            return None
        return Voiceprint(
            embedding=tuple(float(value) for value in voice.vector),
            speech_seconds=voice.seconds,
            model=self._backend.voice_model,
            model_version=self._backend.voice_model_version,
        )


class PipelineVoices:
    """VoiceEmbedder over the embedding of a pyannote pipeline."""

    def __init__(self, embedding: Any) -> None:
        self._embedding = embedding

    @property
    def sample_rate(self) -> int:
        """Sample rate of the embedding's input, in Hz."""
        return int(self._embedding.sample_rate)

    def embed_sound(self, pieces: Sequence[FloatArray]) -> FloatArray:
        """Embed equally long pieces: (n, dimension), NaN if they are too short."""
        sound = torch.from_numpy(np.stack(pieces))[:, None]
        return np.asarray(self._embedding(sound), dtype=np.float32)


class _Report:
    """Progress and cancellation of one window, as a part of the recording."""

    def __init__(
        self,
        window: AudioWindow,
        duration: float,
        on_progress: Progress,
        cancelled: Callable[[], bool],
    ) -> None:
        self._base = window.start / duration
        self._share = window.duration / duration
        self._on_progress = on_progress
        self._cancelled = cancelled

    def hook(
        self,
        name: str,
        _artefact: object,
        file: object = None,  # noqa: ARG002 - pyannote names its arguments
        total: int | None = None,
        completed: int | None = None,
    ) -> None:
        """Handle a call of pyannote after a step or a batch."""
        if total and completed is not None:
            self.step(name, completed, total)
        elif self._cancelled():
            raise TaskCancelledError

    def step(self, name: str, completed: int, total: int) -> None:
        """Report the progress of a step of this window."""
        if self._cancelled():
            raise TaskCancelledError
        first, share, words = _STEPS.get(name, _OTHER_STEP)
        done = first + share * min(1.0, completed / total)
        self._on_progress(min(1.0, self._base + self._share * done), words)


def _turns(annotation: Any) -> tuple[Turn, ...]:
    return tuple(
        Turn(start=float(segment.start), end=float(segment.end), speaker=str(label))
        for segment, _, label in annotation.itertracks(yield_label=True)
    )


def _require(device: Device) -> None:
    if device == "cuda":
        gpu.require(found=torch.cuda.is_available(), library="PyTorch")
        exact_numbers()


def load(settings: EngineSettings) -> PyannoteEngine:
    """Load the engine with the models named by the settings.

    Raises:
        ModelError: a file is missing or altered, or a directory holds no usable pipeline.
        GpuError: a GPU is required and PyTorch finds none.
    """
    own = PyannoteSettings(
        device=settings.device,
        threads=settings.threads,
        window_seconds=settings.window_seconds,
        at_once=settings.at_once,
    )
    models = settings.models.diarization(settings.model)
    if isinstance(models, EmbeddedDiarization):
        return load_embedded(models, own)
    return load_pipeline(models, own)


def load_embedded(models: EmbeddedDiarization, settings: PyannoteSettings) -> PyannoteEngine:
    """Load the models of the embedded profile from verified files."""
    _require(settings.device)
    networks = EmbeddedNetworks.load(
        models,
        device=settings.device,
        threads=settings.threads,
        at_once=settings.at_once,
        half=settings.half,
    )
    embedder = CampPlus(networks.voice, device="cpu")
    pipelines = [
        EmbeddedPipeline(
            segmentation=models.segmentation,
            embedder=embedder,
            network=networks.segmentation,
            segmentation_batch=networks.segmentation_batch,
            embedding_batch=networks.voice_batch,
        )
        for _ in range(settings.at_once)
    ]
    backend = Backend(
        pipelines=pipelines,
        embedder=embedder,
        model="segmentation-3.0+campplus",
        model_version=models.version,
        voice_model="campplus-zh-en-common",
        voice_model_version=models.voice_version,
        link_threshold=settings.link_threshold or _CAMPPLUS_LINK,
        for_parts={"part": True},
        recording=networks.recording,
    )
    return PyannoteEngine(backend, settings)


def load_embedder(models: EmbeddedDiarization, *, device: Device, threads: int = 1) -> CampPlus:
    """Load the embedding, for a CPU by ONNX Runtime if it was converted."""
    return CampPlus(voice_network(models, device=device, threads=threads), device="cpu")


def load_pipeline(models: PipelineDirectory, settings: PyannoteSettings) -> PyannoteEngine:
    """Load a pyannote pipeline from a directory. Repositories named in it must be in its cache.

    It processes one recording at a time.

    Raises:
        ModelError: the directory holds no usable pipeline.
        GpuError: a GPU is required and PyTorch finds none.
    """
    _require(settings.device)
    try:
        pipeline = Pipeline.from_pretrained(models.directory, cache_dir=models.cache_dir)
    except Exception as error:
        # Whatever the cause, the operator must examine the directory.
        raise ModelError(
            f"{models.directory} cannot be loaded as a pyannote pipeline "
            f"({type(error).__name__}: {error})."
        ) from error
    if not isinstance(pipeline, SpeakerDiarization):
        raise ModelError(f"{models.directory} is not a speaker diarization pipeline of pyannote.")
    # Older configurations may request turns only. Exclusive turns are needed as well.
    pipeline.legacy = False
    pipeline.to(torch.device(settings.device))
    backend = Backend(
        pipelines=[pipeline],
        embedder=PipelineVoices(pipeline._embedding),
        model=models.name,
        model_version=models.version,
        voice_model=models.name,
        voice_model_version=models.version,
        link_threshold=settings.link_threshold or _OTHER_LINK,
    )
    return PyannoteEngine(backend, settings)
