"""Recordings sent while they are made."""

import base64
import hashlib
import time
from abc import ABC, abstractmethod
from typing import Any
from urllib.parse import quote

from securetranscribe.transcripts import Data, present

_PAUSE = 0.5


class CaptureCalls(ABC):
    """Calls about captures, made by the inheriting client."""

    @abstractmethod
    def _data(self, method: str, path: str, **arguments: Any) -> Data:
        """Send a request and return the data of the response."""

    def create_capture(self, media_type: str, *, title: str | None = None, **options: Any) -> Data:
        """Create a capture before the recording begins. Return it with its `capture_id`.

        `media_type` is that of the chunks, for example `audio/webm;codecs=opus`. `options` may
        contain `language`, `channels`, `voice_memory`, `num_speakers`, `min_speakers`,
        `max_speakers`, `auto_start` (default True) and `request_id`. A repetition with the same
        `request_id` returns the first capture.
        """
        body = present(media_type=media_type, title=title, **options)
        return self._data("POST", "/captures", json=body)

    def put_chunk(
        self, capture_id: str, number: int, data: bytes, *, starts_stream: bool = False
    ) -> Data:
        """Send a chunk. Return the capture once the chunk is stored durably.

        It can be repeated after any error. Numbers count from 0 over the whole capture.
        `starts_stream` marks a restart of the recorder, with another header.
        """
        digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
        return self._data(
            "PUT",
            f"{_path(capture_id)}/chunks/{number}",
            params={"starts_stream": str(starts_stream).lower()},
            headers={"Upload-Checksum": f"sha256 {digest}"},
            content=data,
        )

    def finish_capture(
        self,
        capture_id: str,
        chunk_count: int,
        *,
        allow_gaps: bool = False,
        timeout_seconds: float = 600,
    ) -> Data:
        """Finish a capture. Return it with its `transcription_id`, or with its `error`.

        If chunks are missing, the `ApiError` has their numbers in `details["missing"]`.

        Raises:
            TimeoutError: it was not finished in time.
        """
        body = {"chunk_count": chunk_count, "allow_gaps": allow_gaps}
        capture = self._data("POST", f"{_path(capture_id)}/finish", json=body)
        deadline = time.monotonic() + timeout_seconds
        while capture["state"] == "finishing":
            if time.monotonic() > deadline:
                raise TimeoutError(f"The capture was not finished in {timeout_seconds:.0f} s.")
            time.sleep(_PAUSE)
            capture = self.get_capture(capture_id)
        return capture

    def get_capture(self, capture_id: str) -> Data:
        """Return a capture. `next_chunk` and `missing` tell the chunks to send."""
        return self._data("GET", _path(capture_id))

    def list_captures(self) -> list[Data]:
        """Return captures unfinished or ended within a day, latest first."""
        captures: list[Data] = self._data("GET", "/captures")["captures"]
        return captures

    def discard_capture(self, capture_id: str) -> None:
        """Discard a capture with all its sound."""
        self._data("DELETE", _path(capture_id))


def _path(capture_id: str) -> str:
    return f"/captures/{quote(capture_id, safe='')}"
