"""Reserve of free space on the disk of a local object store.

Recordings fill the disk. They are refused while there is still room for the results of accepted
work. A remote store reports a full disk itself.
"""

import shutil
from pathlib import Path

from common.errors import DiskFullError


class DiskReserve:
    """Reserve on the disk of a directory. Without a directory nothing is reserved."""

    def __init__(self, directory: Path | None, *, reserve_bytes: int) -> None:
        self._directory = directory
        self._reserve_bytes = reserve_bytes

    @property
    def touched(self) -> bool:
        """Whether less than the reserve is free."""
        if self._directory is None:
            return False
        try:
            return shutil.disk_usage(self._directory).free < self._reserve_bytes
        except OSError:
            return False

    def require(self) -> None:
        """Raise DiskFullError when less than the reserve is free."""
        if self.touched:
            raise DiskFullError
