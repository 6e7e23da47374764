"""Conversion of networks of torch to files for ONNX Runtime."""

import warnings
from collections.abc import Mapping
from pathlib import Path

import onnx

from diarizer.engines.torch_runtime import torch

_OPSET = 17


def export(
    network: torch.nn.Module, example: torch.Tensor, target: Path, *, free: Mapping[int, str]
) -> None:
    """Write a network as it is in evaluation mode.

    `example` is an input. `free` names its dimensions differing between inputs. The first one is
    that of the output as well.
    """
    with warnings.catch_warnings():
        # The exporter that needs no further package is deprecated. Its notes on conditions concern
        # inputs that are never used.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network.eval(),
            (example,),
            target,
            dynamo=False,
            opset_version=_OPSET,
            input_names=["input"],
            output_names=["output"],
            dynamic_axes={"input": dict(free), "output": {0: free[0]}},
        )
    onnx.checker.check_model(target)
