"""Diarization on a card: pyannote as a plain script, and the engine of this project."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench import gpu_memory
from bench.gpu_options import FITTING, Options, Run
from common.models.store import EmbeddedDiarization

#: Memory left on the card where batches have to shrink, in bytes.
_LEFT = 1 << 30

Turns = Sequence[tuple[float, float, str]]


def plain(options: Options) -> Run:
    """Load pyannote's pipeline with the same models, as a plain script."""
    from bench.plain_diarization import PlainPipeline  # noqa: PLC0415
    from diarizer.engines.campplus import CampPlus, load_network  # noqa: PLC0415
    from diarizer.engines.torch_runtime import torch  # noqa: PLC0415

    torch.set_num_threads(options.threads)
    models = _embedded(options)
    device = torch.device(options.device)
    embedder = CampPlus(
        load_network(models.weights, models.network).to(device), device=options.device
    )
    pipeline = PlainPipeline(
        segmentation=models.segmentation,
        embedder=embedder,
        segmentation_batch=32,
        embedding_batch=32,
    )
    pipeline.to(device)

    def run(audio: Path) -> Turns:
        from faster_whisper.audio import decode_audio  # noqa: PLC0415

        sound = torch.from_numpy(decode_audio(str(audio)))[None]
        found: Any = pipeline({"waveform": sound, "sample_rate": 16_000, "uri": "recording"})
        return [
            (segment.start, segment.end, speaker)
            for segment, _, speaker in found.speaker_diarization.itertracks(yield_label=True)
        ]

    return run


def engine(options: Options, *, at_once: int, half: bool = False) -> Run:
    """Load the engine of this project."""
    from diarizer.engines.protocol import DiarizationOptions  # noqa: PLC0415
    from diarizer.engines.pyannote import PyannoteSettings, load_embedded  # noqa: PLC0415

    diarizer = load_embedded(
        _embedded(options),
        PyannoteSettings(
            device=options.device, threads=options.threads, at_once=at_once, half=half
        ),
    )

    def run(audio: Path) -> Turns:
        found = diarizer.diarize(
            audio, DiarizationOptions(), on_progress=lambda *_: None, cancelled=lambda: False
        )
        return [(turn.start, turn.end, turn.speaker) for turn in found.turns]

    return run


def engine_without_memory(options: Options) -> Run:
    """Load the engine of this project on a card without memory for a batch."""
    from diarizer.engines.networks import BatchedNetwork  # noqa: PLC0415
    from diarizer.engines.torch_runtime import torch  # noqa: PLC0415

    if options.on_gpu:
        run = engine(options, at_once=options.at_once)
        gpu_memory.fill(_LEFT)
        return run
    compute = BatchedNetwork._run

    def full(network: Any, shape: Any, inputs: Sequence[Any]) -> Any:
        if len(inputs) > FITTING:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB.")
        return compute(network, shape, inputs)

    BatchedNetwork._run = full  # type: ignore[method-assign,assignment]
    return engine(options, at_once=options.at_once)


def _embedded(options: Options) -> EmbeddedDiarization:
    models = options.store.diarization("embedded")
    assert isinstance(models, EmbeddedDiarization)
    return models
