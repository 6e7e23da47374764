"""NVIDIA's graphics cards: what to say when there is none, and how full their memory is."""

import math
from functools import partial
from typing import Any

import pynvml

from common import logging, telemetry
from common.errors import ApplicationError

_log = logging.get(__name__)


class GpuError(ApplicationError):
    """A graphics card is asked for and there is none to compute on; the message says what to do."""

    code = "GPU_ERROR"


def require(*, found: bool, library: str) -> None:
    """Ends the start of a worker whose `library` has not found a card.

    Raises:
        GpuError: it has not; working on the CPU instead would be slow and go unnoticed.
    """
    if not found:
        raise GpuError(
            f"USE_GPU is true, but {library} finds no NVIDIA card that it can use. `nvidia-smi` "
            "must list one where the worker runs, in a container too, and an image must be one for "
            "CUDA. Or set USE_GPU=false to compute on the CPU."
        )


def watch_memory() -> None:
    """Puts the memory of all cards into the metrics, as the driver has it whenever they are read.

    Where the driver does not tell, the log says so and there are no such metrics.
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
    """One figure of a card's memory; not a number while the driver does not tell."""
    try:
        return float(getattr(pynvml.nvmlDeviceGetMemoryInfo(card), what))
    except pynvml.NVMLError:
        return math.nan
