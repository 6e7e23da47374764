"""Words by whisperX 3.8.6, run by the Python of an environment of its own.

`python whisperx_script.py LIST OUTPUT MODEL` writes the same lines as `bench.quality.systems`.
MODEL is a directory with a model of faster-whisper. The voice detection comes with the package. Its
aligner needs models from a hub, so words are spread evenly over their segments. Nothing of this
project is imported here.
"""

import importlib
import json
import os
import resource
import sys
import time
import warnings
from pathlib import Path
from typing import Any

_BATCH_SIZE = 8
_SAMPLE_RATE = 16_000


def main(listed: str, written: str, model: str) -> None:
    """Recognize the files of a JSON list of [name, file, language]."""
    warnings.simplefilter("ignore")
    os.environ |= {"HF_HUB_OFFLINE": "1", "PYANNOTE_METRICS_ENABLED": "0"}
    # Packages of another environment, unknown to this one.
    whisperx = importlib.import_module("whisperx")
    torch = importlib.import_module("torch")
    torch.set_num_threads(1)
    recognizer = whisperx.load_model(model, "cpu", compute_type="int8", threads=1)
    path = Path(written)
    lines = path.read_text().splitlines() if path.is_file() else ()
    done = {json.loads(line)["name"] for line in lines}
    for name, file, language in json.loads(Path(listed).read_text()):
        if name not in done:
            row = {"name": name, **_recognized(recognizer, file, language)}
            with path.open("a") as output:
                output.write(json.dumps(row) + "\n")
            print(f"whisperx, {name}: {row['wall']:.0f} s", flush=True)


def spread(text: str, start: float, end: float) -> list[tuple[float, float, str]]:
    """Return the words of a segment as (start, end, word), all of the same duration."""
    words = text.split()
    step = (end - start) / max(1, len(words))
    return [
        (start + number * step, start + (number + 1) * step, word)
        for number, word in enumerate(words)
    ]


def _recognized(recognizer: Any, file: str, language: str | None) -> dict[str, Any]:
    # whisperX itself decodes with the program ffmpeg.
    audio = importlib.import_module("faster_whisper.audio")
    began, used = time.monotonic(), time.process_time()
    samples = audio.decode_audio(file, sampling_rate=_SAMPLE_RATE)
    result = recognizer.transcribe(samples, batch_size=_BATCH_SIZE, language=language)
    words = [
        word
        for segment in result["segments"]
        for word in spread(segment["text"], segment["start"], segment["end"])
    ]
    return {
        "words": words,
        "seconds": len(samples) / _SAMPLE_RATE,
        "wall": time.monotonic() - began,
        "cpu": time.process_time() - used,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


if __name__ == "__main__":
    main(*sys.argv[1:])
