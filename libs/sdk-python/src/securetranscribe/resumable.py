"""Uploads in pieces, with repetitions after interruptions."""

import base64
import hashlib
import time
from collections.abc import Callable, Mapping
from typing import IO, Any, Protocol

from securetranscribe.errors import ApiError, ConnectionFailedError

#: Size of one piece. Pieces of whole MiB from 5 on need no copies on the server.
PIECE_BYTES = 5 * 1024 * 1024
_HEADERS = {"Tus-Resumable": "1.0.0"}
_CONTENT_TYPE = "application/offset+octet-stream"
#: Statuses after which a repetition may succeed: another request appends, the offset is another
#: one, the bytes were damaged on their way, or there were too many of them.
_REPEATABLE = frozenset({409, 423, 429, 460})
_LONGEST_PAUSE = 15.0


class Sender(Protocol):
    """Function to send a request and return the data of its answer."""

    def __call__(self, method: str, path: str, **arguments: Any) -> dict[str, Any]:
        """Send a request."""


def create(send: Sender, size: int, fields: Mapping[str, str]) -> str:
    """Create an upload of `size` bytes. Return its id."""
    metadata = ",".join(
        f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in fields.items()
    )
    headers = {**_HEADERS, "Upload-Length": str(size), "Upload-Metadata": metadata}
    return str(send("POST", "/uploads", headers=headers)["upload_id"])


def send_rest(
    send: Sender,
    file: IO[bytes],
    upload_id: str,
    *,
    piece_bytes: int,
    patience_seconds: float,
    on_progress: Callable[[int, int], None] | None,
) -> dict[str, Any]:
    """Send the missing bytes. Return the complete upload.

    Raises:
        ApiError: the server refuses the file.
        ApiError, ConnectionFailedError: nothing could be sent for `patience_seconds`.
    """
    path = f"/uploads/{upload_id}"
    pause, stuck_since, reached = 0.5, time.monotonic(), -1
    while True:
        try:
            upload = send("GET", path)
            if upload["error"]:
                error = upload["error"]
                raise ApiError(status=400, code=error["code"], message=error["message"], details={})
            offset = int(upload["offset"])
            if offset > reached:
                pause, stuck_since, reached = 0.5, time.monotonic(), offset
            if on_progress is not None:
                on_progress(offset, upload["size"])
            if upload["state"] == "completed":
                return upload
            _append(send, file, path, offset, piece_bytes)
        except (ApiError, ConnectionFailedError) as error:
            if time.monotonic() - stuck_since > patience_seconds or not _may_pass(error):
                raise
            time.sleep(pause)
            pause = min(pause * 2, _LONGEST_PAUSE)


def _append(send: Sender, file: IO[bytes], path: str, offset: int, piece_bytes: int) -> None:
    file.seek(offset)
    # Without bytes, the server goes on with an examination that was interrupted.
    piece = file.read(piece_bytes)
    digest = base64.b64encode(hashlib.sha256(piece).digest()).decode()
    headers = {
        **_HEADERS,
        "Content-Type": _CONTENT_TYPE,
        "Upload-Offset": str(offset),
        "Upload-Checksum": f"sha256 {digest}",
    }
    send("PATCH", path, content=piece, headers=headers)


def _may_pass(error: Exception) -> bool:
    if isinstance(error, ApiError):
        return error.status in _REPEATABLE or error.status >= 500
    return True
