"""NVIDIA graphics cards: a clear error without one, and metrics of their memory."""

import math
from functools import partial
from typing import Any

import pynvml

from common import logging, telemetry
from common.errors import ApplicationError

_log = logging.get(__name__)


class GpuError(ApplicationError):
    """A graphics card is required and none is usable. The message gives the remedy."""

    code = "GPU_ERROR"


def require(*, found: bool, library: str) -> None:
    """Stop a worker at its start if `library` has not found a card.

    Raises:
        GpuError: there is none. Working on the CPU instead would be slow and go unnoticed.
    """
    if not found:
        raise GpuError(
            f"USE_GPU is true, but {library} finds no NVIDIA card that it can use. `nvidia-smi` "
            "must list one where the worker runs, in a container too, and an image must be one for "
            "CUDA. Or set USE_GPU=false to compute on the CPU."
        )


def watch_memory() -> None:
    """Export the memory of all cards as metrics, read from the driver at each scrape.

    If the driver does not report it, a warning is logged and there are no such metrics.
    """
    try:
        pynvml.nvmlInit()
        count = pynvml.nvmlDeviceGetCount()
        cards = [pynvml.nvmlDeviceGetHandleByIndex(number) for number in range(count)]
    except pynvml.NVMLError as error:
        _log.warning("no metrics of the memory of graphics cards", reason=str(error))
        return
    for number, card in enumerate(cards):
        telemetry.GPU_MEMORY.labels(str(number)).set_function(partial(_bytes, card, "total"))
        telemetry.GPU_MEMORY_USED.labels(str(number)).set_function(partial(_bytes, card, "used"))


def _bytes(card: Any, what: str) -> float:
    """Return one figure of a card's memory, NaN while the driver does not report it."""
    try:
        return float(getattr(pynvml.nvmlDeviceGetMemoryInfo(card), what))
    except pynvml.NVMLError:
        return math.nan
