"""Where the bytes of an upload go: a gRPC client stream to the transcriber."""

import asyncio
from collections.abc import Iterator

from common.client_stream import ClientStream
from common.errors import FileTooLargeError, FileUploadError, TimedOutError
from gateway.api import formats
from gateway.backends import Backends
from securetranscribe.v1 import transcription_pb2

CHUNK_BYTES = 256 * 1024
_STALL_SECONDS = 60.0
_CHECK_SECONDS = 180.0

_Request = transcription_pb2.UploadTranscriptionRequest
_Response = transcription_pb2.UploadTranscriptionResponse


class UploadSink:
    """One upload under way. Writing waits while the transcriber is busy, so memory stays flat."""

    def __init__(
        self,
        backends: Backends,
        *,
        session_id: str,
        config: transcription_pb2.UploadConfig,
        max_bytes: int,
        announced_bytes: int = 0,
    ) -> None:
        """`announced_bytes` is the length that the whole request has said it has."""
        self._announced = announced_bytes
        self._config = config
        self._max_bytes = max_bytes
        self._buffer = bytearray()
        self._stream = ClientStream[_Request, _Response](
            backends.uploads.UploadTranscription(metadata=backends.upload_metadata(session_id))
        )
        self.size = 0

    async def open(self) -> None:
        """Describes the upload. Raises what the transcriber has against it."""
        await self._send(_Request(config=self._config))

    async def write(self, data: bytes) -> None:
        """Takes the next bytes of the file.

        Raises:
            FileTooLargeError: the file is larger than the limit.
            ApplicationError: what the transcriber has against the file.
        """
        self.size += len(data)
        if self.size > self._max_bytes:
            known = max(self.size, self._announced)
            raise too_large(self._config.filename, known, self._max_bytes)
        self._buffer += data
        for chunk in self._full_chunks():
            await self._send(_Request(chunk=chunk))

    async def finish(self) -> _Response:
        """Ends the stream and waits for what the transcriber makes of the file.

        Raises:
            FileUploadError: the file is empty.
            ApplicationError: what the transcriber has against the file.
        """
        if not self.size:
            raise FileUploadError("The file is empty.", {"file_name": self._config.filename})
        if self._buffer:
            await self._send(_Request(chunk=bytes(self._buffer)))
        try:
            async with asyncio.timeout(_CHECK_SECONDS):
                return await self._stream.answer()
        except TimeoutError as error:
            raise TimedOutError("The file could not be checked in time.") from error

    def abort(self) -> None:
        """Gives the upload up; the transcriber forgets it. Fine when it has ended."""
        self._stream.cancel()

    def _full_chunks(self) -> Iterator[bytes]:
        while len(self._buffer) >= CHUNK_BYTES:
            yield bytes(self._buffer[:CHUNK_BYTES])
            del self._buffer[:CHUNK_BYTES]

    async def _send(self, request: _Request) -> None:
        try:
            async with asyncio.timeout(_STALL_SECONDS):
                written = await self._stream.write(request)
        except TimeoutError as error:
            raise TimedOutError("The upload stalled; try again soon.") from error
        if not written:
            raise FileUploadError("The upload ended before the file did.")


def too_large(filename: str, size: int, limit: int) -> FileTooLargeError:
    """The documented refusal of a file over the limit; `size` is what is known of it."""
    return FileTooLargeError(
        "File too large",
        {
            "max_size": formats.compact_size(limit),
            "provided_size": formats.compact_size(size),
            "file_name": filename,
        },
    )
