"""Baseline: plain scripts over the same models, without any service.

    python -m bench.baseline [--data DIR] [--mode sequential|parallel|both] [--json FILE]

`sequential` is one script for recognition and then diarization, with the libraries' default number
of threads. `parallel` is two concurrent scripts with one thread each. Times include process
start-up and model loading. The recordings are the sample in pyannote.audio and those in DIR with a
.stm or .rttm file of the same name.
"""

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.metrics import (
    diarization_errors,
    give_words_to_speakers,
    speaker_word_errors,
    word_errors,
)
from bench.recordings import Recording, in_directory, sample
from bench.stages import STAGES
from common.models.store import DEFAULT_MODEL_DIR

#: The stages of each process and the threads per process (0 for the default), by mode.
MODES: Mapping[str, tuple[tuple[str, ...], int]] = {
    "sequential": ((",".join(STAGES),), 0),
    "parallel": (STAGES, 1),
}


def score(recording: Recording, words: Sequence[Any], turns: Sequence[Any]) -> dict[str, float]:
    """Return error rates in percent, limited to those with a reference."""
    scores: dict[str, float] = {}
    spoken = [(float(start), float(end), str(text)) for start, end, text in words]
    found = [(float(start), float(end), str(speaker)) for start, end, speaker in turns]
    if recording.utterances:
        hypothesis = " ".join(text for _, _, text in spoken)
        scores["wer"] = 100 * word_errors(recording.text, hypothesis).rate
        by_speaker = give_words_to_speakers(spoken, found)
        scores["cpwer"] = 100 * speaker_word_errors(recording.text_by_speaker, by_speaker).rate
    if recording.turns:
        errors = diarization_errors(recording.turns, found)
        scores["der"] = 100 * errors.rate
        scores["confusion"] = 100 * errors.confusion / errors.total
        scores["speakers"] = len({speaker for _, _, speaker in found})
    return scores


def measure(mode: str, recordings: Sequence[Recording], model_dir: Path) -> dict[str, Any]:
    """Run one mode over all recordings. Return wall and CPU time, memory, and scores."""
    processes, threads = MODES[mode]
    environment = dict(os.environ)
    if threads:
        environment["OMP_NUM_THREADS"] = str(threads)
    began = time.monotonic()
    before = os.times()
    running = [
        subprocess.Popen(
            [sys.executable, "-m", "bench.stages", str(model_dir), str(threads), stages]
            + [str(recording.audio) for recording in recordings],
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
        )
        for stages in processes
    ]
    reports: dict[str, Any] = {}
    for process in running:
        output, _ = process.communicate()
        if process.returncode != 0:
            raise RuntimeError(f"a stage of {mode} failed with status {process.returncode}")
        reports |= json.loads(output)
    after = os.times()
    wall = time.monotonic() - began
    return {
        "mode": mode,
        "wall": wall,
        # Time with models loaded. The stages of one process run one after the other.
        "warm": max(
            sum(one["wall"] for name in stages.split(",") for one in reports[name]["recordings"])
            for stages in processes
        ),
        "cpu": (after.children_user + after.children_system)
        - (before.children_user + before.children_system),
        "audio_seconds": sum(one["seconds"] for one in reports[STAGES[0]]["recordings"]),
        "stages": {name: _summary(reports[name]) for name in STAGES},
        "recordings": {
            recording.name: score(recording, recognized["words"], diarized["turns"])
            for recording, recognized, diarized in zip(
                recordings,
                reports["recognition"]["recordings"],
                reports["diarization"]["recordings"],
                strict=True,
            )
        },
    }


def _summary(report: Mapping[str, Any]) -> dict[str, float]:
    return {
        "wall": report["load_wall"] + sum(one["wall"] for one in report["recordings"]),
        "cpu": report["load_cpu"] + sum(one["cpu"] for one in report["recordings"]),
        "peak_mb": report["peak_mb"],
    }


def table(results: Sequence[Mapping[str, Any]]) -> str:
    """Format results as text."""
    lines = []
    for result in results:
        seconds = result["audio_seconds"]
        lines.append(
            f"{result['mode']}: {seconds:.0f} s of audio in {result['wall']:.1f} s wall "
            f"({result['warm']:.1f} s with models loaded), "
            f"{result['cpu']:.1f} s CPU ({result['cpu'] / seconds:.3f} CPU s per second)"
        )
        for name, stage in result["stages"].items():
            lines.append(
                f"  {name:<22} {stage['wall']:7.1f} s wall {stage['cpu']:7.1f} s CPU "
                f"{stage['peak_mb']:7.0f} MB peak"
            )
        for name, scores in result["recordings"].items():
            rates = "  ".join(f"{key} {value:.1f}" for key, value in scores.items())
            lines.append(f"  {name:<12} {rates}")
    return "\n".join(lines)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.baseline", description="Measure plain scripts over the models."
    )
    parser.add_argument("--data", type=Path, help="directory of additional recordings")
    parser.add_argument("--mode", choices=(*MODES, "both"), default="both")
    parser.add_argument("--json", type=Path, help="also write the results to this file")
    parser.add_argument(
        "--model-dir",
        type=Path,
        default=Path(os.environ.get("MODEL_DIR") or DEFAULT_MODEL_DIR),
    )
    chosen = parser.parse_args()
    recordings = [sample(), *(in_directory(chosen.data) if chosen.data else ())]
    modes = list(MODES) if chosen.mode == "both" else [chosen.mode]
    results = [measure(mode, recordings, chosen.model_dir) for mode in modes]
    if chosen.json:
        chosen.json.write_text(json.dumps(results, indent=2) + "\n")
    print(table(results))


if __name__ == "__main__":
    main()
