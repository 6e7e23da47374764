"""Speed, errors and memory on an NVIDIA card, next to plain faster-whisper and pyannote.

    python -m bench.gpu_check [--data DIR] [--model large-v3] [--at-once 4] [--device cpu]

Each row is a process that processes the telephone sample, and the recordings in DIR with a .stm or
.rttm file of the same name, four times each. Its time is without loading. Real-time factors of the
plain libraries are measured on the same card, in the same run. The rows without memory occupy
nearly all memory of the card first: their batches must shrink, and their errors stay the same.

Without a card, nothing is measured. With --device cpu, the check itself is tried on the CPU.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench import gpu_memory
from bench.gpu_parts import PARTS
from common import sizes
from common.models.store import DEFAULT_MODEL_DIR

NO_CARD = (
    "No NVIDIA card: nothing was measured. `nvidia-smi` must list one. "
    "`--device cpu` tries the check itself."
)
_DISTRIBUTIONS = ("ctranslate2", "faster-whisper", "torch", "pyannote-audio")
_HEADER = "| | real-time factor | times as fast as plain | errors | peak memory | halved batches |"
_RULE = "|---|---|---|---|---|---|"


def main() -> int:
    """Print the table. Return 1 if a row failed."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.gpu_check",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, help="directory with recordings and references")
    parser.add_argument("--model-dir", type=Path, default=DEFAULT_MODEL_DIR)
    parser.add_argument("--model", default="base", help="Whisper model")
    parser.add_argument("--compute-type", default="", help="numbers of Whisper")
    parser.add_argument("--at-once", type=int, default=4, help="recordings at a time")
    parser.add_argument("--copies", type=int, help="how often each recording is processed")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cuda")
    parser.add_argument("--only", action="append", help="name of a row, repeatable")
    chosen = parser.parse_args()
    name = gpu_memory.card_name()
    if chosen.device == "cuda" and name is None:
        print(NO_CARD)
        return 0
    on_gpu = chosen.device == "cuda"
    where = name if on_gpu else f"{platform.processor() or platform.machine()} (no card)"
    print(f"{where}, Whisper {chosen.model}, {chosen.at_once} recordings at a time")
    print(f"{versions(on_gpu=on_gpu)}\n")
    print(_HEADER)
    print(_RULE)
    return rows(chosen.only or list(PARTS), _arguments(chosen, on_gpu=on_gpu))


def versions(*, on_gpu: bool) -> str:
    """Return the versions on which the figures depend."""
    found = [f"{name} {version(name)}" for name in _DISTRIBUTIONS]
    return ", ".join([f"driver {gpu_memory.driver_version()}", *found] if on_gpu else found)


def rows(parts: Sequence[str], arguments: Sequence[str]) -> int:
    """Print a row per part. Return 1 if one failed."""
    plain: dict[str, float] = {}
    failed = 0
    for part in parts:
        done = subprocess.run(
            [sys.executable, "-m", "bench.gpu_parts", part, *arguments],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            failed = 1
            last = (done.stderr.strip().splitlines() or ["no message"])[-1]
            print(f"| {part} | failed: {last} | | | | |", flush=True)
            continue
        found = json.loads(done.stdout.splitlines()[-1])
        stage = part.split()[0]
        factor = found["seconds"] / found["audio"]
        plain.setdefault(stage, factor)
        print(row(part, found, plain[stage]), flush=True)
    return failed


def row(part: str, found: dict[str, Any], plain: float) -> str:
    """Return the row of a part. `plain` is the real-time factor of the first one of its stage."""
    factor = found["seconds"] / found["audio"]
    return (
        f"| {part} | {factor:#.3g} | {plain / factor:.2f} | {100 * found['error']:.1f} % "
        f"| {sizes.readable(found['memory'])} | {found['halvings']:.0f} |"
    )


def _arguments(chosen: argparse.Namespace, *, on_gpu: bool) -> list[str]:
    found = {
        "--device": chosen.device,
        "--model-dir": chosen.model_dir,
        "--model": chosen.model,
        "--compute-type": chosen.compute_type,
        "--threads": min(4, os.cpu_count() or 1),
        "--at-once": chosen.at_once,
        "--copies": chosen.copies or (4 if on_gpu else 2),
        **({"--data": chosen.data} if chosen.data else {}),
    }
    return [f"{name}={value}" for name, value in found.items()]


if __name__ == "__main__":
    sys.exit(main())
