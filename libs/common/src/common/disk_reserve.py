"""Reserve of free space on the disk of a local object store.

Recordings fill the disk. They are refused while there is still room for the results of accepted
work. A remote store reports a full disk itself.
"""

import shutil
from pathlib import Path
from typing import Any

from common.errors import DiskFullError


class DiskReserve:
    """Reserve on the disk of a directory. Without a directory nothing is reserved."""

    def __init__(self, directory: Path | None, *, reserve_bytes: int) -> None:
        self._directory = directory
        self._reserve_bytes = reserve_bytes

    @property
    def reserve_bytes(self) -> int:
        """The reserve, 0 without a directory."""
        return 0 if self._directory is None else self._reserve_bytes

    def space(self) -> tuple[int, int] | None:
        """Return the free space and the size of the disk in bytes, None without a directory."""
        usage = self._usage()
        return None if usage is None else (usage.free, usage.total)

    @property
    def touched(self) -> bool:
        """Whether less than the reserve is free."""
        usage = self._usage()
        return usage is not None and usage.free < self._reserve_bytes

    def require(self) -> None:
        """Raise DiskFullError when less than the reserve is free."""
        if self.touched:
            raise DiskFullError

    def _usage(self) -> Any:
        if self._directory is None:
            return None
        try:
            return shutil.disk_usage(self._directory)
        except OSError:
            return None
