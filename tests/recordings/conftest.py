"""The embedded recognition model, loaded once."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from common.models.store import DEFAULT_MODEL_DIR, ModelStore

if TYPE_CHECKING:
    from transcriber.worker.engines.faster_whisper import FasterWhisperEngine


@pytest.fixture(scope="session")
def engine() -> "FasterWhisperEngine":
    """Return an engine with the embedded model."""
    from transcriber.worker.engines.faster_whisper import FasterWhisperEngine, FasterWhisperSettings

    store = ModelStore(Path(os.environ.get("MODEL_DIR") or DEFAULT_MODEL_DIR))
    store.pull_embedded(say=print)
    return FasterWhisperEngine(store.recognition("base"), FasterWhisperSettings(threads=2))
