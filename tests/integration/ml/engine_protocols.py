"""Parts of the tests of both protocols of engines."""

from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import numpy as np

from common.audio.resampling import Samples
from common.engines import EngineRegistry, EngineSettings
from common.models.store import ModelStore
from common.tasks.service import WorkerSettings
from tests.unit.common.audio import sounds

#: Name of the example among the engines.
EXAMPLE = "loudness"
#: Files without any sound.
SOUNDLESS = [b"", sounds.float_wav(np.zeros(0)), b"no recording at all"]
#: Settings that every worker needs.
WORKER = {
    "secret_key": "x" * 32,
    "grpc_port": 0,
    "s3_endpoint": "http://127.0.0.1:1",
    "s3_access_key": "a",
    "s3_secret_key": "b",
}

#: Fractions and steps, as reported.
Reports = list[tuple[float, str]]


@contextmanager
def example_in(registry: EngineRegistry[Any], module: ModuleType) -> Iterator[None]:
    """Register the example: the second of the two files of a new engine is this line."""
    registry.modules[EXAMPLE] = module.__name__
    yield
    del registry.modules[EXAMPLE]


def engine_settings(
    store: ModelStore, worker: type[WorkerSettings], model: str, window_seconds: float
) -> EngineSettings:
    """Return settings for one CPU thread and the default of the worker's field `model`."""
    return EngineSettings(
        models=store,
        model=worker.model_fields[model].default,
        device="cpu",
        threads=1,
        window_seconds=window_seconds,
    )


def damaged(sound: Samples) -> Samples:
    """Return a copy with three samples that are not finite."""
    changed = sound.copy()
    changed[[100, 40_000]] = np.nan
    changed[80_000] = np.inf
    return changed


def assert_progress(reports: Reports) -> None:
    """Progress never falls and reaches one, and its steps are for users."""
    fractions = [fraction for fraction, _ in reports]
    assert fractions == sorted(fractions)
    assert fractions[0] < 1.0 == fractions[-1]
    assert all(step[:1].isupper() for _, step in reports)
