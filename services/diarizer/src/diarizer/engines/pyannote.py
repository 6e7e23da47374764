"""Diarization by pyannote.audio, window by window."""

import diarizer.engines.torch_runtime  # noqa: F401 - first: it prepares what the others import

# isort: split
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pyannote.audio import Pipeline
from pyannote.audio.pipelines.speaker_diarization import SpeakerDiarization

from common import gpu
from common.audio.conditioning import SignalConditioner
from common.audio.container import AudioSource
from common.audio.probe import probe
from common.audio.windows import AudioWindow, windows
from common.models.store import EmbeddedDiarization, ModelError, PipelineDirectory
from common.tasks.task import TaskCancelledError
from diarizer.engines.assembly import WindowDiarization, assemble
from diarizer.engines.campplus import CampPlus
from diarizer.engines.embedded_pipeline import EmbeddedPipeline
from diarizer.engines.fragments import speech_seconds
from diarizer.engines.protocol import (
    Diarization,
    DiarizationOptions,
    Progress,
    Speaker,
    Turn,
    Voiceprint,
)
from diarizer.engines.torch_runtime import torch
from diarizer.engines.voiceprints import Voice, VoiceEmbedder, take_voices

FloatArray = npt.NDArray[np.float32]
Device = Literal["cpu", "cuda"]

#: How much of a window's work each step of the pipeline is, and how it is called.
_STEPS = {"segmentation": (0.0, 0.45), "embeddings": (0.45, 0.5)}


#: From which cosine on voices of two windows are one person's: measured for CAM++, and a
#: cautious guess for other embeddings.
_CAMPPLUS_LINK = 0.65
_OTHER_LINK = 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class EngineSettings:
    """How to run: where, with how many threads, and how long a window may be (seconds).

    Speakers of two windows are one person from a cosine of `link_threshold` on; None takes what
    suits the model.
    """

    device: Device = "cpu"
    threads: int = 1
    window_seconds: float = 1_200.0
    link_threshold: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Backend:
    """A loaded pipeline with what else its answers need.

    `pipeline` takes pyannote's file mapping and answers as its SpeakerDiarization does.
    Voices of two windows are one person's from a cosine of `link_threshold` on.
    """

    pipeline: Callable[..., Any]
    embedder: VoiceEmbedder
    model: str
    model_version: str
    voice_model: str
    voice_model_version: str
    link_threshold: float


class PyannoteEngine:
    """Diarizes recordings of any length in bounded memory. One call at a time."""

    def __init__(self, backend: Backend, settings: EngineSettings) -> None:
        torch.set_num_threads(settings.threads)
        self._backend = backend
        self._settings = settings

    @property
    def model(self) -> str:
        """Name of the models."""
        return self._backend.model

    @property
    def model_version(self) -> str:
        """Version of the models."""
        return self._backend.model_version

    def diarize(
        self,
        source: AudioSource,
        options: DiarizationOptions,
        *,
        on_progress: Progress,
        cancelled: Callable[[], bool],
    ) -> Diarization:
        """Diarize one recording; see DiarizationEngine."""
        began = time.monotonic()
        expected = probe(source, allow_truncated=True).duration
        longest = self._settings.window_seconds
        alone = expected <= longest
        found: list[WindowDiarization] = []
        duration = 0.0
        conditioner = SignalConditioner()
        pieces = windows(source, duration=expected, longest=longest, conditioner=conditioner)
        for window in pieces:
            report = _Report(window, max(expected, window.end), on_progress, cancelled)
            found.append(self._diarize_window(window, options, report, alone=alone))
            duration = window.end
        whole = assemble(found, options, threshold=self._backend.link_threshold)
        on_progress(1.0, "assembling")
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
        )

    def _diarize_window(
        self, window: AudioWindow, options: DiarizationOptions, report: "_Report", *, alone: bool
    ) -> WindowDiarization:
        bounds: dict[str, int | None] = {"max_speakers": options.most}
        if alone:
            # A part of a recording may lack speakers that the whole has.
            bounds |= {"num_speakers": options.num_speakers, "min_speakers": options.min_speakers}
        report.step("segmentation", 0, 1)
        file = {
            "waveform": torch.from_numpy(window.samples)[None],
            "sample_rate": 16_000,
            "uri": "recording",
        }
        with _quiet(), torch.inference_mode():
            output = self._backend.pipeline(file, hook=report.hook, **bounds)
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
    """Takes voices with the embedding that a pyannote pipeline brings along."""

    def __init__(self, embedding: Any) -> None:
        self._embedding = embedding

    @property
    def sample_rate(self) -> int:
        """What the embedding expects, in Hz."""
        return int(self._embedding.sample_rate)

    def embed_sound(self, pieces: Sequence[FloatArray]) -> FloatArray:
        """Embed equally long pieces: (n, dimension), NaN where they are too short."""
        sound = torch.from_numpy(np.stack(pieces))[:, None]
        return np.asarray(self._embedding(sound), dtype=np.float32)


class _Report:
    """Passes the pipeline's progress on, as a part of the recording, and cancels it."""

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
        """What pyannote calls after each step and each batch."""
        if total and completed is not None:
            self.step(name, completed, total)
        elif self._cancelled():
            raise TaskCancelledError

    def step(self, name: str, completed: int, total: int) -> None:
        """Say how far a step of this window is."""
        if self._cancelled():
            raise TaskCancelledError
        first, share = _STEPS.get(name, (0.95, 0.05))
        done = first + share * min(1.0, completed / total)
        self._on_progress(min(1.0, self._base + self._share * done), name)


def _turns(annotation: Any) -> tuple[Turn, ...]:
    return tuple(
        Turn(start=float(segment.start), end=float(segment.end), speaker=str(label))
        for segment, _, label in annotation.itertracks(yield_label=True)
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Silence what pyannote warns of in short or quiet recordings; it is handled here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _require(device: Device) -> None:
    if device == "cuda":
        gpu.require(found=torch.cuda.is_available(), library="PyTorch")


def load_embedded(models: EmbeddedDiarization, settings: EngineSettings) -> PyannoteEngine:
    """Load the models that need no hub, from verified files."""
    on_gpu = settings.device == "cuda"
    _require(settings.device)
    embedder = CampPlus(weights=models.weights, network=models.network, device=settings.device)
    pipeline = EmbeddedPipeline(
        segmentation=models.segmentation,
        embedder=embedder,
        segmentation_batch=32 if on_gpu else 8,
        embedding_batch=32 if on_gpu else 4,
    )
    pipeline.to(torch.device(settings.device))
    backend = Backend(
        pipeline=pipeline,
        embedder=embedder,
        model="segmentation-3.0+campplus",
        model_version=models.version,
        voice_model="campplus-zh-en-common",
        voice_model_version=models.voice_version,
        link_threshold=settings.link_threshold or _CAMPPLUS_LINK,
    )
    return PyannoteEngine(backend, settings)


def load_pipeline(models: PipelineDirectory, settings: EngineSettings) -> PyannoteEngine:
    """Load a pyannote pipeline from a directory; what it refers to must be in its cache.

    Raises ModelError when the directory cannot be used.
    """
    _require(settings.device)
    try:
        pipeline = Pipeline.from_pretrained(models.directory, cache_dir=models.cache_dir)
    except Exception as error:
        # Whatever is wrong inside, the operator must look at that directory.
        raise ModelError(
            f"{models.directory} cannot be loaded as a pyannote pipeline "
            f"({type(error).__name__}: {error})."
        ) from error
    if not isinstance(pipeline, SpeakerDiarization):
        raise ModelError(f"{models.directory} is no pyannote speaker diarization pipeline.")
    # Older configurations may ask for turns only; exclusive turns are needed too.
    pipeline.legacy = False
    pipeline.to(torch.device(settings.device))
    backend = Backend(
        pipeline=pipeline,
        embedder=PipelineVoices(pipeline._embedding),
        model=models.name,
        model_version=models.version,
        voice_model=models.name,
        voice_model_version=models.version,
        link_threshold=settings.link_threshold or _OTHER_LINK,
    )
    return PyannoteEngine(backend, settings)
