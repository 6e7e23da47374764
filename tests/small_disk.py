"""Disks of any size, in memory, that exist for one process and its children.

A disk only takes memory for its contents. Its size can be changed while it is in use. A disk of the
size of its contents is full.
"""

import functools
import os
import subprocess
from pathlib import Path

MEGABYTE = 1024**2
_RESIZES = 20
_NAMESPACE = ("unshare", "--user", "--map-root-user", "--mount")
SKIP = (
    "mounting a disk in a user namespace is not allowed on this machine. "
    "Allow it with `sysctl -w kernel.apparmor_restrict_unprivileged_userns=0`, "
    "or in a container with `--privileged`"
)


@functools.cache
def possible() -> bool:
    """Return whether this machine allows mounting a disk."""
    probe = [*_NAMESPACE, "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    try:
        return subprocess.run(probe, check=False, capture_output=True, timeout=60).returncode == 0
    except FileNotFoundError:
        return False


def command(directory: Path, megabytes: int) -> tuple[str, ...]:
    """Return the prefix of a command that runs it with a disk mounted on a directory."""
    script = 'mount -t tmpfs -o "size=$1,mode=0700" tmpfs "$2" && shift 2 && exec "$@"'
    return (*_NAMESPACE, "sh", "-c", script, "sh", f"{megabytes}m", str(directory))


def enter(pid: int) -> tuple[str, ...]:
    """Return the prefix of a command that runs it with the disks of a process."""
    return ("nsenter", "--target", str(pid), "--user", "--mount", "--preserve-credentials")


def seen(pid: int, path: Path) -> Path:
    """Return the path by which this process reaches a path on the disk of another one."""
    return Path(f"/proc/{pid}/root{path}")


def leave_free(pid: int, directory: Path, megabytes: float) -> None:
    """Resize a disk to have this much free space. With none it is full."""
    for _ in range(_RESIZES):
        usage = os.statvfs(seen(pid, directory))
        used = (usage.f_blocks - usage.f_bfree) * usage.f_frsize
        size = used + int(megabytes * MEGABYTE)
        resize = [*enter(pid), "mount", "-o", f"remount,size={size}", str(directory)]
        done = subprocess.run(resize, check=False, capture_output=True, text=True, timeout=60)
        if done.returncode == 0:
            return
        # A disk cannot be smaller than its contents, which may have grown meanwhile.
    raise AssertionError(done.stderr)
