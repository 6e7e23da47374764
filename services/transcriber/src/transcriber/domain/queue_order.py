"""The order of the queue: priority, then fair share between sessions, then age.

`store.jobs` has the same order in SQL, for taking the next ones out of a long queue; a test holds
the two together.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class WaitingJob:
    """A job that no worker has begun.

    `number` grows with age: the oldest has the lowest. `release` is the number of its release to
    the workers, None while it can still be overtaken.
    """

    number: int
    session_id: str
    priority: int
    release: int | None = None


def in_order(jobs: Iterable[WaitingJob], running: Mapping[str, int]) -> list[WaitingJob]:
    """The jobs in the order in which they will begin.

    What is released already comes first, as it was released. Of the others the higher priority
    goes first; of equal priority, the session that has less: a session's first job counts one
    more than what it has running (`running`, by session), its second two more, and so on. So
    every session gets its turn before anyone's second job. What is still equal goes by age.
    """
    released: list[WaitingJob] = []
    by_session: dict[str, list[WaitingJob]] = defaultdict(list)
    taken = Counter(running)
    for job in jobs:
        if job.release is None:
            by_session[job.session_id].append(job)
        else:
            released.append(job)
            taken[job.session_id] += 1
    released.sort(key=lambda job: (job.release, job.number))
    ranked = []
    for session, waiting in by_session.items():
        waiting.sort(key=lambda job: (-job.priority, job.number))
        ranked += [
            (-job.priority, taken[session] + place, job.number, job)
            for place, job in enumerate(waiting, start=1)
        ]
    ranked.sort(key=lambda item: item[:3])
    return released + [item[3] for item in ranked]
