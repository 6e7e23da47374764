"""Settings of the C library's allocator, for processes passing on large blocks."""

import contextlib
import ctypes

# Parameters of mallopt(3).
_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENAS = -1, -3, -8
_BLOCK_BYTES = 32 * 1024 * 1024
_KEPT_BYTES = 64 * 1024 * 1024
#: Each arena keeps blocks of its own. Without a limit, nearly every thread has one.
_MOST_ARENAS = 2


def keep_large_blocks() -> None:
    """Let the allocator keep freed blocks for the next ones.

    By default, blocks of some hundred kilobytes are mapped and unmapped one by one, and the system
    zeroes their pages each time. That takes more time than copying what is in them. Up to 128 MiB
    stay with the process. Does nothing with other C libraries than glibc.
    """
    with contextlib.suppress(OSError, AttributeError):
        mallopt = ctypes.CDLL(None).mallopt
        mallopt(_MMAP_THRESHOLD, _BLOCK_BYTES)
        mallopt(_TRIM_THRESHOLD, _KEPT_BYTES)
        mallopt(_ARENAS, _MOST_ARENAS)
