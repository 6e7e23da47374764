"""Copies of recordings for playback."""

import datetime as dt
from dataclasses import dataclass

NO_COPY = "A copy for playback could not be made."


@dataclass(frozen=True, kw_only=True, slots=True)
class CopyKeys:
    """Objects of a copy and of its peaks, next to the result announcing them."""

    playback: str
    peaks: str

    @classmethod
    def of_result(cls, result_key: str) -> "CopyKeys":
        """Return the keys belonging to the result of a task."""
        name = result_key.removesuffix(".pb")
        return cls(playback=f"{name}.webm", peaks=f"{name}.peaks")

    @staticmethod
    def result_of(playback: str) -> str:
        """Return the key of the result of a copy, empty for an empty key."""
        return f"{playback.removesuffix('.webm')}.pb" if playback else ""


@dataclass(frozen=True, kw_only=True, slots=True)
class MadeCopy:
    """A copy stored by a worker. Sizes are in bytes, `duration` in seconds.

    `channels` is the number of signals in it, in the order of those of the task.
    """

    content_type: str
    size_bytes: int
    peaks_bytes: int
    channels: int
    duration: float


@dataclass(frozen=True, kw_only=True, slots=True)
class StoredCopy:
    """A copy of a recording or a part of one, and the key of the result announcing it.

    The part begins at second `start`.
    """

    result_key: str
    made: MadeCopy
    start: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class PlaybackCopy:
    """The copy of a transcription, None as `made` without one.

    `transcript_at` is None without a transcript. `source_available` is False once the recording
    itself is not kept any more.
    """

    transcription_id: int
    transcript_at: dt.datetime | None
    source_available: bool
    keys: CopyKeys
    made: MadeCopy | None
