"""Uploads in pieces, with repetitions after interruptions."""

import base64
import hashlib
import time
from collections.abc import Callable
from typing import IO

from securetranscribe.errors import ApiError, ConnectionFailedError
from securetranscribe.steps import Data, Flow, Parts, Pause, Request

#: Size of one piece. Pieces of whole MiB from 5 on need no copies on the server.
PIECE_BYTES = 5 * 1024 * 1024
_HEADERS = {"Tus-Resumable": "1.0.0"}
_CONTENT_TYPE = "application/offset+octet-stream"
#: Statuses after which a repetition may succeed: another request appends, the offset is another
#: one, the bytes were damaged on their way, or there were too many of them.
_REPEATABLE = frozenset({409, 423, 429, 460})
_LONGEST_PAUSE = 15.0


def send_rest(
    file: IO[bytes],
    path: str,
    *,
    piece_bytes: int,
    patience_seconds: float,
    on_progress: Callable[[int, int], None] | None,
) -> Flow[Data]:
    """Send the missing bytes of the upload at a path. Return the complete upload.

    Raises:
        ApiError: the server refuses the file.
        ApiError, ConnectionFailedError: nothing could be sent for `patience_seconds`.
    """
    pause, stuck_since, reached = 0.5, time.monotonic(), -1
    while True:
        try:
            upload = yield from _read(path)
            offset = int(upload["offset"])
            if offset > reached:
                pause, stuck_since, reached = 0.5, time.monotonic(), offset
            if on_progress is not None:
                on_progress(offset, upload["size"])
            if upload["state"] == "completed":
                return upload
            file.seek(offset)
            # Without bytes, the server goes on with an examination that was interrupted.
            parts = piece_at(offset, file.read(piece_bytes))
            yield Request(method="PATCH", path=path, parts=parts)
        except (ApiError, ConnectionFailedError) as error:
            if time.monotonic() - stuck_since > patience_seconds or not _may_pass(error):
                raise
            asked = getattr(error, "retry_after", None) or 0
            yield Pause(seconds=max(pause, min(asked, patience_seconds)))
            pause = min(pause * 2, _LONGEST_PAUSE)


def piece_at(offset: int, piece: bytes) -> Parts:
    """Return the parts of the request that appends a piece."""
    digest = base64.b64encode(hashlib.sha256(piece).digest()).decode()
    headers = {
        **_HEADERS,
        "Content-Type": _CONTENT_TYPE,
        "Upload-Offset": str(offset),
        "Upload-Checksum": f"sha256 {digest}",
    }
    return Parts(content=piece, headers=headers, retries=False)


def _read(path: str) -> Flow[Data]:
    parts = Parts(headers=_HEADERS, retries=False)
    response = yield Request(method="GET", path=path, parts=parts)
    upload: Data = response.json()["data"]
    if error := upload["error"]:
        raise ApiError(status=400, code=error["code"], message=error["message"], details={})
    return upload


def _may_pass(error: Exception) -> bool:
    if isinstance(error, ApiError):
        return error.status in _REPEATABLE or error.status >= 500
    return True
