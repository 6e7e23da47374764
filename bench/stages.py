"""Recognition and diarization as plain scripts: the same models without the services.

`python -m bench.stages MODEL_DIR THREADS STAGES AUDIO...` prints one JSON object with the result,
the time and the memory per stage and recording.
"""

import json
import os
import resource
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from common.models.store import EmbeddedDiarization, ModelStore

Result = dict[str, Any]
STAGES = ("recognition", "diarization")


def recognition(store: ModelStore, threads: int) -> Callable[..., Result]:
    """Load Whisper. Return a function to transcribe one file, with an optional `language`."""
    from faster_whisper import WhisperModel  # noqa: PLC0415 - part of the stage's start-up

    model = WhisperModel(
        str(store.recognition("base").directory),
        device="cpu",
        compute_type="int8",
        cpu_threads=threads,
    )

    def run(audio: Path, language: str | None = None) -> Result:
        segments, info = model.transcribe(
            str(audio),
            language=language,
            beam_size=5,
            vad_filter=True,
            condition_on_previous_text=False,
            word_timestamps=True,
        )
        words = [(word.start, word.end, word.word) for s in segments for word in s.words or ()]
        return {"words": words, "seconds": info.duration}

    return run


def diarization(store: ModelStore, threads: int) -> Callable[[Path], Result]:
    """Load the diarization pipeline. Return a function to diarize one file."""
    from faster_whisper.audio import decode_audio  # noqa: PLC0415

    from bench.plain_diarization import PlainPipeline  # noqa: PLC0415
    from diarizer.engines import torch_runtime  # noqa: PLC0415
    from diarizer.engines.campplus import CampPlus, load_network  # noqa: PLC0415

    torch = torch_runtime.torch
    if threads:
        torch.set_num_threads(threads)
    models = store.diarization("embedded")
    assert isinstance(models, EmbeddedDiarization)
    embedder = CampPlus(load_network(models.weights, models.network), device="cpu")
    pipeline = PlainPipeline(segmentation=models.segmentation, embedder=embedder)

    def run(audio: Path) -> Result:
        samples = decode_audio(str(audio))
        sound = torch.from_numpy(samples)[None]
        file = {"waveform": sound, "sample_rate": 16_000, "uri": "recording"}
        output: Any = pipeline(file)
        turns = [
            (segment.start, segment.end, speaker)
            for segment, _, speaker in output.speaker_diarization.itertracks(yield_label=True)
        ]
        return {"turns": turns, "seconds": len(samples) / 16_000}

    return run


def run_stages(names: Sequence[str], model_dir: Path, threads: int, audio: Sequence[Path]) -> Any:
    """Run stages one after the other over all files, measuring each."""
    store = ModelStore(model_dir)
    loaders = {"recognition": recognition, "diarization": diarization}
    report: dict[str, Any] = {}
    for name in names:
        began, used = time.monotonic(), time.process_time()
        run = loaders[name](store, threads)
        report[name] = {
            "load_wall": time.monotonic() - began,
            "load_cpu": time.process_time() - used,
            "recordings": [_measured(run, path) for path in audio],
            # Peak of the process so far, so a later stage never shows less than an earlier one.
            "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        }
    return report


def _measured(run: Callable[[Path], Result], audio: Path) -> Result:
    began, used = time.monotonic(), time.process_time()
    result = run(audio)
    return result | {"wall": time.monotonic() - began, "cpu": time.process_time() - used}


def main(arguments: Sequence[str]) -> None:
    """Run the stages named on the command line and print the report."""
    model_dir, threads, names, *audio = arguments
    warnings.simplefilter("ignore")
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    report = run_stages(
        names.split(","), Path(model_dir), int(threads), [Path(path) for path in audio]
    )
    print(json.dumps(report))


if __name__ == "__main__":
    main(sys.argv[1:])
