"""Processor time of the diarizer's steps, with its errors, by torch and by ONNX Runtime.

    python -m bench.diarization [--data DIR] [--models DIR]

DIR has recordings with a .rttm or .stm file of the same name. The telephone sample is measured too.
"""

import argparse
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from bench import metrics, recordings
from common.models.store import (
    DEFAULT_MODEL_DIR,
    EMBEDDED_DIARIZATION,
    EmbeddedDiarization,
    ModelStore,
)
from diarizer.engines.protocol import DiarizationOptions

#: Those of the worker (MAX_SPEAKERS, MIN_SPEAKER_DURATION).
_OPTIONS = DiarizationOptions(max_speakers=10, min_speaker_duration=1.5)


def main() -> None:
    """Print a table with a row per recording and runtime."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--data", type=Path, help="directory with recordings")
    parser.add_argument("--models", type=Path, default=DEFAULT_MODEL_DIR)
    chosen = parser.parse_args()
    models = ModelStore(chosen.models).diarization(EMBEDDED_DIARIZATION)
    assert isinstance(models, EmbeddedDiarization)
    plain = replace(models, onnx_segmentation=None, onnx_voice=None)
    print(
        "| recording | runtime | DER, % | speakers | CPU, s/s | segmentation | embedding "
        "| voiceprints |"
    )
    print("|---|---|---|---|---|---|---|---|")
    for recording in _recordings(chosen.data):
        for name, files in (("torch", plain), ("ONNX Runtime", models)):
            print(_row(recording, name, files), flush=True)


def _recordings(data: Path | None) -> Iterator[recordings.Recording]:
    yield recordings.sample()
    if data:
        yield from recordings.in_directory(data)


def _row(recording: recordings.Recording, runtime: str, models: EmbeddedDiarization) -> str:
    # Loading torch takes seconds.
    from diarizer.engines.pyannote import PyannoteSettings, load_embedded  # noqa: PLC0415

    engine = load_embedded(models, PyannoteSettings())
    spent: Counter[str] = Counter()
    pipeline: Any = engine._backend.pipelines[0]
    for step, owner, method in (
        ("segmentation", pipeline, "get_segmentations"),
        ("stretches", pipeline, "_embed_stretches"),
        ("embedding", pipeline._embedding, "embed"),
    ):
        setattr(owner, method, _timed(getattr(owner, method), spent, step))
    began = time.process_time()
    with recording.audio.open("rb") as source:
        found = engine.diarize(
            source, _OPTIONS, on_progress=lambda *_: None, cancelled=lambda: False
        )
    total = time.process_time() - began
    turns = [(turn.start, turn.end, turn.speaker) for turn in found.turns]
    errors = metrics.diarization_errors(recording.turns, turns)
    # Embeddings are computed for the clustering first, and then for the voiceprints.
    prints = max(0.0, spent["embedding"] - spent["stretches"])
    steps = (total, spent["segmentation"], spent["stretches"], prints)
    figures = " | ".join(f"{seconds / found.duration:.3f}" for seconds in steps)
    people = f"{len(found.speakers)} of {len({turn[2] for turn in recording.turns})}"
    return f"| {recording.name} | {runtime} | {100 * errors.rate:.1f} | {people} | {figures} |"


def _timed(call: Callable[..., Any], spent: Counter[str], step: str) -> Callable[..., Any]:
    def timed(*arguments: Any, **options: Any) -> Any:
        began = time.process_time()
        try:
            return call(*arguments, **options)
        finally:
            spent[step] += time.process_time() - began  # type: ignore[assignment]

    return timed


if __name__ == "__main__":
    main()
