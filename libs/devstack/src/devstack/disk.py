"""Free space on the disk of a data directory.

Recordings fill a disk. Uploads are rejected first, so that the database and the queue have space
for accepted work.
"""

import shutil
from pathlib import Path

from devstack.errors import NoRoomError
from devstack.files import DataDirectory

_MEGABYTE = 1024**2
NEW_STACK_BYTES = 1024 * _MEGABYTE
"""Free space required to start a stack without data."""

OLD_STACK_BYTES = 192 * _MEGABYTE
"""Free space required to start a stack with data, enough to read and to delete."""

UPLOAD_RESERVE_BYTES = 256 * _MEGABYTE
"""Below this, uploads are rejected."""

OBJECT_RESERVE_BYTES = 128 * _MEGABYTE
"""Below this, the object store rejects every object."""

RESTART_BYTES = 24 * _MEGABYTE
"""Below this, processes are not restarted, because they could not even write their logs."""


def free_bytes(path: Path) -> int:
    """Return the free space of the disk of a path, existing or not."""
    existing = next(one for one in (path, *path.parents) if one.exists())
    return shutil.disk_usage(existing).free


def require_room(files: DataDirectory) -> None:
    """Raise NoRoomError if the disk has too little free space for a start."""
    needed = OLD_STACK_BYTES if files.server("postgres").exists() else NEW_STACK_BYTES
    free = free_bytes(files.root)
    if free < needed:
        raise NoRoomError(
            f"the disk of {files.root} has {_megabytes(free)} free and the stack needs "
            f"{_megabytes(needed)} to start. Free some space, or use a directory on another disk"
        )


def shortage(files: DataDirectory) -> str | None:
    """Return a description of the effects of a nearly full disk, or None."""
    free = free_bytes(files.root)
    if free >= UPLOAD_RESERVE_BYTES:
        return None
    return (
        f"the disk of {files.root} has {_megabytes(free)} free. Uploads are rejected until it has "
        f"{_megabytes(UPLOAD_RESERVE_BYTES)}"
    )


def restart_obstacle(files: DataDirectory) -> str | None:
    """Return the current reason against starting a process, or None."""
    free = free_bytes(files.root)
    if free >= RESTART_BYTES:
        return None
    return f"the disk is full ({_megabytes(free)} free)"


def _megabytes(count: int) -> str:
    return f"{count // _MEGABYTE} MB"
