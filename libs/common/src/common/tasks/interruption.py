"""Errors of work that `common.inference` stopped: it stalled or took too much memory."""

from typing import ClassVar

from common import sizes
from common.tasks.pace import Stall

_SUBJECTS = {"transcribe": "Speech recognition", "diarize": "Telling the speakers apart"}


class InterruptedWorkError(Exception):
    """The work was stopped. With `stuck` its thread did not come back and is lost."""

    outcome: ClassVar[str] = "interrupted"

    def __init__(self, *, stuck: bool) -> None:
        super().__init__(self.outcome)
        self.stuck = stuck

    def explain(self, subject: str) -> str:
        """Return the reason and the remedy for the owner of the recording."""
        raise NotImplementedError


class StalledWorkError(InterruptedWorkError):
    """No progress for longer than the recording's length and the worker's speed explain."""

    outcome = "stalled"

    def __init__(self, stall: Stall, *, stuck: bool) -> None:
        super().__init__(stuck=stuck)
        self.stall = stall

    def explain(self, subject: str) -> str:
        """Return the reason and the remedy for the owner of the recording."""
        return (
            f"{subject} made no progress for {self.stall.seconds:.0f} seconds at "
            f"{100 * self.stall.fraction:.0f} % and was stopped. The recording may be damaged: "
            "convert it to another format, such as FLAC or MP3, and upload it again. If other "
            "recordings stop too, the worker may be too slow or broken. Its log may hold the "
            "reason."
        )


class MemoryExceededError(InterruptedWorkError):
    """The process used more memory than it may."""

    outcome = "memory"

    def __init__(self, *, used: int, limit: int, stuck: bool) -> None:
        super().__init__(stuck=stuck)
        self.used = used
        self.limit = limit

    def explain(self, subject: str) -> str:
        """Return the reason and the remedy for the owner of the recording."""
        used, limit = sizes.readable(self.used), sizes.readable(self.limit)
        return (
            f"{subject} needed {used} of memory, more than the {limit} that a worker may use, and "
            "was stopped. Divide the recording into shorter ones, or ask the operator to raise "
            "WORKER_MEMORY_LIMIT."
        )


class LostThreadError(Exception):
    """The work never started, because earlier work does not return from the thread."""


class PreventedWorkError(Exception):
    """The work never started, because other work has to run alone."""


def subject_of(stage: str) -> str:
    """Return the subject of a sentence about the work of a stage."""
    return _SUBJECTS.get(stage, f"The {stage} stage")
