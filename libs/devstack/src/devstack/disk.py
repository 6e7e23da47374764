"""Room on the disk that holds a data directory.

Recordings are what fills a disk. They stop first, so that the database and the queue still have
room for the work that was accepted.
"""

import shutil
from pathlib import Path

from devstack.errors import NoRoomError
from devstack.files import DataDirectory

_MEGABYTE = 1024**2
NEW_STACK_BYTES = 1024 * _MEGABYTE
"""Free space that a stack without data needs at its start."""

OLD_STACK_BYTES = 192 * _MEGABYTE
"""Free space that a stack with data needs at its start: enough to read and to delete."""

UPLOAD_RESERVE_BYTES = 256 * _MEGABYTE
"""Below this, uploads are refused."""

OBJECT_RESERVE_BYTES = 128 * _MEGABYTE
"""Below this, the object store refuses every object."""

RESTART_BYTES = 24 * _MEGABYTE
"""Below this, a process that ended is not started again: it could not even write its logs."""


def free_bytes(path: Path) -> int:
    """Return the free space of the disk that holds a path, or will hold it."""
    existing = next(one for one in (path, *path.parents) if one.exists())
    return shutil.disk_usage(existing).free


def require_room(files: DataDirectory) -> None:
    """Raise NoRoomError when the disk has less free space than a start needs."""
    needed = OLD_STACK_BYTES if files.server("postgres").exists() else NEW_STACK_BYTES
    free = free_bytes(files.root)
    if free < needed:
        raise NoRoomError(
            f"the disk of {files.root} has {_megabytes(free)} free and the stack needs "
            f"{_megabytes(needed)} to start: free some space, or use a directory on another disk"
        )


def shortage(files: DataDirectory) -> str | None:
    """Return what does not work because the disk is nearly full, or None."""
    free = free_bytes(files.root)
    if free >= UPLOAD_RESERVE_BYTES:
        return None
    return (
        f"the disk of {files.root} has {_megabytes(free)} free: uploads are refused until it has "
        f"{_megabytes(UPLOAD_RESERVE_BYTES)}"
    )


def restart_obstacle(files: DataDirectory) -> str | None:
    """Return why nothing can be started at the moment, or None."""
    free = free_bytes(files.root)
    if free >= RESTART_BYTES:
        return None
    return f"the disk is full ({_megabytes(free)} free)"


def _megabytes(count: int) -> str:
    return f"{count // _MEGABYTE} MB"
