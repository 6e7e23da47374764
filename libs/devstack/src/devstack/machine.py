"""Numbers of workers for this machine."""

import os
from dataclasses import dataclass

#: A worker with its models and a part of a recording needs less (bytes). The rest is for servers.
_WORKER_MEMORY = 2 * 1024**3
_MOST = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class UsualWorkers:
    """Numbers of worker processes of each kind."""

    recognition: int
    diarization: int


def usual_workers(cores: int, memory: int, *, gpu: bool) -> UsualWorkers:
    """Return the numbers of workers to keep a machine busy.

    `memory` is in bytes. Together they are more than there are cores, so that the parts of one
    recording keep all cores busy when either stage has ended. A GPU is shared by one of each kind.
    """
    if gpu:
        return UsualWorkers(recognition=1, diarization=1)
    room = max(1, memory // (2 * _WORKER_MEMORY))
    return UsualWorkers(
        recognition=max(1, min(cores, room, _MOST)),
        diarization=max(1, min(cores // 2, room, _MOST)),
    )


def cores() -> int:
    """Return the number of cores for this process."""
    return len(os.sched_getaffinity(0))


def memory_bytes() -> int:
    """Return the memory of this machine in bytes."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
