"""Embedded models, and engines that use them."""

import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from bench.recordings import Recording, sample
from common.audio.resampling import Samples
from common.models.store import DEFAULT_MODEL_DIR, EmbeddedDiarization, ModelStore
from tests.unit.common.audio import sounds

if TYPE_CHECKING:
    from diarizer.engines.pyannote import PyannoteEngine
    from transcriber.worker.engines.faster_whisper import FasterWhisperEngine


@pytest.fixture(scope="session")
def store() -> ModelStore:
    """Model directory. Missing models are fetched as by `make models`."""
    found = ModelStore(Path(os.environ.get("MODEL_DIR") or DEFAULT_MODEL_DIR))
    found.pull_embedded(say=print)
    return found


@pytest.fixture(scope="session")
def telephone() -> Recording:
    """Half a minute of two people on the telephone."""
    return sample()


@pytest.fixture(scope="session")
def speech(store: ModelStore) -> "Callable[..., FasterWhisperEngine]":
    """Load a recognition engine with the given settings."""
    from transcriber.worker.engines.faster_whisper import FasterWhisperEngine, FasterWhisperSettings

    model = store.recognition("base")
    return lambda **settings: FasterWhisperEngine(model, FasterWhisperSettings(**settings))


@pytest.fixture(scope="session")
def diarizer(store: ModelStore) -> "Callable[..., PyannoteEngine]":
    """Load a diarization engine with the given settings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Of the libraries, about each other.
        from diarizer.engines.pyannote import PyannoteSettings, load_embedded

        models = store.diarization("embedded")
        assert isinstance(models, EmbeddedDiarization)

    def make(**settings: float) -> "PyannoteEngine":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return load_embedded(models, PyannoteSettings(**settings))  # type: ignore[arg-type]

    return make


@pytest.fixture
def wav(tmp_path: Path) -> Callable[[Samples], Path]:
    """Write mono 16 kHz samples to a file."""

    def write(samples: Samples) -> Path:
        path = tmp_path / "recording.wav"
        path.write_bytes(sounds.encode(np.asarray(samples, np.float32), sounds.FORMATS["wav"]))
        return path

    return write
