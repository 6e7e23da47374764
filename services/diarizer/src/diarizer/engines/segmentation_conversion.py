"""Conversion of the segmentation model for ONNX Runtime."""

import diarizer.engines.torch_runtime  # noqa: F401 - first: it prepares the other imports

# isort: split
from pathlib import Path

from pyannote.audio import Model

from diarizer.engines.onnx_export import export
from diarizer.engines.torch_runtime import torch

#: Samples of a chunk.
_CHUNK = 160_000


def convert(source: Path, target: Path) -> None:
    """Write segmentation.onnx."""
    model = Model.from_pretrained(source / "pytorch_model.bin")
    assert model is not None, "the file was verified"
    example = torch.zeros(2, 1, _CHUNK)
    export(model, example, target / "segmentation.onnx", free={0: "chunks"})
