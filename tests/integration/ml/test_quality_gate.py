"""Quality of a few recordings against the baseline, with the real models."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.quality import gate
from bench.quality.systems import diarizing, load, recognizing
from common.models.store import ModelStore


def test_quality_is_not_worse_than_the_baseline(
    store: ModelStore,
    speech: Callable[..., Any],
    diarizer: Callable[..., Any],
    tmp_path: Path,
    show: Callable[[str], None],
) -> None:
    recognizers = {
        "Whisper": recognizing(speech()),
        "Moonshine": load("product words, Moonshine", store),
    }
    found = gate.measure(recognizers, diarizing(diarizer()), tmp_path)
    show("\n".join(f"{name}: {value:.2f}" for name, value in found.items()))
    assert gate.failures(found, gate.read()) == []
