"""Free space that is kept on the disk of an object store on the same machine.

Recordings are what fills a disk. They are refused while there is still room for the results of
the work that was accepted. A store elsewhere reports a full disk by itself.
"""

import shutil
from pathlib import Path

from common.errors import DiskFullError


class DiskReserve:
    """Watches the disk of a directory; without a directory it finds every disk roomy."""

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
