"""Loaded by processes whose clock libfaketime turns.

libfaketime 0.9.10 fails in `clock_nanosleep` with an absolute monotonic time, the call of
`time.sleep` since Python 3.11. Waiting for a lock is not affected.
"""

import threading
import time
from typing import SupportsIndex


def _sleep(seconds: float | SupportsIndex, /) -> None:
    threading.Event().wait(float(seconds))


time.sleep = _sleep
