"""torch and torchaudio, imported after the settings they need.

All modules of this package import them from here, so that none can import them too early.
"""

import ctypes
import importlib.util
import os
import sys
import warnings
from pathlib import Path
from types import ModuleType

#: Kernels are compiled and cached per length of speech. Without limits, memory grows with it.
CACHE_LIMITS = {"ONEDNN_PRIMITIVE_CACHE_CAPACITY": "16", "LRU_CACHE_CAPACITY": "64"}

#: Idle threads sleep. Spinning ones would take the CPU from the recognizer next to this process.
THREADS = {"OMP_WAIT_POLICY": "PASSIVE"}

#: pyannote.audio reports every use to its vendor unless this is set before its import.
NO_TELEMETRY = {"PYANNOTE_METRICS_ENABLED": "0"}

#: Models are on disk before a worker starts. The client of the hub must never connect.
OFFLINE = {"HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}

#: Blocks of memory from this size on are returned to the system once they are freed. A batch of
#: sound has 5 MB. Smaller bounds cost time, and save nothing more.
MAPPED_BYTES = 4 << 20

_M_MMAP_THRESHOLD = -3


def _set_environment() -> None:
    os.environ.update(NO_TELEMETRY | OFFLINE)
    for name, value in (CACHE_LIMITS | THREADS).items():
        os.environ.setdefault(name, value)
    # torchcodec is not needed, since audio is always passed as samples.
    warnings.filterwarnings("ignore", message=r"\s*torchcodec is not installed correctly")


def _map_large_blocks() -> None:
    """Have large blocks of memory mapped one by one.

    By itself, glibc raises the bound for them to the largest block freed so far, up to 32 MB. The
    inputs and results of batches then leave holes that are never filled, hundreds of megabytes.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None and "MALLOC_MMAP_THRESHOLD_" not in os.environ:
        mallopt(_M_MMAP_THRESHOLD, MAPPED_BYTES)


_set_environment()
_map_large_blocks()

import torch  # noqa: E402


def _make_torchaudio_importable() -> None:
    """Replace the native extension of torchaudio if its library cannot be loaded.

    The wheels on the package index are built for CUDA and do not load with a CPU build of torch.
    Only resampling and filter banks are used here, and these are pure Python.
    """
    if "torchaudio" in sys.modules or _native_library_loads():
        return
    stub = ModuleType("torchaudio._extension")
    stub.__dict__.update(
        _IS_TORCHAUDIO_EXT_AVAILABLE=False,
        _IS_ALIGN_AVAILABLE=False,
        fail_if_no_align=lambda function: function,
        _load_lib=lambda _name: False,
    )
    sys.modules["torchaudio._extension"] = stub


def _native_library_loads() -> bool:
    spec = importlib.util.find_spec("torchaudio")
    if spec is None or spec.origin is None:
        return True  # Not installed: the import reports it.
    libraries = Path(spec.origin).parent.glob("lib/libtorchaudio*")
    try:
        for library in libraries:
            torch.ops.load_library(str(library))  # type: ignore[no-untyped-call]
    except (OSError, RuntimeError):
        return False
    return True


_make_torchaudio_importable()

from torchaudio.compliance import kaldi  # noqa: E402


def exact_numbers() -> None:
    """Compute in 32 bits on cards, all significant, in place of the 19 of TF32."""
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False


__all__ = ["exact_numbers", "kaldi", "torch"]
