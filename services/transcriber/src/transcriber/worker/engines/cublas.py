"""cuBLAS, which CTranslate2 looks up by name at its first computation on a card."""

import ctypes
import importlib.util
from collections.abc import Callable
from pathlib import Path

from common.gpu import GpuError

#: The name in the builds of CTranslate2 on the package index, and the library that it needs.
_CUBLAS = "libcublas.so.12"
_NEEDED = "libcublasLt.so.12"
_PACKAGE = "nvidia.cublas"


def load(loader: Callable[[str], object] = ctypes.CDLL) -> None:
    """Load cuBLAS from its Python package, or else from the system.

    The dynamic loader does not search Python packages, but returns a loaded library by its name.

    Raises:
        GpuError: it cannot be loaded, so that every recognition would fail.
    """
    directory = _directory()
    try:
        if directory is not None:
            loader(str(directory / _NEEDED))
            loader(str(directory / _CUBLAS))
        else:
            loader(_CUBLAS)
    except OSError as error:
        raise GpuError(
            f"USE_GPU is true, but CTranslate2 lacks {_CUBLAS} ({error}). Use the image for CUDA. "
            "In an installation from source, run "
            "`.venv/bin/pip install -r services/transcriber/requirements-cuda.txt`."
        ) from error


def _directory() -> Path | None:
    """Return the directory of the package with this version of the library, None without it."""
    try:
        found = importlib.util.find_spec(_PACKAGE)
    except ModuleNotFoundError:
        return None
    for place in (found.submodule_search_locations or []) if found else []:
        directory = Path(place) / "lib"
        if (directory / _CUBLAS).is_file():
            return directory
    return None
