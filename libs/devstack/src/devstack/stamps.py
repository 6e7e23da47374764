"""Knowing a process again: a pid alone may by now belong to somebody else."""

import contextlib
import os
import signal
from dataclasses import dataclass
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, kw_only=True)
class ProcessStat:
    """The few fields of `/proc/<pid>/stat` that tell processes apart."""

    pid: int
    state: str
    session: int
    start_ticks: int
    """Clock ticks after boot at which the process began."""


def read_stat(pid: int) -> ProcessStat | None:
    """Read a process's stat line; None when there is no such process."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The program's name may hold blanks and brackets, so count from the last bracket.
    fields = text.rpartition(")")[2].split()
    return ProcessStat(
        pid=pid, state=fields[0], session=int(fields[3]), start_ticks=int(fields[19])
    )


def boot_id() -> str:
    """Name of this boot: start times are only comparable within one."""
    return _BOOT_ID.read_text(encoding="ascii").strip()


@dataclass(frozen=True, kw_only=True)
class ProcessStamp:
    """Identity of one process, for good: no later process can have all three alike."""

    pid: int
    start_ticks: int
    boot: str

    @classmethod
    def of(cls, pid: int) -> "ProcessStamp":
        """Stamp a running process. Raises ProcessLookupError when there is none."""
        stat = read_stat(pid)
        if stat is None:
            raise ProcessLookupError(pid)
        return cls(pid=pid, start_ticks=stat.start_ticks, boot=boot_id())

    def alive(self) -> bool:
        """Whether this very process still runs; one that only waits to be reaped does not."""
        stat = read_stat(self.pid)
        return (
            stat is not None
            and stat.state not in "ZX"
            and stat.start_ticks == self.start_ticks
            and boot_id() == self.boot
        )

    def session_members(self) -> list[int]:
        """Pids of living processes in the session this process leads or led, itself included.

        A pid is not given out again while a session bears its number, so whoever is in that
        session is our offspring, unless a stranger has the pid now and leads a session of its own.
        """
        if boot_id() != self.boot:
            return []
        leader = read_stat(self.pid)
        if leader is not None and leader.start_ticks != self.start_ticks:
            return []
        stats = (read_stat(int(entry)) for entry in os.listdir("/proc") if entry.isdigit())
        return [
            stat.pid
            for stat in stats
            if stat is not None
            and stat.session == self.pid
            and stat.state not in "ZX"
            and stat.start_ticks >= self.start_ticks
        ]

    def kill_session(self) -> None:
        """SIGKILL whatever is left of the process and its offspring."""
        for pid in self.session_members():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
