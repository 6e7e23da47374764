"""Engines: models behind a small interface, chosen by name and imported only when loaded."""

import importlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, Literal, Protocol, TypeVar, cast, runtime_checkable

from common.models.store import ModelStore
from common.tasks.service import WorkerSettings

Device = Literal["cpu", "cuda"]
#: Called with the fraction done, 0.0 to 1.0 and never falling, and the current step in words for
#: the owner of the recording.
Progress = Callable[[float, str], None]

Engine = TypeVar("Engine")


@dataclass(frozen=True, kw_only=True, slots=True)
class EngineSettings:
    """Settings of every engine.

    `model` is the value of the variable that names the model, and `models` finds its verified
    files. An engine computes on `device` with `threads` CPU threads, and holds at most
    `window_seconds` of a recording in memory. One that is `Concurrent` may get `at_once` recordings
    at a time. `compute_type` is the type of numbers, empty for the engine's own choice.
    """

    models: ModelStore
    model: str
    device: Device
    threads: int
    window_seconds: float
    at_once: int = 1
    compute_type: str = ""

    @classmethod
    def of(
        cls, worker: WorkerSettings, *, model: str, window_seconds: float, compute_type: str = ""
    ) -> "EngineSettings":
        """Take the device, the threads and the model directory from a worker's settings."""
        return cls(
            models=ModelStore(worker.model_dir),
            model=model,
            device=worker.device,
            threads=worker.model_threads or int(os.environ.get("OMP_NUM_THREADS", "1")),
            window_seconds=window_seconds,
            at_once=worker.at_once,
            compute_type=compute_type,
        )


@runtime_checkable
class Concurrent(Protocol):
    """Engine called for several recordings at a time, each on a thread. Optional."""

    @property
    def at_once(self) -> int:
        """Most recordings at a time."""
        ...


def at_once(engine: object) -> int:
    """Return how many recordings an engine takes at a time."""
    return engine.at_once if isinstance(engine, Concurrent) else 1


class EngineRegistry(Generic[Engine]):
    """Engines of one kind, by name.

    `modules` maps each name to a module with a function `load(EngineSettings)` that returns the
    engine.
    """

    def __init__(self, modules: Mapping[str, str]) -> None:
        self.modules = dict(modules)

    def known(self, name: str) -> str:
        """Return the name if there is such an engine. For validators of settings.

        Raises:
            ValueError: there is none. The message lists the existing names.
        """
        if name not in self.modules:
            raise ValueError(f"there is no engine '{name}', only {', '.join(sorted(self.modules))}")
        return name

    def load(self, name: str, settings: EngineSettings) -> Engine:
        """Import and load an engine. Takes seconds, and never downloads anything.

        Raises:
            ValueError: there is no engine of this name.
            ModelError: a file of the model is missing or altered.
            GpuError: a GPU is required and none is usable.
        """
        module = importlib.import_module(self.modules[self.known(name)])
        return cast(Engine, module.load(settings))
