"""Conversion of CAM++ for ONNX Runtime."""

from pathlib import Path

from diarizer.engines.campplus import MEL_BINS, load_network
from diarizer.engines.onnx_export import export
from diarizer.engines.torch_runtime import torch

_FRAMES = 300


def convert(source: Path, target: Path) -> None:
    """Write campplus.onnx."""
    network = load_network(source / "campplus_cn_en_common.pt", source / "camplusplus.py")
    example = torch.zeros(2, _FRAMES, MEL_BINS)
    export(network, example, target / "campplus.onnx", free={0: "voices", 1: "frames"})
