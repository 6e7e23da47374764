"""gRPC client stream of an upload to the transcriber."""

import asyncio
import time

from common import sizes
from common.client_stream import ClientStream
from common.errors import FileTooLargeError, FileUploadError, TimedOutError
from common.identity import Caller
from gateway.backends import Backends
from gateway.uploads.file_messages import FileMessages
from securetranscribe.v1 import transcription_pb2

_STALL_SECONDS = 60.0
_CHECK_SECONDS = 180.0
# Bytes of slow clients are passed on in time, so that the transcriber does not find it stalled.
_HOLD_SECONDS = 5.0

_Request = transcription_pb2.UploadTranscriptionRequest
_Response = transcription_pb2.UploadTranscriptionResponse


class UploadSink:
    """One upload in progress. Writes wait for the transcriber, to bound memory use."""

    def __init__(
        self,
        backends: Backends,
        *,
        owner: Caller,
        config: transcription_pb2.UploadConfig,
        max_bytes: int,
        announced_bytes: int = 0,
    ) -> None:
        """Open the stream. `announced_bytes` is the Content-Length of the request, 0 if unknown."""
        self._announced = announced_bytes
        self._config = config
        self._max_bytes = max_bytes
        self._messages = FileMessages(_Request)
        self._stream = ClientStream[_Request | bytes, _Response](backends.upload(owner))
        self._sent = time.monotonic()
        self.size = 0

    async def open(self) -> None:
        """Send the description of the upload. Raise the transcriber's refusal, if any."""
        await self._send(_Request(config=self._config))

    async def write(self, data: bytes) -> None:
        """Write the next bytes of the file.

        Raises:
            FileTooLargeError: the file exceeds the limit.
            ApplicationError: the transcriber rejects the file.
        """
        self.size += len(data)
        if self.size > self._max_bytes:
            known = max(self.size, self._announced)
            raise too_large(self._config.filename, known, self._max_bytes)
        self._messages.add(data)
        while self._messages.full:
            await self._send(self._messages.take())
        if len(self._messages) and time.monotonic() - self._sent > _HOLD_SECONDS:
            await self._send(self._messages.take())

    async def finish(self, late: transcription_pb2.UploadOptions | None = None) -> _Response:
        """End the stream and return the transcriber's response.

        `late` has the options known only after the file.

        Raises:
            FileUploadError: the file is empty.
            ApplicationError: the transcriber rejects the file.
        """
        if not self.size:
            raise FileUploadError("The file is empty.", {"file_name": self._config.filename})
        if len(self._messages):
            await self._send(self._messages.take())
        if late is not None:
            await self._send(_Request(options=late))
        try:
            async with asyncio.timeout(_CHECK_SECONDS):
                return await self._stream.answer()
        except TimeoutError as error:
            raise TimedOutError("The file could not be checked in time.") from error

    def abort(self) -> None:
        """Cancel the upload, so that the transcriber discards it. Does nothing once ended."""
        self._stream.cancel()

    async def _send(self, request: _Request | bytes) -> None:
        try:
            async with asyncio.timeout(_STALL_SECONDS):
                written = await self._stream.write(request)
        except TimeoutError as error:
            raise TimedOutError("The upload stalled. Try again later.") from error
        self._sent = time.monotonic()
        if not written:
            # The call has ended, most often with a refusal, which this raises.
            await self._stream.answer()
            raise FileUploadError("The upload ended before the file was complete.")


def too_large(filename: str, size: int, limit: int) -> FileTooLargeError:
    """Return the documented error for a file over the limit. `size` may be a lower bound."""
    return FileTooLargeError(
        "File too large",
        {
            "max_size": sizes.compact(limit),
            "provided_size": sizes.compact(size),
            "file_name": filename,
        },
    )
