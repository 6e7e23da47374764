"""Measurements of one stage on a card, next to the plain library on the same card.

`python -m bench.gpu_parts PART OPTIONS` prints one JSON object. Each part has a process of its own,
since the libraries keep the memory of a card that they once had.
"""

import argparse
import json
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import prometheus_client

from bench import gpu_diarization, gpu_memory, gpu_recognition
from bench.gpu_options import Options, Run
from bench.metrics import WordErrors, diarization_errors, word_errors
from bench.recordings import Recording, in_directory, sample
from common.audio.probe import probe
from common.models.store import ModelStore

#: Name of a part, its loader, and whether several recordings run at a time.
PARTS: dict[str, tuple[Callable[[Options], Run], bool]] = {
    "recognition plain": (gpu_recognition.plain, False),
    "recognition plain batched": (
        lambda options: gpu_recognition.plain(options, batched=True),
        False,
    ),
    "recognition": (lambda options: gpu_recognition.engine(options, at_once=1), False),
    "recognition together": (
        lambda options: gpu_recognition.engine(options, at_once=options.at_once),
        True,
    ),
    "recognition without memory": (gpu_recognition.engine_without_memory, True),
    "diarization plain": (gpu_diarization.plain, False),
    "diarization": (lambda options: gpu_diarization.engine(options, at_once=1), False),
    "diarization together": (
        lambda options: gpu_diarization.engine(options, at_once=options.at_once),
        True,
    ),
    "diarization in 16 bits": (
        lambda options: gpu_diarization.engine(options, at_once=1, half=True),
        False,
    ),
    "diarization without memory": (gpu_diarization.engine_without_memory, True),
}


def measure(part: str, options: Options, recordings: Sequence[Recording]) -> dict[str, Any]:
    """Measure a part. The first recording is processed once before, as a warm-up."""
    load, together = PARTS[part]
    before = gpu_memory.used() if options.on_gpu else 0
    threads = options.at_once if together else 1
    run = load(options)
    with gpu_memory.peak(on_gpu=options.on_gpu, before=before) as memory:
        run(recordings[0].audio)
        began = time.perf_counter()
        with ThreadPoolExecutor(threads) as pool:
            found = list(pool.map(lambda one: run(one.audio), recordings))
        seconds = time.perf_counter() - began
    return {
        "seconds": seconds,
        "audio": sum(probe(one.audio).duration for one in recordings),
        "error": _error(part, recordings, found),
        "memory": memory.most,
        "halvings": _halvings(),
    }


def _error(part: str, recordings: Sequence[Recording], found: Sequence[Any]) -> float:
    """Return the word error rate or the diarization error rate of recordings with references."""
    if part.startswith("recognition"):
        known = [(one.text, text) for one, text in zip(recordings, found, strict=True) if one.text]
        counts = [word_errors(reference, text) for reference, text in known]
        words = sum(count.words for count in counts)
        return sum(_edits(count) for count in counts) / words if words else float("nan")
    errors = [
        diarization_errors(one.turns, turns)
        for one, turns in zip(recordings, found, strict=True)
        if one.turns
    ]
    total = sum(one.total for one in errors)
    wrong = sum(one.confusion + one.missed + one.false_alarm for one in errors)
    return wrong / total if total else float("nan")


def _edits(count: WordErrors) -> int:
    return count.substitutions + count.deletions + count.insertions


def _halvings() -> float:
    return sum(
        one.value
        for family in prometheus_client.REGISTRY.collect()
        for one in family.samples
        if one.name == "securetranscribe_batch_halvings_total"
    )


def main() -> None:
    """Measure one part and print it."""
    parser = argparse.ArgumentParser(prog="python -m bench.gpu_parts", description=__doc__)
    parser.add_argument("part", choices=PARTS)
    parser.add_argument("--device", choices=("cpu", "cuda"), required=True)
    parser.add_argument("--model-dir", type=Path, required=True)
    parser.add_argument("--model", required=True)
    parser.add_argument("--compute-type", default="")
    parser.add_argument("--threads", type=int, required=True)
    parser.add_argument("--at-once", type=int, required=True)
    parser.add_argument("--copies", type=int, required=True)
    parser.add_argument("--data", type=Path)
    chosen = parser.parse_args()
    options = Options(
        store=ModelStore(chosen.model_dir),
        model=chosen.model,
        device=chosen.device,
        threads=chosen.threads,
        at_once=chosen.at_once,
        compute_type=chosen.compute_type,
    )
    recordings = [sample(), *(in_directory(chosen.data) if chosen.data else ())]
    warnings.simplefilter("ignore")
    json.dump(measure(chosen.part, options, recordings * chosen.copies), sys.stdout)


if __name__ == "__main__":
    main()
