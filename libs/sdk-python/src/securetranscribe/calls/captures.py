"""Recordings sent while they are made."""

import base64
import hashlib
import time
from typing import Any

from securetranscribe import results
from securetranscribe.errors import WaitTimeoutError
from securetranscribe.methods import flow, nothing, operation, record, records
from securetranscribe.steps import Data, Flow, Parts, Pause, present

_PAUSE = 0.5


class CaptureCalls:
    """Calls about captures."""

    @operation("POST", "/captures", record(results.CaptureData))
    def create_capture(
        self, /, media_type: str, *, title: str | None = None, **options: Any
    ) -> Parts:
        """Create a capture before the recording begins. Return it with its `capture_id`.

        `media_type` is that of the chunks, for example `audio/webm;codecs=opus`. `options` may
        contain `language`, `channels`, `voice_memory`, `num_speakers`, `min_speakers`,
        `max_speakers`, `auto_start` (default True) and `request_id`. A repetition with the same
        `request_id` returns the first capture.
        """
        return Parts(json=present(media_type=media_type, title=title, **options))

    @operation("PUT", "/captures/{capture_id}/chunks/{number}", record(results.CaptureData))
    def put_chunk(
        self, capture_id: str, number: int, data: bytes, *, starts_stream: bool = False
    ) -> Parts:
        """Send a chunk. Return the capture once the chunk is stored durably.

        It can be repeated after any error. Numbers count from 0 over the whole capture.
        `starts_stream` marks a restart of the recorder, with another header.
        """
        digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
        return Parts(
            query={"starts_stream": str(starts_stream).lower()},
            headers={"Upload-Checksum": f"sha256 {digest}"},
            content=data,
        )

    @flow(record(results.CaptureData))
    def finish_capture(
        self,
        capture_id: str,
        chunk_count: int,
        *,
        allow_gaps: bool = False,
        timeout_seconds: float = 600,
    ) -> Flow[Data]:
        """Finish a capture. Return it with its `transcription_id`, or with its `error`.

        If chunks are missing, the `ApiError` has their numbers in `details["missing"]`.

        Raises:
            WaitTimeoutError: it was not finished in time.
        """
        capture = yield from CaptureCalls.request_finish.flow(
            self, capture_id, chunk_count, allow_gaps=allow_gaps
        )
        deadline = time.monotonic() + timeout_seconds
        while capture["state"] == "finishing":
            if time.monotonic() > deadline:
                raise WaitTimeoutError(f"The capture was not finished in {timeout_seconds:.0f} s.")
            yield Pause(seconds=_PAUSE)
            capture = yield from CaptureCalls.get_capture.flow(self, capture_id)
        return capture

    @operation("POST", "/captures/{capture_id}/finish", record(results.CaptureData))
    def request_finish(
        self, capture_id: str, chunk_count: int, *, allow_gaps: bool = False
    ) -> Parts:
        """Have a capture finished, without waiting for it."""
        return Parts(json={"chunk_count": chunk_count, "allow_gaps": allow_gaps})

    @operation("GET", "/captures/{capture_id}", record(results.CaptureData))
    def get_capture(self, capture_id: str) -> Parts:
        """Return a capture. `next_chunk` and `missing` tell the chunks to send."""
        return Parts()

    @operation("GET", "/captures", records(results.CaptureData, key="captures"))
    def list_captures(self) -> Parts:
        """Return captures unfinished or ended within a day, latest first."""
        return Parts()

    @operation("DELETE", "/captures/{capture_id}", nothing())
    def discard_capture(self, capture_id: str) -> Parts:
        """Discard a capture with all its sound."""
        return Parts()
