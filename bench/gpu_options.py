"""Options of the measurements on a card."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common.engines import Device
from common.models.store import ModelStore

#: On a CPU, larger batches than this fail where memory is short.
FITTING = 1

#: Processes one recording, and returns its text or its turns.
Run = Callable[[Path], Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """Options of every part."""

    store: ModelStore
    model: str
    device: Device
    threads: int
    at_once: int
    compute_type: str

    @property
    def on_gpu(self) -> bool:
        """Whether models run on a card."""
        return self.device == "cuda"
