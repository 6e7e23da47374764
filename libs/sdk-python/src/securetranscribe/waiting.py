"""Waiting for a transcription, by events and by reading its state."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from securetranscribe.errors import JobCancelledError, WaitTimeoutError
from securetranscribe.steps import Data, Flow, NextEvent

#: Seconds between two looks at the state while events arrive. One of them can have been lost.
_WITH_EVENTS = 15.0
_FINAL = frozenset({"completed", "failed"})
_ENDS = frozenset({"job_completed", "job_failed", "job_cancelled"})
Read = Callable[[bool], Flow[Data]]


@dataclass(kw_only=True)
class Watcher:
    """Reports changes of a state to its callbacks."""

    on_progress: Callable[[float, str], None] | None = None
    on_status: Callable[[Data], None] | None = None
    _seen: tuple[float, str] | None = field(default=None, init=False)

    def look(self, state: Data) -> None:
        """Report a state."""
        if self.on_status is not None:
            self.on_status(state)
        self.progress(state)

    def progress(self, data: Data) -> None:
        """Report the progress in a state or an event."""
        now = (data["progress_percentage"], data["current_step"])
        if self.on_progress is not None and now != self._seen:
            self.on_progress(*now)
        self._seen = now


def wait(
    transcription_id: int,
    read: Read,
    *,
    watcher: Watcher,
    poll_seconds: float,
    timeout_seconds: float | None,
) -> Flow[Data]:
    """Wait until a transcription has completed or failed. Return its final state."""
    deadline = None if timeout_seconds is None else time.monotonic() + timeout_seconds
    begun = False
    while True:
        state = yield from read(False)
        watcher.look(state)
        if state["status"] in _FINAL:
            return (yield from read(True))
        begun = begun or state["status"] == "processing"
        if begun and state["status"] == "pending":
            raise JobCancelledError(f"The job of transcription {transcription_id} was cancelled.")
        left = float("inf") if deadline is None else deadline - time.monotonic()
        if left < 0:
            raise WaitTimeoutError(
                f"Transcription {transcription_id} is not done after {timeout_seconds:g} s. "
                "It continues on the server. Call wait() again."
            )
        yield from _listen(transcription_id, watcher, min(left, poll_seconds), left)


def _listen(transcription_id: int, watcher: Watcher, pause: float, left: float) -> Flow[None]:
    """Report progress by events. Return when the state should be read again."""
    until = time.monotonic() + min(left, max(_WITH_EVENTS, pause))
    while (rest := until - time.monotonic()) > 0:
        event = yield NextEvent(open_seconds=rest, lost_seconds=pause)
        if event is None:
            return
        kind, data = event["type"], event["data"]
        if kind == "state":
            # Events between the last look and the new connection were missed.
            return
        if data.get("transcription_id") != transcription_id:
            continue
        if kind == "job_progress":
            watcher.progress(data)
        if kind in _ENDS:
            return
