"""Memory of a graphics card: its peak during a measurement, and a nearly full card."""

import ctypes
import os
import resource
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pynvml

_POLL_SECONDS = 0.05
_VISIBLE = "CUDA_VISIBLE_DEVICES"
#: Sizes of what `fill` occupies, in bytes.
_fillings: list[int] = []


def card_name() -> str | None:
    """Return the name of the card CUDA would use, None without one."""
    try:
        return str(pynvml.nvmlDeviceGetName(_card()))
    except pynvml.NVMLError:
        return None


def driver_version() -> str:
    """Return the version of the driver."""
    pynvml.nvmlInit()
    return str(pynvml.nvmlSystemGetDriverVersion())


def _card() -> Any:
    """Return the first visible card. The driver's library ignores the variable."""
    pynvml.nvmlInit()
    first = os.environ.get(_VISIBLE, "0").split(",")[0].strip()
    if first.startswith(("GPU-", "MIG-")):
        return pynvml.nvmlDeviceGetHandleByUUID(first)
    return pynvml.nvmlDeviceGetHandleByIndex(int(first or "-1"))


@dataclass(kw_only=True, slots=True)
class Peak:
    """Most memory in use, in bytes: of the card by this measurement, or of this process."""

    most: int = 0


@contextmanager
def peak(*, on_gpu: bool, before: int = 0) -> Iterator[Peak]:
    """Watch the memory. `before` was in use on the card before the models were loaded."""
    found = Peak()
    if not on_gpu:
        yield found
        found.most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        return
    over = threading.Event()

    def watch() -> None:
        while not over.wait(_POLL_SECONDS):
            found.most = max(found.most, used() - before)

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    try:
        yield found
    finally:
        over.set()
        thread.join()


def used() -> int:
    """Return the memory of the card in use by all programs, without `fill`, in bytes."""
    return int(pynvml.nvmlDeviceGetMemoryInfo(_card()).used) - sum(_fillings)


def fill(left: int, library: Any = None) -> int:
    """Occupy the memory of the card but `left` bytes until the process ends. Return its size.

    `library` is that of the driver.
    """
    driver = library or ctypes.CDLL("libcuda.so.1")
    device, context = ctypes.c_int(), ctypes.c_void_p()
    free, total, pointer = ctypes.c_size_t(), ctypes.c_size_t(), ctypes.c_uint64()
    _check(driver.cuInit(0))
    _check(driver.cuDeviceGet(ctypes.byref(device), 0))
    _check(driver.cuDevicePrimaryCtxRetain(ctypes.byref(context), device))
    _check(driver.cuCtxSetCurrent(context))
    _check(driver.cuMemGetInfo_v2(ctypes.byref(free), ctypes.byref(total)))
    size = max(0, free.value - left)
    if size:
        _check(driver.cuMemAlloc_v2(ctypes.byref(pointer), ctypes.c_size_t(size)))
        _fillings.append(size)
    return size


def _check(status: int) -> None:
    if status != 0:
        raise OSError(f"CUDA's driver reports error {status}")
