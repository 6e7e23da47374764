"""Lock of a data directory, released by the kernel when its holder ends."""

import fcntl
import json
import os
from dataclasses import dataclass
from pathlib import Path

from devstack.errors import AlreadyRunningError
from devstack.files import PRIVATE_FILE, read_object
from devstack.stamps import ProcessStamp


@dataclass(frozen=True, kw_only=True)
class Holder:
    """Holder of a data directory."""

    stamp: ProcessStamp
    purpose: str
    """`runner` for `devstack up`, `embedded` for servers inside another program such as tests."""


class DirectoryLock:
    """An flock on the pid file. The kernel releases it even after `kill -9`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: int | None = None

    def acquire(self, *, purpose: str) -> None:
        """Take the lock and record the holder.

        Raises:
            AlreadyRunningError: another process holds it. The error has its pid.
        """
        file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, PRIVATE_FILE)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(file)
            raise self._already_running() from None
        stamp = ProcessStamp.of(os.getpid())
        text = json.dumps(
            {
                "pid": stamp.pid,
                "start_ticks": stamp.start_ticks,
                "boot": stamp.boot,
                "purpose": purpose,
            }
        )
        os.ftruncate(file, 0)
        os.pwrite(file, text.encode("ascii"), 0)
        self._file = file

    def release(self) -> None:
        """Release the lock if it is held."""
        if self._file is not None:
            os.ftruncate(self._file, 0)
            os.close(self._file)
            self._file = None

    def holder(self) -> Holder | None:
        """Return the holder of the lock, if any."""
        value = read_object(self._path)
        try:
            stamp = ProcessStamp(
                pid=int(str(value["pid"])),
                start_ticks=int(str(value["start_ticks"])),
                boot=str(value["boot"]),
            )
        except (KeyError, ValueError):
            return None
        return Holder(stamp=stamp, purpose=str(value["purpose"])) if stamp.alive() else None

    def _already_running(self) -> AlreadyRunningError:
        holder = self.holder()
        pid = holder.stamp.pid if holder else None
        who = "another process" if pid is None else f"process {pid}"
        return AlreadyRunningError(
            f"{self._path.parent} is in use by {who}. Stop it with `devstack down`, "
            "or choose another directory with DEVSTACK_DATA_DIR",
            pid=pid,
        )
