"""Suppression of pyannote's warnings about recordings handled here."""

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_inside = 0
_restore = warnings.catch_warnings()


@contextmanager
def quiet() -> Iterator[None]:
    """Silence warnings about short or quiet recordings.

    The filters of warnings are those of the whole process. The first thread changes them, and the
    last one restores them.
    """
    global _inside, _restore  # noqa: PLW0603 - there is one set of filters per process
    with _lock:
        if _inside == 0:
            _restore = warnings.catch_warnings()
            _restore.__enter__()
            warnings.simplefilter("ignore")
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if _inside == 0:
                _restore.__exit__(None, None, None)
