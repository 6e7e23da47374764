"""Memory, descriptors and processor time of processes, read from /proc."""

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, kw_only=True)
class Usage:
    """Resources of a process with its children: the server processes of Postgres, for example.

    `unshared_bytes` is resident memory without that shared with others. `sockets` are among the
    `descriptors`.
    """

    unshared_bytes: int = 0
    descriptors: int = 0
    sockets: int = 0
    processes: int = 0
    cpu_seconds: float = 0.0

    def __add__(self, other: "Usage") -> "Usage":
        """Return the sum."""
        return Usage(
            unshared_bytes=self.unshared_bytes + other.unshared_bytes,
            descriptors=self.descriptors + other.descriptors,
            sockets=self.sockets + other.sockets,
            processes=self.processes + other.processes,
            cpu_seconds=self.cpu_seconds + other.cpu_seconds,
        )


def usage(pid: int) -> Usage:
    """Return the resources of a process and its children. Ended ones have none."""
    total = Usage()
    for one in family(pid):
        with contextlib.suppress(OSError):  # ended in the meantime
            total += _of_one(one)
    return total


def family(pid: int) -> Iterator[int]:
    """Yield a process and all its descendants."""
    yield pid
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            for child in children.read_text().split():
                yield from family(int(child))


def _of_one(pid: int) -> Usage:
    place = Path(f"/proc/{pid}")
    _, resident, shared, *_ = map(int, (place / "statm").read_text().split())
    fields = (place / "stat").read_text().rpartition(")")[2].split()
    descriptors = sockets = 0
    for entry in (place / "fd").iterdir():
        with contextlib.suppress(OSError):
            sockets += entry.readlink().name.startswith("socket:")
            descriptors += 1
    return Usage(
        unshared_bytes=max(0, resident - shared) * _PAGE,
        descriptors=descriptors,
        sockets=sockets,
        processes=1,
        cpu_seconds=sum(int(ticks) for ticks in fields[11:15]) / _TICKS,
    )
