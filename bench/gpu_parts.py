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
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import prometheus_client

from bench import gpu_memory
from bench.metrics import WordErrors, diarization_errors, word_errors
from bench.recordings import Recording, in_directory, sample
from common.audio.probe import probe
from common.engines import Device
from common.models.store import EmbeddedDiarization, ModelStore

#: Memory left on the card where a part measures how batches shrink, in bytes.
_LEFT = {"recognition": 2 << 30, "diarization": 1 << 30}
#: Chunks per batch there: more than fit.
_TOO_MANY = 256
#: On a CPU, larger batches than this fail there.
_FITTING = 1

Text = str
Turns = Sequence[tuple[float, float, str]]
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


def plain_recognition(options: Options, *, batched: bool = False) -> Run:
    """Load faster-whisper as its README shows."""
    from faster_whisper import BatchedInferencePipeline, WhisperModel  # noqa: PLC0415

    model = WhisperModel(
        str(options.store.recognition(options.model).directory),
        device=options.device,
        compute_type=options.compute_type or ("float16" if options.on_gpu else "int8"),
        cpu_threads=options.threads,
    )
    pipeline: Any = BatchedInferencePipeline(model) if batched else model
    extra: dict[str, Any] = {"batch_size": 16} if batched else {"condition_on_previous_text": False}

    def run(audio: Path) -> Text:
        segments, _ = pipeline.transcribe(
            str(audio), beam_size=5, vad_filter=True, word_timestamps=True, **extra
        )
        return " ".join(segment.text for segment in segments)

    return run


def recognition(options: Options, *, at_once: int, batch_size: int = 16) -> Run:
    """Load the engine of this project."""
    from transcriber.worker.engines.faster_whisper import (  # noqa: PLC0415
        FasterWhisperEngine,
        FasterWhisperSettings,
    )
    from transcriber.worker.engines.protocol import RecognitionOptions  # noqa: PLC0415

    engine = FasterWhisperEngine(
        options.store.recognition(options.model),
        FasterWhisperSettings(
            device=options.device,
            compute_type=options.compute_type or None,
            threads=options.threads,
            at_once=at_once,
            batch_size=batch_size,
        ),
    )

    def run(audio: Path) -> Text:
        found = engine.recognize(
            audio, RecognitionOptions(), on_progress=lambda *_: None, cancelled=lambda: False
        )
        return found.text

    return run


def short_recognition(options: Options) -> Run:
    """Load the engine of this project on a card without memory for a batch."""
    if options.on_gpu:
        run = recognition(options, at_once=options.at_once, batch_size=_TOO_MANY)
        gpu_memory.fill(_LEFT["recognition"])
        return run
    from faster_whisper import WhisperModel  # noqa: PLC0415

    encode = WhisperModel.encode

    def full(model: WhisperModel, features: Any) -> Any:
        if len(features) > _FITTING:
            raise RuntimeError("CUDA failed with error out of memory")
        return encode(model, features)

    WhisperModel.encode = full
    return recognition(options, at_once=options.at_once)


def plain_diarization(options: Options) -> Run:
    """Load pyannote's pipeline with the same models, as a plain script."""
    from diarizer.engines.campplus import CampPlus, load_network  # noqa: PLC0415
    from diarizer.engines.embedded_pipeline import EmbeddedPipeline  # noqa: PLC0415
    from diarizer.engines.torch_runtime import torch  # noqa: PLC0415

    torch.set_num_threads(options.threads)
    models = _embedded(options)
    device = torch.device(options.device)
    embedder = CampPlus(
        load_network(models.weights, models.network).to(device), device=options.device
    )
    pipeline = EmbeddedPipeline(
        segmentation=models.segmentation,
        embedder=embedder,
        segmentation_batch=32,
        embedding_batch=32,
    )
    pipeline.to(device)

    def run(audio: Path) -> Turns:
        from faster_whisper.audio import decode_audio  # noqa: PLC0415

        sound = torch.from_numpy(decode_audio(str(audio)))[None]
        found = pipeline({"waveform": sound, "sample_rate": 16_000, "uri": "recording"})
        return [
            (segment.start, segment.end, speaker)
            for segment, _, speaker in found.speaker_diarization.itertracks(yield_label=True)
        ]

    return run


def diarization(options: Options, *, at_once: int, half: bool = False) -> Run:
    """Load the engine of this project."""
    from diarizer.engines.protocol import DiarizationOptions  # noqa: PLC0415
    from diarizer.engines.pyannote import PyannoteSettings, load_embedded  # noqa: PLC0415

    engine = load_embedded(
        _embedded(options),
        PyannoteSettings(
            device=options.device, threads=options.threads, at_once=at_once, half=half
        ),
    )

    def run(audio: Path) -> Turns:
        found = engine.diarize(
            audio, DiarizationOptions(), on_progress=lambda *_: None, cancelled=lambda: False
        )
        return [(turn.start, turn.end, turn.speaker) for turn in found.turns]

    return run


def short_diarization(options: Options) -> Run:
    """Load the engine of this project on a card without memory for a batch."""
    from diarizer.engines.networks import BatchedNetwork  # noqa: PLC0415
    from diarizer.engines.torch_runtime import torch  # noqa: PLC0415

    if options.on_gpu:
        run = diarization(options, at_once=options.at_once)
        gpu_memory.fill(_LEFT["diarization"])
        return run
    compute = BatchedNetwork._run

    def full(network: Any, shape: Any, inputs: Sequence[Any]) -> Any:
        if len(inputs) > _FITTING:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        return compute(network, shape, inputs)

    BatchedNetwork._run = full  # type: ignore[method-assign]
    return diarization(options, at_once=options.at_once)


def _embedded(options: Options) -> EmbeddedDiarization:
    models = options.store.diarization("embedded")
    assert isinstance(models, EmbeddedDiarization)
    return models


#: Name of a part, its loader, and whether several recordings run at a time.
PARTS: dict[str, tuple[Callable[[Options], Run], bool]] = {
    "recognition plain": (plain_recognition, False),
    "recognition plain batched": (lambda options: plain_recognition(options, batched=True), False),
    "recognition": (lambda options: recognition(options, at_once=1), False),
    "recognition together": (
        lambda options: recognition(options, at_once=options.at_once),
        True,
    ),
    "recognition without memory": (short_recognition, True),
    "diarization plain": (plain_diarization, False),
    "diarization": (lambda options: diarization(options, at_once=1), False),
    "diarization together": (
        lambda options: diarization(options, at_once=options.at_once),
        True,
    ),
    "diarization in 16 bits": (lambda options: diarization(options, at_once=1, half=True), False),
    "diarization without memory": (short_diarization, True),
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
