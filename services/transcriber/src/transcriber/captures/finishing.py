"""Requests to finish or discard a capture. The background step does the work."""

import asyncio
import contextlib
import time
from dataclasses import dataclass

from common.errors import NotFoundError, StateError, ValidationError
from common.postgres import Database
from transcriber.captures.reception import MOST_CHUNKS, ended
from transcriber.recordings.deletion import Deleter
from transcriber.store.captures import Capture, Captures
from transcriber.wakeups import WakeUps

_POLL_SECONDS = 0.1


@dataclass(frozen=True, kw_only=True, slots=True)
class FinishRequest:
    """A client's wish to finish a capture of `chunk_count` chunks."""

    capture_id: str
    chunk_count: int
    allow_gaps: bool


class CaptureEnds:
    """Finishes and discards captures."""

    def __init__(
        self,
        database: Database,
        wake_ups: WakeUps,
        deleter: Deleter,
        *,
        patience_seconds: float = 8.0,
    ) -> None:
        """`patience_seconds` is how long a request waits for the transcription."""
        self._database = database
        self._wake_ups = wake_ups
        self._deleter = deleter
        self._patience_seconds = patience_seconds

    async def finish(self, workspace_id: str, request: FinishRequest) -> Capture:
        """Finish a capture. Return it complete, or in the state `finishing` if that takes long.

        Raises:
            NotFoundError: the workspace has no such capture.
            StateError: chunks are missing, named in the details, or it was discarded.
            ValidationError: more chunks have arrived than the request has.
        """
        async with self._database.transaction() as connection:
            captures = Captures(connection)
            capture = _known(await captures.lock(request.capture_id, workspace_id))
            if capture.state == "discarded":
                raise ended(capture)
            if capture.state == "receiving":
                _check_count(capture, request.chunk_count)
                missing = await captures.missing(capture, request.chunk_count)
                if missing and not request.allow_gaps:
                    raise _incomplete(missing)
                await captures.finish(
                    capture.capture_id,
                    chunk_count=request.chunk_count,
                    allow_gaps=request.allow_gaps,
                )
        self._wake_ups.captures.notify()
        return await self._ended(capture)

    async def discard(self, capture_id: str, workspace_id: str) -> None:
        """Discard a capture. Its bytes are removed in the background.

        The transcription of a live session is deleted with it.

        Raises:
            NotFoundError: the workspace has no such capture.
            StateError: it is complete.
        """
        async with self._database.transaction() as connection:
            captures = Captures(connection)
            capture = _known(await captures.lock(capture_id, workspace_id))
            if capture.state == "completed":
                raise StateError(
                    "The capture is complete. Delete its transcription instead.",
                    {"transcription_id": str(capture.result_id)},
                )
            if capture.state != "discarded" and capture.live is None:
                await captures.discard(capture_id)
        if capture.live is not None:
            # This discards the capture too, in one transaction.
            with contextlib.suppress(NotFoundError):
                await self._deleter.delete(capture.transcription_id, workspace_id)
        self._wake_ups.captures.notify()

    async def _ended(self, capture: Capture) -> Capture:
        until = time.monotonic() + self._patience_seconds
        while True:
            async with self._database.transaction() as connection:
                found = _known(
                    await Captures(connection).find(capture.capture_id, capture.workspace_id)
                )
            if found.state != "finishing" or time.monotonic() > until:
                return found
            await asyncio.sleep(_POLL_SECONDS)


def _known(capture: Capture | None) -> Capture:
    if capture is None:
        raise NotFoundError("There is no such capture.")
    return capture


def _check_count(capture: Capture, count: int) -> None:
    if not 1 <= count <= MOST_CHUNKS:
        raise ValidationError.of(
            "chunk_count", f"chunk_count must be from 1 to {MOST_CHUNKS}. Discard an empty capture."
        )
    if count < capture.chunks_end:
        raise ValidationError.of(
            "chunk_count", f"Chunk {capture.chunks_end - 1} has arrived. Count all chunks."
        )


def _incomplete(missing: list[int]) -> StateError:
    return StateError(
        "Chunks are missing. Send them, or set allow_gaps to finish without them.",
        {"missing": ",".join(map(str, missing))},
    )
