"""Load of short recordings, uploaded one after the other until stopped."""

import io
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2

from securetranscribe import ApiError, ConnectionFailedError, SecureTranscribeClient

_PAUSE_SECONDS = 0.3
#: Errors of a client while a process is down: no connection, or an interrupted one.
REFUSALS = (ApiError, ConnectionFailedError, httpx2.HTTPError)


@dataclass(kw_only=True)
class Load:
    """Uploads of one recording in one session, never more than `ahead` unfinished ones.

    A rejected upload is retried later. Accepted ones must complete.
    """

    client: SecureTranscribeClient
    recording: bytes
    ahead: int = 2
    accepted: dict[int, str] = field(default_factory=dict)
    """Jobs by transcription."""

    finished: dict[int, dict[str, Any]] = field(default_factory=dict)
    """Final states by transcription."""

    refused: list[str] = field(default_factory=list)

    @property
    def unfinished(self) -> int:
        """Number of accepted recordings that have not finished."""
        return len(self.accepted) - len(self.finished)

    def run(self, stopping: threading.Event) -> None:
        """Upload until stopped."""
        while not stopping.wait(_PAUSE_SECONDS):
            self.look()
            if self.unfinished < self.ahead:
                self.upload()

    def upload(self) -> None:
        """Upload once."""
        try:
            uploaded = self.client.upload_audio(
                io.BytesIO(self.recording), filename="short.wav", auto_start=True, language="en"
            )
        except REFUSALS as error:
            self.refused.append(repr(error))
            return
        self.accepted[uploaded["transcription_id"]] = uploaded["job_id"]

    def look(self) -> None:
        """Query the state of unfinished recordings."""
        for transcription_id in self.accepted.keys() - self.finished.keys():
            try:
                state = self.client.get_status(transcription_id)
            except REFUSALS:
                return
            if state["status"] in ("completed", "failed"):
                self.finished[transcription_id] = state

    def complete(self, seconds: float) -> None:
        """Wait until all accepted recordings have finished."""
        deadline = time.monotonic() + seconds
        while self.unfinished:
            missing = self.accepted.keys() - self.finished.keys()
            assert time.monotonic() < deadline, f"unfinished: {sorted(missing)}"
            self.look()
            time.sleep(_PAUSE_SECONDS)


@contextmanager
def running(load: Load) -> Iterator[None]:
    """Upload in the background during the block."""
    stopping = threading.Event()
    failures: list[BaseException] = []

    def work() -> None:
        try:
            load.run(stopping)
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=work, name="load")
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join()
    if failures:
        raise failures[0]
