"""Rotation of the processes' logs, at a start and when they are large.

A full disk must not stop the rotation. Content without space is dropped.
"""

import asyncio
import contextlib
import os
import shutil
from pathlib import Path

from devstack.files import PRIVATE_FILE

KEPT_LOGS = 3
LARGEST_LOG_BYTES = 8 * 1024**2
_LOOK_SECONDS = 30.0


def rotate(path: Path) -> None:
    """Move `x.log` to `x.log.1`, that to `x.log.2`, and so on, dropping the oldest."""
    if not path.exists() or path.stat().st_size == 0:
        return
    _make_place(path)
    path.replace(_numbered(path, 1))


def bound(path: Path, largest: int = LARGEST_LOG_BYTES) -> None:
    """Rotate a log larger than `largest` bytes while its process keeps writing.

    The process holds the file open for appending, so the content is copied and the file emptied.
    A line written in between is lost.
    """
    with contextlib.suppress(OSError):
        if path.stat().st_size <= largest:
            return
        _make_place(path)
        target = _numbered(path, 1)
        try:
            shutil.copyfile(path, target)
            target.chmod(PRIVATE_FILE)
        except OSError:
            target.unlink(missing_ok=True)
        os.truncate(path, 0)


async def keep_bounded(directory: Path) -> None:
    """Bound all logs of a directory until cancelled."""
    while True:
        await asyncio.sleep(_LOOK_SECONDS)
        await asyncio.to_thread(_bound_all, directory)


def _bound_all(directory: Path) -> None:
    for path in directory.glob("*.log"):
        bound(path)


def _make_place(path: Path) -> None:
    """Rename older logs to free `.1`."""
    for number in range(KEPT_LOGS, 1, -1):
        newer = _numbered(path, number - 1)
        if newer.exists():
            newer.replace(_numbered(path, number))


def _numbered(path: Path, number: int) -> Path:
    return path.with_name(f"{path.name}.{number}")
