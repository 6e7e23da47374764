"""NVIDIA graphics cards: their errors, a clear one where there is none, and metrics of memory."""

import math
from functools import partial
from typing import Any

import pynvml

from common import logging, telemetry
from common.errors import ApplicationError

_log = logging.get(__name__)
#: What the libraries write when memory is short: torch, its cuBLAS and cuDNN, CTranslate2.
_NO_MEMORY = (
    "out of memory",
    "cublas_status_alloc_failed",
    "cudnn_status_alloc_failed",
    "cudnn_status_internal_error_host_allocation_failed",
)
#: Errors of CUDA after which a process can compute nothing more on its card.
_LOST = (
    "illegal memory access",
    "device-side assert",
    "unspecified launch failure",
    "misaligned address",
    "illegal instruction",
    "unknown error",
    "uncorrectable ecc error",
    "gpu is lost",
)
_CUDA = ("cuda error", "cuda failed with error")


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


def is_out_of_memory(error: BaseException) -> bool:
    """Return whether a library had too little memory, on a card or on the CPU.

    torch raises an OutOfMemoryError. CTranslate2 has no type of its own for it.
    """
    if isinstance(error, MemoryError):
        return True
    if any(kind.__name__ == "OutOfMemoryError" for kind in type(error).__mro__):
        return True
    return isinstance(error, RuntimeError) and _names(error, _NO_MEMORY)


def is_lost(error: BaseException) -> bool:
    """Return whether an error leaves a process without the use of its card."""
    return (
        isinstance(error, RuntimeError)
        and _names(error, _CUDA)
        and _names(error, _LOST)
        and not is_out_of_memory(error)
    )


def _names(error: BaseException, phrases: tuple[str, ...]) -> bool:
    text = str(error).lower()
    return any(phrase in text for phrase in phrases)


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
