"""Recognition on a card: faster-whisper as a plain script, and the engine of this project."""

from pathlib import Path
from typing import Any

from bench import gpu_memory
from bench.gpu_options import FITTING, Options, Run

#: Memory left on the card where batches have to shrink, in bytes.
_LEFT = 2 << 30
#: Chunks per batch there: more than fit.
_TOO_MANY = 256


def plain(options: Options, *, batched: bool = False) -> Run:
    """Load faster-whisper as its README shows."""
    from faster_whisper import BatchedInferencePipeline, WhisperModel  # noqa: PLC0415

    from transcriber.worker.engines import cublas  # noqa: PLC0415

    if options.on_gpu:
        cublas.load()
    model = WhisperModel(
        str(options.store.recognition(options.model).directory),
        device=options.device,
        compute_type=options.compute_type or ("float16" if options.on_gpu else "int8"),
        cpu_threads=options.threads,
    )
    pipeline: Any = BatchedInferencePipeline(model) if batched else model
    extra: dict[str, Any] = {"batch_size": 16} if batched else {"condition_on_previous_text": False}

    def run(audio: Path) -> str:
        segments, _ = pipeline.transcribe(
            str(audio), beam_size=5, vad_filter=True, word_timestamps=True, **extra
        )
        return " ".join(segment.text for segment in segments)

    return run


def engine(options: Options, *, at_once: int, batch_size: int = 16) -> Run:
    """Load the engine of this project."""
    from transcriber.worker.engines.faster_whisper import (  # noqa: PLC0415
        FasterWhisperEngine,
        FasterWhisperSettings,
    )
    from transcriber.worker.engines.protocol import RecognitionOptions  # noqa: PLC0415

    recognizer = FasterWhisperEngine(
        options.store.recognition(options.model),
        FasterWhisperSettings(
            device=options.device,
            compute_type=options.compute_type or None,
            threads=options.threads,
            at_once=at_once,
            batch_size=batch_size,
        ),
    )

    def run(audio: Path) -> str:
        found = recognizer.recognize(
            audio, RecognitionOptions(), on_progress=lambda *_: None, cancelled=lambda: False
        )
        return found.text

    return run


def engine_without_memory(options: Options) -> Run:
    """Load the engine of this project on a card without memory for a batch."""
    if options.on_gpu:
        run = engine(options, at_once=options.at_once, batch_size=_TOO_MANY)
        gpu_memory.fill(_LEFT)
        return run
    from faster_whisper import WhisperModel  # noqa: PLC0415

    encode = WhisperModel.encode

    def full(model: WhisperModel, features: Any) -> Any:
        if len(features) > FITTING:
            raise RuntimeError("CUDA failed with error out of memory")
        return encode(model, features)

    WhisperModel.encode = full
    return engine(options, at_once=options.at_once)
