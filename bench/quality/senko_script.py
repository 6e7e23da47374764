"""Diarization by Senko 0.2.2, run by the Python of an environment of its own.

`python senko_script.py LIST OUTPUT` writes the same lines as `bench.quality.systems`. Nothing of
this project is imported here.
"""

import importlib
import json
import resource
import sys
import time
import warnings
from pathlib import Path
from typing import Any


def main(listed: str, written: str) -> None:
    """Diarize the files of a JSON list of [name, file, language]."""
    warnings.simplefilter("ignore")
    # Packages of another environment, unknown to this one.
    senko = importlib.import_module("senko")
    torch = importlib.import_module("torch")
    diarizer = senko.Diarizer(device="cpu", warmup=False, quiet=True)
    torch.set_num_threads(1)
    path = Path(written)
    lines = path.read_text().splitlines() if path.is_file() else ()
    done = {json.loads(line)["name"] for line in lines}
    for name, file, _language in json.loads(Path(listed).read_text()):
        if name not in done:
            row = {"name": name, **_diarized(diarizer, file)}
            with path.open("a") as output:
                output.write(json.dumps(row) + "\n")
            print(f"senko, {name}: {row['wall']:.0f} s", flush=True)


def _diarized(diarizer: Any, file: str) -> dict[str, Any]:
    soundfile = importlib.import_module("soundfile")
    began, used = time.monotonic(), time.process_time()
    samples, rate = soundfile.read(file, dtype="float32")
    result = diarizer.diarize_samples(samples, sample_rate=rate) or {}
    turns = [
        (segment["start"], segment["end"], segment["speaker"])
        for segment in result.get("raw_segments", ())
    ]
    return {
        "turns": turns,
        "seconds": len(samples) / rate,
        "wall": time.monotonic() - began,
        "cpu": time.process_time() - used,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


if __name__ == "__main__":
    main(*sys.argv[1:])
