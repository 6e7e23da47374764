"""Identification of processes. A pid alone may have been reused."""

import contextlib
import os
import signal
from dataclasses import dataclass
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True, kw_only=True)
class ProcessStat:
    """Fields of `/proc/<pid>/stat` that identify a process."""

    pid: int
    state: str
    session: int
    start_ticks: int
    """Clock ticks from boot to the start of the process."""


def read_stat(pid: int) -> ProcessStat | None:
    """Read a process's stat line. Return None if there is no such process."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The program's name may contain blanks and brackets, so count from the last bracket.
    fields = text.rpartition(")")[2].split()
    return ProcessStat(
        pid=pid, state=fields[0], session=int(fields[3]), start_ticks=int(fields[19])
    )


def boot_id() -> str:
    """Return the id of this boot. Start times are only comparable within one boot."""
    return _BOOT_ID.read_text(encoding="ascii").strip()


@dataclass(frozen=True, kw_only=True)
class ProcessStamp:
    """Unique identity of one process, now and later."""

    pid: int
    start_ticks: int
    boot: str

    @classmethod
    def of(cls, pid: int) -> "ProcessStamp":
        """Return the stamp of a running process. Raise ProcessLookupError if there is none."""
        stat = read_stat(pid)
        if stat is None:
            raise ProcessLookupError(pid)
        return cls(pid=pid, start_ticks=stat.start_ticks, boot=boot_id())

    def alive(self) -> bool:
        """Return whether this process is still running. A zombie is not."""
        stat = read_stat(self.pid)
        return (
            stat is not None
            and stat.state not in "ZX"
            and stat.start_ticks == self.start_ticks
            and boot_id() == self.boot
        )

    def session_members(self) -> list[int]:
        """Return the pids of running processes in this process's session, itself included.

        The kernel does not reuse a pid while a session has this number. So members of the session
        are descendants, unless another process has the pid now and leads a session of its own.
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
        """Send SIGKILL to the process and its descendants."""
        for pid in self.session_members():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
