"""A limit on a worker's memory, below the point at which the system would kill it."""

import ctypes
import gc
import os
from collections.abc import Callable
from pathlib import Path

from common import sizes
from common.errors import ResourceExhaustedError

_STATM = Path("/proc/self/statm")
#: Control groups: which one this process is in, and where their limits are (version 2, then 1).
_OWN_GROUP = Path("/proc/self/cgroup")
_GROUPS = Path("/sys/fs/cgroup")
_LIMIT = "memory.max"
_OLD_LIMIT = "memory/memory.limit_in_bytes"
#: Part of a container's memory that a worker may use.
_SHARE = 0.9
#: Larger limits than this (1 PB) are a control group's way to say that there is none.
_UNLIMITED = 1 << 50


class MemoryLimit:
    """The most resident memory of this process, in bytes. 0 means no limit."""

    def __init__(self, limit: int, read: Callable[[], int] | None = None) -> None:
        """`read` returns the resident memory in bytes."""
        self.limit = limit
        self._read = read or resident_bytes

    @classmethod
    def of_setting(cls, setting: int | None) -> "MemoryLimit":
        """Return the configured limit, by default most of the container's."""
        if setting is not None:
            return cls(setting)
        limit = container_limit()
        return cls(0 if limit is None else int(limit * _SHARE))

    def exceeded(self) -> int | None:
        """Return the bytes in use when they are more than allowed."""
        if not self.limit:
            return None
        used = self._read()
        return used if used > self.limit else None

    def give_back(self) -> None:
        """Return unused memory to the system, as far as possible."""
        gc.collect()
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)

    def check_idle(self) -> None:
        """Compare the limit with the memory of the loaded models.

        Raises:
            ResourceExhaustedError: they alone exceed it, so no task could ever be done.
        """
        used = self.exceeded()
        if used is not None:
            taken, allowed = sizes.readable(used), sizes.readable(self.limit)
            raise ResourceExhaustedError(
                f"The loaded models take {taken}, more than WORKER_MEMORY_LIMIT allows "
                f"({allowed}). Raise the limit, or that of the container, or use smaller models."
            )


def resident_bytes() -> int:
    """Return the resident memory of this process, or 0 if the system does not report it."""
    try:
        pages = int(_STATM.read_text().split()[1])
    except OSError:
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def container_limit() -> int | None:
    """Return the memory limit of this container or systemd unit, if there is one."""
    found = [_limit_in(_GROUPS / _own_group() / _LIMIT)]
    found += [_limit_in(_GROUPS / _LIMIT), _limit_in(_GROUPS / _OLD_LIMIT)]
    return min((limit for limit in found if limit is not None), default=None)


def _own_group() -> str:
    try:
        lines = _OWN_GROUP.read_text().splitlines()
    except OSError:
        return ""
    return next((line[4:] for line in lines if line.startswith("0::/")), "")


def _limit_in(path: Path) -> int | None:
    try:
        limit = int(path.read_text())
    except (OSError, ValueError):  # `max` is no limit either.
        return None
    return limit if limit < _UNLIMITED else None
